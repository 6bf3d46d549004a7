package io.varve.engine.partition;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of a file of grouped aggregates. The format is described in the package's
 * documentation.
 */
public final class GroupedFormat {
  /** Most groups of a file. */
  public static final int MOST_GROUPS = 1 << 20;

  /** Most values of a file. */
  public static final long MOST_VALUES = 1L << 24;

  private static final byte[] MAGIC = "VarveGRP".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;
  private static final int MOST_COLUMNS = 1 << 10;

  private static final int NOTHING = 0;
  private static final int DOUBLES = 1;
  private static final int WHOLE = 2;
  private static final int WITH_GAPS = 4;

  /** Beyond this, not every whole number is a double. */
  private static final double MOST_WHOLE = 1L << 53;

  private GroupedFormat() {}

  /** The bytes of a table. */
  public static byte[] encode(GroupedTable table) {
    ByteWriter out = new ByteWriter(1024);
    out.bytes(MAGIC);
    out.fixed32(VERSION);
    out.zigzag(table.startExclusive());
    out.varint(table.stepMillis());
    out.varint(table.steps());
    out.varint(table.columns().size());
    for (GroupedTable.Column column : table.columns()) {
      out.string(column.name());
      out.u8(column.values() == null ? 0 : 1);
    }
    out.varint(table.groups().size());
    for (GroupedTable.Group group : table.groups()) {
      out.string(group.tenant());
      byte[] labels = group.labels().canonical();
      out.varint(labels.length);
      out.bytes(labels);
    }
    for (GroupedTable.Column column : table.columns()) {
      double[] values = column.values();
      for (int g = 0; values != null && g < table.groups().size(); g++) {
        encode(values, g * table.steps(), table.steps(), out);
      }
    }
    out.fixed32(Crc32c.of(out.array(), 0, out.size()));
    return out.toByteArray();
  }

  private static void encode(double[] values, int from, int steps, ByteWriter out) {
    int present = 0;
    boolean whole = true;
    for (int i = from; i < from + steps; i++) {
      double value = values[i];
      if (!StaleMarker.is(value)) {
        present++;
        whole &= isWhole(value);
      }
    }
    if (present == 0) {
      out.u8(NOTHING);
      return;
    }
    out.u8((whole ? WHOLE : DOUBLES) + (present < steps ? WITH_GAPS : 0));
    for (int i = 0; present < steps && i < steps; i += 8) {
      int bits = 0;
      for (int j = i; j < Math.min(steps, i + 8); j++) {
        bits |= StaleMarker.is(values[from + j]) ? 0 : 1 << (j - i);
      }
      out.u8(bits);
    }
    long before = 0;
    for (int i = from; i < from + steps; i++) {
      double value = values[i];
      if (StaleMarker.is(value)) {
        continue;
      }
      if (whole) {
        out.zigzag((long) value - before);
        before = (long) value;
      } else {
        out.bits(value);
      }
    }
  }

  /** False for −0, too, which is another value than 0. */
  private static boolean isWhole(double value) {
    return Math.abs(value) <= MOST_WHOLE
        && Double.doubleToRawLongBits((double) (long) value) == Double.doubleToRawLongBits(value);
  }

  /**
   * The table of these bytes.
   *
   * @param path named in errors
   * @throws CorruptDataException if they are none
   */
  public static GroupedTable decode(byte[] bytes, String path) {
    int end = bytes.length - 4;
    if (end < MAGIC.length + 4) {
      throw new CorruptDataException(path, 0, "is " + bytes.length + " bytes, too short");
    }
    ByteReader in = new ByteReader().on(bytes, 0, end, path, 0);
    for (byte b : MAGIC) {
      if (in.u8() != b) {
        throw new CorruptDataException(path, 0, "is not a file of grouped aggregates");
      }
    }
    if (Crc32c.of(bytes, 0, end) != new ByteReader().on(bytes, end, 4, path, 0).fixed32()) {
      throw new CorruptDataException(path, 0, "checksum does not match");
    }
    int version = in.fixed32();
    if (version != VERSION) {
      throw in.corrupt("is of version " + version + ", this program reads " + VERSION);
    }
    GroupedTable table = table(in);
    if (!in.atEnd()) {
      throw in.corrupt(in.remaining() + " bytes after the last value");
    }
    return table;
  }

  private static GroupedTable table(ByteReader in) {
    long start = in.zigzag();
    long stepMillis = in.varint();
    int steps = in.count(Integer.MAX_VALUE);
    if (stepMillis <= 0) {
      throw in.corrupt("steps of " + stepMillis + " ms");
    }
    int count = in.count(Math.min(MOST_COLUMNS, in.remaining() / 2));
    List<String> names = new ArrayList<>(count);
    boolean[] known = new boolean[count];
    for (int c = 0; c < count; c++) {
      names.add(in.string());
      int kind = in.u8();
      if (kind > 1) {
        throw in.corrupt("a column of kind " + kind);
      }
      known[c] = kind == 1;
    }
    int rows = in.count(Math.min(MOST_GROUPS, in.remaining() / 2));
    if ((long) rows * steps * Math.max(1, count) > MOST_VALUES) {
      throw in.corrupt(rows + " groups of " + steps + " steps in " + count + " columns");
    }
    List<GroupedTable.Group> groups = new ArrayList<>(rows);
    for (int g = 0; g < rows; g++) {
      String tenant = in.string();
      int length = in.count(in.remaining());
      int at = in.skip(length);
      groups.add(new GroupedTable.Group(tenant, labels(in, at, length)));
    }
    List<GroupedTable.Column> columns = new ArrayList<>(count);
    for (int c = 0; c < count; c++) {
      double[] values = null;
      if (known[c]) {
        values = new double[rows * steps];
        for (int g = 0; g < rows; g++) {
          decode(in, values, g * steps, steps);
        }
      }
      columns.add(new GroupedTable.Column(names.get(c), values));
    }
    return new GroupedTable(start, stepMillis, steps, groups, columns);
  }

  private static Labels labels(ByteReader in, int at, int length) {
    try {
      return Labels.fromCanonical(in.array(), at, length);
    } catch (RuntimeException e) {
      throw in.corrupt("the " + length + " bytes before are no labels");
    }
  }

  private static void decode(ByteReader in, double[] values, int from, int steps) {
    int form = in.u8();
    int kind = form & ~WITH_GAPS;
    if (kind > WHOLE || form > (WHOLE | WITH_GAPS)) {
      throw in.corrupt("values of form " + form);
    }
    int bits = (form & WITH_GAPS) == 0 ? -1 : in.skip((steps + 7) / 8);
    byte[] bytes = in.array();
    long before = 0;
    for (int i = 0; i < steps; i++) {
      boolean present = kind != NOTHING && (bits < 0 || (bytes[bits + i / 8] >> (i % 8) & 1) != 0);
      if (!present) {
        values[from + i] = StaleMarker.VALUE;
      } else if (kind == WHOLE) {
        before += in.zigzag();
        values[from + i] = before;
      } else {
        values[from + i] = in.bits();
      }
    }
  }
}
