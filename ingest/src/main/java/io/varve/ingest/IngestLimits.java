package io.varve.ingest;

import io.varve.ingest.intake.LabelLimits;
import java.time.Duration;

/**
 * What one request, and all requests in progress together, may take.
 *
 * @param compressedBytes the body as it is sent; more is a 413
 * @param decodedBytes the body after decompression, judged by the declared length before any memory
 *     is taken; more is a 400
 * @param entriesPerRequest samples, histograms, exemplars and metadata entries; more is a 413
 * @param inFlightBytes compressed and decoded bytes of all requests in progress; when they would be
 *     more, a request is sent away with a 503
 * @param future how far ahead of the clock a timestamp may lie
 * @param aliasBytes memory for label sets that senders do not write in canonical form
 * @param predictedSeries series whose order is remembered, eight bytes each
 * @param labels limits of label sets
 */
public record IngestLimits(
    int compressedBytes,
    int decodedBytes,
    int entriesPerRequest,
    long inFlightBytes,
    Duration future,
    long aliasBytes,
    int predictedSeries,
    LabelLimits labels) {
  private static final int MIB = 1 << 20;

  /** The sizes that Prometheus uses where it has a limit, generous ones elsewhere. */
  public static final IngestLimits DEFAULT =
      new IngestLimits(
          32 * MIB,
          32 * MIB,
          500_000,
          256L * MIB,
          Duration.ofMinutes(10),
          64L * MIB,
          8 * MIB,
          LabelLimits.DEFAULT);

  /** Refuses limits that no request could keep. */
  public IngestLimits {
    if (compressedBytes < 1
        || decodedBytes < 1
        || decodedBytes > 1 << 30
        || entriesPerRequest < 1
        || inFlightBytes < 1
        || future.isNegative()
        || aliasBytes < 0
        || predictedSeries < 0) {
      throw new IllegalArgumentException("limits of ingest must be positive");
    }
  }
}
