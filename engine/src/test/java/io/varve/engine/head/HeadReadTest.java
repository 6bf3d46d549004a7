package io.varve.engine.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Reading a range of a series gives what reading all of it gives there. */
final class HeadReadTest {
  private final SeriesTable table = new SeriesTable(1, new SeriesKey.Hash(7), new Tenants());
  private final Head head = new Head(table);
  private final HeadScratch scratch = new HeadScratch();

  private int add(String name) {
    byte[] labels = Labels.of("__name__", name).canonical();
    return table.add(table.key(0, labels, 0, labels.length), 0, labels, 0, labels.length);
  }

  @Test
  void aRangeHasWhatItWouldHaveOfAll() {
    Random random = new Random(Seeds.usual(31));
    List<Integer> sizes = List.of(0, 1, 2, 63, 64, 65, 130, 700, 5_000);
    for (int size : sizes) {
      for (int kind = 0; kind < 4; kind++) {
        int id = add("m" + size + "_" + kind);
        long time = 1_000_000;
        for (int i = 0; i < size; i++) {
          time += kind == 3 ? 1 + random.nextInt(30_000) : 15_000;
          double value =
              switch (kind) {
                case 0 -> 7;
                case 1 -> i / 100; // runs that end
                default -> random.nextInt(1_000) / 10.0;
              };
          long bits = Double.doubleToRawLongBits(value);
          assertThat(head.append(id, time, bits, SeriesTable.NO_TIME)).isTrue();
        }
        for (int tries = 0; tries < 40; tries++) {
          long start = 1_000_000 + random.nextLong(-20_000, time - 1_000_000 + 40_000);
          long length = random.nextInt(3) == 0 ? 1 : random.nextLong(1, 2_000_000);
          check(id, new TimeRange(start, start + length));
        }
        check(id, new TimeRange(0, Long.MAX_VALUE));
        check(id, new TimeRange(time - 1, time));
      }
    }
  }

  private void check(int id, TimeRange range) {
    SampleColumns all = new SampleColumns(8);
    head.read(id, all, scratch);
    SampleColumns some = new SampleColumns(8);
    head.readIn(id, range, some, scratch);
    assertThat(in(some, range)).isEqualTo(in(all, range));
    for (int i = 1; i < some.size; i++) {
      assertThat(some.times[i]).isGreaterThan(some.times[i - 1]);
    }
    // At most a record too many at each end.
    assertThat(some.size).isLessThanOrEqualTo(in(all, range).size() + 2 * 2_048);
    if (in(all, range).isEmpty() && all.size > 0 && range.endInclusive() < all.times[0]) {
      assertThat(some.size).isZero();
    }
  }

  private static List<String> in(SampleColumns columns, TimeRange range) {
    List<String> found = new ArrayList<>();
    for (int i = 0; i < columns.size; i++) {
      if (range.contains(columns.times[i])) {
        found.add(columns.times[i] + "=" + columns.values[i]);
      }
    }
    return found;
  }
}
