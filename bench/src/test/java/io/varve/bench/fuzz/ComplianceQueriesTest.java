package io.varve.bench.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.bench.workload.Capture;
import io.varve.engine.SharedData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The queries of the PromQL compliance tester over two hours that a node_exporter was recorded,
 * under the names that the queries ask for: Varve answers as a real Prometheus 2.42 does. No sample
 * stands on the left edge of a range (see {@link RandomData}).
 */
@Timeout(120)
final class ComplianceQueriesTest {
  private static final double TOLERANCE = 1e-5;
  private static final int HOSTS = 3;
  private static final long INTERVAL = 15_000;
  private static final int HOST_ROWS = 137; // by so much the hosts are ahead of each other
  private static final long FIRST = RandomData.START + 40 * 60_000L + 500;
  private static final long LAST = RandomData.START + 105 * 60_000L + 500;
  private static final long STEP = 60_000;

  /** What Prometheus 3.14 answers otherwise than 2.42, with the reason. */
  private static final Map<String, String> CHANGED =
      Map.of(
          "label_replace(demo_num_cpus, \"~invalid\", \"\", \"src\", \"(.*)\")",
          "since 3.0 every UTF-8 text is a label name");

  private static final Map<String, String> MEMORY =
      Map.of(
          "node_memory_MemFree_bytes", "free",
          "node_memory_MemAvailable_bytes", "available",
          "node_memory_Cached_bytes", "cached",
          "node_memory_Buffers_bytes", "buffers",
          "node_memory_Active_bytes", "active");

  /** Counters whose sums make the buckets of a histogram. */
  private static final Map<String, String> BUCKETS =
      new TreeMap<>(
          Map.of(
              "0.1", "node_context_switches_total",
              "1", "node_intr_total",
              "10", "node_forks_total"));

  private final WriteBodies bodies = new WriteBodies();
  private int series;

  @Test
  void bothAnswerTheSame(@TempDir Path folder) throws Exception {
    Path queries = SharedData.path("conformance/compliance/promql-queries-sample.tsv");
    Capture capture = Capture.read(SharedData.path("data/node_exporter.cap"));
    Path prometheus = ServerPair.program();
    assumeTrue(prometheus != null, "the Debian package prometheus is not installed");
    for (int host = 0; host < HOSTS; host++) {
      host(capture, host);
    }
    Answers answers = new Answers(TOLERANCE);
    List<String> differences = new ArrayList<>();
    int asked = 0;
    int empty = 0;
    try (ServerPair servers = ServerPair.start(prometheus, folder)) {
      for (byte[] body : bodies.compressed()) {
        servers.write(body);
      }
      for (String line : Files.readAllLines(queries)) {
        int tab = line.indexOf('\t');
        if (tab < 0) {
          continue;
        }
        String query = line.substring(tab + 1);
        JsonNode there = servers.prometheus.query(query, FIRST, LAST, STEP);
        JsonNode here = servers.varve.query(query, FIRST, LAST, STEP);
        asked++;
        String difference = answers.difference(there, here, false);
        if (CHANGED.containsKey(query)) {
          assertThat(difference).as(query).isNotNull();
        } else if (difference != null) {
          differences.add(query + ": " + difference);
        } else {
          boolean fails = here.path("status").asText().equals("error");
          assertThat(fails).as(query).isEqualTo(line.startsWith("FAIL"));
          empty += here.at("/data/result").isEmpty() ? 1 : 0;
        }
      }
    }
    System.out.println(
        "ComplianceQueriesTest: "
            + asked
            + " queries over "
            + series
            + " series, "
            + empty
            + " without a result; "
            + answers.points()
            + " points, of them "
            + answers.exactPoints()
            + " the same to the last digit");
    assertThat(differences).isEmpty();
    assertThat(asked).isGreaterThan(200);
    assertThat(empty).isLessThan(asked / 4);
    assertThat(answers.points()).isGreaterThan(100_000);
  }

  private void host(Capture capture, int host) {
    String instance = "demo.promlabs.com:" + (10_000 + host);
    double[][] buckets = new double[BUCKETS.size()][];
    for (int s = 0; s < capture.series().size(); s++) {
      Capture.Series recorded = capture.series().get(s);
      String metric = recorded.metric();
      double[] values = values(capture, s, host);
      String memory = MEMORY.get(metric);
      if (memory != null) {
        add(values, host, "demo_memory_usage_bytes", instance, "type", memory);
      }
      if (metric.equals("node_cpu_seconds_total") && recorded.labels().contains("0")) {
        String mode = recorded.labels().get(recorded.labels().indexOf("mode") + 1);
        add(values, host, "demo_cpu_usage_seconds_total", instance, "mode", mode);
      }
      switch (metric) {
        case "node_filesystem_avail_bytes" -> add(values, host, "demo_disk_usage_bytes", instance);
        case "node_procs_running" -> {
          add(values, host, "demo_num_cpus", instance);
          add(withGaps(values), host, "demo_intermittent_metric", instance);
        }
        case "node_time_seconds" ->
            add(now(values), host, "demo_batch_last_success_timestamp_seconds", instance);
        default -> {}
      }
      int bucket = 0;
      for (String counter : BUCKETS.values()) {
        if (counter.equals(metric)) {
          buckets[bucket] = values;
        }
        bucket++;
      }
    }
    double[] sum = new double[buckets[0].length];
    int bucket = 0;
    for (String bound : BUCKETS.keySet()) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += buckets[bucket][i];
      }
      add(sum, host, "demo_api_request_duration_seconds_bucket", instance, "le", bound);
      bucket++;
    }
    add(sum, host, "demo_api_request_duration_seconds_bucket", instance, "le", "+Inf");
  }

  /** A row every 15 seconds, as long as there are rows. */
  private static double[] values(Capture capture, int s, int host) {
    int step = (int) (INTERVAL / 1000 / capture.stepSeconds());
    double[] values = new double[(capture.rows() - HOSTS * HOST_ROWS) / step];
    for (int i = 0; i < values.length; i++) {
      values[i] = capture.value(s, i * step + host * HOST_ROWS);
    }
    return values;
  }

  /** Ten minutes with samples, ten without. */
  private static double[] withGaps(double[] values) {
    double[] some = values.clone();
    for (int i = 0; i < some.length; i++) {
      some[i] = i / 40 % 2 == 0 ? some[i] : Double.NaN;
    }
    return some;
  }

  /** A job that ends well every two minutes. */
  private static double[] now(double[] values) {
    double[] times = values.clone();
    for (int i = 0; i < times.length; i++) {
      times[i] = values[i / 8 * 8];
    }
    return times;
  }

  private void add(double[] values, int host, String metric, String instance, String... label) {
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        bodies.sample(RandomData.START + i * INTERVAL + 1_237L * (host + 1), values[i]);
      }
    }
    if (label.length == 0) {
      bodies.end(metric, "instance", instance, "job", "demo");
    } else {
      bodies.end(metric, "instance", instance, "job", "demo", label[0], label[1]);
    }
    series++;
  }
}
