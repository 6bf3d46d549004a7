package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tables come back bit for bit, and other bytes are refused. */
final class GroupedFormatTest {
  /** As the package's documentation has it. */
  private static final String EXAMPLE =
      """
      56 61 72 76 65 47 52 50 01 00 00 00 00 e8 07 02
      03 0b 63 6f 75 6e 74 28 72 61 74 65 29 01 09 6d
      61 78 28 72 61 74 65 29 00 09 73 75 6d 28 72 61
      74 65 29 01 02 00 00 01 74 08 0a 06 0a 01 61 12
      01 62 02 06 01 06 02 02 01 00 00 00 00 00 00 e0
      3f 00 00 00 00 00 00 00 80 00
      8c df b2 77
      """;

  private static GroupedTable example() {
    double none = StaleMarker.VALUE;
    return new GroupedTable(
        0,
        1000,
        2,
        List.of(
            new GroupedTable.Group("", Labels.EMPTY),
            new GroupedTable.Group("t", Labels.of("a", "b"))),
        List.of(
            new GroupedTable.Column("count(rate)", new double[] {3, 2, none, 1}),
            new GroupedTable.Column("max(rate)", null),
            new GroupedTable.Column("sum(rate)", new double[] {0.5, -0.0, none, none})));
  }

  @Test
  void theExampleIsWrittenAndRead() {
    byte[] bytes = HexFormat.of().parseHex(EXAMPLE.replaceAll("\\s", ""));
    assertThat(HexFormat.of().formatHex(GroupedFormat.encode(example())))
        .isEqualTo(HexFormat.of().formatHex(bytes));
    same(GroupedFormat.decode(bytes, "example"), example());
  }

  private static void same(GroupedTable found, GroupedTable expected) {
    assertThat(found.startExclusive()).isEqualTo(expected.startExclusive());
    assertThat(found.stepMillis()).isEqualTo(expected.stepMillis());
    assertThat(found.steps()).isEqualTo(expected.steps());
    assertThat(found.groups()).isEqualTo(expected.groups());
    for (int c = 0; c < expected.columns().size(); c++) {
      GroupedTable.Column column = expected.columns().get(c);
      assertThat(found.columns().get(c).name()).isEqualTo(column.name());
      assertThat(bits(found.columns().get(c).values())).isEqualTo(bits(column.values()));
    }
  }

  private static List<Long> bits(double @org.jspecify.annotations.Nullable [] values) {
    List<Long> bits = new ArrayList<>();
    for (double value : values == null ? new double[0] : values) {
      bits.add(Double.doubleToRawLongBits(value));
    }
    return bits;
  }

  @Test
  void whateverTablesHoldComesBack() {
    Random random = new Random(Seeds.usual(3));
    double[] odd = {
      0,
      -0.0,
      1,
      -1,
      1e15,
      0x1p53,
      0x1p53 + 2,
      1e300,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      0.1,
      Double.MIN_VALUE,
      StaleMarker.VALUE,
      Double.longBitsToDouble(0x7ff8000000000123L)
    };
    for (int round = 0; round < 300; round++) {
      int steps = random.nextInt(30);
      int rows = random.nextInt(6);
      List<GroupedTable.Group> groups = new ArrayList<>();
      for (int g = 0; g < rows; g++) {
        groups.add(new GroupedTable.Group("t" + g % 2, Labels.of("n", "g" + g, "ü", "ö")));
      }
      List<GroupedTable.Column> columns = new ArrayList<>();
      for (int c = 0; c < random.nextInt(4); c++) {
        double[] values = new double[rows * steps];
        boolean whole = random.nextBoolean();
        for (int i = 0; i < values.length; i++) {
          values[i] =
              random.nextInt(3) == 0 && !whole
                  ? odd[random.nextInt(odd.length)]
                  : random.nextInt(5) == 0 ? StaleMarker.VALUE : random.nextInt(1000) - 500;
        }
        columns.add(new GroupedTable.Column("c" + c, random.nextInt(5) == 0 ? null : values));
      }
      long start = random.nextLong(1L << 41) - (1L << 40);
      GroupedTable table =
          new GroupedTable(start, 1 + random.nextInt(1 << 30), steps, groups, columns);
      same(GroupedFormat.decode(GroupedFormat.encode(table), "f"), table);
    }
  }

  @Test
  void otherBytesAreRefused() {
    byte[] good = GroupedFormat.encode(example());
    for (int length = 0; length < good.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(good, length);
      assertThatThrownBy(() -> GroupedFormat.decode(cut, "f"))
          .isInstanceOf(CorruptDataException.class);
    }
    Random random = new Random(Seeds.usual(4));
    for (int round = 0; round < 5_000; round++) {
      byte[] bad = good.clone();
      for (int i = 0; i <= random.nextInt(3); i++) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) > 0) { // as somebody would who wants to be believed
        int crc = Crc32c.of(bad, 0, bad.length - 4);
        for (int i = 0; i < 4; i++) {
          bad[bad.length - 4 + i] = (byte) (crc >>> 8 * i);
        }
      }
      try {
        var _ = GroupedFormat.decode(bad, "f");
      } catch (CorruptDataException e) {
        assertThat(e).hasMessageContaining("f");
      }
    }
  }
}
