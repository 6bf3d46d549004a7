package io.varve.engine.partition;

import static io.varve.engine.partition.ChunkFiles.DATA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

/** Deletes hide what they should, and their file survives or is refused. */
@NullMarked
final class TombstonesTest {
  private static Tombstones random(Random random, int count) {
    Tombstones all = Tombstones.NONE;
    for (int i = 0; i < count; i++) {
      RoaringBitmap ids = new RoaringBitmap();
      int first = random.nextInt(100);
      if (random.nextBoolean()) {
        ids.add((long) first, first + 1L + random.nextInt(100));
      } else {
        for (int k = 0; k < 10; k++) {
          ids.add(random.nextInt(200));
        }
      }
      long start = random.nextInt(1000);
      all = all.with(new Tombstone(ids, start, start + random.nextInt(200), random.nextInt(50)));
    }
    return all;
  }

  @Test
  void deletedIsWhatAnyEntryCovers() {
    for (long seed : Seeds.range(0, 49)) {
      Random random = new Random(seed);
      Tombstones all = random(random, 1 + random.nextInt(12));
      assertThat(all.any()).isTrue();
      for (int i = 0; i < 2000; i++) {
        int id = random.nextInt(220);
        long time = random.nextInt(1300);
        long logTo = random.nextInt(60);
        boolean expected = false;
        for (Tombstone entry : all.entries()) {
          expected |=
              entry.position() > logTo
                  && entry.windowIds().contains(id)
                  && entry.range().contains(time);
        }
        assertThat(all.deleted(id, time, logTo)).as("seed %d", seed).isEqualTo(expected);
        long[] ranges = all.ranges(id, logTo);
        boolean inRanges = false;
        for (int r = 0; ranges != null && r < ranges.length; r += 2) {
          inRanges |= time > ranges[r] && time <= ranges[r + 1];
          assertThat(ranges[r + 1]).isGreaterThan(ranges[r]);
          if (r > 0) {
            assertThat(ranges[r]).isGreaterThan(ranges[r - 1]);
          }
        }
        assertThat(inRanges).as("seed %d", seed).isEqualTo(expected);
      }
    }
  }

  @Test
  void nothingIsDeletedWithoutEntries() {
    assertThat(Tombstones.NONE.any()).isFalse();
    assertThat(Tombstones.NONE.ranges(1, Long.MIN_VALUE)).isNull();
    assertThat(Tombstones.NONE.deleted(1, 1, 0)).isFalse();
    assertThat(Tombstones.of(List.of())).isSameAs(Tombstones.NONE);
  }

  @Test
  void aDeleteHidesOnlyWhatWasLoggedBeforeIt() {
    Tombstones one = Tombstones.NONE.with(new Tombstone(RoaringBitmap.bitmapOf(7), 10, 20, 100));
    assertThat(one.deleted(7, 20, 99)).isTrue();
    assertThat(one.deleted(7, 10, 99)).isFalse();
    assertThat(one.deleted(7, 20, 100)).isFalse();
    assertThat(one.deleted(8, 20, 99)).isFalse();
    assertThat(one.ranges(7, 99)).containsExactly(10, 20);
    assertThat(one.ranges(7, 100)).isNull();
  }

  @Test
  void aFileComesBack() throws IOException {
    MemoryFileSystem fs = new MemoryFileSystem();
    Tombstones all = random(new Random(5), 20);
    String name = TombstoneFile.write(fs, DATA, "w=20251121", 17, all);
    assertThat(name).isEqualTo("tomb-0000000000000011.rb");
    Tombstones back = TombstoneFile.read(fs, DATA, "w=20251121", name);
    assertThat(back.entries()).isEqualTo(all.entries());
    assertThat(fs.list(DATA.resolve("w=20251121"))).hasSize(1);
  }

  @Test
  void theSameDeletesMakeTheSameBytes() {
    RoaringBitmap runs = RoaringBitmap.bitmapOfRange(5, 5000);
    RoaringBitmap single = new RoaringBitmap();
    for (int i = 5; i < 5000; i++) {
      single.add(i);
    }
    byte[] a = TombstoneFile.encode(Tombstones.of(List.of(new Tombstone(runs, 1, 2, 3))));
    byte[] b = TombstoneFile.encode(Tombstones.of(List.of(new Tombstone(single, 1, 2, 3))));
    assertThat(a).isEqualTo(b);
  }

  @Test
  void everyFlippedBitAndCutIsFound() {
    byte[] sound = TombstoneFile.encode(random(new Random(6), 5));
    for (int at = 0; at < sound.length; at++) {
      byte[] bytes = sound.clone();
      bytes[at] ^= (byte) (1 << at % 8);
      assertThatThrownBy(() -> TombstoneFile.decode(bytes, "w=1/tomb"))
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining("w=1/tomb");
      byte[] cut = java.util.Arrays.copyOf(sound, at);
      assertThatThrownBy(() -> TombstoneFile.decode(cut, "w=1/tomb"))
          .isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void hostileBytesEndInOneException() {
    long seed = Seeds.usual(9);
    Random random = new Random(seed);
    List<String> kinds = new ArrayList<>();
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = TombstoneFile.encode(random(new Random(round % 50), 1 + round % 4));
      for (int k = 1 + random.nextInt(4); k > 0; k--) {
        bytes[8 + random.nextInt(bytes.length - 12)] = (byte) random.nextInt(256);
      }
      ByteBuffer.wrap(bytes)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(bytes.length - 4, Crc32c.of(bytes, 0, bytes.length - 4));
      try {
        Tombstones read = TombstoneFile.decode(bytes, "hostile");
        read.deleted(5, 5, 0);
        read.ranges(50, 0);
        kinds.add("read");
      } catch (CorruptDataException e) {
        kinds.add("refused");
      }
    }
    assertThat(kinds).contains("read", "refused");
  }
}
