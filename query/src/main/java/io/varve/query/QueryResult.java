package io.varve.query;

import io.varve.engine.model.Labels;
import io.varve.query.histogram.FloatHistogram;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a query, with what the user should know about it.
 *
 * @param value what the expression evaluates to
 * @param warnings texts of the form {@code PromQL warning: … (line:column)}, each once, and what of
 *     the store could not be read
 * @param infos texts of the form {@code PromQL info: … (line:column)}, each once
 * @param stats what it took
 * @param explanation what each node of the plan did; empty unless asked for
 */
public record QueryResult(
    Value value,
    List<String> warnings,
    List<String> infos,
    QueryStats stats,
    List<Explanation> explanation) {
  /** Without explanation. */
  public QueryResult(Value value, List<String> warnings, List<String> infos, QueryStats stats) {
    this(value, warnings, infos, stats, List.of());
  }

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
   * One value per series at one time, a float or a histogram. The order means something for sort
   * functions, topk and bottomk, and is kept from run to run. Arrays of equal length, owned by the
   * receiver.
   *
   * @param timeMillis the evaluation time
   * @param labels the series
   * @param values their values, in the same order; of no meaning for a histogram
   * @param histograms null if all are floats; else null for each float
   */
  public record Vector(
      long timeMillis,
      Labels[] labels,
      double[] values,
      @Nullable FloatHistogram @Nullable [] histograms)
      implements Value {
    /** Of floats. */
    public Vector(long timeMillis, Labels[] labels, double[] values) {
      this(timeMillis, labels, values, null);
    }

    /** The histogram of a series; null if it has a float. */
    public @Nullable FloatHistogram histogram(int i) {
      return histograms == null ? null : histograms[i];
    }

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
   * @param values bit for bit; of no meaning for a histogram
   * @param histograms null if all points are floats; else null for each float
   */
  public record Series(
      Labels labels,
      long[] times,
      double[] values,
      @Nullable FloatHistogram @Nullable [] histograms) {
    /** Of floats. */
    public Series(Labels labels, long[] times, double[] values) {
      this(labels, times, values, null);
    }

    /** The histogram of a point; null if it is a float. */
    public @Nullable FloatHistogram histogram(int i) {
      return histograms == null ? null : histograms[i];
    }

    /** How many points. */
    public int size() {
      return times.length;
    }
  }
}
