package io.varve.bench.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.bench.peers.Latencies;
import io.varve.bench.peers.ServerProcess;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Seven days of one sample a minute for 1,000 existing series go into a real server process under a
 * live load: what is written is bounded, every live write is acknowledged in time, and every sample
 * is there.
 */
final class BackfillBenchTest {
  private static final int SERIES = 1_000;
  private static final int DAYS = 7;
  private static final int DAY_MINUTES = 1_440;

  /** Far above what is usual (a few ms to some tens): machines that run tests are busy. */
  private static final double MOST_LIVE_MILLIS = 3_000;

  private static final double USUAL_LIVE_MILLIS = 300;

  private static final double MOST_WRITTEN = 4;

  @TempDir Path dir;

  private static List<String> server(Path config, Path data, int port) {
    // Whoever runs the test may hide its class path behind a jar made for this JVM.
    String classPath =
        System.getProperty(
            "varve.test.class.path",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            classPath,
            "io.varve.http.Main",
            "serve",
            "--config",
            config.toString(),
            "--data-dir",
            data.toString(),
            "--listen",
            "127.0.0.1:" + port));
    return command;
  }

  @Test
  void daysComeInBesideALiveLoad() throws Exception {
    Path config = dir.resolve("varve.yaml");
    // Less memory for late samples: several flushes even for so few days.
    Files.writeString(config, "storage:\n  max_late_bytes: 48MiB\n  registry: heap\n");
    BackfillBench.Settings settings =
        new BackfillBench.Settings(
            SERIES,
            DAYS * DAY_MINUTES,
            new History.Plan(2, 720, 10_000, 0, 3 * DAY_MINUTES),
            4_000,
            2_000,
            100,
            Duration.ofSeconds(1),
            Duration.ofSeconds(2));
    int port = ServerProcess.freePort();
    Path data = dir.resolve("data");
    BackfillReport report =
        new BackfillBench(settings, line -> {})
            .run(server(config, data, port), port, data, dir.resolve("server.log"));
    ByteArrayOutputStream table = new ByteArrayOutputStream();
    report.print(new PrintStream(table, true, StandardCharsets.UTF_8));
    System.out.println("BackfillBenchTest:\n" + table.toString(StandardCharsets.UTF_8));

    assertThat(report.verdict(new BackfillReport.Bars(MOST_WRITTEN, MOST_LIVE_MILLIS))).isEmpty();
    assertThat(report.samples()).isEqualTo((long) SERIES * DAYS * DAY_MINUTES);
    assertThat(report.refusals()).isZero();
    assertThat(report.flushes()).isGreaterThan(1);
    // Also held against what is in final files alone, although the newest days are not in them yet.
    assertThat(report.countedBytes())
        .isBetween(report.dataBytes(), (long) (MOST_WRITTEN * report.dataBytes()));
    assertThat(report.during().writes().p50()).isLessThan(USUAL_LIVE_MILLIS);
    assertThat(report.during().writes().count()).isGreaterThan(20);
    assertThat(report.during().queries().count()).isGreaterThan(2);
    // A day of 1,000 series is one small file, whatever else comes in.
    try (var files = Files.walk(data)) {
      assertThat(files.filter(f -> f.toString().endsWith(".tch")).count())
          .isLessThanOrEqualTo(3L * DAYS);
    }
  }

  @Test
  void aMissedBarAndAFailureAreSaid() {
    Latencies good = new Latencies(100, 1, 2, 3);
    Latencies slow = new Latencies(100, 1, 900, 1_000);
    LiveLoad.Stretch alone = new LiveLoad.Stretch(good, good, 0, 0);
    BackfillReport.Bars bars = new BackfillReport.Bars(4, 250);
    assertThat(report(400, alone, List.of()).verdict(bars)).isEmpty();
    assertThat(report(401, alone, List.of()).verdict(bars))
        .singleElement()
        .asString()
        .contains("4.01 x");
    assertThat(report(1, new LiveLoad.Stretch(slow, good, 0, 0), List.of()).verdict(bars))
        .singleElement()
        .asString()
        .contains("live writes");
    assertThat(report(1, new LiveLoad.Stretch(good, slow, 0, 0), List.of()).verdict(bars))
        .singleElement()
        .asString()
        .contains("live queries");
    assertThat(report(1, new LiveLoad.Stretch(good, good, 1, 0), List.of()).verdict(bars))
        .hasSize(1);
    assertThat(report(1, alone, List.of("a sample is missing")).verdict(bars)).hasSize(1);
  }

  private static BackfillReport report(
      long written, LiveLoad.Stretch during, List<String> problems) {
    LiveLoad.Stretch alone =
        new LiveLoad.Stretch(new Latencies(1, 1, 1, 1), new Latencies(1, 1, 1, 1), 0, 0);
    return new BackfillReport(
        1, 1, 1, 1, 1, 1, 1, 1, written, 1, 100, 90, 1, 0, 0, 0, alone, during, problems);
  }
}
