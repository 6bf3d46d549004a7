package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.Seeds;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import java.math.BigDecimal;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Aggregates of blocks are what exact arithmetic says. */
@NullMarked
final class BlockStatsTest {
  @ParameterizedTest
  @EnumSource(RandomSeries.Shape.class)
  void equalsBruteForce(RandomSeries.Shape shape) {
    int summed = 0;
    for (long seed : Seeds.range(0, 299)) {
      Random random = new Random(seed);
      int n = 1 + random.nextInt(600);
      double[] values = RandomSeries.values(random, shape, n);
      SampleColumns rows = new SampleColumns();
      for (int i = 0; i < n; i++) {
        rows.add(1000L + 10L * i, values[i], 0);
      }
      BlockStats stats = new BlockStats();
      summed += assertExact(stats, rows, stats.collect(rows, 0, n)) ? 1 : 0;
    }
    if (shape != RandomSeries.Shape.SPECIAL) {
      assertThat(summed).isGreaterThan(10);
    }
  }

  private static boolean assertExact(BlockStats stats, SampleColumns rows, boolean has) {
    BigDecimal sum = BigDecimal.ZERO;
    BigDecimal absolute = BigDecimal.ZERO;
    BigDecimal lost = BigDecimal.ZERO;
    long count = 0;
    long stale = 0;
    long resets = 0;
    int first = -1;
    int last = -1;
    double min = Double.NaN;
    double max = Double.NaN;
    for (int i = 0; i < rows.size; i++) {
      double v = rows.values[i];
      if (StaleMarker.is(v)) {
        stale++;
        continue;
      }
      if (Double.isNaN(v) || Double.isInfinite(v)) {
        assertThat(has).isFalse();
        return false;
      }
      sum = sum.add(new BigDecimal(v));
      absolute = absolute.add(new BigDecimal(v).abs());
      if (last >= 0 && v < rows.values[last]) {
        resets++;
        lost = lost.add(new BigDecimal(rows.values[last]));
      }
      min = first < 0 || v < min ? v : min;
      max = first < 0 || v > max ? v : max;
      first = first < 0 ? i : first;
      last = i;
      count++;
    }
    if (!has) {
      assertThat(sum.abs().doubleValue() + lost.abs().doubleValue()).isInfinite();
      return false;
    }
    assertThat(stats.count).isEqualTo(count);
    assertThat(stats.staleCount).isEqualTo(stale);
    assertThat(stats.resets).isEqualTo(resets);
    if (count == 0) {
      assertThat(stats.min).isEqualTo(Double.POSITIVE_INFINITY);
      assertThat(stats.sum).isZero();
      return true;
    }
    assertThat(stats.firstTime).isEqualTo(rows.times[first]);
    assertThat(stats.lastTime).isEqualTo(rows.times[last]);
    assertThat(bits(stats.first)).isEqualTo(bits(rows.values[first]));
    assertThat(bits(stats.last)).isEqualTo(bits(rows.values[last]));
    assertThat(bits(stats.min)).isEqualTo(bits(min));
    assertThat(bits(stats.max)).isEqualTo(bits(max));
    double scale = absolute.doubleValue();
    BigDecimal both = new BigDecimal(stats.sum).add(new BigDecimal(stats.sumLow));
    assertThat(both.subtract(sum).abs().doubleValue()).isLessThanOrEqualTo(scale * 1e-26);
    assertThat(stats.sum).isEqualTo(sum.doubleValue(), within(Math.ulp(stats.sum)));
    assertThat(stats.resetCorrection)
        .isEqualTo(lost.doubleValue(), within(Math.ulp(lost.doubleValue())));
    return true;
  }

  private static long bits(double v) {
    return Double.doubleToRawLongBits(v);
  }

  /** Asserts that what a file gave back is what went in. */
  static void assertSame(BlockStats actual, BlockStats expected) {
    assertThat(actual.count).isEqualTo(expected.count);
    assertThat(actual.staleCount).isEqualTo(expected.staleCount);
    assertThat(actual.firstTime).isEqualTo(expected.firstTime);
    assertThat(actual.lastTime).isEqualTo(expected.lastTime);
    assertThat(bits(actual.first)).isEqualTo(bits(expected.first));
    assertThat(bits(actual.last)).isEqualTo(bits(expected.last));
    assertThat(bits(actual.min)).isEqualTo(bits(expected.min));
    assertThat(bits(actual.max)).isEqualTo(bits(expected.max));
    assertThat(bits(actual.sum)).isEqualTo(bits(expected.sum));
    assertThat(actual.sumLow).isEqualTo(expected.sumLow, within(Math.ulp(expected.sum) / 256));
    assertThat(actual.resets).isEqualTo(expected.resets);
    assertThat(bits(actual.resetCorrection)).isEqualTo(bits(expected.resetCorrection));
  }
}
