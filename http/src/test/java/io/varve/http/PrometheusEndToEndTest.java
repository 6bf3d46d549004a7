package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Prometheus scrapes a real node_exporter (and itself) and writes all of it to Varve: then
 * both must answer the same. The Debian package is Prometheus 2.42, whose ranges are closed on the
 * left; so every query is asked at times at which no sample stands on the left edge.
 */
@Timeout(120)
final class PrometheusEndToEndTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double TOLERANCE = 1e-9;
  private static final int SCRAPES = 14;

  private static final List<String> QUERIES =
      List.of(
          "up",
          "node_load1",
          "{job=\"node\"}",
          "node_cpu_seconds_total",
          "node_cpu_seconds_total{mode=~\"user|system\",cpu!=\"1\"}",
          "{__name__=~\"node_memory_.+_bytes\",job=\"node\"}",
          "rate(node_cpu_seconds_total[5s])",
          "irate(node_cpu_seconds_total[5s])",
          "increase(node_context_switches_total[7s])",
          "delta(node_memory_MemFree_bytes[6s])",
          "deriv(node_memory_MemFree_bytes[6s])",
          "changes(node_memory_MemFree_bytes[9s])",
          "resets(node_context_switches_total[9s])",
          "sum by (mode) (rate(node_cpu_seconds_total[5s]))",
          "avg without (cpu) (node_cpu_seconds_total)",
          "count({__name__=~\".+\"})",
          "count by (job) ({__name__=~\".+\"})",
          "sum(count_over_time(node_cpu_seconds_total[8s]))",
          "topk(3, node_cpu_seconds_total)",
          "quantile by (cpu) (0.7, node_cpu_seconds_total)",
          "stddev(node_cpu_seconds_total)",
          "avg_over_time(node_memory_MemFree_bytes[5s])",
          "min_over_time(node_memory_MemFree_bytes[5s])",
          "max_over_time(node_memory_MemFree_bytes[5s])",
          "stddev_over_time(node_memory_MemFree_bytes[5s])",
          "quantile_over_time(0.3, node_memory_MemFree_bytes[5s])",
          "last_over_time(node_memory_MemFree_bytes[5s])",
          "max_over_time(rate(node_context_switches_total[4s])[6s:1s])",
          "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes * 100",
          "node_memory_MemFree_bytes > bool 1e9",
          "node_cpu_seconds_total > 100 or node_load1",
          "node_load1 and on (instance) up",
          "node_cpu_seconds_total / on (instance) group_left () node_load1",
          "histogram_quantile(0.9, sum by (le)"
              + " (rate(prometheus_http_request_duration_seconds_bucket[9s])))",
          "label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")",
          "absent(no_such_metric{a=\"b\"})",
          "absent(up)",
          "up offset 3s",
          "count_values(\"value\", up)",
          "timestamp(up)",
          "time() - node_boot_time_seconds",
          "scalar(up{job=\"node\"})",
          "vector(1.5)",
          "\"text\"",
          "1e-7",
          "-node_load1 ^ 2 % 3",
          "clamp(node_load1, 0, 0.5)",
          "hour(vector(time()))",
          "sort_desc(node_cpu_seconds_total)");

  private final HttpClient client = HttpClient.newHttpClient();
  private int prometheusPort;
  private int varvePort;

  @Test
  void bothAnswerTheSame(@TempDir Path folder) throws Exception {
    String prometheus = ChildProcess.find("prometheus");
    String exporter = ChildProcess.find("prometheus-node-exporter");
    assumeTrue(prometheus != null, "the Debian package prometheus is not installed");
    assumeTrue(exporter != null, "the Debian package prometheus-node-exporter is not installed");
    ServerConfig config =
        ServerConfig.defaults()
            .withListen(new Address("127.0.0.1", 0))
            .withDataDir(folder.resolve("varve"));
    int exporterPort = ChildProcess.freePort();
    prometheusPort = ChildProcess.freePort();
    try (Server varve = new Server(config)) {
      varve.recover();
      varvePort = varve.address().getPort();
      Files.writeString(folder.resolve("prometheus.yml"), configuration(exporterPort));
      try (ChildProcess node =
              ChildProcess.start(
                  folder,
                  "node_exporter",
                  List.of(exporter, "--web.listen-address=127.0.0.1:" + exporterPort));
          ChildProcess scraper = ChildProcess.prometheus(folder, prometheus, prometheusPort)) {
        long first = awaitScrapes(scraper);
        long end = time(first);
        awaitAllSamples(end, scraper);
        int points = 0;
        for (String query : QUERIES) {
          points += compareInstant(query, end);
          points += compareRange(query, end - 8_000, end, 1_000);
        }
        assertThat(points).isGreaterThan(5_000);
        compareLists(end);
        node.terminate();
        compareStaleness(scraper);
      }
    }
  }

  /** When a target is gone, its series end at once, by their stale markers. */
  private void compareStaleness(ChildProcess scraper) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    long end;
    do {
      assertThat(System.nanoTime()).as(scraper.output()).isLessThan(deadline);
      Thread.sleep(200);
      end = time(System.currentTimeMillis());
    } while (prometheus("query", Map.of("query", "absent(node_load1)", "time", seconds(end)))
        .get("result")
        .isEmpty());
    awaitAllSamples(end, scraper);
    for (String query :
        List.of("up", "absent(node_load1)", "count by (job) ({__name__=~\".+\"})")) {
      compareInstant(query, end);
      compareRange(query, end - 8_000, end, 1_000);
    }
    assertThat(varve("query", Map.of("query", "node_load1", "time", seconds(end))).at("/result"))
        .isEmpty();
  }

  private static String configuration(int exporterPort, int prometheusPort, int varvePort) {
    return """
    global:
      scrape_interval: 1s
      scrape_timeout: 1s
    scrape_configs:
      - job_name: node
        static_configs: [{targets: ["127.0.0.1:%d"]}]
      - job_name: prometheus
        static_configs: [{targets: ["127.0.0.1:%d"]}]
    remote_write:
      - url: http://127.0.0.1:%d/api/v1/write
        queue_config: {batch_send_deadline: 200ms, min_shards: 2}
    """
        .formatted(exporterPort, prometheusPort, varvePort);
  }

  private String configuration(int exporterPort) {
    return configuration(exporterPort, prometheusPort, varvePort);
  }

  /** Waits until both jobs were scraped often enough; the time of the newest scrape. */
  private long awaitScrapes(ChildProcess scraper) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        JsonNode counts =
            prometheus("query", Map.of("query", "min(count_over_time(up[1m]))"))
                .at("/result/0/value/1");
        JsonNode jobs =
            prometheus("query", Map.of("query", "count(up == 1)")).at("/result/0/value/1");
        if (counts.asInt() >= SCRAPES && jobs.asInt() == 2) {
          JsonNode newest =
              prometheus("query", Map.of("query", "max(timestamp(up))")).at("/result/0/value/1");
          return Math.round(newest.asDouble() * 1000);
        }
      } catch (IOException e) {
        assertThat(scraper.isAlive()).as(scraper.output()).isTrue();
      }
      assertThat(System.nanoTime()).as(scraper.output()).isLessThan(deadline);
      Thread.sleep(200);
    }
  }

  /**
   * A time shortly before {@code about} at whose distance in whole seconds no sample of either job
   * stands, nor a whole second, which is where subqueries evaluate.
   */
  private long time(long about) throws Exception {
    List<Long> taken = new ArrayList<>(List.of(0L));
    for (JsonNode series : prometheus("query", Map.of("query", "timestamp(up)")).at("/result")) {
      taken.add(Math.floorMod(Math.round(series.at("/value/1").asDouble() * 1000), 1_000L));
    }
    long best = 0;
    long widest = -1;
    for (long phase = 0; phase < 1_000; phase++) {
      long nearest = 1_000;
      for (long other : taken) {
        long distance = Math.abs(phase - other);
        nearest = Math.min(nearest, Math.min(distance, 1_000 - distance));
      }
      if (nearest > widest) {
        widest = nearest;
        best = phase;
      }
    }
    return Math.floorDiv(about, 1_000L) * 1_000 - 1_000 + best;
  }

  /** Waits until every raw sample that Prometheus has up to a time is in Varve, digit for digit. */
  private void awaitAllSamples(long time, ChildProcess scraper) throws Exception {
    Map<String, String> arguments =
        Map.of("query", "{__name__=~\".+\"}[30s]", "time", seconds(time));
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (true) {
      Map<String, JsonNode> there = bySeries(prometheus("query", arguments).get("result"));
      Map<String, JsonNode> here = bySeries(varve("query", arguments).get("result"));
      if (here.equals(there)) {
        assertThat(there).hasSizeGreaterThan(500);
        return;
      }
      if (System.nanoTime() > deadline) {
        assertThat(here.keySet()).as(scraper.output()).isEqualTo(there.keySet());
        there.forEach((labels, series) -> assertThat(here.get(labels)).isEqualTo(series));
      }
      Thread.sleep(200);
    }
  }

  private int compareInstant(String query, long time) throws Exception {
    Map<String, String> arguments = Map.of("query", query, "time", seconds(time));
    return compare(query, prometheus("query", arguments), varve("query", arguments), "value");
  }

  private int compareRange(String query, long start, long end, long step) throws Exception {
    if (query.startsWith("\"")) {
      return 0; // a string has no range
    }
    Map<String, String> arguments =
        Map.of("query", query, "start", seconds(start), "end", seconds(end), "step", seconds(step));
    return compare(
        query, prometheus("query_range", arguments), varve("query_range", arguments), "values");
  }

  private static int compare(String query, JsonNode there, JsonNode here, String key) {
    assertThat(here.at("/resultType")).as(query).isEqualTo(there.at("/resultType"));
    if (!there.at("/resultType").asText().matches("vector|matrix")) {
      comparePoint(query, there.get("result"), here.get("result"));
      return 1;
    }
    Map<String, JsonNode> expected = bySeries(there.get("result"));
    Map<String, JsonNode> actual = bySeries(here.get("result"));
    assertThat(actual.keySet()).as(query).isEqualTo(expected.keySet());
    int points = 0;
    for (Map.Entry<String, JsonNode> series : expected.entrySet()) {
      JsonNode those = series.getValue().get(key);
      JsonNode these = Objects.requireNonNull(actual.get(series.getKey())).get(key);
      String what = query + " " + series.getKey();
      if (key.equals("value")) {
        comparePoint(what, those, these);
        points++;
        continue;
      }
      assertThat(these.size())
          .as("%s: points %s, not %s", what, these, those)
          .isEqualTo(those.size());
      for (int i = 0; i < those.size(); i++) {
        comparePoint(what, those.get(i), these.get(i));
        points++;
      }
    }
    return points;
  }

  private static Map<String, JsonNode> bySeries(JsonNode result) {
    Map<String, JsonNode> series = new TreeMap<>();
    for (JsonNode one : result) {
      assertThat(series.put(text(one.get("metric")), one)).isNull();
    }
    return series;
  }

  private static void comparePoint(String what, JsonNode there, JsonNode here) {
    assertThat(here.get(0).asDouble()).as(what).isEqualTo(there.get(0).asDouble());
    String expected = there.get(1).asText();
    String actual = here.get(1).asText();
    if (!expected.equals(actual)) {
      double wanted = Double.parseDouble(expected);
      assertThat(Double.parseDouble(actual))
          .as(what)
          .isCloseTo(wanted, offset(Math.abs(wanted) * TOLERANCE));
    }
  }

  /**
   * Which series and labels there are in a time range is an upper bound, on both: what has samples
   * in the range must be there, and Prometheus must know it.
   */
  private void compareLists(long end) throws Exception {
    JsonNode samples =
        prometheus("query", Map.of("query", "{job=~\".+\"}[10s]", "time", seconds(end)));
    Map<String, String> span =
        Map.of("start", seconds(end - 10_000), "end", seconds(end), "match[]", "{job=~\".+\"}");
    Map<String, String> always = Map.of("match[]", "{job=~\".+\"}");
    Set<String> needed = bySeries(samples.get("result")).keySet();
    assertThat(needed).hasSizeGreaterThan(500);
    assertThat(labelSets(varve("series", span)))
        .containsAll(needed)
        .isSubsetOf(labelSets(prometheus("series", always)));
    Set<String> names = new TreeSet<>();
    Set<String> metrics = new TreeSet<>();
    for (JsonNode series : samples.get("result")) {
      series.get("metric").fieldNames().forEachRemaining(names::add);
      metrics.add(series.at("/metric/__name__").asText());
    }
    assertThat(texts(varve("labels", span)))
        .isSorted()
        .containsAll(names)
        .isSubsetOf(texts(prometheus("labels", always)));
    assertThat(texts(varve("label/__name__/values", span)))
        .isSorted()
        .containsAll(metrics)
        .isSubsetOf(texts(prometheus("label/__name__/values", always)));
    assertThat(texts(varve("label/mode/values", span))).contains("idle", "user");
  }

  private static Set<String> labelSets(JsonNode series) {
    Set<String> sets = new TreeSet<>();
    for (JsonNode labels : series) {
      assertThat(sets.add(text(labels))).as("%s comes twice", labels).isTrue();
    }
    return sets;
  }

  private static String text(JsonNode labels) {
    Map<String, String> sorted = new TreeMap<>();
    labels.properties().forEach(label -> sorted.put(label.getKey(), label.getValue().asText()));
    return sorted.toString();
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  private static String seconds(long millis) {
    return String.format(Locale.ROOT, "%d.%03d", millis / 1_000, millis % 1_000);
  }

  private JsonNode prometheus(String path, Map<String, String> arguments) throws Exception {
    return get(prometheusPort, path, arguments);
  }

  private JsonNode varve(String path, Map<String, String> arguments) throws Exception {
    return get(varvePort, path, arguments);
  }

  private JsonNode get(int port, String path, Map<String, String> arguments) throws Exception {
    StringBuilder uri = new StringBuilder("http://127.0.0.1:" + port + "/api/v1/" + path);
    char separator = '?';
    for (Map.Entry<String, String> argument : arguments.entrySet()) {
      uri.append(separator)
          .append(URLEncoder.encode(argument.getKey(), StandardCharsets.UTF_8))
          .append('=')
          .append(URLEncoder.encode(argument.getValue(), StandardCharsets.UTF_8));
      separator = '&';
    }
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(uri.toString())).timeout(Duration.ofSeconds(20)).build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    JsonNode answer = JSON.readTree(response.body());
    assertThat(answer.path("status").asText())
        .as("%s answers %s", uri, response.body())
        .isEqualTo("success");
    return answer.get("data");
  }
}
