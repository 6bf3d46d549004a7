package io.varve.http.json;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GoFloatTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1e+00",
    "0, 0, 0, 0e+00",
    "-0.0, -0, -0, -0e+00",
    "NaN, NaN, NaN, NaN",
    "Infinity, +Inf, +Inf, +Inf",
    "-Infinity, -Inf, -Inf, -Inf",
    "0.1, 0.1, 0.1, 1e-01",
    "-0.5, -0.5, -0.5, -5e-01",
    "1e-7, 1e-07, 0.0000001, 1e-07",
    "1e-6, 0.000001, 0.000001, 1e-06",
    "9.99e-7, 9.99e-07, 0.000000999, 9.99e-07",
    "1e20, 100000000000000000000, 100000000000000000000, 1e+20",
    "1e21, 1e+21, 1000000000000000000000, 1e+21",
    "1.5e300, 1.5e+300, -, 1.5e+300",
    "123456.789, 123456.789, 123456.789, 1.23456789e+05",
    "9007199254740993, 9007199254740992, 9007199254740992, 9.007199254740992e+15",
    "4.9e-324, 5e-324, -, 5e-324",
    "9.9e-324, 1e-323, -, 1e-323",
    "1.5e-323, 1.5e-323, -, 1.5e-323",
    "2e-323, 2e-323, -, 2e-323",
    "1.7976931348623157e308, 1.7976931348623157e+308, -, 1.7976931348623157e+308",
    "100, 100, 100, 1e+02",
    "2.2250738585072014e-308, 2.2250738585072014e-308, -, 2.2250738585072014e-308",
    "1e10, 10000000000, 10000000000, 1e+10",
    "-1435781451.781, -1435781451.781, -1435781451.781, -1.435781451781e+09",
  })
  void laysDigitsOutAsGoDoes(String in, String sample, String plain, String exponent) {
    double value = Double.parseDouble(in);
    assertThat(GoFloat.sample(value)).isEqualTo(sample);
    assertThat(written(value)).isEqualTo(sample);
    if (!plain.equals("-")) {
      assertThat(GoFloat.plain(value)).isEqualTo(plain);
    }
    assertThat(GoFloat.exponent(value)).isEqualTo(exponent);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1435781451780, 1435781451.780",
    "1435781451000, 1435781451",
    "5, 0.005",
    "-5, -0.005",
    "-1500, -1.500",
    "-2000, -2",
    "9223372036854775807, 9223372036854775.807",
    "-9223372036854775808, -9223372036854775.808",
  })
  void printsTimesWithThreeDecimalsOrNone(long millis, String expected) {
    assertThat(seconds(millis)).isEqualTo(expected);
  }

  @Test
  void everyLayoutReadsBackAsTheSameNumberAndPlainHasNoExponent() {
    long seed = Seeds.usual(1);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 200_000; i++) {
      double value =
          switch (i % 5) {
            case 0 -> Double.longBitsToDouble(random.nextLong());
            case 4 -> random.nextInt(-99, 99) * Math.pow(10, random.nextInt(-8, 24));
            case 1 -> random.nextLong(-1_000_000_000L, 1_000_000_000L) / 1000.0;
            case 2 -> (double) (random.nextLong() >> 3);
            default -> random.nextDouble() * Math.pow(10, random.nextInt(-10, 25));
          };
      if (Double.isNaN(value) || Double.isInfinite(value)) {
        continue;
      }
      String sample = GoFloat.sample(value);
      assertThat(Double.parseDouble(sample)).isEqualTo(value);
      assertThat(written(value)).isEqualTo(sample);
      assertThat(Double.parseDouble(GoFloat.exponent(value))).isEqualTo(value);
      String plain = GoFloat.plain(value);
      assertThat(plain).doesNotContain("e");
      assertThat(new BigDecimal(plain)).isEqualByComparingTo(new BigDecimal(sample));
    }
  }

  @Test
  void writesWholeNumbersOfEveryLength() {
    for (long power = 1; power < 1L << 53; power *= 10) {
      for (long value = Math.max(0, power - 12); value < power + 112; value++) {
        assertThat(written(value)).isEqualTo(Long.toString(value));
        assertThat(written(-value)).isEqualTo(value == 0 ? "0" : Long.toString(-value));
      }
    }
  }

  @Test
  void readsDecimalsAsJavaDoes() {
    SplittableRandom random = new SplittableRandom(Seeds.usual(2));
    for (int i = 0; i < 200_000; i++) {
      String digits = String.valueOf(random.nextLong(Long.MAX_VALUE) >>> random.nextInt(63));
      String text =
          switch (i % 3) {
            case 0 -> digits;
            case 1 -> digits + "." + String.valueOf(random.nextLong(1L << random.nextInt(1, 60)));
            default -> "1795" + random.nextInt(1_000_000) + "." + random.nextInt(1_000_000);
          };
      assertThat(GoFloat.parse(text).orElseThrow()).as(text).isEqualTo(Double.parseDouble(text));
    }
    assertThat(GoFloat.parse("0.000000000000000000000001").orElseThrow()).isEqualTo(1e-24);
    assertThat(GoFloat.parse("1.")).hasValue(1);
    assertThat(GoFloat.parse(".5")).hasValue(0.5);
    for (String none : new String[] {"", ".", "1.2.3", "1,5", "x", "1e999"}) {
      assertThat(GoFloat.parse(none)).as(none).isEmpty();
    }
  }

  static String seconds(long millis) {
    byte[] bytes = new byte[GoFloat.MOST_CHARS];
    return new String(bytes, 0, GoFloat.writeSeconds(millis, bytes, 0), US_ASCII);
  }

  private static String written(double value) {
    byte[] bytes = new byte[GoFloat.MOST_CHARS + 3];
    int end = GoFloat.write(value, bytes, 3);
    return new String(bytes, 3, end - 3, US_ASCII);
  }
}
