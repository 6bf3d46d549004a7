package io.varve.engine.wal;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.FileHeader;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The open end of the log: one segment file, the size up to which it is good, and the way back to
 * that size after a write that failed halfway. One thread writes; {@link #sync} may run beside it.
 */
final class SegmentWriter {
  /** What a repair writes and cuts off again to see whether the disk takes bytes. */
  private static final int LARGEST_PROBE_BYTES = 1 << 20;

  private final FileSystem fileSystem;
  private final Path path;
  private final long firstSequence;
  private final byte[] salt;
  private final CRC32C crc = new CRC32C();
  private final ByteWriter record = new ByteWriter(64 << 10);
  private volatile FileSystem.AppendFile file;
  private volatile long goodBytes;
  private volatile boolean headerDurable;
  private int attemptedBytes;

  private SegmentWriter(
      FileSystem fileSystem,
      Path path,
      long storeId,
      long firstSequence,
      FileSystem.AppendFile file) {
    this.fileSystem = fileSystem;
    this.path = path;
    this.firstSequence = firstSequence;
    this.salt = WalFormat.salt(storeId, firstSequence);
    this.file = file;
    this.goodBytes = file.size();
  }

  /**
   * Creates a segment with its header, neither file nor folder synced. What an earlier attempt that
   * failed left behind is removed first.
   */
  static SegmentWriter create(FileSystem fileSystem, Path folder, long storeId, long firstSequence)
      throws IOException {
    Path path = folder.resolve(WalFormat.fileName(firstSequence));
    if (fileSystem.exists(path)) {
      if (fileSystem.size(path) > WalFormat.SEGMENT_HEADER_BYTES) {
        throw new IOException("BUG: " + path + " exists and holds records");
      }
      fileSystem.delete(path);
    }
    FileSystem.AppendFile file = fileSystem.create(path);
    boolean whole = false;
    try {
      ByteWriter header = new ByteWriter(FileHeader.BYTES);
      new FileHeader(WalFormat.FORMAT, WalFormat.VERSION, storeId, firstSequence).write(header);
      file.write(header.array(), 0, header.size());
      SegmentWriter writer = new SegmentWriter(fileSystem, path, storeId, firstSequence, file);
      whole = true;
      return writer;
    } finally {
      if (!whole) {
        file.close();
      }
    }
  }

  /** Goes on with a segment that has a good header and no records. */
  static SegmentWriter reopen(FileSystem fileSystem, Path path, long storeId, long firstSequence)
      throws IOException {
    return new SegmentWriter(
        fileSystem, path, storeId, firstSequence, fileSystem.openForAppend(path));
  }

  /** Writes one record whole, or throws and leaves a torn one that {@link #cutBack} removes. */
  void append(
      int type, long sequence, long durable, byte[] payload, int payloadOffset, int payloadLength)
      throws IOException {
    int bytes = WalFormat.RECORD_HEADER_BYTES + payloadLength;
    long after = goodBytes + bytes;
    attemptedBytes = bytes;
    record.reset();
    byte[] to = record.reserve(bytes);
    WalFormat.INT.set(to, WalFormat.LENGTH_AT, payloadLength);
    WalFormat.LONG.set(to, WalFormat.SEQUENCE_AT, sequence);
    int undurable = (int) Math.min(sequence - durable, 0xFFFF_FFFFL);
    WalFormat.INT.set(to, WalFormat.UNDURABLE_AT, undurable);
    to[WalFormat.TYPE_AT] = (byte) type;
    System.arraycopy(payload, payloadOffset, to, WalFormat.RECORD_HEADER_BYTES, payloadLength);
    WalFormat.INT.set(to, WalFormat.CRC_AT, WalFormat.checksum(crc, salt, to, 0, payloadLength));
    file.write(to, 0, bytes);
    goodBytes = after;
  }

  /** Says that everything up to {@code last} is on stable storage; not synced itself. */
  void endMark(long last) throws IOException {
    append(WalFormat.END_MARK, last, last, new byte[0], 0, 0);
  }

  void sync() throws IOException {
    file.sync();
  }

  /** Removes what was written after the last good record and opens the file again. */
  void cutBack() throws IOException {
    close();
    fileSystem.truncate(path, goodBytes);
    file = fileSystem.openForAppend(path);
    if (file.size() != goodBytes) {
      throw new IOException(
          "BUG: " + path + " has " + file.size() + " bytes after a cut to " + goodBytes);
    }
  }

  /** Throws if the disk does not take as many bytes as the append that failed. */
  void probe() throws IOException {
    byte[] zeros = new byte[Math.clamp(attemptedBytes, 4096, LARGEST_PROBE_BYTES)];
    for (int written = 0; written < attemptedBytes; written += zeros.length) {
      file.write(zeros, 0, zeros.length);
    }
    cutBack();
  }

  /** To be called after a sync that succeeded. */
  void headerIsDurable() {
    headerDurable = true;
  }

  /** True if the header is known to be on stable storage. */
  boolean isHeaderDurable() {
    return headerDurable;
  }

  Path path() {
    return path;
  }

  long firstSequence() {
    return firstSequence;
  }

  /** Bytes up to the end of the last good record. */
  long bytes() {
    return goodBytes;
  }

  void close() throws IOException {
    file.close();
  }
}
