package io.varve.engine.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A head that was restored in stretches reads as one that took sample after sample. */
final class HeadRestoreTest {
  private static final int SERIES = 40;

  private static Head head() {
    SeriesTable table = new SeriesTable(0, new SeriesKey.Hash(7), new Tenants());
    int tenant = table.tenants().id("");
    for (int n = 0; n < SERIES; n++) {
      byte[] labels = ("series " + n).getBytes(StandardCharsets.UTF_8);
      table.restore(tenant, labels, 0, labels.length);
    }
    return new Head(table);
  }

  @Test
  void readsAsIfAppended() {
    for (long seed : Seeds.range(1, 30)) {
      Random random = new Random(seed);
      Head appended = head();
      Head restored = head();
      FloatBlockEncoder encoder = new FloatBlockEncoder();
      for (int id = 0; id < SERIES; id++) {
        long time = random.nextInt(1000);
        double value = random.nextInt(10);
        for (int stretch = 0, m = random.nextInt(6); stretch < m; stretch++) {
          int n = 1 + random.nextInt(random.nextBoolean() ? 20 : 3000);
          long[] times = new long[n];
          double[] values = new double[n];
          int steady = random.nextInt(3); // 0: a run, 1: regular times
          for (int i = 0; i < n; i++) {
            time += steady < 2 ? 15 : 1 + random.nextLong(random.nextInt(400) == 0 ? 1L << 33 : 90);
            value = steady == 0 ? value : random.nextInt(10) == 0 ? odd(random) : value + 1;
            times[i] = time;
            values[i] = value;
          }
          byte[] block = new byte[encoder.maxBytes(n) + 3];
          int length = encoder.encodeFast(values, 0, n, block, 3) - 3;
          boolean one = random.nextInt(3) == 0;
          if (!one) {
            restored.restore(id, times, values, n, block, 3, length);
          }
          for (int i = 0; i < n; i++) {
            long bits = Double.doubleToRawLongBits(values[i]);
            assertThat(appended.append(id, times[i], bits, SeriesTable.NO_TIME)).isTrue();
            assertThat(appended.append(id, times[i], bits, SeriesTable.NO_TIME)).isFalse();
            if (one) {
              assertThat(restored.append(id, times[i], bits, SeriesTable.NO_TIME)).isTrue();
            }
          }
        }
      }
      compare(appended, restored, random);
    }
  }

  private static double odd(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Double.longBitsToDouble(0x7FF0_0000_0000_0002L); // a stale marker
      case 1 -> -0.0;
      case 2 -> random.nextGaussian();
      default -> random.nextInt(100) / 100.0;
    };
  }

  private static void compare(Head appended, Head restored, Random random) {
    HeadScratch scratch = new HeadScratch();
    for (int id = 0; id < SERIES; id++) {
      int n = appended.sampleCount(id);
      assertThat(restored.sampleCount(id)).isEqualTo(n);
      assertThat(restored.table().lastTime(id)).isEqualTo(appended.table().lastTime(id));
      assertThat(restored.table().lastBits(id)).isEqualTo(appended.table().lastBits(id));
      assertThat(restored.firstTime(id, scratch)).isEqualTo(appended.firstTime(id, scratch));
      SampleColumns all = rows(appended, id, scratch);
      assertThat(all.size).isEqualTo(n);
      same(rows(restored, id, scratch), all, 0);
      for (int k = 0; k < 5 && n > 0; k++) {
        int first = random.nextInt(n + 1);
        for (Head head : new Head[] {appended, restored}) {
          SampleColumns some = new SampleColumns();
          int skipped = head.readFrom(id, first, some, scratch);
          assertThat(skipped).isBetween(0, first);
          same(some, all, skipped);
        }
        long from = all.times[random.nextInt(n)];
        TimeRange range = new TimeRange(from - random.nextInt(40), from + random.nextInt(40));
        assertThat(restored.anyIn(id, range, scratch))
            .isEqualTo(appended.anyIn(id, range, scratch));
      }
    }
  }

  private static SampleColumns rows(Head head, int id, HeadScratch scratch) {
    SampleColumns rows = new SampleColumns();
    head.read(id, rows, scratch);
    return rows;
  }

  private static void same(SampleColumns some, SampleColumns all, int at) {
    assertThat(some.size).isEqualTo(all.size - at);
    for (int i = 0; i < some.size; i++) {
      assertThat(some.times[i]).isEqualTo(all.times[at + i]);
      assertThat(Double.doubleToRawLongBits(some.values[i]))
          .isEqualTo(Double.doubleToRawLongBits(all.values[at + i]));
    }
  }
}
