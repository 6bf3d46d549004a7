package io.varve.query;

import io.varve.engine.model.Labels;
import java.util.List;

/**
 * The answer to a query, with what the user should know about it.
 *
 * @param value what the expression evaluates to
 * @param warnings texts of the form {@code PromQL warning: … (line:column)}, each once, and what of
 *     the store could not be read
 * @param infos texts of the form {@code PromQL info: … (line:column)}, each once
 * @param stats what it took
 */
public record QueryResult(
    Value value, List<String> warnings, List<String> infos, QueryStats stats) {

  /** What an expression evaluates to. */
  public sealed interface Value permits Scalar, StringResult, Vector, Matrix {
    /** As the HTTP API names it: scalar, string, vector or matrix. */
    String typeName();
  }

  /**
   * A number at a time.
   *
   * @param timeMillis the evaluation time
   * @param value the number
   */
  public record Scalar(long timeMillis, double value) implements Value {
    @Override
    public String typeName() {
      return "scalar";
    }
  }

  /**
   * A text at a time.
   *
   * @param timeMillis the evaluation time
   * @param value the text
   */
  public record StringResult(long timeMillis, String value) implements Value {
    @Override
    public String typeName() {
      return "string";
    }
  }

  /**
   * One float per series at one time. The order means something for sort functions, topk and
   * bottomk, and is kept from run to run. Arrays of equal length, owned by the receiver.
   *
   * @param timeMillis the evaluation time
   * @param labels the series
   * @param values their values, in the same order
   */
  public record Vector(long timeMillis, Labels[] labels, double[] values) implements Value {
    /** How many series. */
    public int size() {
      return labels.length;
    }

    @Override
    public String typeName() {
      return "vector";
    }
  }

  /**
   * Series with their points: the answer of every range query, and of an instant query for a range
   * vector. Sorted by labels; no series is without points.
   *
   * @param series the series
   */
  public record Matrix(List<Series> series) implements Value {
    @Override
    public String typeName() {
      return "matrix";
    }
  }

  /**
   * One series of a {@link Matrix}. Arrays of equal length; series may share their times, so do not
   * change them.
   *
   * @param labels what names it
   * @param times milliseconds since the epoch, ascending
   * @param values bit for bit
   */
  public record Series(Labels labels, long[] times, double[] values) {
    /** How many points. */
    public int size() {
      return times.length;
    }
  }
}
