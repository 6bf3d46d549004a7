package io.varve.engine.index;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The mapped body of a segment file. Every range is asked for by {@link #check} before it is read,
 * which compares the checksum of each 64 KiB page when it is first touched: opening reads next to
 * nothing, and no byte is used unproved. Thread-safe.
 */
final class MappedPages {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment file;
  private final String source;
  private final long bodyBytes;
  private final int[] checksums;

  // Written without synchronisation: whoever misses a "true" checks the same bytes once more.
  private final boolean[] proved;

  /**
   * @param bodyBytes how much of the file is body; at least eight more bytes follow it
   * @param checksums CRC-32C of each page of the body
   */
  MappedPages(MemorySegment file, String source, long bodyBytes, int[] checksums) {
    this.file = file;
    this.source = source;
    this.bodyBytes = bodyBytes;
    this.checksums = checksums;
    this.proved = new boolean[checksums.length];
  }

  String source() {
    return source;
  }

  long bodyBytes() {
    return bodyBytes;
  }

  int pages() {
    return checksums.length;
  }

  CorruptDataException corrupt(long offset, String problem) {
    return new CorruptDataException(source, offset, problem);
  }

  /** Makes sure that a range lies in the body and its pages are what was written. */
  void check(long offset, long length) {
    if (offset < 0 || length < 0 || length > bodyBytes - offset) {
      throw corrupt(offset, length + " bytes reach beyond the body of " + bodyBytes);
    }
    if (length > 0) {
      int last = (int) ((offset + length - 1) >>> SegmentFormat.PAGE_SHIFT);
      for (int page = (int) (offset >>> SegmentFormat.PAGE_SHIFT); page <= last; page++) {
        if (!proved[page]) {
          prove(page);
        }
      }
    }
  }

  /** Compares a page's checksum, again if need be. */
  void prove(int page) {
    long offset = (long) page << SegmentFormat.PAGE_SHIFT;
    long length = Math.min(SegmentFormat.PAGE_BYTES, bodyBytes - offset);
    int found = Crc32c.of(file.asSlice(offset, length).asByteBuffer());
    if (found != checksums[page]) {
      throw corrupt(
          offset,
          "checksum of page %d is %08x, %08x was written".formatted(page, found, checksums[page]));
    }
    proved[page] = true;
  }

  // The getters below trust that the range was checked; the mapping's own bounds hold in any case.

  int u8(long offset) {
    return file.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
  }

  int fixed32(long offset) {
    return file.get(INT, offset);
  }

  long fixed64(long offset) {
    return file.get(LONG, offset);
  }

  void copy(long offset, byte[] into, int at, int length) {
    MemorySegment.copy(file, ValueLayout.JAVA_BYTE, offset, into, at, length);
  }

  /** A view of a range that was checked. */
  ByteBuffer view(long offset, long length) {
    return file.asSlice(offset, length).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The {@code index}-th of packed unsigned ints of {@code width} ≤ 32 bits, lowest bit first. */
  int packed(long offset, int width, int index) {
    long bit = (long) index * width;
    long word = fixed64(offset + (bit >>> 3)); // the body is followed by more than eight bytes
    return (int) (word >>> (bit & 7) & (1L << width) - 1);
  }
}
