package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.roaringbitmap.RoaringBitmap;
import org.roaringbitmap.buffer.ImmutableRoaringBitmap;

/** Our writer and checker against the Roaring library. */
class RoaringFormatTest {
  private static final int END = 10 << 16;

  private static long[] seeds() {
    return Seeds.range(1, 3);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void theLibraryReadsWhatIsWritten(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 150; round++) {
      RoaringBitmap expected = randomIds(random);
      ByteBuffer bytes = write(expected);
      assertThat(RoaringFormat.check(bytes, 0, END, "test", 0))
          .isEqualTo(expected.getCardinality());
      ImmutableRoaringBitmap read = new ImmutableRoaringBitmap(bytes);
      assertThat(read.toRoaringBitmap()).isEqualTo(expected);
      expected.runOptimize();
      assertThat(bytes.remaining()).isLessThanOrEqualTo(expected.serializedSizeInBytes());
    }
  }

  @Test
  void whatTheLibraryWritesIsAccepted() throws IOException {
    Random random = new Random(Seeds.usual(4));
    for (int round = 0; round < 100; round++) {
      RoaringBitmap ids = randomIds(random);
      if (round % 2 == 0) {
        ids.runOptimize();
      }
      ByteBuffer bytes =
          ByteBuffer.allocate(ids.serializedSizeInBytes()).order(ByteOrder.LITTLE_ENDIAN);
      ids.serialize(bytes);
      bytes.flip();
      assertThat(RoaringFormat.check(bytes, 0, END, "test", 0)).isEqualTo(ids.getCardinality());
    }
  }

  @Test
  void idsOutOfRangeAreRefused() {
    ByteBuffer bytes = write(RoaringBitmap.bitmapOf(5, 7, 1 << 16, 9 << 16));
    assertThat(RoaringFormat.check(bytes, 5, (9 << 16) + 1, "test", 0)).isEqualTo(4);
    assertThatThrownBy(() -> RoaringFormat.check(bytes, 6, END, "test", 0))
        .isInstanceOf(CorruptDataException.class);
    assertThatThrownBy(() -> RoaringFormat.check(bytes, 0, 9 << 16, "test", 0))
        .isInstanceOf(CorruptDataException.class);
  }

  /** Whatever passes the check, the library reads as ascending ids in range. */
  private static long[] otherSeeds() {
    return Seeds.range(5, 6);
  }

  @ParameterizedTest
  @MethodSource("otherSeeds")
  void whatIsAcceptedIsSound(long seed) {
    Random random = new Random(seed);
    int refused = 0;
    for (int round = 0; round < 800; round++) {
      byte[] bytes = write(randomIds(random)).array().clone();
      for (int i = 0; i <= random.nextInt(3); i++) {
        int at = random.nextInt(random.nextBoolean() ? Math.min(60, bytes.length) : bytes.length);
        bytes[at] = (byte) random.nextInt(256);
      }
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      int count;
      try {
        count = RoaringFormat.check(buffer, 0, END, "test", 1000);
      } catch (CorruptDataException e) {
        assertThat(e.offset()).isBetween(1000L, 1000L + bytes.length);
        refused++;
        continue;
      }
      int[] ids = new ImmutableRoaringBitmap(buffer).toArray();
      assertThat(ids.length).isEqualTo(count);
      int previous = -1;
      boolean ascending = true;
      for (int id : ids) {
        ascending &= id > previous;
        previous = id;
      }
      assertThat(ascending).isTrue();
      assertThat(previous).isLessThan(END);
    }
    assertThat(refused).isGreaterThan(100);
  }

  private static ByteBuffer write(RoaringBitmap ids) {
    int[] array = ids.toArray();
    ByteWriter out = new ByteWriter(64);
    RoaringFormat.write(array, 0, array.length, out);
    return ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static RoaringBitmap randomIds(Random random) {
    RoaringBitmap ids = new RoaringBitmap();
    int containers = 1 + random.nextInt(7);
    for (int i = 0; i < containers; i++) {
      int base = random.nextInt(10) << 16;
      switch (random.nextInt(4)) {
        case 0 -> {
          for (int k = 0; k < 1 + random.nextInt(50); k++) {
            ids.add(base + random.nextInt(1 << 16));
          }
        }
        case 1 -> {
          for (int k = 0; k < 20_000; k++) {
            ids.add(base + random.nextInt(1 << 16));
          }
        }
        case 2 -> {
          for (int k = 0; k < 5; k++) {
            int from = random.nextInt(60_000);
            ids.add((long) base + from, (long) base + from + 1 + random.nextInt(5000));
          }
        }
        default -> ids.add((long) base, (long) base + (1 << 16));
      }
    }
    return ids;
  }
}
