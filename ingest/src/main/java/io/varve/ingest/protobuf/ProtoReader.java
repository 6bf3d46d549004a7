package io.varve.ingest.protobuf;

import io.varve.engine.format.CorruptDataException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A cursor over the fields of one protobuf message in an array. It allocates nothing, never reads
 * past its limit, and ends in {@link CorruptDataException} with the offset in the message when the
 * bytes are not protobuf. Submessages are entered by lowering the limit ({@link #enter}, {@link
 * #leave}), so nesting costs no memory. Not thread-safe; reused by {@link #on}.
 */
public final class ProtoReader {
  /** Wire type of int32, int64, uint32, uint64, sint32, sint64, bool and enums. */
  public static final int VARINT = 0;

  /** Wire type of double, fixed64 and sfixed64. */
  public static final int FIXED64 = 1;

  /** Wire type of strings, bytes, submessages and packed repeated scalars. */
  public static final int LENGTH_DELIMITED = 2;

  private static final int GROUP_START = 3;
  private static final int GROUP_END = 4;

  /** Wire type of float, fixed32 and sfixed32. */
  public static final int FIXED32 = 5;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final String source;
  private byte[] bytes = new byte[0];
  private int at;
  private int limit;

  /**
   * A reader on nothing, to be placed with {@link #on}.
   *
   * @param source what is read, for errors
   */
  public ProtoReader(String source) {
    this.source = source;
  }

  /**
   * Places the reader on the bytes {@code [from, to)} of an array; offsets count from its start.
   */
  public ProtoReader on(byte[] bytes, int from, int to) {
    Objects.checkFromToIndex(from, to, bytes.length);
    this.bytes = bytes;
    this.at = from;
    this.limit = to;
    return this;
  }

  /** Index of the next byte. */
  public int at() {
    return at;
  }

  /** Index after the last byte of the message. */
  public int limit() {
    return limit;
  }

  /** True when every field of the message was read. */
  public boolean atEnd() {
    return at >= limit;
  }

  /** An exception that carries this reader's source and place. */
  public CorruptDataException corrupt(String problem) {
    return new CorruptDataException(source, at, problem);
  }

  /** The tag of the next field: its number shifted left by three, and its wire type. */
  public int tag() {
    int start = at;
    long tag = varint();
    if (tag >>> 32 != 0 || tag >>> 3 == 0) {
      throw new CorruptDataException(
          source, start, "protobuf tag " + Long.toUnsignedString(tag) + " is not possible");
    }
    return (int) tag;
  }

  /** Refuses a field that has another wire type than its schema says. */
  public void expect(int tag, int wireType, String field) {
    if ((tag & 7) != wireType) {
      throw wrongWireType(tag, field);
    }
  }

  /** An exception for a known field with a wire type that it cannot have. */
  public CorruptDataException wrongWireType(int tag, String field) {
    return corrupt("wrong wire type " + (tag & 7) + " for field " + field);
  }

  /** A varint of up to ten bytes; bits above the 64th are dropped, as all implementations do. */
  public long varint() {
    long value = 0;
    int p = at;
    for (int shift = 0; shift < 70; shift += 7) {
      if (p >= limit) {
        throw corrupt("varint is cut off");
      }
      byte b = bytes[p++];
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        at = p;
        return value;
      }
    }
    throw corrupt("varint is longer than 10 bytes");
  }

  /** A varint in zigzag form. */
  public long zigzag() {
    long v = varint();
    return (v >>> 1) ^ -(v & 1);
  }

  /** Eight bytes, little-endian: the raw bits of a double. */
  public long fixed64() {
    if (limit - at < 8) {
      throw corrupt("8 bytes needed, " + (limit - at) + " left");
    }
    long v = (long) LONG.get(bytes, at);
    at += 8;
    return v;
  }

  /** The length of a length-delimited field: at most what is left of the message. */
  public int length() {
    int start = at;
    long n = varint();
    if (n < 0 || n > limit - at) {
      int left = limit - at;
      at = start;
      throw corrupt("length " + Long.toUnsignedString(n) + " is over the " + left + " bytes left");
    }
    return (int) n;
  }

  /** Passes over {@code count} bytes that {@link #length} has returned. */
  public void pass(int count) {
    at += Objects.checkIndex(count, limit - at + 1);
  }

  /**
   * Reads a length and makes that submessage the message.
   *
   * @return the limit to give to {@link #leave}
   */
  public int enter() {
    int n = length();
    int outer = limit;
    limit = at + n;
    return outer;
  }

  /** Ends a submessage that was read to its end. */
  public void leave(int outerLimit) {
    limit = outerLimit;
  }

  /** Passes over the value of a field that nobody wants. */
  public void skip(int tag) {
    int open = 0; // groups are obsolete, but a skipped field may be one
    int t = tag;
    while (true) {
      switch (t & 7) {
        case VARINT -> varint();
        case FIXED64 -> skipFixed(8);
        case LENGTH_DELIMITED -> {
          int n = length();
          at += n;
        }
        case FIXED32 -> skipFixed(4);
        case GROUP_START -> open++;
        case GROUP_END -> {
          if (--open < 0) {
            throw corrupt("end of a group that has not begun");
          }
        }
        default -> throw corrupt("unknown wire type " + (t & 7));
      }
      if (open == 0) {
        return;
      }
      if (atEnd()) {
        throw corrupt("group is cut off");
      }
      t = tag();
    }
  }

  private void skipFixed(int count) {
    if (limit - at < count) {
      throw corrupt(count + " bytes needed, " + (limit - at) + " left");
    }
    at += count;
  }

  /** How many bytes the shortest varint of a length takes. */
  public static int varintBytes(int length) {
    return (38 - Integer.numberOfLeadingZeros(length | 1)) / 7;
  }
}
