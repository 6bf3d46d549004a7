package io.varve.query.function;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ExtrapolationTest {
  /** Divisions that are left out where they cannot matter must not matter by one bit. */
  @Test
  void theFactorIsThatOfThePlainFormula() {
    SplittableRandom random = new SplittableRandom(Seeds.usual(1));
    for (int i = 0; i < 500_000; i++) {
      long samples = random.nextInt(2, 60);
      long step = random.nextInt(1, 60_000);
      long first = random.nextLong(1L << 41);
      long last = first + step * (samples - 1) + random.nextInt(-3, 4) * step / 10;
      last = Math.max(last, first + 1);
      // Around 1.1 of the distance between samples, where it matters, and anywhere.
      long start = first - late(random, step);
      long end = last + late(random, step);
      double difference = value(random);
      double value = value(random);
      boolean counter = random.nextBoolean();
      boolean perSecond = random.nextBoolean();
      double expected =
          plain(difference, samples, value, first, last, start, end, counter, perSecond);
      double factor =
          RangeFunctions.extrapolationFactor(
              difference, samples, value, first, last, start, end, counter, perSecond);
      assertThat(Double.doubleToRawLongBits(factor))
          .as("%s %s %s %s %s %s %s", difference, samples, value, first, last, start, end)
          .isEqualTo(Double.doubleToRawLongBits(expected));
    }
  }

  private static long late(SplittableRandom random, long step) {
    return switch (random.nextInt(3)) {
      case 0 -> random.nextLong(step + 1);
      case 1 -> Math.max(0, step * 11 / 10 + random.nextInt(-2, 3));
      default -> random.nextLong(5 * step + 1);
    };
  }

  private static double value(SplittableRandom random) {
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> Double.longBitsToDouble(random.nextLong());
      case 2 -> random.nextDouble() * 1e-300;
      case 3 -> random.nextDouble() * 1e300;
      case 4 -> -random.nextInt(1000);
      case 5 -> Double.MIN_VALUE;
      default -> random.nextInt(1 << 20) / 8.0;
    };
  }

  /** As Prometheus computes it, step by step. */
  private static double plain(
      double difference,
      long samples,
      double firstValue,
      long first,
      long last,
      long start,
      long end,
      boolean counter,
      boolean perSecond) {
    double toStart = (first - start) / 1000.0;
    double toEnd = (end - last) / 1000.0;
    double sampled = (last - first) / 1000.0;
    double average = sampled / (samples - 1);
    double threshold = average * 1.1;
    if (toStart >= threshold) {
      toStart = average / 2;
    }
    if (counter) {
      double toZero = toStart;
      if (difference > 0 && firstValue >= 0) {
        toZero = sampled * (firstValue / difference);
      }
      if (toZero < toStart) {
        toStart = toZero;
      }
    }
    if (toEnd >= threshold) {
      toEnd = average / 2;
    }
    double factor = (sampled + toStart + toEnd) / sampled;
    return perSecond ? factor / RangeFunctions.seconds(end - start) : factor;
  }
}
