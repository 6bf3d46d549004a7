package io.varve.engine.index;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Writes a file's body in 64 KiB pages and keeps the checksum of each for the table behind the
 * body, and a SHA-256 of everything. Not thread-safe; the file belongs to the caller.
 */
final class PageWriter {
  private final FileSystem.AppendFile file;
  private final MessageDigest sha256;
  private final byte[] page = new byte[SegmentFormat.PAGE_BYTES];
  private int filled;
  private int[] checksums = new int[16];
  private int pages;
  private long written;

  PageWriter(FileSystem.AppendFile file) {
    this.file = file;
    try {
      this.sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Bytes written so far. */
  long position() {
    return written + filled;
  }

  void write(ByteWriter bytes) throws IOException {
    write(bytes.array(), 0, bytes.size());
  }

  void write(byte[] bytes, int offset, int length) throws IOException {
    int at = offset;
    int left = length;
    while (left > 0) {
      int some = Math.min(left, page.length - filled);
      System.arraycopy(bytes, at, page, filled, some);
      filled += some;
      at += some;
      left -= some;
      if (filled == page.length) {
        flushPage();
      }
    }
  }

  private void flushPage() throws IOException {
    if (pages == checksums.length) {
      checksums = Arrays.copyOf(checksums, pages * 2);
    }
    checksums[pages++] = Crc32c.of(page, 0, filled);
    emit(page, filled);
    filled = 0;
  }

  private void emit(byte[] bytes, int length) throws IOException {
    sha256.update(bytes, 0, length);
    file.write(bytes, 0, length);
    written += length;
  }

  /** Ends the body and writes the page table and the trailer. */
  void finish(long tenantTable) throws IOException {
    if (filled > 0) {
      flushPage();
    }
    ByteWriter end = new ByteWriter(4 * pages + SegmentFormat.TRAILER_BYTES);
    for (int i = 0; i < pages; i++) {
      end.fixed32(checksums[i]);
    }
    int tableChecksum = Crc32c.of(end.array(), 0, end.size());
    int trailer = end.size();
    end.fixed64(written);
    end.fixed64(tenantTable);
    end.fixed32(pages);
    end.fixed32(tableChecksum);
    end.fixed32(Crc32c.of(end.array(), trailer, end.size() - trailer));
    end.fixed32(SegmentFormat.END_MAGIC);
    emit(end.array(), end.size());
  }

  /** SHA-256 of everything written, in hex. */
  String sha256() {
    return HexFormat.of().formatHex(sha256.digest());
  }
}
