package io.varve.engine.partition;

/**
 * A stretch of one chunk file in memory. Asked for the next stretch, it reads ahead, farther each
 * time, so that rows that are read in file order cost few reads, and a few rows few bytes; asked
 * for any other, it reads no more than needed. For one thread.
 */
final class FileWindow {
  /** How far it reads ahead at first, and at most. */
  private static final int LEAST_AHEAD_BYTES = 4 << 10;

  private static final int MOST_AHEAD_BYTES = 64 << 10;

  /** A gap up to this size is still "the next": to copy it costs less than another read. */
  private static final int GAP_BYTES = 16 << 10;

  private byte[] bytes = new byte[0];
  private long reader = -1;
  private long start;
  private long end;
  private int ahead;

  byte[] bytes() {
    return bytes;
  }

  long residentBytes() {
    return bytes.length;
  }

  /**
   * Brings a stretch of the file into memory.
   *
   * @param limit end of the section, which is not read ahead of
   * @return the index in {@link #bytes} of the byte at {@code offset}
   */
  int fetch(ChunkReader from, long offset, int length, long limit) {
    boolean same = reader == from.number();
    if (!same || offset < start || offset + length > end) {
      boolean next = same && offset >= start && offset - end <= GAP_BYTES;
      ahead = next ? Math.clamp(2L * ahead, LEAST_AHEAD_BYTES, MOST_AHEAD_BYTES) : 0;
      long to = Math.min(limit, offset + Math.max(length, ahead));
      load(from, offset, Math.max(offset + length, to));
    }
    return (int) (offset - start);
  }

  private void load(ChunkReader from, long first, long last) {
    reader = -1; // nothing is valid if this fails
    long begin = first;
    long until = last;
    boolean proven = from.isProven(first, last);
    if (!proven) {
      begin = from.pageStart(first);
      until = from.pageEnd(last);
    }
    int length = Math.toIntExact(until - begin);
    if (bytes.length < length) {
      bytes = new byte[Math.max(length, Math.min(2 * bytes.length, MOST_AHEAD_BYTES))];
    }
    from.readFully(begin, bytes, length);
    if (!proven) {
      from.prove(begin, bytes, length);
    }
    start = begin;
    end = until;
    reader = from.number();
  }
}
