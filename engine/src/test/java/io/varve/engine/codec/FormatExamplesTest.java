package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.StaleMarker;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The worked examples of the package description. */
class FormatExamplesTest {
  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  private static void check(String hex, double... values) {
    byte[] block = hex(hex);
    double[] back = new double[values.length];
    new FloatBlockDecoder().decode(block, 0, block.length, values.length, back, 0);
    for (int i = 0; i < values.length; i++) {
      assertThat(Double.doubleToRawLongBits(back[i]))
          .isEqualTo(Double.doubleToRawLongBits(values[i]));
    }
    FloatBlockEncoder encoder = new FloatBlockEncoder();
    byte[] out = new byte[encoder.maxBytes(values.length)];
    int end = encoder.encode(values, 0, values.length, out, 0);
    assertThat(Arrays.copyOf(out, end)).isEqualTo(block);
  }

  @Test
  void decimals() {
    check("12 09 a4 13 02 99 19", 12.34, 12.35, 12.37, 12.38, 12.40, 12.41, 12.43, 12.44);
  }

  @Test
  void staleMarkerIsAnException() {
    check("1a 01 03 02 00 00 00 00 00 f0 7f 0d 19 a4 3f 01 03", 40.5, 40.75, 41, StaleMarker.VALUE);
  }

  @Test
  void constants() {
    check("2d", 5, 5, 5); // 5 << 3 | 5
    check("fd 80 02", 128, 128);
    check("16 f8 3f", 1.5, 1.5); // the two bytes 3ff8 of 3ff8000000000000
  }

  @Test
  void timesOnAGrid() {
    long t0 = 1_795_305_600_000L;
    long[] times = {t0, t0 + 15_000, t0 + 30_002, t0 + 45_000, t0 + 90_001, t0 + 105_000};
    byte[] column = hex("02 80 d0 eb 88 c0 68 98 75 0c 02 00 01 08 08 02 20 01");
    long[] back = new long[6];
    new TimeColumnDecoder().decode(column, 0, column.length, 6, back, 0);
    assertThat(back).isEqualTo(times);
    TimeColumnEncoder encoder = new TimeColumnEncoder();
    byte[] out = new byte[encoder.maxBytes(6)];
    assertThat(Arrays.copyOf(out, encoder.encode(times, 0, 6, out, 0))).isEqualTo(column);
  }
}
