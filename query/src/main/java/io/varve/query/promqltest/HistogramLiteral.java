package io.varve.query.promqltest;

import io.varve.engine.model.Histogram;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** A native histogram as scripts write it: {@code {{schema:1 sum:2 count:3 buckets:[1 2]}}}. */
final class HistogramLiteral {
  int schema;
  double sum;
  double count;
  double zeroCount;
  double zeroThreshold;
  int hint;
  boolean hintGiven;
  double[] customValues = new double[0];
  final TreeMap<Integer, Double> positive = new TreeMap<>();
  final TreeMap<Integer, Double> negative = new TreeMap<>();

  /** Reads one, the braces included. */
  static HistogramLiteral read(Scanner scanner) {
    if (!scanner.take("{{")) {
      throw scanner.error("expected a histogram");
    }
    HistogramLiteral h = new HistogramLiteral();
    double[] positive = new double[0];
    double[] negative = new double[0];
    int offset = 0;
    int negativeOffset = 0;
    scanner.space();
    while (!scanner.take("}}")) {
      String key = scanner.upTo(":");
      scanner.space();
      switch (key) {
        case "schema:" -> h.schema = (int) scanner.number();
        case "sum:" -> h.sum = scanner.number();
        case "count:" -> h.count = scanner.number();
        case "z_bucket:" -> h.zeroCount = scanner.number();
        case "z_bucket_w:" -> h.zeroThreshold = scanner.number();
        case "offset:" -> offset = (int) scanner.number();
        case "n_offset:" -> negativeOffset = (int) scanner.number();
        case "buckets:" -> positive = list(scanner);
        case "n_buckets:" -> negative = list(scanner);
        case "custom_values:" -> h.customValues = list(scanner);
        case "counter_reset_hint:" -> {
          h.hint = hint(scanner);
          h.hintGiven = true;
        }
        default -> throw scanner.error("a histogram has no " + key);
      }
      scanner.space();
    }
    for (int i = 0; i < positive.length; i++) {
      h.positive.put(offset + i, positive[i]);
    }
    for (int i = 0; i < negative.length; i++) {
      h.negative.put(negativeOffset + i, negative[i]);
    }
    return h;
  }

  private static int hint(Scanner scanner) {
    String[] names = {"unknown", "reset", "not_reset", "gauge"};
    for (int i = 0; i < names.length; i++) {
      if (scanner.take(names[i])) {
        return i;
      }
    }
    throw scanner.error("expected unknown, reset, not_reset or gauge");
  }

  private static double[] list(Scanner scanner) {
    int from = scanner.at() + 1;
    if (!scanner.take("[")) {
      throw scanner.error("expected [");
    }
    String text = scanner.upTo("]");
    Scanner inner = scanner.inner(text.substring(0, text.length() - 1), from);
    double[] values = new double[text.length()];
    int n = 0;
    for (inner.space(); !inner.atEnd(); inner.space()) {
      values[n++] = inner.number();
    }
    return Arrays.copyOf(values, n);
  }

  /** As a sample. */
  Histogram toHistogram() {
    return new Histogram(
        schema,
        zeroThreshold,
        true,
        Double.doubleToRawLongBits(count),
        Double.doubleToRawLongBits(zeroCount),
        sum,
        hint,
        spans(positive),
        spans(negative),
        new long[0],
        new long[0],
        counts(positive),
        counts(negative),
        customValues);
  }

  private static int[] spans(NavigableMap<Integer, Double> buckets) {
    return buckets.isEmpty()
        ? new int[0]
        : new int[] {buckets.firstKey(), buckets.lastKey() - buckets.firstKey() + 1};
  }

  private static double[] counts(NavigableMap<Integer, Double> buckets) {
    if (buckets.isEmpty()) {
      return new double[0];
    }
    double[] counts = new double[buckets.lastKey() - buckets.firstKey() + 1];
    for (Map.Entry<Integer, Double> bucket : buckets.entrySet()) {
      counts[bucket.getKey() - buckets.firstKey()] = bucket.getValue();
    }
    return counts;
  }
}
