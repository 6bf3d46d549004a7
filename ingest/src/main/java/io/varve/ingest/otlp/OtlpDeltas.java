package io.varve.ingest.otlp;

/**
 * What becomes of metrics that tell differences.
 *
 * @param use what is done with them
 * @param maxStaleMillis a running total is forgotten when nothing has come for longer
 * @param stateBytes memory for all running totals, about
 */
public record OtlpDeltas(Use use, long maxStaleMillis, long stateBytes) {
  /** Deltas are refused. */
  public static final OtlpDeltas DEFAULT = new OtlpDeltas(Use.REFUSE, 300_000, 128L << 20);

  /** What can be done with deltas. */
  public enum Use {
    /** They are left out, which the answer says. */
    REFUSE,
    /** They are stored as they come, as Prometheus' {@code otlp-native-delta-ingestion} does. */
    STORE,
    /** They are added up, as Prometheus' {@code otlp-deltatocumulative} does. */
    CONVERT
  }

  /** Refuses times and sizes that are none. */
  public OtlpDeltas {
    if (maxStaleMillis < 1 || stateBytes < 0) {
      throw new IllegalArgumentException("running totals need a time and a size");
    }
  }
}
