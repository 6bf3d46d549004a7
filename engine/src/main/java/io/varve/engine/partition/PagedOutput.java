package io.varve.engine.partition;

import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A file that is written front to back through a buffer of one page: it keeps the checksum of every
 * page and the SHA-256 of everything. For one thread.
 */
final class PagedOutput {
  private final FileSystem.AppendFile file;
  private byte[] page = new byte[1 << 12]; // a small file needs no more
  private final MessageDigest digest = sha256();
  private int filled;
  private long flushed;
  private int[] checksums = new int[16];
  private int pages;

  PagedOutput(FileSystem.AppendFile file) {
    this.file = file;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Bytes written so far. */
  long position() {
    return flushed + filled;
  }

  void write(byte[] bytes, int offset, int length) throws IOException {
    int at = offset;
    int end = offset + length;
    while (at < end) {
      int part = Math.min(end - at, ChunkFormat.PAGE_BYTES - filled);
      if (filled + part > page.length) {
        page = Arrays.copyOf(page, ChunkFormat.PAGE_BYTES);
      }
      System.arraycopy(bytes, at, page, filled, part);
      filled += part;
      at += part;
      if (filled == ChunkFormat.PAGE_BYTES) {
        flush();
      }
    }
  }

  /** Ends the last page and returns the checksums of all; what follows is in no page. */
  int[] endPages() throws IOException {
    if (filled > 0) {
      flush();
    }
    return Arrays.copyOf(checksums, pages);
  }

  private void flush() throws IOException {
    if (pages == checksums.length) {
      checksums = Arrays.copyOf(checksums, pages * 2);
    }
    checksums[pages++] = Crc32c.of(page, 0, filled);
    writeThrough(page, filled);
    filled = 0;
  }

  /** Writes past the pages. */
  void writeThrough(byte[] bytes, int length) throws IOException {
    digest.update(bytes, 0, length);
    file.write(bytes, 0, length);
    flushed += length;
  }

  byte[] digest() {
    return digest.digest();
  }
}
