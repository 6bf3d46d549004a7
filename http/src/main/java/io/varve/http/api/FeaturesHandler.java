package io.varve.http.api;

import io.varve.http.config.OtlpConfig;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.search.SearchTerms;
import io.varve.ingest.otlp.OtlpDeltas;
import io.varve.query.Feature;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Operator;
import io.varve.query.promql.ParserOptions;
import io.varve.retention.rules.template.Template;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** {@code /api/v1/features}: what can be used, under the names that Prometheus gives it. */
public final class FeaturesHandler implements Handler {
  private final Supplier<Store> store;
  private final boolean admin;
  private final boolean lifecycle;
  private final OtlpConfig otlp;

  /**
   * Asks a store that is there by the time of the first request.
   *
   * @param admin whether the endpoints that change data are open
   * @param lifecycle whether the endpoints that reload settings and stop the server are open
   * @param otlp how metrics of OpenTelemetry are taken
   */
  public FeaturesHandler(Supplier<Store> store, boolean admin, boolean lifecycle, OtlpConfig otlp) {
    this.store = store;
    this.lifecycle = lifecycle;
    this.otlp = otlp;
    this.admin = admin;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Map<String, Map<String, Boolean>> features =
        features(store.get().queries().options().features());
    Answers.success(
        response,
        json -> {
          json.beginObject();
          for (Map.Entry<String, Map<String, Boolean>> category : features.entrySet()) {
            json.key(category.getKey()).beginObject();
            for (Map.Entry<String, Boolean> feature : category.getValue().entrySet()) {
              json.key(feature.getKey()).flag(feature.getValue());
            }
            json.endObject();
          }
          json.endObject();
        });
  }

  private Map<String, Map<String, Boolean>> features(Set<Feature> on) {
    ParserOptions language = Feature.language(on);
    Map<String, Map<String, Boolean>> features = new TreeMap<>();
    Map<String, Boolean> api = new TreeMap<>();
    api.put("admin", admin);
    api.put("exclude_alerts", true);
    api.put("label_values_match", true);
    api.put("lifecycle", lifecycle);
    api.put("otlp_write_receiver", otlp.enabled());
    api.put("query_stats", true);
    api.put("query_warnings", true);
    api.put("remote_write_receiver", true);
    api.put("search", on.contains(Feature.SEARCH_API));
    for (SearchTerms.Algorithm algorithm : SearchTerms.Algorithm.values()) {
      api.put("search_fuzz_alg_" + algorithm.parameter(), true);
    }
    api.put("time_range_labels", true);
    api.put("time_range_series", true);
    features.put("api", api);
    features.put(
        "otlp_receiver",
        new TreeMap<>(
            Map.of(
                "delta_conversion", otlp.deltas().use() == OtlpDeltas.Use.CONVERT,
                "native_delta_ingestion", otlp.deltas().use() == OtlpDeltas.Use.STORE)));
    features.put("promql", promql(on));
    Map<String, Boolean> functions = new TreeMap<>();
    for (FunctionSignature function : FunctionSignature.values()) {
      functions.put(function.text(), language.experimentalFunctions() || !function.experimental());
    }
    features.put("promql_functions", functions);
    Map<String, Boolean> operators = new TreeMap<>();
    for (Operator operator : Operator.values()) {
      operators.put(operator.text(), true);
    }
    for (String text : new String[] {"=~", "!~", "@"}) {
      operators.put(text, true);
    }
    for (Aggregation aggregation : Aggregation.values()) {
      operators.put(
          aggregation.text(), language.experimentalFunctions() || !aggregation.experimental());
    }
    features.put("promql_operators", operators);
    features.put(
        "rules",
        new TreeMap<>(
            Map.of("concurrent_rule_eval", false, "keep_firing_for", true, "query_offset", true)));
    Map<String, Boolean> templates = new TreeMap<>();
    Template.functions().forEach(function -> templates.put(function, true));
    features.put("templating_functions", templates);
    Map<String, Boolean> tsdb = new TreeMap<>();
    tsdb.put("exemplar_storage", true);
    tsdb.put("isolation", true);
    tsdb.put("native_histograms", true);
    tsdb.put("st_storage", true);
    features.put("tsdb", tsdb);
    return features;
  }

  private static Map<String, Boolean> promql(Set<Feature> on) {
    Map<String, Boolean> promql = new TreeMap<>();
    for (String always :
        new String[] {
          "at_modifier",
          "bool",
          "by",
          "group_left",
          "group_right",
          "ignoring",
          "negative_offset",
          "offset",
          "on",
          "per_query_lookback_delta",
          "subqueries",
          "without"
        }) {
      promql.put(always, true);
    }
    promql.put("anchored", on.contains(Feature.EXTENDED_RANGE_SELECTORS));
    promql.put("smoothed", on.contains(Feature.EXTENDED_RANGE_SELECTORS));
    promql.put("duration_expr", on.contains(Feature.DURATION_EXPRESSIONS));
    promql.put("fill", on.contains(Feature.BINOP_FILL_MODIFIERS));
    promql.put("fill_left", on.contains(Feature.BINOP_FILL_MODIFIERS));
    promql.put("fill_right", on.contains(Feature.BINOP_FILL_MODIFIERS));
    promql.put("delayed_name_removal", on.contains(Feature.DELAYED_NAME_REMOVAL));
    promql.put("per_step_stats", on.contains(Feature.PER_STEP_STATS));
    promql.put("type_and_unit_labels", on.contains(Feature.TYPE_AND_UNIT_LABELS));
    return promql;
  }
}
