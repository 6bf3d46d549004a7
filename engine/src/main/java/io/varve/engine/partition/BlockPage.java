package io.varve.engine.partition;

/**
 * Up to 512 blocks: of what kind they are, which time column they have, and where their values
 * stand in {@code VALUES}.
 *
 * @param flags of each block
 * @param columns time column of each
 * @param base where the first begins, from the start of {@code VALUES}
 * @param offsets where each begins, from {@code base}; one more for the end of the last
 * @param startBytes how many of the bytes of each, at its end, are start timestamps
 */
record BlockPage(byte[] flags, int[] columns, long base, int[] offsets, int[] startBytes)
    implements DirectoryPage {
  /** The rows are histograms. */
  static final int HISTOGRAM = 1;

  /** The rows have start timestamps. */
  static final int STARTS = 2;

  /** The block has aggregates. */
  static final int STATS = 4;

  /** The block is the first of its row in the file. */
  static final int ROW_START = 8;

  /** By how much the bits for what a cell lacks are shifted: its first value, and so on. */
  static final int LACKS_SHIFT = 4;

  /** How many such bits there are. */
  static final int LACKS_BITS = 4;

  private static final int ALL = 15 | ((1 << LACKS_BITS) - 1) << LACKS_SHIFT;

  /** Blocks on their way into a page. */
  static final class Builder {
    private final LongList flags = new LongList();
    private final LongList columns = new LongList();
    private final LongList bytes = new LongList();
    private final LongList startBytes = new LongList();
    private long base;
    private long end;

    int size() {
      return flags.size;
    }

    void add(int flag, int column, int length, int lengthOfStarts) {
      flags.add(flag);
      columns.add(column);
      bytes.add(length);
      if ((flag & STARTS) != 0) {
        startBytes.add(lengthOfStarts);
      }
      end += length;
    }

    void encode(PageWriter page) {
      page.body().varint(base);
      page.column(flags);
      page.column(columns);
      page.column(bytes);
      page.column(startBytes);
      flags.clear();
      columns.clear();
      bytes.clear();
      startBytes.clear();
      base = end;
    }
  }

  static BlockPage decode(PageReader page, int n, int allColumns, long sectionBytes) {
    long base = page.in().varint();
    int[] flagColumn = page.column(n, ALL, "flags");
    byte[] flags = new byte[n];
    int withStarts = 0;
    for (int i = 0; i < n; i++) {
      flags[i] = (byte) flagColumn[i];
      withStarts += flags[i] >> 1 & 1;
    }
    int[] columns = page.column(n, allColumns - 1, "time column");
    int[] bytes = page.column(n, Integer.MAX_VALUE, "bytes of a block");
    int[] packed = page.column(withStarts, Integer.MAX_VALUE, "bytes of start timestamps");
    page.end();
    int[] startBytes = new int[withStarts == 0 ? 0 : n];
    for (int i = 0, next = 0; next < withStarts; i++) {
      if ((flags[i] & STARTS) != 0) {
        startBytes[i] = packed[next++];
        if (startBytes[i] > bytes[i]) {
          throw page.corrupt(
              startBytes[i] + " bytes of start timestamps in a block of " + bytes[i]);
        }
      }
    }
    return new BlockPage(
        flags, columns, base, offsets(page, base, bytes, sectionBytes), startBytes);
  }

  /** Lengths to offsets, none of which leaves the section. */
  static int[] offsets(PageReader page, long base, int[] lengths, long sectionBytes) {
    int[] offsets = new int[lengths.length + 1];
    long end = 0;
    for (int i = 0; i < lengths.length; i++) {
      end += lengths[i];
      if (base < 0 || end > Integer.MAX_VALUE || base > sectionBytes - end) {
        throw page.corrupt("ends " + end + " bytes after " + base + ", outside its section");
      }
      offsets[i + 1] = (int) end;
    }
    return offsets;
  }

  /** Bytes of start timestamps at the end of a block. */
  int startBytes(int i) {
    return startBytes.length == 0 ? 0 : startBytes[i];
  }

  @Override
  public long residentBytes() {
    return 112 + 9L * flags.length + 4L * startBytes.length;
  }
}
