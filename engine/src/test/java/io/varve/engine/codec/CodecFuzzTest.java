package io.varve.engine.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteReader;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A million small blocks, made to lead the encoders down every path they have: each codec at each
 * difference order in each decimal form. The test counts from the bytes which paths were taken, and
 * fails if one was not.
 */
class CodecFuzzTest {
  private static final int FLOAT_BLOCKS = 800_000;
  private static final int LONG_BLOCKS = 150_000;
  private static final int TIME_COLUMNS = 50_000;
  private static final int MOST = 300;
  private static final String[] CODECS = {"CONST", "PFOR", "RICE", "HUFFMAN", "SPARSE", "DICT"};
  private static final String[] FORMS = {"RAW", "INTEGER", "QUOTIENT", "PRODUCT", "MILLIS"};

  private static final String DIVIDED = "divided";

  private final long seed = Seeds.usual(20261121L);
  private final SplittableRandom random = new SplittableRandom(seed);
  private final long[] integers = new long[MOST];
  private final double[] values = new double[MOST];

  @Test
  void floatBlocks() {
    FloatBlockEncoder encoder = new FloatBlockEncoder();
    FloatBlockDecoder decoder = new FloatBlockDecoder();
    byte[] bytes = new byte[encoder.maxBytes(MOST)];
    double[] back = new double[MOST];
    int[][][] hits = new int[FORMS.length][3][CODECS.length];
    int[] constants = new int[2];
    int withExceptions = 0;
    for (int block = 0; block < FLOAT_BLOCKS; block++) {
      int codec = random.nextInt(CODECS.length);
      int n = count(codec);
      int form = random.nextInt(FORMS.length);
      fillIntegers(n, codec, random.nextInt(3));
      fillValues(n, form);
      if (random.nextInt(6) == 0) {
        for (int i = 0; i < 1 + n / 40; i++) {
          values[random.nextInt(n)] = Shapes.special(random);
        }
      }
      // The cheap choices are fewer: every fourth block takes them.
      int end =
          block % 4 == 3
              ? encoder.encodeFast(values, 0, n, bytes, 0)
              : encoder.encode(values, 0, n, bytes, 0);
      decoder.decode(bytes, 0, end, n, back, 0);
      for (int i = 0; i < n; i++) {
        if (Double.doubleToRawLongBits(values[i]) != Double.doubleToRawLongBits(back[i])) {
          throw failure(block, Arrays.toString(Arrays.copyOf(values, n)), bytes, end);
        }
      }
      int head = bytes[0] & 7;
      if (head >= DecimalForm.CONST_INTEGER) {
        constants[head - DecimalForm.CONST_INTEGER]++;
      } else {
        int stream = bytes[streamAt(bytes, end)];
        hits[head][stream & 3][stream >>> 3 & 7]++;
        withExceptions += bytes[0] >>> 3 & 1;
      }
    }
    System.out.printf(
        "  constant integers %d, constant bits %d, with exceptions %d%n",
        constants[0], constants[1], withExceptions);
    assertThat(constants[0]).isPositive();
    assertThat(constants[1]).isPositive();
    assertThat(withExceptions).isGreaterThan(10_000);
    for (int form = 0; form < FORMS.length; form++) {
      for (int order = 0; order < 3; order++) {
        checkHits(FORMS[form], order, hits[form][order]);
      }
    }
  }

  @Test
  void longBlocks() {
    LongBlockEncoder encoder = new LongBlockEncoder();
    LongBlockDecoder decoder = new LongBlockDecoder();
    byte[] bytes = new byte[encoder.maxBytes(MOST)];
    long[] back = new long[MOST];
    int[][][] hits = new int[2][3][CODECS.length];
    for (int block = 0; block < LONG_BLOCKS; block++) {
      int codec = random.nextInt(CODECS.length);
      int n = count(codec);
      fillIntegers(n, codec, random.nextInt(3));
      // Anywhere in 64 bits, so that differences wrap.
      long shift = random.nextLong();
      long factor = random.nextBoolean() ? 1 : 1L << random.nextInt(1, 8);
      for (int i = 0; i < n; i++) {
        integers[i] = integers[i] * factor + shift;
      }
      int end = encoder.encode(integers, 0, n, bytes, 0);
      decoder.decode(bytes, 0, end, n, back, 0);
      for (int i = 0; i < n; i++) {
        if (integers[i] != back[i]) {
          throw failure(block, Arrays.toString(Arrays.copyOf(integers, n)), bytes, end);
        }
      }
      hits[bytes[0] >>> 2 & 1][bytes[0] & 3][bytes[0] >>> 3 & 7]++;
    }
    for (int divided = 0; divided < 2; divided++) {
      for (int order = 0; order < 3; order++) {
        checkHits(divided == 0 ? "as they are" : DIVIDED, order, hits[divided][order]);
      }
    }
  }

  @Test
  void timeColumns() {
    TimeColumnEncoder encoder = new TimeColumnEncoder();
    TimeColumnDecoder decoder = new TimeColumnDecoder();
    byte[] bytes = new byte[encoder.maxBytes(MOST)];
    long[] back = new long[MOST];
    int[] kinds = new int[3];
    for (int column = 0; column < TIME_COLUMNS; column++) {
      int n = 1 + random.nextInt(MOST);
      long step = 1 + random.nextLong(1L << random.nextInt(1, 40));
      int jitter = random.nextInt(4) == 0 ? 0 : (int) Math.min(step, random.nextInt(1, 50));
      int skips = random.nextInt(3) == 0 ? random.nextInt(1, 60) : 0;
      boolean walk = random.nextInt(4) == 0;
      long time = random.nextLong(1L << 42);
      for (int i = 0; i < n; i++) {
        long off = jitter == 0 ? 0 : random.nextInt(jitter);
        integers[i] = time + (walk ? 0 : off);
        time += step + (walk ? off : 0);
        if (skips > 0 && random.nextInt(skips) == 0) {
          time += step * random.nextInt(20);
        }
      }
      int end =
          column % 2 == 0
              ? encoder.encode(integers, 0, n, bytes, 0)
              : encoder.encodeFast(integers, 0, n, bytes, 0);
      decoder.decode(bytes, 0, end, n, back, 0);
      for (int i = 0; i < n; i++) {
        if (integers[i] != back[i]) {
          throw failure(column, Arrays.toString(Arrays.copyOf(integers, n)), bytes, end);
        }
      }
      kinds[bytes[0]]++;
    }
    System.out.printf(
        "  streams %d, regular %d, grids %d%n",
        kinds[TimeColumnEncoder.STREAM],
        kinds[TimeColumnEncoder.REGULAR],
        kinds[TimeColumnEncoder.GRID]);
    assertThat(kinds).doesNotContain(0);
  }

  private AssertionError failure(int block, String column, byte[] bytes, int end) {
    return new AssertionError(
        "seed %d, block %d: %s came back otherwise from %s"
            .formatted(seed, block, column, HexFormat.of().formatHex(bytes, 0, end)));
  }

  private static void checkHits(String form, int order, int[] hits) {
    StringBuilder line = new StringBuilder("  " + form + ", order " + order + ":");
    for (int codec = 0; codec < CODECS.length; codec++) {
      line.append(' ').append(CODECS[codec]).append(' ').append(hits[codec]);
      if (isUnreachable(form, order, codec)) {
        assertThat(hits[codec]).isZero();
        continue;
      }
      assertThat(hits[codec]).as("%s, order %d, %s", form, order, CODECS[codec]).isGreaterThan(10);
    }
    System.out.println(line);
  }

  /** What the format has but no encoder writes. */
  private static boolean isUnreachable(String form, int order, int codec) {
    return (codec == Codecs.DICT && order == 2) // never tried; IntegerStreamTest reads one
        || (codec == Codecs.CONST && order == 0 && form.equals(DIVIDED)); // nothing to divide
  }

  /** Values in a block: few, unless the codec needs some to pay. */
  private int count(int codec) {
    return switch (codec) {
      case Codecs.HUFFMAN -> random.nextInt(90, MOST + 1);
      case Codecs.DICT -> random.nextInt(40, MOST + 1);
      case Codecs.RICE -> random.nextInt(2, 120);
      default -> random.nextInt(1, 100);
    };
  }

  /** Integers whose differences of this order are what the codec is good at. */
  private void fillIntegers(int n, int codec, int order) {
    int width = random.nextInt(2, 28);
    long base = random.nextInt(3) == 0 ? random.nextInt(3) : random.nextInt(100_000);
    boolean signed = random.nextBoolean();
    long[] table = new long[random.nextInt(3, 8)];
    for (int i = 0; i < table.length; i++) {
      table[i] = random.nextLong(1L << 40) - (1L << 39);
    }
    for (int i = 0; i < n; i++) {
      long magnitude =
          switch (codec) {
            case Codecs.PFOR ->
                random.nextInt(60) == 0 ? random.nextLong(1L << 36) : random.nextLong(1L << width);
            case Codecs.RICE -> geometric(1 << (width & 7));
            case Codecs.HUFFMAN -> random.nextLong(1L << 34) >>> Math.min(33, geometric(14));
            case Codecs.SPARSE -> random.nextInt(8) == 0 ? random.nextLong(1L << width) : 0;
            case Codecs.DICT -> table[random.nextInt(table.length)];
            default -> 0;
          };
      if (codec == Codecs.DICT) {
        integers[i] = magnitude;
      } else {
        integers[i] = base + (signed && random.nextBoolean() ? -magnitude : magnitude);
      }
    }
    for (int round = 0; round < order; round++) {
      for (int i = 1; i < n; i++) {
        integers[i] += integers[i - 1];
      }
    }
  }

  private int geometric(int mean) {
    return (int) Math.min(1000L * mean, Math.round(-Math.log(1 - random.nextDouble()) * mean));
  }

  /** Doubles that stand for the integers in one form, and where possible in no simpler one. */
  private void fillValues(int n, int form) {
    int scale = form == DecimalForm.MILLIS ? random.nextInt(4, 9) : random.nextInt(1, 9);
    long shift = 0;
    if (form != DecimalForm.RAW && random.nextInt(8) != 0) {
      // A first value for which the forms round differently.
      for (int tries = 0; tries < 50; tries++) {
        shift = random.nextLong(100_000_000);
        double quotient = (integers[0] + shift) / Math.pow(10, scale);
        if (DecimalForm.value(integers[0] + shift, form, scale) != quotient) {
          break;
        }
      }
    }
    for (int i = 0; i < n; i++) {
      long l = integers[i] + shift;
      values[i] =
          switch (form) {
            // Steps of one in the last place, far from where decimals are.
            case DecimalForm.RAW -> Double.longBitsToDouble(0x6A5F_1234_5678_9ABCL + l);
            case DecimalForm.INTEGER -> (double) l;
            default -> DecimalForm.value(l, form, scale);
          };
    }
  }

  /** Where the integer stream of a float block begins. */
  private static int streamAt(byte[] bytes, int end) {
    if ((bytes[0] & 8) == 0) {
      return 1;
    }
    ByteReader reader = new ByteReader().on(bytes, 1, end - 1, "fuzz", 0);
    int misses = reader.count(end);
    for (int i = 0; i < misses; i++) {
      reader.varint();
    }
    reader.skip(misses * 8);
    return reader.position();
  }
}
