package io.varve.bench.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans of faults, and what faults do to files. */
final class FaultTest {
  @TempDir Path dir;

  @Test
  void aSeedGivesTheSameFaultsAgain() {
    EnumSet<FaultKind> all = EnumSet.allOf(FaultKind.class);
    List<Fault> plan = Fault.plan(5, 400, all, 3);
    assertThat(Fault.plan(5, 400, all, 3)).isEqualTo(plan);
    assertThat(Fault.plan(6, 400, all, 3)).isNotEqualTo(plan);
    assertThat(plan.stream().map(Fault::kind).collect(Collectors.toSet())).isEqualTo(all);
    assertThat(plan.stream().map(Fault::node).distinct()).containsExactlyInAnyOrder(-1, 0, 1, 2);
    assertThat(plan).allMatch(fault -> fault.holdMillis() >= 300 && fault.holdMillis() < 9_000);
    EnumSet<FaultKind> few = EnumSet.of(FaultKind.KILL, FaultKind.PAIR);
    assertThat(Fault.plan(5, 50, few, 3).stream().map(Fault::kind).collect(Collectors.toSet()))
        .isEqualTo(few);
  }

  @Test
  void oneBitIsFlippedInOneFile() throws Exception {
    long seed = Seeds.usual(3);
    Path file = Files.createDirectories(dir.resolve("w/b")).resolve("some.tch");
    Files.write(dir.resolve("w/other"), new byte[] {1, 2, 3});
    Files.write(dir.resolve("w/empty.tch"), new byte[100]);
    byte[] before = new byte[1_000];
    Arrays.fill(before, 0, 400, (byte) 5); // the rest is reserved
    Files.write(file, before);
    Random random = new Random(seed);
    for (int round = 0; round < 20; round++) {
      Files.write(file, before);
      assertThat(BitFlips.flip(dir, path -> path.toString().endsWith(".tch"), random))
          .contains("some.tch (400 bytes)");
      byte[] after = Files.readAllBytes(file);
      int bits = 0;
      for (int i = 0; i < before.length; i++) {
        bits += Integer.bitCount((before[i] ^ after[i]) & 0xFF);
        assertThat(i < 400 || after[i] == 0).isTrue();
      }
      assertThat(bits).isEqualTo(1);
    }
    assertThat(BitFlips.flip(dir, path -> path.endsWith("nothing"), random)).isNull();
    assertThat(Files.readAllBytes(dir.resolve("w/other"))).containsExactly(1, 2, 3);
  }

  @Test
  void theTimeOfThreadsIsTold() throws Exception {
    long until = System.nanoTime() + 300_000_000;
    Thread busy =
        Thread.ofPlatform()
            .name("busy-7")
            .start(
                () -> {
                  while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                  }
                  try {
                    Thread.sleep(60_000);
                  } catch (InterruptedException e) {
                    // the test is over
                  }
                });
    Thread.sleep(450);
    try {
      assertThat(ThreadTimes.of(ProcessHandle.current().pid()).get("busy")).isGreaterThan(0.05);
    } finally {
      busy.interrupt();
    }
    assertThat(ThreadTimes.plain("GC Thread#12")).isEqualTo("GC Thread");
    assertThat(ThreadTimes.plain("a-server-thread1")).isEqualTo("server-thread");
    assertThat(ThreadTimes.plain("12")).isEqualTo("12");
  }

  @Test
  void aDiskRunsFull() throws Exception {
    Path folder = Files.createDirectories(dir.resolve("disk"));
    SmallDisk disk;
    try {
      disk = SmallDisk.mount(folder, 2);
    } catch (IOException e) {
      Assumptions.abort("no disk can be mounted here: " + e.getMessage());
      return;
    }
    try (disk) {
      Files.write(folder.resolve("some"), new byte[1000]);
      disk.fill();
      assertThatThrownBy(() -> Files.write(folder.resolve("more"), new byte[10_000]))
          .isInstanceOf(IOException.class);
      disk.free();
      Files.write(folder.resolve("more"), new byte[10_000]);
    }
    assertThat(folder).isEmptyDirectory();
  }
}
