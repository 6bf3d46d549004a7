package io.varve.ingest.remotewrite;

/** The metric types of both remote write versions, which number them alike, and limits of text. */
final class MetricTypes {
  /** Metadata entries of one request; Prometheus sends at most as many as samples, 2,000. */
  static final int MOST_METADATA = 50_000;

  /** UTF-8 bytes of a name, unit or help text; what is longer is cut. */
  static final int MOST_TEXT_BYTES = 4_096;

  private static final String[] NAMES = {
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"
  };

  private MetricTypes() {}

  /** The type's name as the HTTP API writes it. */
  static String name(int type) {
    return type >= 0 && type < NAMES.length ? NAMES[type] : NAMES[0];
  }
}
