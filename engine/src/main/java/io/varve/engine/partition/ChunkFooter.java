package io.varve.engine.partition;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.partition.ChunkFormat.Section;
import java.util.Arrays;

/**
 * The table of contents of a chunk file, at its end: counts, where each section and each page of
 * the directory begins, and the checksums of the file's pages.
 *
 * @param retentionClass class of the series
 * @param series rows
 * @param blocks blocks of all rows
 * @param columns distinct time columns
 * @param samples samples of all blocks
 * @param minTime earliest sample, 0 without samples
 * @param maxTime latest sample, 0 without samples
 * @param sections where the sections begin, and where the last one ends: the footer's offset
 * @param columnPages where the pages of {@code COLUMNS} begin in the file, and where the last ends
 * @param blockPages the same of {@code BLOCKS}
 * @param statsPages the same of {@code STATS}
 * @param checksums CRC-32C of each 64 KiB of the file up to the footer
 */
record ChunkFooter(
    String retentionClass,
    int series,
    int blocks,
    int columns,
    long samples,
    long minTime,
    long maxTime,
    long[] sections,
    long[] columnPages,
    long[] blockPages,
    long[] statsPages,
    int[] checksums) {

  static int pages(int entries) {
    return (int) ((entries + (long) ChunkFormat.PAGE_ENTRIES - 1) / ChunkFormat.PAGE_ENTRIES);
  }

  void encode(ByteWriter out) {
    out.string(retentionClass);
    out.varint(series);
    out.varint(blocks);
    out.varint(columns);
    out.varint(samples);
    out.zigzag(minTime);
    out.varint(maxTime - minTime);
    lengths(out, sections);
    lengths(out, columnPages);
    lengths(out, blockPages);
    lengths(out, statsPages);
    for (int checksum : checksums) {
      out.fixed32(checksum);
    }
  }

  private static void lengths(ByteWriter out, long[] starts) {
    for (int i = 1; i < starts.length; i++) {
      out.varint(starts[i] - starts[i - 1]);
    }
  }

  /**
   * Reads a footer whose checksum matched; it may still lie.
   *
   * @param cells true if the file has aggregates only: neither values nor times
   */
  static ChunkFooter decode(byte[] tail, long footerOffset, String path, boolean cells) {
    int length = tail.length - ChunkFormat.TRAILER_BYTES;
    ByteReader in = new ByteReader().on(tail, 0, length, path, footerOffset);
    String retentionClass = in.string();
    int series = in.count(Integer.MAX_VALUE);
    int blocks = in.count(Integer.MAX_VALUE);
    int columns = in.count(blocks);
    long samples = in.varint();
    long minTime = in.zigzag();
    long maxTime = minTime + in.varint();
    if (samples < blocks || samples > (long) blocks * ChunkFormat.MOST_ROWS) {
      throw in.corrupt(samples + " samples in " + blocks + " blocks");
    }
    long[] sections = starts(in, Section.COUNT, ChunkFormat.HEADER_BYTES, footerOffset);
    // Every block has a byte, every column, too: no count can ask for more than the file's size.
    // Of cells, the manifest's counts are compared before anything is made for them.
    boolean fits =
        cells
            ? sections[2] == sections[0]
            : blocks <= sections[1] - sections[0] && columns <= sections[2] - sections[1];
    if (series > blocks || !fits) {
      throw in.corrupt(series + " rows, " + blocks + " blocks, " + columns + " time columns");
    }
    if (sections[Section.COUNT] != footerOffset) {
      throw in.corrupt("sections end at " + sections[Section.COUNT] + ", not at the footer");
    }
    long[] columnPages = section(in, sections, Section.COLUMNS, pages(columns));
    long[] blockPages = section(in, sections, Section.BLOCKS, pages(blocks));
    long[] statsPages = section(in, sections, Section.STATS, pages(blocks));
    long filePages = (footerOffset + ChunkFormat.PAGE_BYTES - 1) / ChunkFormat.PAGE_BYTES;
    if (filePages * 4 != in.remaining()) {
      throw in.corrupt(in.remaining() + " bytes of checksums for " + filePages + " pages");
    }
    int[] checksums = new int[(int) filePages];
    for (int i = 0; i < checksums.length; i++) {
      checksums[i] = in.fixed32();
    }
    return new ChunkFooter(
        retentionClass,
        series,
        blocks,
        columns,
        samples,
        minTime,
        maxTime,
        sections,
        columnPages,
        blockPages,
        statsPages,
        checksums);
  }

  private static long[] section(ByteReader in, long[] sections, Section section, int pages) {
    long end = sections[section.index + 1];
    long[] starts = starts(in, pages, sections[section.index], end);
    if (starts[pages] != end) {
      throw in.corrupt(section + " ends at " + end + ", its pages at " + starts[pages]);
    }
    return starts;
  }

  private static long[] starts(ByteReader in, int count, long from, long limit) {
    if (count > in.remaining()) {
      throw in.corrupt(count + " lengths in " + in.remaining() + " bytes");
    }
    long[] starts = new long[count + 1];
    starts[0] = from;
    for (int i = 0; i < count; i++) {
      long length = in.varint();
      if (length < 0 || length > limit - starts[i]) {
        throw in.corrupt("length " + Long.toUnsignedString(length) + " leaves the file");
      }
      starts[i + 1] = starts[i] + length;
    }
    return starts;
  }

  /** Where a section begins. */
  long start(Section section) {
    return sections[section.index];
  }

  /** Where a section ends. */
  long end(Section section) {
    return sections[section.index + 1];
  }

  /** The section in which a byte of the file stands, in words. */
  String sectionAt(long offset) {
    if (offset < ChunkFormat.HEADER_BYTES) {
      return "HEADER";
    }
    for (Section section : Section.values()) {
      if (offset < end(section)) {
        return section.name();
      }
    }
    return "FOOTER";
  }

  /** Heap that this table takes. */
  long residentBytes() {
    return 200
        + 8L * (sections.length + columnPages.length + blockPages.length + statsPages.length)
        + 4L * checksums.length;
  }

  @Override
  public String toString() {
    return series + " series, " + blocks + " blocks, sections " + Arrays.toString(sections);
  }
}
