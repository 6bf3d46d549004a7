package io.varve.engine.index;

import io.varve.engine.format.CorruptDataException;

/**
 * Reads a range of a mapped body front to back and never past its end. Placed by {@link #on}; not
 * thread-safe.
 */
final class MappedReader {
  private final MappedPages pages;
  private long at;
  private long end;

  MappedReader(MappedPages pages) {
    this.pages = pages;
  }

  /** Places the reader on a range, which is checked. */
  MappedReader on(long offset, long length) {
    pages.check(offset, length);
    at = offset;
    end = offset + length;
    return this;
  }

  /** Where in the file the next byte stands. */
  long position() {
    return at;
  }

  /** Bytes left. */
  long remaining() {
    return end - at;
  }

  CorruptDataException corrupt(String problem) {
    return pages.corrupt(at, problem);
  }

  int u8() {
    if (at >= end) {
      throw corrupt("record is cut off");
    }
    return pages.u8(at++);
  }

  /** Unsigned LEB128 of at most five bytes that is an int from 0 to {@code most}. */
  int count(long most) {
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int b = u8();
      value |= (long) (b & 0x7F) << shift;
      if (b < 0x80) {
        if (value > most) {
          throw corrupt("count " + value + " is over " + most);
        }
        return (int) value;
      }
    }
    throw corrupt("varint is longer than 5 bytes");
  }

  /** Unsigned LEB128 of at most five bytes, up to 35 bits. */
  long varint() {
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int b = u8();
      value |= (long) (b & 0x7F) << shift;
      if (b < 0x80) {
        return value;
      }
    }
    throw corrupt("varint is longer than 5 bytes");
  }

  /** Skips bytes; returns where in the file they begin. */
  long skip(long count) {
    if (count < 0 || count > end - at) {
      throw corrupt("needs " + count + " bytes, " + (end - at) + " left");
    }
    long start = at;
    at += count;
    return start;
  }

  void copy(byte[] into, int offset, int length) {
    pages.copy(skip(length), into, offset, length);
  }
}
