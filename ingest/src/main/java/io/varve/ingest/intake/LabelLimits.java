package io.varve.ingest.intake;

/**
 * What the labels of one series may take.
 *
 * @param labels labels of a series, the metric name included
 * @param nameBytes UTF-8 bytes of a label name
 * @param valueBytes UTF-8 bytes of a label value
 * @param setBytes canonical bytes of the whole label set
 * @param exemplarCharacters Unicode characters of an exemplar's own label names and values together
 */
public record LabelLimits(
    int labels, int nameBytes, int valueBytes, int setBytes, int exemplarCharacters) {
  /** Generous limits that no sane exporter reaches. */
  public static final LabelLimits DEFAULT = new LabelLimits(128, 1_024, 16_384, 65_535, 128);

  /** Refuses limits below 1. */
  public LabelLimits {
    if (labels < 1 || nameBytes < 1 || valueBytes < 1 || setBytes < 1 || exemplarCharacters < 0) {
      throw new IllegalArgumentException("label limits must be positive");
    }
  }
}
