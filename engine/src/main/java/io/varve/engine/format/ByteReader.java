package io.varve.engine.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads a range of bytes front to back, little-endian, never past its end: any attempt is a {@link
 * CorruptDataException} with the source and the offset. Not thread-safe; reused by {@link #on}.
 */
public final class ByteReader {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes = new byte[0];
  private int at;
  private int limit;
  private String source = "";
  private long base;

  /** A reader on nothing, to be placed with {@link #on}. */
  public ByteReader() {}

  /** A reader of a whole array. */
  public ByteReader(byte[] bytes, String source) {
    on(bytes, 0, bytes.length, source, 0);
  }

  /**
   * Places the reader on {@code [offset, offset + length)}.
   *
   * @param source named in errors
   * @param base offset in the source of the array's first byte, added to offsets in errors
   */
  public ByteReader on(byte[] bytes, int offset, int length, String source, long base) {
    java.util.Objects.checkFromIndexSize(offset, length, bytes.length);
    this.bytes = bytes;
    this.at = offset;
    this.limit = offset + length;
    this.source = source;
    this.base = base;
    return this;
  }

  /** Index in the array of the next byte. */
  public int position() {
    return at;
  }

  /** The array that is read. */
  public byte[] array() {
    return bytes;
  }

  /** Bytes left. */
  public int remaining() {
    return limit - at;
  }

  /** True when every byte was read. */
  public boolean atEnd() {
    return at == limit;
  }

  /** An exception that carries this reader's source and place. */
  public CorruptDataException corrupt(String problem) {
    return new CorruptDataException(source, base + at, problem);
  }

  private void need(int count) {
    if (count < 0 || count > limit - at) {
      throw corrupt(
          "needs " + Integer.toUnsignedString(count) + " bytes, " + (limit - at) + " left");
    }
  }

  /** One byte, 0 to 255. */
  public int u8() {
    need(1);
    return bytes[at++] & 0xFF;
  }

  /** Four bytes, little-endian. */
  public int fixed32() {
    need(4);
    int v = (int) INT.get(bytes, at);
    at += 4;
    return v;
  }

  /** Eight bytes, little-endian. */
  public long fixed64() {
    need(8);
    long v = (long) LONG.get(bytes, at);
    at += 8;
    return v;
  }

  /** A double by its raw bits. */
  public double bits() {
    return Double.longBitsToDouble(fixed64());
  }

  /** Unsigned LEB128. */
  public long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at == limit) {
        throw corrupt("varint is cut off");
      }
      byte b = bytes[at++];
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw corrupt("varint is longer than 10 bytes");
  }

  /** A varint that counts something: 0 to {@code most}, else corrupt. */
  public int count(int most) {
    long v = varint();
    if (v < 0 || v > most) {
      throw corrupt("count " + Long.toUnsignedString(v) + " is over " + most);
    }
    return (int) v;
  }

  /** Zigzag LEB128. */
  public long zigzag() {
    long v = varint();
    return (v >>> 1) ^ -(v & 1);
  }

  /** Skips {@code count} bytes and returns the index in the array where they begin. */
  public int skip(int count) {
    need(count);
    int start = at;
    at += count;
    return start;
  }

  /** A copy of the next {@code count} bytes. */
  public byte[] bytes(int count) {
    int start = skip(count);
    return java.util.Arrays.copyOfRange(bytes, start, start + count);
  }

  /** A varint length and that many UTF-8 bytes. */
  public String string() {
    int length = count(remaining());
    int start = skip(length);
    return new String(bytes, start, length, StandardCharsets.UTF_8);
  }
}
