package io.varve.http.config;

import io.varve.ingest.otlp.OtlpDeltas;
import io.varve.ingest.otlp.OtlpSettings;
import io.varve.ingest.otlp.TranslationStrategy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the receiver of OpenTelemetry metrics is told; settings and defaults are those of
 * Prometheus' section {@code otlp}.
 *
 * @param enabled whether there is a receiver
 * @param strategy what becomes of names
 * @param promoteAll whether all resource attributes become labels
 * @param promoted resource attributes that become labels, if not all do
 * @param ignored resource attributes that do not, if all others do
 * @param keepIdentifying whether target_info repeats what job and instance are made of
 * @param customBuckets whether explicit buckets become native histograms
 * @param promoteScope whether the instrumentation scope becomes labels
 * @param keySanitization whether label names that would begin with one underscore get a prefix
 * @param preserveUnderscores whether several underscores in a row stay several in label names
 * @param deltas what becomes of metrics that tell differences
 */
public record OtlpConfig(
    boolean enabled,
    TranslationStrategy strategy,
    boolean promoteAll,
    List<String> promoted,
    List<String> ignored,
    boolean keepIdentifying,
    boolean customBuckets,
    boolean promoteScope,
    boolean keySanitization,
    boolean preserveUnderscores,
    OtlpDeltas deltas) {
  private static final String PROMOTE = "promote_resource_attributes";
  private static final String PROMOTE_ALL = "promote_all_resource_attributes";
  private static final String STORE_DELTAS = "native_delta_ingestion";
  private static final String CONVERT_DELTAS = "deltatocumulative";
  private static final String IGNORE = "ignore_resource_attributes";

  static OtlpConfig read(Settings in) {
    OtlpSettings base = OtlpSettings.DEFAULT;
    boolean enabled = in.flag("enabled", true);
    TranslationStrategy strategy =
        in.value("translation_strategy", base.strategy(), OtlpConfig::strategy);
    List<String> promoted = in.texts(PROMOTE, names -> check(names, "promoted"));
    boolean all = in.flag(PROMOTE_ALL, base.promoteAll());
    List<String> ignored = in.texts(IGNORE, names -> check(names, "ignored"));
    if (all && !promoted.isEmpty()) {
      throw in.wrong(PROMOTE, "cannot be set together with " + PROMOTE_ALL);
    }
    if (!all && !ignored.isEmpty()) {
      throw in.wrong(IGNORE, "cannot be set unless " + PROMOTE_ALL + " is true");
    }
    OtlpConfig config =
        new OtlpConfig(
            enabled,
            strategy,
            all,
            promoted,
            ignored,
            in.flag("keep_identifying_resource_attributes", base.keepIdentifying()),
            in.flag("convert_histograms_to_nhcb", base.customBuckets()),
            in.flag("promote_scope_metadata", base.promoteScope()),
            in.flag("label_name_underscore_sanitization", base.keySanitization()),
            in.flag("label_name_preserve_multiple_underscores", base.preserveUnderscores()),
            deltas(in));
    in.done();
    return config;
  }

  private static OtlpDeltas deltas(Settings in) {
    OtlpDeltas base = OtlpDeltas.DEFAULT;
    boolean store = in.flag(STORE_DELTAS, false);
    boolean convert = in.flag(CONVERT_DELTAS, false);
    if (store && convert) {
      throw in.wrong(CONVERT_DELTAS, "cannot be set together with " + STORE_DELTAS);
    }
    OtlpDeltas.Use use = OtlpDeltas.Use.REFUSE;
    if (store) {
      use = OtlpDeltas.Use.STORE;
    } else if (convert) {
      use = OtlpDeltas.Use.CONVERT;
    }
    return new OtlpDeltas(
        use,
        in.millis("delta_max_stale", base.maxStaleMillis(), 1_000, 365 * 86_400_000L),
        in.bytes("delta_state_bytes", base.stateBytes(), 0, 1L << 40));
  }

  private static void check(List<String> names, String what) {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("empty " + what + " OTel resource attribute");
      }
      if (!seen.add(name)) {
        throw new IllegalArgumentException(
            "duplicated " + what + " OTel resource attribute \"" + name + "\"");
      }
    }
  }

  private static TranslationStrategy strategy(String text) {
    List<String> names = new ArrayList<>();
    for (TranslationStrategy strategy : TranslationStrategy.values()) {
      if (strategy.text().equals(text)) {
        return strategy;
      }
      names.add(strategy.text());
    }
    throw new IllegalArgumentException(
        "\"" + text + "\" is not one of " + String.join(", ", names));
  }

  void write(ConfigText text) {
    text.section("otlp");
    text.flag("enabled", enabled);
    text.line("translation_strategy", strategy.text());
    text.texts(PROMOTE, promoted);
    text.flag(PROMOTE_ALL, promoteAll);
    text.texts(IGNORE, ignored);
    text.flag("keep_identifying_resource_attributes", keepIdentifying);
    text.flag("convert_histograms_to_nhcb", customBuckets);
    text.flag("promote_scope_metadata", promoteScope);
    text.flag("label_name_underscore_sanitization", keySanitization);
    text.flag("label_name_preserve_multiple_underscores", preserveUnderscores);
    text.flag(STORE_DELTAS, deltas.use() == OtlpDeltas.Use.STORE);
    text.flag(CONVERT_DELTAS, deltas.use() == OtlpDeltas.Use.CONVERT);
    text.millis("delta_max_stale", deltas.maxStaleMillis());
    text.bytes("delta_state_bytes", deltas.stateBytes());
  }

  /**
   * What the receiver is to be made with.
   *
   * @param typeAndUnitLabels whether series get the labels {@code __type__} and {@code __unit__}
   * @param lookbackMillis how old a sample may be to be seen by queries
   */
  public OtlpSettings settings(boolean typeAndUnitLabels, long lookbackMillis) {
    return new OtlpSettings(
        strategy,
        promoteAll,
        new HashSet<>(promoteAll ? ignored : promoted),
        keepIdentifying,
        customBuckets,
        promoteScope,
        keySanitization,
        preserveUnderscores,
        deltas,
        typeAndUnitLabels,
        Math.max(1, lookbackMillis / 2));
  }
}
