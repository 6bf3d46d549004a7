package io.varve.query.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.Seeds;
import io.varve.query.promql.FunctionSignature;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PartialSumsTest {
  private static final int ROWS = 3_000;

  private static Window series(IntToDoubleFunction value) {
    Window w = new Window();
    w.size = ROWS;
    w.times = new long[ROWS];
    w.values = new double[ROWS];
    for (int i = 0; i < ROWS; i++) {
      w.times[i] = i * 15_000L;
      w.values[i] = value.applyAsDouble(i);
    }
    return w;
  }

  private static double of(FunctionSignature function, Window series, int from, int to) {
    RangeFunction made = Objects.requireNonNull(RangeFunctions.of(function));
    made.begin(series);
    series.from = from;
    series.to = to;
    return made.at(series);
  }

  /** What Prometheus does: one compensated sum over all rows. */
  private static double rowByRow(double[] values, int from, int to) {
    KahanSum sum = new KahanSum();
    for (int i = from; i < to; i++) {
      sum.add(values[i]);
    }
    return Double.isInfinite(sum.high) ? sum.high : sum.high + sum.low;
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 1e-300, 1e12, 1e290})
  void slidingSumsAndMeansAreTheExactOnesRounded(double scale) {
    Random random = new Random(Seeds.usual(7));
    Window w = series(i -> (random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(12)) * scale);
    RangeFunction sum = Objects.requireNonNull(RangeFunctions.of(FunctionSignature.SUM_OVER_TIME));
    RangeFunction mean = Objects.requireNonNull(RangeFunctions.of(FunctionSignature.AVG_OVER_TIME));
    sum.begin(w);
    mean.begin(w);
    int from = 0;
    int to = 0;
    for (int step = 0; step < 400 && to < ROWS; step++) {
      to = Math.min(ROWS, Math.max(to, from) + random.nextInt(step % 10 == 0 ? 900 : 30));
      from = Math.min(to, from + random.nextInt(step % 7 == 0 ? 700 : 20));
      if (from == to) {
        continue;
      }
      w.from = from;
      w.to = to;
      BigDecimal exact = BigDecimal.ZERO;
      for (int i = from; i < to; i++) {
        exact = exact.add(new BigDecimal(w.values[i]));
      }
      assertThat(sum.at(w)).isCloseTo(exact.doubleValue(), within(Math.ulp(exact.doubleValue())));
      double exactMean =
          exact.divide(BigDecimal.valueOf(to - from), MathContext.DECIMAL128).doubleValue();
      assertThat(mean.at(w)).isCloseTo(exactMean, within(2 * Math.ulp(exactMean)));
    }
  }

  @Test
  void wholeNumbersAreSummedToTheBit() {
    Window w = series(i -> i * 1_000_003L % 977);
    for (int from = 0; from < 700; from += 13) {
      for (int to = from + 1; to <= ROWS; to += 101) {
        assertThat(of(FunctionSignature.SUM_OVER_TIME, w, from, to))
            .isEqualTo(rowByRow(w.values, from, to));
      }
    }
  }

  @Test
  void whatIsNotFiniteIsAsIfAddedRowByRow() {
    double[][] odd = {
      {Double.NaN},
      {Double.POSITIVE_INFINITY},
      {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY},
      {1e308, 1e308, -1e308, -1e308},
      {-1e308, -1e308}
    };
    for (double[] some : odd) {
      for (int at : new int[] {0, 63, 64, 500, 1_400, ROWS - some.length}) {
        Window w = series(i -> i >= at && i < at + some.length ? some[i - at] : i % 10);
        for (int from : new int[] {0, 1, 64, 300}) {
          for (int to : new int[] {600, 1_472, ROWS}) {
            Double expected = rowByRow(w.values, from, to);
            Double got = of(FunctionSignature.SUM_OVER_TIME, w, from, to);
            assertThat(got).as("%s at %s in %s..%s", some[0], at, from, to).isEqualTo(expected);
          }
        }
      }
    }
  }

  @Test
  void aMeanIsFiniteWhereTheSumIsNot() {
    Window w = series(i -> 1e308);
    assertThat(of(FunctionSignature.AVG_OVER_TIME, w, 0, ROWS)).isCloseTo(1e308, within(1e295));
  }
}
