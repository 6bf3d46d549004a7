package io.varve.engine.index;

import io.varve.engine.model.SeriesKey;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Recomputes the keys of all series of a section. Dictionaries are unrolled into whole label fields
 * first, so that a series' bytes are a few copies, and the labels that neighbours share at their
 * front stay where they are.
 */
final class SegmentKeys {
  /** Dictionaries that would be larger than this are read value by value. */
  private static final int MOST_UNROLLED = 16 << 20;

  private final SegmentTerms terms;
  private final @Nullable Fields[] fields;
  private final DictionaryCursor[] cursors;
  private byte[] bytes = new byte[512];

  /** The label fields of all values of one name, one after the other. */
  private record Fields(byte[] bytes, int[] ends) {}

  SegmentKeys(SegmentTerms terms) {
    this.terms = terms;
    this.fields = new Fields[terms.names()];
    this.cursors = new DictionaryCursor[terms.names()];
    for (int name = 0; name < cursors.length; name++) {
      cursors[name] = terms.dictionary(name);
      fields[name] = unroll(terms.nameAt(name), cursors[name]);
    }
  }

  private static @Nullable Fields unroll(SegmentTerms.Name name, DictionaryCursor values) {
    byte[] bytes = new byte[1024];
    int[] ends = new int[name.values];
    int at = 0;
    for (int value = 0; value < name.values; value++) {
      values.seek(value);
      int size = LabelCursor.labelSize(name.bytes.length, values.length());
      if (size > MOST_UNROLLED - at) {
        return null;
      }
      if (size > bytes.length - at) {
        bytes = Arrays.copyOf(bytes, Math.max(at + size, bytes.length * 2));
      }
      at =
          LabelCursor.writeLabel(
              bytes, at, name.bytes, name.bytes.length, values.bytes(), 0, values.length());
      ends[value] = at;
    }
    return new Fields(bytes, ends);
  }

  /** Writes the keys of all series of the section from {@code outAt} on. */
  void compute(SeriesKey.Hash hash, long[] outHigh, long[] outLow, int outAt) {
    RecordCursor records = terms.records();
    int[] previous = new int[16]; // value numbers in the bytes
    int[] ends = new int[16]; // where each label ends in the bytes
    for (int position = 0; position < terms.series(); position++) {
      boolean same = position > 0 && position < records.runEnd();
      records.seek(position);
      int columns = records.columns();
      if (columns > previous.length) {
        previous = new int[2 * columns];
        ends = new int[2 * columns];
      }
      int at = 0;
      for (int c = 0; c < columns; c++) {
        int value = records.valueAt(position, c);
        same &= value == previous[c];
        if (!same) {
          previous[c] = value;
          ends[c] = append(at, records.name(c), value);
        }
        at = ends[c];
      }
      SeriesKey key = hash.of(terms.tenant(), bytes, 0, at);
      outHigh[outAt + position] = key.high();
      outLow[outAt + position] = key.low();
    }
  }

  private int append(int at, int name, int value) {
    Fields known = fields[name];
    if (known != null) {
      int from = value == 0 ? 0 : known.ends[value - 1];
      int size = known.ends[value] - from;
      reserve(at, size);
      System.arraycopy(known.bytes, from, bytes, at, size);
      return at + size;
    }
    DictionaryCursor values = cursors[name];
    values.seek(value);
    byte[] label = terms.nameAt(name).bytes;
    reserve(at, LabelCursor.labelSize(label.length, values.length()));
    return LabelCursor.writeLabel(
        bytes, at, label, label.length, values.bytes(), 0, values.length());
  }

  private void reserve(int at, int size) {
    if (size > bytes.length - at) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(at, size), bytes.length * 2));
    }
  }
}
