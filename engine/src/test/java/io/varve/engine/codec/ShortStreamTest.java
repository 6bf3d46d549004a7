package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/**
 * Short streams have planning of their own, which must choose as that of long ones does: the bytes
 * of many of them are pinned, as they were when there was one way of planning.
 */
final class ShortStreamTest {
  @Test
  void choosesAsForLongStreams() {
    SplittableRandom random = new SplittableRandom(5);
    LongBlockEncoder encoder = new LongBlockEncoder();
    CRC32 checksum = new CRC32();
    long bytes = 0;
    for (int trial = 0; trial < 40_000; trial++) {
      long[] values = values(random);
      byte[] out = new byte[encoder.maxBytes(values.length)];
      int end = encoder.encode(values, 0, values.length, out, 0);
      checksum.update(out, 0, end);
      bytes += end;
    }
    assertThat(bytes).isEqualTo(1_885_115);
    assertThat(Long.toHexString(checksum.getValue())).isEqualTo("f763023e");
  }

  private static long[] values(SplittableRandom random) {
    long[] values = new long[1 + random.nextInt(40)];
    int kind = random.nextInt(6);
    int bits = random.nextInt(64);
    long v = random.nextLong() >>> bits;
    for (int i = 0; i < values.length; i++) {
      switch (kind) {
        case 0 -> v = random.nextLong() >> random.nextInt(64);
        case 1 -> v += random.nextLong() >> bits;
        case 2 -> v = random.nextInt(5) == 0 ? random.nextInt(100) : v;
        case 3 -> v += random.nextInt(20) == 0 ? random.nextLong() >> bits : 1000;
        case 4 -> v = random.nextInt(1 + random.nextInt(300));
        default -> v += random.nextInt(3) == 0 ? random.nextInt(9) : 0;
      }
      values[i] = v;
    }
    return values;
  }
}
