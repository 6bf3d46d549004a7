package io.varve.engine.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A growable buffer that is written front to back, little-endian. Not thread-safe; reused by {@link
 * #reset}.
 */
public final class ByteWriter {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes;
  private int size;

  /** A writer with room for {@code capacity} bytes before it grows. */
  public ByteWriter(int capacity) {
    bytes = new byte[Math.max(16, capacity)];
  }

  /** The backing array; valid bytes are {@code [0, size)}. Replaced when the writer grows. */
  public byte[] array() {
    return bytes;
  }

  /** Bytes written so far. */
  public int size() {
    return size;
  }

  /** Forgets everything written; keeps the memory. */
  public void reset() {
    size = 0;
  }

  /** Cuts back to {@code newSize ≤ size} bytes. */
  public void truncate(int newSize) {
    if (newSize < 0 || newSize > size) {
      throw new IllegalArgumentException("truncate to " + newSize + " of " + size);
    }
    size = newSize;
  }

  /** Makes room for {@code more} bytes and returns the backing array. */
  public byte[] reserve(int more) {
    int needed = Math.addExact(size, more);
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(needed, (int) Math.min(bytes.length * 2L, 1 << 30)));
    }
    return bytes;
  }

  /** Counts {@code count} bytes, written directly into {@link #reserve reserved} memory. */
  public void advance(int count) {
    size += count;
  }

  /** One byte: the low 8 bits. */
  public void u8(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
  }

  /** Four bytes, little-endian. */
  public void fixed32(int value) {
    reserve(4);
    INT.set(bytes, size, value);
    size += 4;
  }

  /** Eight bytes, little-endian. */
  public void fixed64(long value) {
    reserve(8);
    LONG.set(bytes, size, value);
    size += 8;
  }

  /** The raw bits of a double, eight bytes; NaN payloads survive. */
  public void bits(double value) {
    fixed64(Double.doubleToRawLongBits(value));
  }

  /** Unsigned LEB128, 1 to 10 bytes. */
  public void varint(long value) {
    reserve(10);
    long v = value;
    while ((v & ~0x7FL) != 0) {
      bytes[size++] = (byte) (v | 0x80);
      v >>>= 7;
    }
    bytes[size++] = (byte) v;
  }

  /** Zigzag LEB128: small magnitudes of either sign are short. */
  public void zigzag(long value) {
    varint((value << 1) ^ (value >> 63));
  }

  /** Raw bytes. */
  public void bytes(byte[] source, int offset, int length) {
    reserve(length);
    System.arraycopy(source, offset, bytes, size, length);
    size += length;
  }

  /** Raw bytes. */
  public void bytes(byte[] source) {
    bytes(source, 0, source.length);
  }

  /** A varint length and the UTF-8 bytes. */
  public void string(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    varint(utf8.length);
    bytes(utf8);
  }

  /** Overwrites four bytes written earlier. */
  public void patch32(int at, int value) {
    INT.set(bytes, at, value);
  }

  /** A copy of what was written. */
  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }
}
