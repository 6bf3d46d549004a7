package io.varve.ingest.intake;

import io.varve.engine.model.Labels;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

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

  /** What of a label set is over a limit, in words; null if nothing is. */
  public @Nullable String exceeded(Labels set) {
    if (set.size() > labels) {
      return over(set.size() + " labels", labels);
    }
    for (int i = 0; i < set.size(); i++) {
      int name = set.name(i).getBytes(StandardCharsets.UTF_8).length;
      int value = set.value(i).getBytes(StandardCharsets.UTF_8).length;
      if (name > nameBytes) {
        return over("a label name of " + name + " bytes", nameBytes);
      }
      if (value > valueBytes) {
        return over("a label value of " + value + " bytes", valueBytes);
      }
    }
    int bytes = set.canonical().length;
    return bytes > setBytes ? over("labels of " + bytes + " bytes", setBytes) : null;
  }

  private static String over(String what, int limit) {
    return what + ", over the limit of " + limit;
  }
}
