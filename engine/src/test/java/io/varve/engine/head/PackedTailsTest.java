package io.varve.engine.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PackedTailsTest {
  private final SplittableRandom random = new SplittableRandom(Seeds.usual(3));
  private final HeadScratch scratch = new HeadScratch();

  @Test
  void chainsOfManySeriesComeBackWhetherTheyShareTimesOrNot() {
    PackedTails tails = new PackedTails();
    int series = 40;
    int records = 9;
    int[] newest = new int[series];
    long[][] times = new long[series][];
    double[][] values = new double[series][];
    for (int s = 0; s < series; s++) {
      newest[s] = PackedTails.NONE;
      times[s] = new long[0];
      values[s] = new double[0];
    }
    for (int r = 0; r < records; r++) {
      long[] shared = column(1_000_000L * r, 64);
      for (int s = 0; s < series; s++) {
        long[] own = s % 7 == 0 ? column(1_000_000L * r + s, 1 + random.nextInt(300)) : shared;
        double[] value = random.doubles(own.length).toArray();
        newest[s] = tails.pack(newest[s], own, value, own.length);
        times[s] = joined(times[s], own);
        values[s] = joined(values[s], value);
      }
    }
    for (int s = 0; s < series; s++) {
      int at = times[s].length;
      long[] time = new long[at];
      double[] value = new double[at];
      int record = newest[s];
      int oldest = record;
      for (; record != PackedTails.NONE; record = tails.previous(record)) {
        at -= tails.samples(record);
        tails.unpack(record, time, value, at, scratch);
        oldest = record;
      }
      assertThat(at).isZero();
      assertThat(time).as("times of series %d", s).isEqualTo(times[s]);
      assertThat(value).as("values of series %d", s).isEqualTo(values[s]);
      assertThat(tails.firstTime(oldest, scratch)).isEqualTo(times[s][0]);
    }
  }

  @Test
  void seriesOfOneTargetTakeTheBytesOfTheirTimesOnce() {
    double[] values = new double[64];
    PackedTails shared = new PackedTails();
    PackedTails apart = new PackedTails();
    long[] times = column(0, 64);
    for (int s = 0; s < 20_000; s++) {
      shared.pack(PackedTails.NONE, times, values, 64);
      apart.pack(PackedTails.NONE, column(s, 64), values, 64);
    }
    assertThat(shared.bytes()).isLessThan(apart.bytes() / 3);
  }

  @Test
  void scratchOfAnotherHeadIsNotMistakenForOnesOwn() {
    PackedTails one = new PackedTails();
    PackedTails other = new PackedTails();
    long[] early = column(0, 64);
    long[] late = column(1_000_000, 64);
    double[] values = new double[64];
    int inOne = one.pack(PackedTails.NONE, early, values, 64);
    int inOther = other.pack(PackedTails.NONE, late, values, 64);
    assertThat(inOther).isEqualTo(inOne);
    assertThat(one.firstTime(inOne, scratch)).isEqualTo(early[0]);
    assertThat(other.firstTime(inOther, scratch)).isEqualTo(late[0]);
    assertThat(one.firstTime(inOne, scratch)).isEqualTo(early[0]);
  }

  private long[] column(long from, int n) {
    long[] times = new long[n];
    long time = from;
    for (int i = 0; i < n; i++) {
      time += 15_000 + random.nextInt(40);
      times[i] = time;
    }
    return times;
  }

  private static long[] joined(long[] a, long[] b) {
    long[] all = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static double[] joined(double[] a, double[] b) {
    double[] all = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }
}
