package io.varve.engine.partition;

import io.varve.engine.codec.Codecs;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import java.nio.charset.StandardCharsets;

/** The fixed parts of a chunk file: header and trailer, and the numbers that both sides share. */
final class ChunkFormat {
  static final int VERSION = 1;
  static final int HEADER_BYTES = 64;
  static final int TRAILER_BYTES = 24;

  /** Unit of the checksums. */
  static final int PAGE_BYTES = 64 << 10;

  /** Blocks, or time columns, in a page of the directory. */
  static final int PAGE_ENTRIES = 512;

  /** Most rows of a block. */
  static final int MOST_ROWS = Codecs.MOST_VALUES;

  private static final byte[] HEADER_MAGIC = "VarveTCH".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TRAILER_MAGIC = "HCTevraV".getBytes(StandardCharsets.US_ASCII);

  private ChunkFormat() {}

  /** The sections in the order in which they stand in the file. */
  enum Section {
    VALUES(0),
    TIMES(1),
    COLUMNS(2),
    BLOCKS(3),
    STATS(4),
    ROWS(5),
    EXEMPLARS(6),
    METADATA(7);

    /** Number in the table of sections. */
    final int index;

    Section(int index) {
      this.index = index;
    }

    static final int COUNT = values().length;
  }

  static byte[] header(ChunkInfo info) {
    ByteWriter out = new ByteWriter(HEADER_BYTES);
    out.bytes(HEADER_MAGIC);
    out.fixed32(VERSION | Codecs.ENCODER_VERSION << 16);
    out.u8(info.level());
    out.u8(info.correction() ? 2 : info.late() ? 1 : 0);
    out.u8(info.bucket());
    out.u8(info.bucket() >>> 8);
    out.fixed32(info.buckets());
    out.fixed32(classHash(info.retentionClass()));
    out.fixed64(info.windowStart());
    out.fixed64(info.windowMillis());
    out.fixed64(info.logFrom());
    out.fixed64(info.logTo());
    out.fixed32((int) info.cellMillis());
    out.fixed32(Crc32c.of(out.array(), 0, out.size()));
    return out.toByteArray();
  }

  /** 0 for the default class. */
  private static int classHash(String retentionClass) {
    byte[] utf8 = retentionClass.getBytes(StandardCharsets.UTF_8);
    return utf8.length == 0 ? 0 : Crc32c.of(utf8, 0, utf8.length);
  }

  /** Reads a header; the class comes from the footer and is compared with the header's hash. */
  static ChunkInfo readHeader(byte[] bytes, String retentionClass, String path) {
    ByteReader in = new ByteReader(bytes, path);
    for (byte b : HEADER_MAGIC) {
      if (in.u8() != b) {
        throw new CorruptDataException(path, 0, "is not a chunk file");
      }
    }
    if (Crc32c.of(bytes, 0, HEADER_BYTES - 4) != fixed32(bytes, HEADER_BYTES - 4)) {
      throw new CorruptDataException(path, 0, "checksum of the header does not match");
    }
    int version = in.fixed32() & 0xFFFF;
    if (version != VERSION) {
      throw new CorruptDataException(
          path, 8, "is of version " + version + ", this program reads " + VERSION);
    }
    int level = in.u8();
    int rank = in.u8();
    int bucket = in.u8() | in.u8() << 8;
    int buckets = in.fixed32();
    if (in.fixed32() != classHash(retentionClass)) {
      throw new CorruptDataException(
          path, 20, "retention class '" + retentionClass + "' does not match the header");
    }
    if (rank > 2) {
      throw new CorruptDataException(path, 13, "rank " + rank);
    }
    return ChunkInfo.decoded(
        path,
        0,
        in.fixed64(),
        in.fixed64(),
        bucket,
        buckets,
        level,
        rank >= 1,
        retentionClass,
        in.fixed64(),
        in.fixed64(),
        in.fixed32() & 0xFFFF_FFFFL,
        rank == 2);
  }

  /** The last bytes of a file whose footer, {@code footer}, stands before them. */
  static byte[] trailer(ByteWriter footer, long footerOffset) {
    ByteWriter out = new ByteWriter(TRAILER_BYTES);
    out.fixed64(footerOffset);
    out.fixed32(footer.size());
    ByteWriter covered = new ByteWriter(footer.size() + 16);
    covered.bytes(footer.array(), 0, footer.size());
    covered.bytes(out.array(), 0, out.size());
    out.fixed32(Crc32c.of(covered.array(), 0, covered.size()));
    out.bytes(TRAILER_MAGIC);
    return out.toByteArray();
  }

  /**
   * Where the footer begins, having checked that the trailer belongs to a file of this size.
   *
   * @param trailer the last {@link #TRAILER_BYTES} bytes
   */
  static long footerOffset(byte[] trailer, long fileBytes, String path) {
    long at = fileBytes - TRAILER_BYTES;
    for (int i = 0; i < TRAILER_MAGIC.length; i++) {
      if (trailer[16 + i] != TRAILER_MAGIC[i]) {
        throw new CorruptDataException(path, at, "does not end as a chunk file does");
      }
    }
    ByteReader in = new ByteReader().on(trailer, 0, TRAILER_BYTES, path, at);
    long offset = in.fixed64();
    int length = in.fixed32();
    if (offset < HEADER_BYTES || length < 0 || offset > at || at - offset != length) {
      throw new CorruptDataException(
          path, at, "footer of " + length + " bytes at " + offset + " does not fit the file");
    }
    return offset;
  }

  /** Checks the footer's checksum; {@code tail} is footer and trailer. */
  static void checkFooter(byte[] tail, long footerOffset, String path) {
    int covered = tail.length - 12;
    if (Crc32c.of(tail, 0, covered) != fixed32(tail, covered)) {
      throw new CorruptDataException(path, footerOffset, "checksum of the footer does not match");
    }
  }

  private static int fixed32(byte[] bytes, int at) {
    return new ByteReader().on(bytes, at, 4, "", 0).fixed32();
  }
}
