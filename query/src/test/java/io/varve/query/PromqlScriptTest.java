package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.SharedData;
import io.varve.query.promqltest.CaseResult;
import io.varve.query.promqltest.CaseResult.Level;
import io.varve.query.promqltest.EngineStore;
import io.varve.query.promqltest.ScriptRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Prometheus' own test scripts, over series in memory and over the engine: every evaluation yields
 * what is expected.
 */
class PromqlScriptTest {
  private static final QueryEngine.Options OPTIONS =
      new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT, Feature.ofScripts());

  /** What comes out differently where names are dropped at once, as is the default. */
  private static final Set<String> LATE_NAMES =
      Set.of(
          "label_replace(rate({env=\"1\"}[10m]), \"__name__\", \"rate_$1\", \"__name__\","
              + " \"(.+)\")",
          "sum(rate({env=\"1\"}[10m])) by (env)",
          "sum by (__name__) (rate(metric_total{env=\"2\"}[5m]) or metric_total{env=\"1\"})",
          "histogram_quantile(0.5, myHistogram1)",
          "histogram_quantile(0.5, myHistogram2)",
          "histogram_quantile(1, histogram_nan)",
          "histogram_quantile(0.81, histogram_nan)",
          "histogram_quantile(0.8, histogram_nan{case=\"20% NaNs\"})",
          "histogram_quantile(0.4, histogram_nan{case=\"100% NaNs\"})",
          "histogram_quantile(0.4, histogram_nan{case=\"20% NaNs\"})",
          "histogram_quantiles(histogram_nan, \"q\", 0.81)",
          "histogram_quantiles(mixedHistogram, \"q\", 0.5)",
          "(http_requests_total{group=\"canary\"} + 1) or http_requests_total{instance=\"1\"}");

  private static final List<String> LATE_NAME_SCRIPTS =
      List.of(
          "aggregators",
          "functions",
          "histograms",
          "name_label_dropping",
          "native_histograms",
          "operators",
          "selectors",
          "subquery",
          "type_and_unit");

  private static final Path RESOURCES = Path.of("src/test/resources/promqltest");

  /** So many evaluations there are, or more; all pass. */
  @ParameterizedTest
  @CsvSource({
    "aggregators, 112",
    "at_modifier, 53",
    "collision, 1",
    "duration_expression, 41",
    "extended_vectors, 104",
    "fill-modifier, 32",
    "functions, 301",
    "histograms, 129",
    "info, 36",
    "limit, 25",
    "literals, 17",
    "name_label_dropping, 21",
    "native_histograms, 365",
    "operators, 149",
    "range_queries, 11",
    "selectors, 21",
    "staleness, 5",
    "start_timestamps, 18",
    "subquery, 23",
    "trig_functions, 15",
    "type_and_unit, 40"
  })
  void scripts(String name, int fewest) throws IOException {
    List<CaseResult> results = run(name);
    Map<Level, Integer> levels = new EnumMap<>(Level.class);
    results.forEach(r -> levels.merge(r.level(), 1, Integer::sum));
    System.out.println(name + ".test " + levels);
    assertThat(results).allMatch(CaseResult::passed);
    assertThat(results).hasSizeGreaterThanOrEqualTo(fewest);
  }

  /** The same over the real engine: half of the scripts from its head, half from merged files. */
  @Test
  void scriptsOverTheRealEngine(@TempDir Path folder) throws IOException {
    List<String> names =
        List.of(
            "aggregators",
            "at_modifier",
            "extended_vectors",
            "functions",
            "histograms",
            "native_histograms",
            "operators",
            "range_queries",
            "selectors",
            "staleness",
            "start_timestamps",
            "subquery",
            "type_and_unit");
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      List<CaseResult> stored;
      try (QueryEngine engine = new QueryEngine(OPTIONS);
          EngineStore store = new EngineStore(folder.resolve(name), i % 2 == 0)) {
        stored = new ScriptRunner(store, engine, QueryOptions.DEFAULT).run(path(name));
      }
      assertThat(outcomes(stored)).as(name).isEqualTo(outcomes(run(name)));
    }
  }

  private static List<String> outcomes(List<CaseResult> results) {
    return results.stream().map(r -> r.place() + " " + r.level() + " " + r.passed()).toList();
  }

  /** The same with names dropped at once: other answers where the script needs them late only. */
  @Test
  void namesDroppedAtOnce() throws IOException {
    Set<Feature> features = Feature.ofScripts();
    features.remove(Feature.DELAYED_NAME_REMOVAL);
    QueryEngine.Options options =
        new QueryEngine.Options(2, 300_000, 60_000, QueryLimits.DEFAULT, features);
    Set<String> differ = new HashSet<>();
    try (QueryEngine engine = new QueryEngine(options)) {
      ScriptRunner runner = new ScriptRunner(new MemoryStore(), engine, QueryOptions.DEFAULT);
      for (String name : LATE_NAME_SCRIPTS) {
        for (CaseResult result : runner.run(path(name))) {
          if (!result.passed()) {
            differ.add(result.expression());
          }
        }
      }
      assertThat(differ).isEqualTo(LATE_NAMES);
      assertThat(runner.run(RESOURCES.resolve("names-at-once.test")))
          .hasSizeGreaterThan(10)
          .allMatch(CaseResult::passed);
    }
  }

  /** Features over floats, in scripts of our own. */
  @Test
  void featuresOfOurOwnScripts() throws IOException {
    try (QueryEngine engine = new QueryEngine(OPTIONS)) {
      ScriptRunner runner = new ScriptRunner(new MemoryStore(), engine, QueryOptions.DEFAULT);
      assertThat(runner.run(RESOURCES.resolve("features.test")))
          .hasSizeGreaterThan(20)
          .allMatch(CaseResult::passed);
    }
  }

  /** Native histograms beside floats, in scripts of our own; over the real engine, too. */
  @Test
  void histogramsBesideFloats(@TempDir Path folder) throws IOException {
    Path script = RESOURCES.resolve("histograms-and-floats.test");
    try (QueryEngine engine = new QueryEngine(OPTIONS);
        EngineStore store = new EngineStore(folder, true)) {
      assertThat(new ScriptRunner(new MemoryStore(), engine, QueryOptions.DEFAULT).run(script))
          .hasSizeGreaterThan(15)
          .allMatch(CaseResult::passed);
      assertThat(new ScriptRunner(store, engine, QueryOptions.DEFAULT).run(script))
          .allMatch(CaseResult::passed);
    }
  }

  private static List<CaseResult> run(String name) throws IOException {
    try (QueryEngine engine = new QueryEngine(OPTIONS)) {
      return new ScriptRunner(new MemoryStore(), engine, QueryOptions.DEFAULT).run(path(name));
    }
  }

  private static Path path(String name) {
    return SharedData.path("conformance/promqltest/" + name + ".test");
  }
}
