package io.varve.ingest.remotewrite;

import java.nio.charset.StandardCharsets;

/** The metric types of both remote write versions, which number them alike, and limits of text. */
final class MetricTypes {
  /** Metadata entries of one request; Prometheus sends at most as many as samples, 2,000. */
  static final int MOST_METADATA = 50_000;

  /** UTF-8 bytes of a name, unit or help text; what is longer is cut. */
  static final int MOST_TEXT_BYTES = 4_096;

  private static final String[] NAMES = {
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"
  };

  private static final String[] SUFFIXES = {"_bucket", "_count", "_sum", "_gcount", "_gsum"};

  private MetricTypes() {}

  /** How many types there are, the unknown one, 0, included. */
  static int count() {
    return NAMES.length;
  }

  /** The type's name as the HTTP API writes it. */
  static String name(int type) {
    return type >= 0 && type < NAMES.length ? NAMES[type] : NAMES[0];
  }

  /** UTF-8 text of bounded length. */
  static String text(byte[] bytes, int offset, int length) {
    return new String(bytes, offset, Math.min(length, MOST_TEXT_BYTES), StandardCharsets.UTF_8);
  }

  /**
   * The metric family that a series belongs to: classic histograms and summaries have series with
   * suffixes.
   */
  static String family(String metric, int type) {
    if (type == 3 || type == 4 || type == 5) {
      for (String suffix : SUFFIXES) {
        if (metric.endsWith(suffix) && metric.length() > suffix.length()) {
          return metric.substring(0, metric.length() - suffix.length());
        }
      }
    }
    return metric;
  }
}
