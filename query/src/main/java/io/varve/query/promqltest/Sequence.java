package io.varve.query.promqltest;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.StaleMarker;
import io.varve.query.function.GoText;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.FloatHistogram.Combined;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The values of a series as scripts write them, one per step. */
final class Sequence {
  /** More values than this in one line are refused. */
  private static final int MOST_VALUES = 10_000_000;

  /**
   * A value; a gap if both are null.
   *
   * @param hintGiven true if the text says how the histogram relates to the one before it
   */
  record Value(@Nullable Double number, @Nullable Histogram histogram, boolean hintGiven) {
    @Override
    public String toString() {
      return histogram != null
          ? HistogramText.of(FloatHistogram.of(histogram))
          : number == null ? "_" : GoText.general(number);
    }
  }

  private static final Value GAP = new Value(null, null, false);

  private Sequence() {}

  /** Reads values to the end of the line. */
  static List<Value> read(Scanner scanner) {
    List<Value> values = new ArrayList<>();
    for (scanner.space(); !scanner.atEnd(); scanner.space()) {
      if (scanner.take("_")) {
        repeat(scanner, values, GAP, scanner.take("x") ? scanner.integer() : 1);
      } else if (scanner.take("stale")) {
        repeat(
            scanner,
            values,
            number(StaleMarker.VALUE),
            scanner.take("x") ? scanner.integer() + 1L : 1);
      } else if (scanner.peek("{{")) {
        histograms(scanner, values);
      } else {
        numbers(scanner, values);
      }
      if (!scanner.atSpace()) {
        throw scanner.error("unexpected text after a value");
      }
    }
    return values;
  }

  /** Reads start times, as durations after their samples, to the end of the line. */
  static List<Value> readStarts(Scanner scanner) {
    List<Value> values = new ArrayList<>();
    Value previous = number(0);
    for (scanner.space(); !scanner.atEnd(); scanner.space()) {
      if (scanner.take("_")) {
        repeat(scanner, values, GAP, scanner.take("x") ? scanner.integer() : 1);
      } else if (scanner.take("*")) {
        repeat(scanner, values, previous, scanner.take("x") ? scanner.integer() + 1L : 1);
      } else {
        numbers(scanner, values);
        previous = values.getLast();
      }
      if (!scanner.atSpace()) {
        throw scanner.error("unexpected text after a start time");
      }
    }
    return values;
  }

  private static Value number(double number) {
    return new Value(number, null, false);
  }

  private static void checkRoom(Scanner scanner, List<Value> values, long more) {
    if (values.size() + more > MOST_VALUES) {
      throw scanner.error("more than " + MOST_VALUES + " values");
    }
  }

  private static void repeat(Scanner scanner, List<Value> values, Value value, long times) {
    checkRoom(scanner, values, times);
    for (long i = 0; i < times; i++) {
      values.add(value);
    }
  }

  private static void numbers(Scanner scanner, List<Value> values) {
    double first = scanner.number();
    if (scanner.take("x")) {
      repeat(scanner, values, number(first), scanner.integer() + 1L);
      return;
    }
    if (!scanner.peek("+") && !scanner.peek("-")) {
      values.add(number(first));
      return;
    }
    double step = scanner.number();
    if (!scanner.take("x")) {
      throw scanner.error("expected x and a count");
    }
    int times = scanner.integer();
    checkRoom(scanner, values, times + 1L);
    double value = first;
    for (int i = 0; i <= times; i++) {
      values.add(number(value));
      value += step;
    }
  }

  private static void histograms(Scanner scanner, List<Value> values) {
    HistogramLiteral first = HistogramLiteral.read(scanner);
    boolean subtract = scanner.peek("-");
    FloatHistogram step =
        subtract || scanner.peek("+") ? FloatHistogram.of(step(scanner).toHistogram()) : null;
    int times = scanner.take("x") ? scanner.integer() : 0;
    checkRoom(scanner, values, times + 1L);
    Histogram stored = first.toHistogram();
    FloatHistogram value = FloatHistogram.of(stored);
    values.add(new Value(null, stored, first.hintGiven));
    for (int i = 1; i <= times; i++) {
      if (step != null) {
        Combined next = subtract ? value.minus(step) : value.plus(step);
        if (next == null) {
          throw scanner.error("exponential and custom buckets cannot be combined");
        }
        value = next.value();
        stored = value.toStored();
      }
      values.add(new Value(null, stored, first.hintGiven));
    }
  }

  private static HistogramLiteral step(Scanner scanner) {
    if (!scanner.take("-")) {
      scanner.take("+");
    }
    return HistogramLiteral.read(scanner);
  }
}
