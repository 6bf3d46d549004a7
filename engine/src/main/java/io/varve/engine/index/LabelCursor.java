package io.varve.engine.index;

import io.varve.engine.format.CorruptDataException;

/**
 * Walks canonical label bytes label by label without making objects. Placed by {@link #on}; not
 * thread-safe.
 */
final class LabelCursor {
  static final int LABEL_TAG = 0x0A;
  static final int NAME_TAG = 0x0A;
  static final int VALUE_TAG = 0x12;

  private byte[] bytes = new byte[0];
  private int start;
  private int at;
  private int end;

  /** Where the current label's name begins. */
  int nameStart;

  /** Where it ends. */
  int nameEnd;

  /** Where the current label's value begins. */
  int valueStart;

  /** Where it ends. */
  int valueEnd;

  /** Places the cursor before the first label. */
  LabelCursor on(byte[] labels, int offset, int length) {
    java.util.Objects.checkFromIndexSize(offset, length, labels.length);
    bytes = labels;
    start = offset;
    at = offset;
    end = offset + length;
    return this;
  }

  /** Moves to the next label; false if there is none. */
  boolean next() {
    if (at == end) {
      return false;
    }
    expect(LABEL_TAG);
    int labelLength = length(end);
    int labelEnd = at + labelLength;
    expect(NAME_TAG);
    int nameLength = length(labelEnd);
    nameStart = at;
    nameEnd = at + nameLength;
    at = nameEnd;
    expect(VALUE_TAG);
    int valueLength = length(labelEnd);
    valueStart = at;
    valueEnd = at + valueLength;
    at = valueEnd;
    if (at != labelEnd) {
      throw corrupt("label does not end with its value");
    }
    return true;
  }

  /** Moves to a label by its name; false if it is not there. From the start, unordered. */
  boolean find(byte[] name) {
    at = start;
    while (next()) {
      if (java.util.Arrays.equals(bytes, nameStart, nameEnd, name, 0, name.length)) {
        return true;
      }
    }
    return false;
  }

  private void expect(int tag) {
    if (at >= end || bytes[at] != tag) {
      throw corrupt("tag " + tag + " expected");
    }
    at++;
  }

  private int length(int limit) {
    int value = 0;
    for (int shift = 0; shift < 32; shift += 7) {
      if (at >= limit) {
        throw corrupt("length is cut off");
      }
      byte b = bytes[at++];
      value |= (b & 0x7F) << shift;
      if (b >= 0) {
        if (value < 0 || value > limit - at || (b == 0 && shift > 0)) {
          throw corrupt("length " + value + " where " + (limit - at) + " bytes are left");
        }
        return value;
      }
    }
    throw corrupt("length is longer than 5 bytes");
  }

  private CorruptDataException corrupt(String problem) {
    return new CorruptDataException("label set", at - start, problem);
  }

  /** Bytes of the label field that {@link #writeLabel} writes. */
  static int labelSize(int nameLength, int valueLength) {
    int inner = 2 + varintSize(nameLength) + nameLength + varintSize(valueLength) + valueLength;
    return 1 + varintSize(inner) + inner;
  }

  /** Writes one label in canonical form; returns the index after it. */
  static int writeLabel(
      byte[] into, int at, byte[] name, int nameLength, byte[] value, int from, int valueLength) {
    into[at++] = LABEL_TAG;
    at =
        writeVarint(
            into,
            at,
            2 + varintSize(nameLength) + nameLength + varintSize(valueLength) + valueLength);
    into[at++] = NAME_TAG;
    at = writeVarint(into, at, nameLength);
    System.arraycopy(name, 0, into, at, nameLength);
    at += nameLength;
    into[at++] = VALUE_TAG;
    at = writeVarint(into, at, valueLength);
    System.arraycopy(value, from, into, at, valueLength);
    return at + valueLength;
  }

  static int varintSize(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
  }

  private static int writeVarint(byte[] into, int at, int value) {
    int v = value;
    while (v > 0x7F) {
      into[at++] = (byte) (v | 0x80);
      v >>>= 7;
    }
    into[at++] = (byte) v;
    return at;
  }
}
