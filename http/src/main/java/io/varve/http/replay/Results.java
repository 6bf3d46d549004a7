package io.varve.http.replay;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.QueryException.ErrorType;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Series;
import io.varve.query.histogram.FloatHistogram;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an expression evaluates to at the times of a stretch: matrices one after the other, with the
 * times at which it fails between them. Where a query over many times fails, that may be because of
 * a single one, so it is halved until that is found.
 *
 * @param parts in order of time, without gaps
 */
record Results(List<Part> parts) {
  /**
   * Some of the times.
   *
   * @param first time
   * @param last time
   * @param failure why there is nothing; null if there is
   */
  record Part(long first, long last, Matrix matrix, @Nullable String failure) {}

  /** Evaluates. */
  interface Question {
    /** At many times. */
    Matrix range(long start, long end, long step);

    /** At one. */
    QueryResult.Value instant(long time);
  }

  private static final Matrix NOTHING = new Matrix(List.of());

  /**
   * Asks.
   *
   * @param oneByOne whether each time is a query of its own
   */
  static Results of(Question question, long first, long last, long step, boolean oneByOne) {
    List<Part> parts = new ArrayList<>();
    if (oneByOne) {
      for (long time = first; time <= last; time += step) {
        parts.add(instant(question, time));
      }
    } else {
      ask(question, first, last, step, parts);
    }
    return new Results(parts);
  }

  private static void ask(Question question, long first, long last, long step, List<Part> parts) {
    if (first == last) {
      parts.add(instant(question, first));
      return;
    }
    try {
      parts.add(new Part(first, last, question.range(first, last, step), null));
    } catch (QueryException e) {
      throwIfUnreachable(e);
      if (e.type() == ErrorType.BAD_DATA) {
        parts.add(new Part(first, last, NOTHING, String.valueOf(e.getMessage())));
        return;
      }
      long half = (last - first) / step / 2 * step;
      ask(question, first, first + half, step, parts);
      ask(question, first + half + step, last, step, parts);
    }
  }

  private static Part instant(Question question, long time) {
    try {
      return switch (question.instant(time)) {
        case QueryResult.Scalar scalar ->
            part(
                time,
                List.of(
                    new Series(Labels.EMPTY, new long[] {time}, new double[] {scalar.value()})));
        case QueryResult.Vector vector -> {
          List<Series> series = new ArrayList<>(vector.size());
          for (int i = 0; i < vector.size(); i++) {
            series.add(
                new Series(
                    vector.labels()[i],
                    new long[] {time},
                    new double[] {vector.values()[i]},
                    vector.histogram(i) == null
                        ? null
                        : new @Nullable FloatHistogram[] {vector.histogram(i)}));
          }
          yield part(time, series);
        }
        case Matrix _, QueryResult.StringResult _ ->
            new Part(time, time, NOTHING, "rule result is not a vector or scalar");
      };
    } catch (QueryException e) {
      throwIfUnreachable(e);
      return new Part(time, time, NOTHING, String.valueOf(e.getMessage()));
    }
  }

  /** A rule does not fail because samples cannot be had: the replay does. */
  private static void throwIfUnreachable(QueryException e) {
    if (e.getCause() instanceof UncheckedIOException cause) {
      throw cause;
    }
  }

  private static Part part(long time, List<Series> series) {
    return new Part(time, time, new Matrix(series), null);
  }
}
