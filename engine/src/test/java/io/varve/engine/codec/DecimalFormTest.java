package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The search for the decimal form of a block. */
class DecimalFormTest {
  private final long[] integers = new long[1000];
  private final int[] missed = new int[40];

  private int find(double... values) {
    return DecimalForm.find(values, 0, values.length, integers, missed);
  }

  private static int form(int form, int scale, int misses) {
    return form | scale << 4 | misses << 16;
  }

  @Test
  void takesTheSmallestScale() {
    assertThat(find(1, 2, 3)).isEqualTo(form(DecimalForm.INTEGER, 0, 0));
    assertThat(find(1.5, 2, 3)).isEqualTo(form(DecimalForm.QUOTIENT, 1, 0));
    assertThat(find(0.25, 0.5, 99.99)).isEqualTo(form(DecimalForm.QUOTIENT, 2, 0));
    assertThat(find(1e-9, 2e-9)).isEqualTo(form(DecimalForm.QUOTIENT, 9, 0));
    assertThat(integers).startsWith(1, 2);
    assertThat(find(-7.125)).isEqualTo(form(DecimalForm.QUOTIENT, 3, 0));
  }

  @Test
  void tellsProductsFromQuotients() {
    assertThat(1009 * 0.001).isNotEqualTo(1.009);
    assertThat(find(1009 * 0.001, 2018 * 0.001, 4036 * 0.001))
        .isEqualTo(form(DecimalForm.PRODUCT, 3, 0));
    assertThat(integers).startsWith(1009, 2018, 4036);
    double[] twice = new double[100];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < twice.length; i++) {
      twice[i] = random.nextLong(1L << 40) / 1000.0 / 1000.0;
    }
    assertThat(find(twice)).isEqualTo(form(DecimalForm.MILLIS, 6, 0));
  }

  @Test
  void missesFewAndSaysWhich() {
    double[] values = new double[100];
    for (int i = 0; i < 100; i++) {
      values[i] = i / 10.0;
    }
    values[7] = Double.NaN;
    values[50] = Math.PI;
    values[99] = -0.0;
    assertThat(find(values)).isEqualTo(form(DecimalForm.QUOTIENT, 1, 3));
    assertThat(missed).startsWith(7, 50, 99);
    values[98] = Double.POSITIVE_INFINITY;
    values[97] = Double.NEGATIVE_INFINITY;
    assertThat(find(values)).isEqualTo(-1);
  }

  @Test
  void refusesWhatIsNoDecimal() {
    assertThat(find(new SplittableRandom(5).doubles(32, 1, 10).toArray())).isEqualTo(-1);
    assertThat(find(1e300, 2e300, 1)).isEqualTo(-1);
    assertThat(find(Double.MIN_VALUE, 4 * Double.MIN_VALUE)).isEqualTo(-1);
    assertThat(find(Double.NaN, Double.NaN)).isEqualTo(-1);
    assertThat(find(0x1p53 + 2, 0x1p54)).isEqualTo(-1);
  }
}
