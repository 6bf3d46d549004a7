package io.varve.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.bench.workload.Capture;
import io.varve.bench.workload.Protocol;
import io.varve.bench.workload.Workload;
import io.varve.bench.workload.WorkloadKind;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every workload, tiny, against a real Varve; against the other stores, too, where they are
 * installed.
 */
final class PeerRunTest {
  private static final int ROWS = 120;

  @TempDir Path dir;

  /** Enough of a node exporter for some of the queries. */
  private static Capture capture() {
    List<Capture.Series> series = new ArrayList<>();
    series.add(new Capture.Series("node_load1", List.of(), false));
    series.add(new Capture.Series("node_load5", List.of(), false));
    series.add(new Capture.Series("node_memory_MemAvailable_bytes", List.of(), false));
    for (String mode : List.of("idle", "user", "system")) {
      series.add(
          new Capture.Series("node_cpu_seconds_total", List.of("cpu", "0", "mode", mode), true));
    }
    double[][] columns = new double[series.size()][ROWS];
    for (int s = 0; s < columns.length; s++) {
      for (int r = 0; r < ROWS; r++) {
        columns[s][r] = s < 3 ? (s + 1) * 100 + r * 37 % 23 / 4.0 : 1_000 * s + r * s / 2.0;
      }
    }
    return Capture.of(series, columns, 1);
  }

  private static List<String> varve() {
    // Whoever runs the test may hide its class path behind a jar made for this JVM.
    String classPath =
        System.getProperty(
            "varve.test.class.path",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx256m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-cp",
        classPath,
        "io.varve.http.Main");
  }

  private PeerReport run(Workload.Shape shape, List<Peer> peers, Protocol protocol)
      throws Exception {
    Workload workload = new Workload(capture(), shape, System.currentTimeMillis());
    boolean mixed = shape.kind() == WorkloadKind.MIXED;
    List<BenchQuery> queries =
        BenchQuery.of(workload).stream()
            .filter(
                q ->
                    q.text().contains("node_load")
                        || q.text().contains("node_cpu")
                        || q.group().equals("many series"))
            .filter(q -> !q.text().contains("uname"))
            .toList();
    assertThat(queries).isNotEmpty();
    return new PeerRun(
            new PeerRun.Plan(
                workload,
                protocol,
                50,
                peers,
                new Peer.Settings(varve(), "interval", false, shape.lateMillis()),
                1,
                new QueryRounds(mixed ? List.of() : queries, 1, 2, CacheUse.OFF),
                new MixedLoad(queries, 20, 1),
                mixed ? 500 : 0,
                200,
                dir,
                line -> {}))
        .run();
  }

  private static Workload.Shape shape(WorkloadKind kind) {
    int passes = kind.passes();
    int tail = kind.tailHours() > 0 ? 4 : 0;
    return new Workload.Shape(kind, 5, 15_000, 60, passes, tail, 2, 0.1, 300_000, 27, false);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ROWS15") // as ROWS1, but for its size
  void everyWorkloadRuns(WorkloadKind kind) throws Exception {
    // Two of them against all stores, one by remote write 2.0: starts of servers take their time.
    List<Peer> peers =
        switch (kind) {
          case FLEET, OUT_OF_ORDER ->
              Peer.present(List.of("varve", "victoria-metrics", "prometheus"));
          case ROWS15, ROWS1, NEW_SERIES, CHURN, LONG_RANGE, MIXED -> List.of(Peer.VARVE);
        };
    Protocol protocol = kind == WorkloadKind.ROWS1 ? Protocol.V2 : Protocol.V1;
    PeerReport report = run(shape(kind), peers, protocol);
    assertThat(report.failures()).isEmpty();
    assertThat(report.protocol()).isEqualTo(protocol.toString());
    assertThat(report.workload()).isEqualTo(kind.toString());
    Trial trial = report.stores().getFirst().rounds().getFirst();
    boolean mixed = kind == WorkloadKind.MIXED;
    assertThat(trial.passes()).hasSize(kind.passes());
    if (!mixed) {
      assertThat(trial.samples()).isEqualTo(report.samples());
      assertThat(report.queries()).isNotEmpty();
    }
    assertThat(trial.tailSamples() > 0).isEqualTo(kind.tailHours() > 0);
    assertThat(report.series())
        .isEqualTo(
            switch (kind) {
              case NEW_SERIES -> 27L * kind.passes();
              case CHURN -> report.series(); // looked at below
              default -> 27;
            });
    if (kind == WorkloadKind.CHURN) {
      assertThat(report.series()).isGreaterThan(27);
    }
    Map<Figure, Double> medians = report.stores().getFirst().medians();
    assertThat(medians.get(Figure.ALL_CPU_FIRST)).isPositive();
    assertThat(medians.get(Figure.PEAK_RESIDENT)).isBetween(20.0, 600.0);
    assertThat(medians.get(Figure.SETTLED_BYTES)).isPositive();
    assertThat(medians.get(Figure.RESTART)).isPositive();
    assertThat(medians.containsKey(Figure.QUERY_P99)).isEqualTo(mixed);
    if (mixed) {
      Trial.Mixed both = Objects.requireNonNull(trial.mixed());
      assertThat(both.failedQueries()).isZero();
      assertThat(both.writes().count() + both.coldWrites().count()).isPositive();
      assertThat(both.queries().count() + both.coldQueries().count()).isBetween(5L, 25L);
    }
    assertThat(Files.exists(dir.resolve("varve"))).as("the data is deleted").isFalse();
    for (PeerReport.Store store : report.stores()) {
      Trial one = store.rounds().getFirst();
      assertThat(mixed || one.samples() == report.samples()).as(store.name()).isTrue();
    }
    if (kind == WorkloadKind.FLEET) {
      look(report, peers.contains(Peer.VICTORIA_METRICS));
    }
  }

  private void look(PeerReport report, boolean compared) throws Exception {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    ReportTable.print(report, new PrintStream(text, true, StandardCharsets.UTF_8));
    assertThat(text.toString(StandardCharsets.UTF_8))
        .contains("kill -9 to ready")
        .contains("bytes per sample on disk, settled");
    JsonNode json = new ObjectMapper().readTree(new ObjectMapper().writeValueAsBytes(report));
    assertThat(json.path("stores").path(0).path("medians").path("RATE_LAST").asDouble())
        .isPositive();
    assertThat(json.path("stores").path(0).path("rounds").path(0).path("passes")).hasSize(2);
    assertThat(json.path("queries").path(0).path("stores").has("varve")).isTrue();
    Path chart = dir.resolve("chart.svg");
    assertThat(RatioChart.write(report, chart)).isEqualTo(compared);
    assertThat(report.bars().isEmpty()).isNotEqualTo(compared);
    if (compared) {
      var svg = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(chart.toFile());
      assertThat(svg.getElementsByTagName("rect").getLength())
          .isGreaterThan(report.queries().size() + 10);
    }
  }

  @Test
  void remoteWrite2IsForThoseThatTakeIt() {
    assertThat(Peer.VARVE.takes(Protocol.V2)).isTrue();
    assertThat(Peer.PROMETHEUS.takes(Protocol.V2)).isFalse();
    assertThat(Peer.VICTORIA_METRICS.takes(Protocol.V2)).isFalse();
  }

  @Test
  void barsAreHeldToTheRatio() {
    Map<Figure, Double> varve = new EnumMap<>(Figure.class);
    Map<Figure, Double> victoria = new EnumMap<>(Figure.class);
    varve.put(Figure.ALL_CPU_LAST, 200.0);
    victoria.put(Figure.ALL_CPU_LAST, 1_000.0);
    varve.put(Figure.RATE_LAST, 2e6);
    victoria.put(Figure.RATE_LAST, 1e6);
    varve.put(Figure.PEAK_ANONYMOUS, 250.0);
    victoria.put(Figure.PEAK_ANONYMOUS, 200.0);
    varve.put(Figure.RESTART, 1.5);
    PeerReport.QueryRow row =
        new PeerReport.QueryRow("long range", "max(max_over_time(x[1d]))", Map.of(), 0.5);
    assertThat(Bar.of(WorkloadKind.FLEET, varve, victoria, List.of(row)))
        .extracting(Bar::passed)
        .containsExactly(true, false, true, false, true, false); // the mean is over 0.35
    assertThat(Bar.of(WorkloadKind.LONG_RANGE, varve, victoria, List.of(row)))
        .extracting(Bar::passed)
        .containsExactly(false, false); // over days: 0.1
    varve.put(Figure.PEAK_ANONYMOUS, 261.0);
    assertThat(Bar.of(WorkloadKind.FLEET, varve, victoria, List.of()).get(2).passed()).isFalse();
  }

  @Test
  void whatAFigureIsMissingIsNotPassed() {
    Map<Figure, Double> none = new EnumMap<>(Figure.class);
    assertThat(Bar.of(WorkloadKind.CHURN, none, none, List.of()))
        .singleElement()
        .satisfies(bar -> assertThat(bar.passed()).isFalse());
  }
}
