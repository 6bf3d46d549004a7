package io.varve.bench.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.bench.cluster.Violation.Kind;
import io.varve.engine.Seeds;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three real nodes under a few faults: nothing is lost, and the checker would see it. The long run
 * is {@code varve bench cluster}.
 */
final class NemesisRunTest {
  @TempDir Path dir;

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

  private NemesisReport run(
      long seed,
      int faults,
      Set<FaultKind> kinds,
      int seconds,
      boolean weakenedReads,
      boolean async)
      throws Exception {
    return new NemesisRun(
            new NemesisRun.Plan(
                varve(),
                dir,
                seed,
                faults,
                kinds,
                seconds * 1_000_000_000L,
                4,
                20,
                weakenedReads,
                async,
                64,
                500,
                System.out::println))
        .run();
  }

  @Test
  void nothingIsLost() throws Exception {
    long seed = Seeds.usual(11);
    NemesisReport report =
        run(
            seed,
            6,
            EnumSet.of(
                FaultKind.KILL,
                FaultKind.PAUSE,
                FaultKind.ISOLATE,
                FaultKind.ONE_WAY,
                FaultKind.WIPE,
                FaultKind.LOSS),
            15,
            false,
            false);
    report.print(System.out);
    assertThat(report.problem()).isNull();
    assertThat(report.told()).isEmpty();
    assertThat(report.passed()).isTrue();
    assertThat(report.count()).isPositive();
    assertThat(report.acknowledged()).isGreaterThan(500);
    assertThat(report.operations()).containsKeys("write", "strong read", "fenced read");
  }

  @Test
  void whatOneNodeAloneHasAcknowledgedIsThereInTheEnd() throws Exception {
    long seed = Seeds.usual(13);
    NemesisReport report =
        run(
            seed,
            5,
            EnumSet.of(FaultKind.KILL, FaultKind.KILL_TWO, FaultKind.KILL_ALL, FaultKind.SHATTER),
            12,
            false,
            true);
    report.print(System.out);
    assertThat(report.problem()).isNull();
    assertThat(report.told()).isEmpty();
    assertThat(report.passed()).isTrue();
    assertThat(report.acknowledged()).isGreaterThan(500);
  }

  @Test
  void readsThatAreWeakerThanTheySayAreCaught() throws Exception {
    long seed = Seeds.usual(12);
    NemesisReport report = run(seed, 3, EnumSet.of(FaultKind.DELAY), 6, true, false);
    assertThat(report.problem()).isNull();
    assertThat(report.violations()).containsKey(Kind.MISSED_STRONG);
  }
}
