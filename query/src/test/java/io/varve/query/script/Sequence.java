package io.varve.query.script;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.StaleMarker;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The values of a series as scripts write them, one per step. */
final class Sequence {
  /** A value; a gap if both are null. */
  record Value(@Nullable Double number, @Nullable Histogram histogram) {
    boolean isGap() {
      return number == null && histogram == null;
    }
  }

  private static final Value GAP = new Value(null, null);

  private Sequence() {}

  /** Reads values to the end of the line. */
  static List<Value> read(Scanner scanner) {
    List<Value> values = new ArrayList<>();
    for (scanner.space(); !scanner.atEnd(); scanner.space()) {
      if (scanner.take("_")) {
        repeat(values, GAP, scanner.take("x") ? scanner.integer() : 1);
      } else if (scanner.take("stale")) {
        repeat(
            values,
            new Value(StaleMarker.VALUE, null),
            scanner.take("x") ? scanner.integer() + 1 : 1);
      } else if (scanner.peek("{{")) {
        histograms(scanner, values);
      } else {
        numbers(scanner, values);
      }
      if (!scanner.atSpace()) {
        throw scanner.error("unexpected text");
      }
    }
    return values;
  }

  private static void repeat(List<Value> values, Value value, int times) {
    for (int i = 0; i < times; i++) {
      values.add(value);
    }
  }

  private static void numbers(Scanner scanner, List<Value> values) {
    double first = scanner.number();
    if (scanner.take("x")) {
      repeat(values, new Value(first, null), scanner.integer() + 1);
      return;
    }
    if (!scanner.peek("+") && !scanner.peek("-")) {
      values.add(new Value(first, null));
      return;
    }
    double step = scanner.number();
    if (!scanner.take("x")) {
      throw scanner.error("no x");
    }
    int times = scanner.integer();
    double value = first;
    for (int i = 0; i <= times; i++) {
      values.add(new Value(value, null));
      value += step;
    }
  }

  private static void histograms(Scanner scanner, List<Value> values) {
    HistogramLiteral first = HistogramLiteral.read(scanner);
    double factor = 0;
    HistogramLiteral step = first;
    if (scanner.take("+")) {
      factor = 1;
      step = HistogramLiteral.read(scanner);
    } else if (scanner.take("-")) {
      factor = -1;
      step = HistogramLiteral.read(scanner);
    }
    int times = scanner.take("x") ? scanner.integer() : 0;
    HistogramLiteral value = first;
    for (int i = 0; i <= times; i++) {
      values.add(new Value(null, value.toHistogram()));
      if (factor != 0) {
        value = value.plus(step, factor);
      }
    }
  }
}
