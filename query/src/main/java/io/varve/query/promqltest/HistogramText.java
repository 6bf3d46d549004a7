package io.varve.query.promqltest;

import io.varve.query.function.GoText;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.Side;

/**
 * A native histogram in the words of a script: {@code {{schema:1 count:3 sum:2 buckets:[1 2]}}}.
 */
final class HistogramText {
  /** Wider gaps between buckets are cut out of the text. */
  private static final int WIDEST = 10_000;

  private HistogramText() {}

  static String of(FloatHistogram h) {
    StringBuilder out = new StringBuilder("{{");
    if (h.schema() != 0) {
      out.append("schema:").append(h.schema()).append(' ');
    }
    number(out, "count", h.count());
    number(out, "sum", h.sum());
    number(out, "z_bucket", h.zeroCount());
    number(out, "z_bucket_w", h.zeroThreshold());
    if (h.isCustom()) {
      out.append("custom_values:[");
      for (double bound : h.customValues()) {
        out.append(GoText.general(bound)).append(' ');
      }
      trim(out).append("] ");
    }
    switch (h.hint()) {
      case UNKNOWN -> {}
      case RESET -> out.append("counter_reset_hint:reset ");
      case NOT_RESET -> out.append("counter_reset_hint:not_reset ");
      case GAUGE -> out.append("counter_reset_hint:gauge ");
    }
    buckets(out, "", h.positive());
    buckets(out, "n_", h.negative());
    return trim(out).append("}}").toString();
  }

  private static void number(StringBuilder out, String key, double value) {
    if (value != 0) {
      out.append(key).append(':').append(GoText.general(value)).append(' ');
    }
  }

  private static void buckets(StringBuilder out, String prefix, Side side) {
    if (side.isEmpty()) {
      return;
    }
    int at = side.index()[0];
    if (at != 0) {
      out.append(prefix).append("offset:").append(at).append(' ');
    }
    out.append(prefix).append("buckets:[");
    for (int i = 0; i < side.size(); i++) {
      if (side.index()[i] - at > WIDEST) {
        out.append("… ");
        at = side.index()[i];
      }
      for (; at < side.index()[i]; at++) {
        out.append("0 ");
      }
      out.append(GoText.general(side.count()[i])).append(' ');
      at++;
    }
    trim(out).append("] ");
  }

  private static StringBuilder trim(StringBuilder out) {
    if (out.charAt(out.length() - 1) == ' ') {
      out.setLength(out.length() - 1);
    }
    return out;
  }
}
