package io.varve.query.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.varve.engine.Seeds;
import io.varve.query.promql.FunctionSignature;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The arithmetic where re-implementations of PromQL go wrong. */
class FunctionsTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;

  private static double over(FunctionSignature function, double... values) {
    Window w = window(values);
    RangeFunction f = Objects.requireNonNull(RangeFunctions.of(function));
    f.begin(w);
    return f.at(w);
  }

  /** One sample a second, the first one at 1 s; the window is (0, n]. */
  private static Window window(double... values) {
    Window w = new Window();
    w.values = values;
    w.times = new long[values.length];
    Arrays.setAll(w.times, i -> (i + 1) * 1000L);
    w.size = values.length;
    w.to = values.length;
    w.end = values.length * 1000L;
    w.evalTime = w.end;
    return w;
  }

  @Test
  void absentIsNoOtherNan() {
    assertThat(Absent.is(Absent.VALUE)).isTrue();
    assertThat(Absent.is(NAN)).isFalse();
    assertThat(Absent.is(Absent.VALUE + 0)).isFalse();
    assertThat(Absent.is(Numbers.negate(-Absent.VALUE))).isFalse();
    assertThat(Absent.is(Numbers.abs(Numbers.negate(Absent.VALUE)))).isFalse();
  }

  @Test
  void powFollowsC() {
    assertThat(Numbers.pow(1, NAN)).isEqualTo(1);
    assertThat(Numbers.pow(1, INF)).isEqualTo(1);
    assertThat(Numbers.pow(-1, INF)).isEqualTo(1);
    assertThat(Numbers.pow(-1, -INF)).isEqualTo(1);
    assertThat(Numbers.pow(NAN, 0)).isEqualTo(1);
    assertThat(Numbers.pow(-8, 1.0 / 3)).isNaN();
    assertThat(Numbers.pow(2, 10)).isEqualTo(1024);
  }

  @Test
  void logarithmsAreExactWhereGosAre() {
    for (int e = -1074; e < 1024; e++) {
      assertThat(Numbers.log2(Math.scalb(1.0, e))).isEqualTo(e);
    }
    assertThat(Numbers.log2(10)).isEqualTo(3.321928094887362);
    assertThat(Numbers.log2(0)).isEqualTo(-INF);
    assertThat(Numbers.log2(-1)).isNaN();
    assertThat(Numbers.log2(INF)).isEqualTo(INF);
    assertThat(Numbers.log10(1000)).isEqualTo(2.9999999999999996); // as Go says
  }

  @Test
  void hyperbolicsOverflowAsInGo() {
    assertThat(Numbers.sinh(710)).isEqualTo(INF);
    assertThat(Numbers.sinh(-710)).isEqualTo(-INF);
    assertThat(Numbers.cosh(-710)).isEqualTo(INF);
    assertThat(Numbers.sinh(700)).isEqualTo(Math.exp(700) / 2);
    assertThat(Numbers.sinh(2)).isEqualTo(Math.sinh(2));
    assertThat(Numbers.cosh(2)).isEqualTo(Math.cosh(2));
    assertThat(Numbers.sinh(Double.NaN)).isNaN();
    assertThat(Numbers.cosh(-INF)).isEqualTo(INF);
    assertThat(1 / Numbers.sinh(-0.0)).isEqualTo(-INF);
  }

  @Test
  void inverseHyperbolics() {
    for (double x : new double[] {1e-10, 0.1, 0.49, 0.9, 1.5, 2.5, 1e9}) {
      assertThat(Math.sinh(Numbers.asinh(Math.min(x, 500))))
          .isCloseTo(Math.min(x, 500), relative(x));
      assertThat(Numbers.asinh(-x)).isEqualTo(-Numbers.asinh(x));
      if (x >= 1) {
        assertThat(Math.cosh(Numbers.acosh(Math.min(x, 500))))
            .isCloseTo(Math.min(x, 500), relative(x));
      } else {
        assertThat(Math.tanh(Numbers.atanh(x))).isCloseTo(x, relative(x));
      }
    }
    assertThat(Numbers.acosh(0.5)).isNaN();
    assertThat(Numbers.atanh(1)).isEqualTo(INF);
    assertThat(Numbers.atanh(1.1)).isNaN();
  }

  private static org.assertj.core.data.Offset<Double> relative(double x) {
    return within(1e-9 * Math.max(1, Math.abs(x)));
  }

  @Test
  void infinityBeatsNanInMinAndMax() {
    assertThat(Numbers.max(INF, NAN)).isEqualTo(INF);
    assertThat(Numbers.max(1, NAN)).isNaN();
    assertThat(Numbers.min(-INF, NAN)).isEqualTo(-INF);
    assertThat(ElementFunctions.clamp(NAN, 0, 1)).isNaN();
  }

  @Test
  void roundingHalvesUp() {
    assertThat(ElementFunctions.round(-2.5, 1)).isEqualTo(-2);
    assertThat(ElementFunctions.round(2.5, 1)).isEqualTo(3);
    assertThat(ElementFunctions.round(0.35, 0.1)).isEqualTo(0.4);
  }

  @Test
  void datesAgreeWithTheCalendar() {
    Random random = new Random(Seeds.usual(7));
    for (int i = 0; i < 20_000; i++) {
      long seconds = random.nextLong(-80_000_000_000L, 300_000_000_000L);
      LocalDateTime date = LocalDateTime.ofInstant(Instant.ofEpochSecond(seconds), ZoneOffset.UTC);
      Calendar c = Calendar.of((double) seconds);
      assertThat(c.year).isEqualTo(date.getYear());
      assertThat(c.month).isEqualTo(date.getMonthValue());
      assertThat(c.day).isEqualTo(date.getDayOfMonth());
      assertThat(c.dayOfYear).isEqualTo(date.getDayOfYear());
      assertThat(c.dayOfWeek).isEqualTo(date.getDayOfWeek().getValue() % 7);
      assertThat(c.hour()).isEqualTo(date.getHour());
      assertThat(c.minute()).isEqualTo(date.getMinute());
      assertThat(c.daysInMonth()).isEqualTo(date.toLocalDate().lengthOfMonth());
    }
    assertThat(Calendar.of(-0.5).year).isEqualTo(1970); // truncated towards zero
    assertThat(Calendar.of(NAN).year).isEqualTo(Calendar.of((double) Long.MIN_VALUE).year);
  }

  @ParameterizedTest
  @CsvSource({
    "1e21, 1000000000000000000000, 1e+21",
    "1e6, 1000000, 1e+06",
    "123456, 123456, 123456",
    "1234567, 1234567, 1.234567e+06",
    "0.0001, 0.0001, 0.0001",
    "0.00001, 0.00001, 1e-05",
    "-1.5, -1.5, -1.5",
    "1e-300,"
        + " 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001,"
        + " 1e-300",
    "NaN, NaN, NaN",
    "Infinity, +Inf, +Inf",
    "-0.0, -0, -0"
  })
  void numbersAsText(double value, String plain, String general) {
    assertThat(GoText.plain(value)).isEqualTo(plain);
    assertThat(GoText.general(value)).isEqualTo(general);
  }

  @Test
  void numbersWithTwoDigits() {
    assertThat(GoText.general(10, 2)).isEqualTo("10");
    assertThat(GoText.general(123, 2)).isEqualTo("1.2e+02");
    assertThat(GoText.general(0.5, 2)).isEqualTo("0.5");
    assertThat(GoText.fixed(1.5)).isEqualTo("1.500000");
  }

  @Test
  void bucketBoundsAreReadAsGoReadsThem() {
    assertThat(GoText.parseFloat("+Inf")).isEqualTo(INF);
    assertThat(GoText.parseFloat("-inf")).isEqualTo(-INF);
    assertThat(GoText.parseFloat("Infinity")).isEqualTo(INF);
    assertThat(GoText.parseFloat("0.5")).isEqualTo(0.5);
    assertThat(GoText.parseFloat("1e3")).isEqualTo(1000);
    assertThat(GoText.parseFloat("0x1p-2")).isEqualTo(0.25);
    assertThat(GoText.parseFloat("nan")).isNaN();
    for (String bad : new String[] {"", " 1", "1 ", "1d", "1f", "x", "1e999", "+NaN", "1_0"}) {
      assertThatThrownBy(() -> GoText.parseFloat(bad)).isInstanceOf(NumberFormatException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "(.)(.), $2$1, ab, ba",
    "(.)(.), $1x, ab, ''",
    "(.)(.), ${1}x, ab, ax",
    "(?P<n>.).*, <$n>, ab, <a>",
    "(.), $$1, a, $1",
    "(.), $, a, $",
    "(.), ${1, a, ${1",
    "(.), $01, a, ''",
    "(.), $2, a, ''",
    "(a)|b, [$1], b, []"
  })
  void templatesAreExpandedAsGoDoes(String regex, String template, String value, String result) {
    assertThat(new LabelTemplate(regex, template).replace(value)).isEqualTo(result);
  }

  @Test
  void templatesAreAnchoredAndTheDotMatchesNewlines() {
    assertThat(new LabelTemplate("a", "x").replace("ab")).isNull();
    assertThat(new LabelTemplate("a|ab", "x").replace("ab")).isEqualTo("x");
    assertThat(new LabelTemplate("a.b", "x").replace("a\nb")).isEqualTo("x");
    assertThatThrownBy(() -> new LabelTemplate(")(", "x"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new LabelTemplate("a(?!b)", "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void naturalOrder() {
    assertThat(NaturalOrder.compare("2", "10")).isNegative();
    assertThat(NaturalOrder.compare("a10", "a9")).isPositive();
    assertThat(NaturalOrder.compare("a", "a1")).isNegative();
    assertThat(NaturalOrder.compare("4m5", "4m1000")).isNegative();
    assertThat(NaturalOrder.compare("", "a")).isPositive(); // Go's library says neither is less
  }

  @Test
  void quantiles() {
    double[] values = {3, NAN, 1, 2};
    assertThat(Quantiles.quantile(0, values.clone(), 4)).isNaN();
    assertThat(Quantiles.quantile(1, values.clone(), 4)).isEqualTo(3);
    assertThat(Quantiles.quantile(0.5, new double[] {1, 2, 3, 4}, 4)).isEqualTo(2.5);
    assertThat(Quantiles.quantile(-0.1, values.clone(), 4)).isEqualTo(-INF);
    assertThat(Quantiles.quantile(1.1, values.clone(), 4)).isEqualTo(INF);
    assertThat(Quantiles.quantile(NAN, values.clone(), 4)).isNaN();
  }

  private static Buckets buckets(double... boundsAndCounts) {
    Buckets b = new Buckets();
    for (int i = 0; i < boundsAndCounts.length; i += 2) {
      b.add(boundsAndCounts[i], boundsAndCounts[i + 1]);
    }
    return b;
  }

  @Test
  void bucketQuantiles() {
    assertThat(buckets(INF, 10, 1, 5, 0.5, 0).quantile(0.25)).isEqualTo(0.75);
    assertThat(buckets(1, 5, INF, 10).quantile(0.9)).isEqualTo(1);
    assertThat(buckets(-1, 5, INF, 10).quantile(0.1)).isEqualTo(-1);
    assertThat(buckets(1, 5, 2, 10).quantile(0.5)).isNaN();
    assertThat(buckets(INF, 10).quantile(0.5)).isNaN();
    assertThat(buckets(1, 0, INF, 0).quantile(0.5)).isNaN();
    assertThat(buckets(1, 2, 1, 3, INF, 10).quantile(0.5)).isEqualTo(1);
    assertThat(buckets(1, 1, INF, 2).quantile(-1)).isEqualTo(-INF);
    assertThat(buckets(1, 1, INF, 2).quantile(2)).isEqualTo(INF);
  }

  @Test
  void fallingBucketCountsAreLifted() {
    Buckets b = buckets(1, 5, 2, 3, INF, 10);
    assertThat(b.quantile(0.5)).isEqualTo(1);
    assertThat(b.forcedMonotonic).isTrue();
    assertThat(b.minForcedBound).isEqualTo(2);
    assertThat(b.maxForcedDifference).isEqualTo(2);
    Buckets noise = buckets(1, 5, 2, 5 - 1e-13, INF, 10);
    noise.quantile(0.5);
    assertThat(noise.forcedMonotonic).isFalse();
  }

  @Test
  void bucketFractions() {
    assertThat(buckets(1, 5, 2, 10, INF, 10).fraction(0, 1)).isEqualTo(0.5);
    assertThat(buckets(1, 5, 2, 10, INF, 10).fraction(0.5, 1.5)).isEqualTo(0.5);
    assertThat(buckets(1, 5, 2, 10, INF, 10).fraction(-INF, INF)).isEqualTo(1);
    assertThat(buckets(1, 5, INF, 10).fraction(2, 1)).isZero();
    assertThat(buckets(1, 5, 2, 10).fraction(0, 1)).isNaN();
  }

  @Test
  void compensatedSums() {
    assertThat(over(FunctionSignature.SUM_OVER_TIME, 1, 1e100, 1, -1e100)).isEqualTo(2);
    assertThat(over(FunctionSignature.AVG_OVER_TIME, 1, 1e100, 1, -1e100)).isEqualTo(0.5);
    assertThat(over(FunctionSignature.AVG_OVER_TIME, 1.7e308, 1.7e308, 1.7e308))
        .isCloseTo(1.7e308, within(1e293));
    assertThat(over(FunctionSignature.SUM_OVER_TIME, INF, 1, 2)).isEqualTo(INF);
    assertThat(over(FunctionSignature.SUM_OVER_TIME, INF, -INF)).isNaN();
  }

  @Test
  void extremesPreferNumbers() {
    assertThat(over(FunctionSignature.MAX_OVER_TIME, NAN, 1, NAN, 2, NAN)).isEqualTo(2);
    assertThat(over(FunctionSignature.MIN_OVER_TIME, NAN, 1, NAN, 2, NAN)).isEqualTo(1);
    assertThat(over(FunctionSignature.MIN_OVER_TIME, NAN, NAN)).isNaN();
    assertThat(over(FunctionSignature.TS_OF_MAX_OVER_TIME, 1, 5, 5, 2)).isEqualTo(3);
    assertThat(over(FunctionSignature.TS_OF_MIN_OVER_TIME, 1, 5, 1, 2)).isEqualTo(3);
    assertThat(over(FunctionSignature.MAD_OVER_TIME, 1, NAN, 2)).isNaN();
  }

  @Test
  void resetsOfCounters() {
    // From 1 to 3, from 0 to 2 after a reset, and the peak before it: an increase of 4 in 5 s.
    assertThat(over(FunctionSignature.INCREASE, 1, 2, 3, 0, 1, 2)).isCloseTo(4.8, within(1e-12));
    assertThat(over(FunctionSignature.RESETS, 3, 2, NAN, 1, 1)).isEqualTo(1);
    assertThat(over(FunctionSignature.CHANGES, 3, NAN, NAN, 1, 1)).isEqualTo(2);
    assertThat(over(FunctionSignature.IRATE, 5, 7, 2)).isEqualTo(2);
    assertThat(over(FunctionSignature.IDELTA, 5, 7, 2)).isEqualTo(-5);
    assertThat(Absent.is(over(FunctionSignature.RATE, 5))).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = FunctionSignature.class,
      names = {
        "INCREASE",
        "RATE",
        "DELTA",
        "RESETS",
        "CHANGES",
        "MIN_OVER_TIME",
        "MAX_OVER_TIME",
        "SUM_OVER_TIME",
        "STDDEV_OVER_TIME"
      })
  void aWindowThatSlidesSeesWhatOneAloneSees(FunctionSignature function) {
    Random random = new Random(Seeds.usual(11));
    double[] values = new double[500];
    for (int i = 1; i < values.length; i++) {
      values[i] =
          switch (random.nextInt(12)) {
            case 0 -> random.nextInt(3);
            case 1 -> NAN;
            case 2 -> -0.0;
            default -> values[i - 1] + random.nextInt(5);
          };
    }
    Window w = window(values);
    RangeFunction sliding = Objects.requireNonNull(RangeFunctions.of(function));
    sliding.begin(w);
    int from = 0;
    for (int to = 1; to <= values.length; to += 1 + random.nextInt(3)) {
      from = Math.min(to - 1, from + random.nextInt(4));
      w.from = from;
      w.to = to;
      w.start = from * 1000L;
      w.end = to * 1000L;
      double alone = over(function, Arrays.copyOfRange(values, from, to));
      assertThat(Double.doubleToLongBits(sliding.at(w))).isEqualTo(Double.doubleToLongBits(alone));
    }
  }

  @Test
  void theTimeOfAnExtremeIsTheLastOne() {
    double[] values = {1, 5, 5, NAN, 2, 5, 1, 1};
    Window w = window(values);
    RangeFunction max =
        Objects.requireNonNull(RangeFunctions.of(FunctionSignature.TS_OF_MAX_OVER_TIME));
    max.begin(w);
    w.to = 5;
    assertThat(max.at(w)).isEqualTo(3);
    w.to = 7;
    assertThat(max.at(w)).isEqualTo(6);
    w.from = 6;
    w.to = 8;
    assertThat(max.at(w)).isEqualTo(8);
  }

  @Test
  void extrapolationStopsHalfASpacingBeyondAGap() {
    // Samples at 1, 2, 3 s in (0, 20]: extrapolated by 0.5 s to the right, to the start on the
    // left.
    Window w = window(10, 20, 30);
    w.end = 20_000;
    RangeFunction f = new RangeFunctions.ExtrapolatedRate(false, false);
    f.begin(w);
    assertThat(f.at(w)).isEqualTo(20 * (2 + 1 + 0.5) / 2);
    // A counter is not extrapolated to before it was zero.
    Window counter = window(5, 25, 45);
    RangeFunction increase = new RangeFunctions.ExtrapolatedRate(true, false);
    increase.begin(counter);
    assertThat(increase.at(counter)).isEqualTo(40 * (2 + 2 * (5.0 / 40)) / 2);
  }

  @Test
  void linesThroughConstants() {
    assertThat(over(FunctionSignature.DERIV, 3, 3, 3)).isZero();
    assertThat(over(FunctionSignature.DERIV, INF, INF)).isNaN();
    assertThat(over(FunctionSignature.DERIV, 1, 3, 5)).isEqualTo(2);
  }

  @Test
  void smoothingFactorsAreChecked() {
    Window w = window(1, 2, 3);
    w.first = 1;
    w.second = 0.5;
    RangeFunction f =
        Objects.requireNonNull(RangeFunctions.of(FunctionSignature.DOUBLE_EXPONENTIAL_SMOOTHING));
    assertThatThrownBy(() -> f.at(w))
        .hasMessage("invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000");
  }

  @Test
  void valuesAreSortedWithNanLast() {
    double[] values = {NAN, 2, INF, NAN, -1};
    int[] rows = {0, 1, 2, 3, 4};
    ValueOrder.sort(values, rows, 5, true);
    assertThat(Arrays.copyOf(rows, 3)).containsExactly(2, 1, 4);
    ValueOrder.sort(values, rows, 5, false);
    assertThat(Arrays.copyOf(rows, 3)).containsExactly(4, 1, 2);
  }

  @Test
  void manyValuesAreSortedStably() {
    Random random = new Random(Seeds.usual(3));
    int n = 1000;
    double[] values = new double[n];
    int[] rows = new int[n];
    for (int i = 0; i < n; i++) {
      rows[i] = i;
      values[i] = random.nextInt(20) == 0 ? NAN : random.nextInt(30);
    }
    double[] before = values.clone();
    ValueOrder.sort(values, rows, n, true);
    for (int i = 1; i < n; i++) {
      double a = values[i - 1];
      double b = values[i];
      assertThat(Double.doubleToLongBits(before[rows[i]])).isEqualTo(Double.doubleToLongBits(b));
      boolean tie = a == b || (Double.isNaN(a) && Double.isNaN(b));
      assertThat(Double.isNaN(b) || a >= b).isTrue();
      assertThat(!tie || rows[i - 1] < rows[i]).isTrue();
    }
  }

  @Test
  void theBestAreKept() {
    ValueOrder.Best best = new ValueOrder.Best(true);
    double[] values = {1, NAN, 5, 3, 4, 2};
    for (int i = 0; i < values.length; i++) {
      best.offer(values[i], i, 3);
    }
    assertThat(best.sort()).isEqualTo(3);
    assertThat(new int[] {best.row(0), best.row(1), best.row(2)}).containsExactly(2, 4, 3);
    best.clear();
    best.offer(NAN, 0, 2);
    best.offer(NAN, 1, 2);
    best.offer(1, 2, 2);
    assertThat(best.sort()).isEqualTo(2);
    assertThat(best.row(0)).isEqualTo(2);
  }

  @Test
  void aggregationsAreCompensatedAndOverflowGracefully() {
    double[] high = {Absent.VALUE};
    double[] low = {0};
    double[] counts = {0};
    for (double v : new double[] {1, 1e100, 1, -1e100}) {
      StepSums.sum(new double[] {v}, 0, 1, high, 0, low);
    }
    StepSums.finishSum(high, 0, 1, low);
    assertThat(high[0]).isEqualTo(2);
    high[0] = Absent.VALUE;
    for (double v : new double[] {1.7e308, 1.7e308, -1.7e308, 1.7e308}) {
      StepSums.average(new double[] {v}, 0, 1, high, 0, low, counts);
    }
    StepSums.finishAverage(high, 0, 1, low, counts);
    assertThat(high[0]).isCloseTo(0.85e308, within(1e294));
    double[] squares = {Absent.VALUE};
    double[] means = {0};
    for (double v : new double[] {2, 4, 4, 4, 5, 5, 7, 9}) {
      StepSums.variance(new double[] {v}, 0, 1, squares, 0, means, counts);
    }
    StepSums.finishVariance(squares, 0, 1, counts, true);
    assertThat(squares[0]).isEqualTo(2);
    double[] least = {Absent.VALUE};
    for (double v : new double[] {NAN, 3, NAN, Absent.VALUE, 2}) {
      StepSums.min(new double[] {v}, 0, 1, least, 0);
    }
    assertThat(least[0]).isEqualTo(2);
  }
}
