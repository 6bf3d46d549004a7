package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Bytes behind an index, against a list of all records. */
final class LogSizesTest {
  @Test
  void isRightToWithinAStep() {
    Random random = new Random(7);
    LogSizes sizes = new LogSizes();
    assertThat(sizes.behind(0)).isZero();
    TreeMap<Long, Long> all = new TreeMap<>();
    long index = 1000;
    long biggest = 0;
    for (int i = 0; i < 3000; i++) {
      index += 1 + random.nextInt(3); // Raft has entries of its own between
      long bytes = random.nextInt(20) == 0 ? random.nextInt(300_000) : random.nextInt(9_000);
      biggest = Math.max(biggest, bytes);
      sizes.add(index, bytes);
      all.put(index, bytes);
      assertThat(sizes.behind(index)).isZero();
      long asked = 990 + random.nextLong(index - 989);
      long exact = all.tailMap(asked, false).values().stream().mapToLong(Long::longValue).sum();
      assertThat(sizes.behind(asked)).isBetween(exact, exact + LogSizes.STEP_BYTES + biggest);
    }
  }

  @Test
  void forgetsWhatIsFarBehind() {
    LogSizes sizes = new LogSizes();
    Map<String, Long> told = new TreeMap<>();
    for (int i = 1; i <= 3 * LogSizes.POINTS; i++) {
      sizes.add(i, LogSizes.STEP_BYTES);
    }
    told.put("newest", sizes.behind(3L * LogSizes.POINTS - 1));
    told.put("oldest", sizes.behind(1));
    assertThat(told)
        .containsEntry("newest", LogSizes.STEP_BYTES)
        .containsEntry("oldest", (LogSizes.POINTS - 1) * LogSizes.STEP_BYTES);
  }
}
