package io.varve.ingest.otlp;

import java.util.Set;

/**
 * How OpenTelemetry metrics become series; the settings of Prometheus' section {@code otlp}, and
 * three that are elsewhere there.
 *
 * @param strategy what becomes of names
 * @param promoteAll whether resource attributes become labels unless {@code attributes} lists them
 * @param attributes the resource attributes that become labels or, under {@code promoteAll}, that
 *     do not
 * @param keepIdentifying whether {@code target_info} has labels for the attributes that {@code job}
 *     and {@code instance} are made of as well
 * @param customBuckets whether explicit buckets become native histograms with custom buckets
 * @param promoteScope whether the instrumentation scope becomes labels
 * @param keySanitization whether label names that would begin with one underscore begin with {@code
 *     key_}
 * @param preserveUnderscores whether several underscores in a row stay several in label names
 * @param deltas what becomes of metrics that tell differences
 * @param typeAndUnitLabels whether series get the labels {@code __type__} and {@code __unit__}
 * @param targetInfoMillis time between samples of {@code target_info} while a request spans more:
 *     half of the queries' lookback
 */
public record OtlpSettings(
    TranslationStrategy strategy,
    boolean promoteAll,
    Set<String> attributes,
    boolean keepIdentifying,
    boolean customBuckets,
    boolean promoteScope,
    boolean keySanitization,
    boolean preserveUnderscores,
    OtlpDeltas deltas,
    boolean typeAndUnitLabels,
    long targetInfoMillis) {
  /** What Prometheus does when its configuration says nothing. */
  public static final OtlpSettings DEFAULT =
      new OtlpSettings(
          TranslationStrategy.UNDERSCORE_ESCAPING_WITH_SUFFIXES,
          false,
          Set.of(),
          false,
          false,
          false,
          true,
          true,
          OtlpDeltas.DEFAULT,
          false,
          150_000);

  /** Refuses an interval that is none. */
  public OtlpSettings {
    attributes = Set.copyOf(attributes);
    if (targetInfoMillis < 1) {
      throw new IllegalArgumentException("target_info needs an interval");
    }
  }

  /** True if the resource attribute becomes a label. */
  boolean promotes(String attribute) {
    return promoteAll != attributes.contains(attribute);
  }

  /** The same with or without the labels that say what a metric is. */
  public OtlpSettings withTypeAndUnitLabels(boolean on) {
    return new OtlpSettings(
        strategy,
        promoteAll,
        attributes,
        keepIdentifying,
        customBuckets,
        promoteScope,
        keySanitization,
        preserveUnderscores,
        deltas,
        on,
        targetInfoMillis);
  }
}
