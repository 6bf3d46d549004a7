package io.varve.engine.partition;

import java.util.Arrays;

/**
 * The rows of a file: which series they are, where their blocks begin, and the way back from a
 * series to its row.
 *
 * @param windowIds series of each row
 * @param firstBlocks first block of each row; one more for the end of the last
 * @param sorted (series, row) by series, each pair in a long
 */
record RowIndex(int[] windowIds, int[] firstBlocks, long[] sorted) implements DirectoryPage {
  /** Rows that share one block of the codec. */
  private static final int PART = 1 << 15;

  /** Writes all rows as one page. */
  static void encode(LongList windowIds, LongList blockCounts, PageWriter page) {
    long[] part = new long[Math.min(PART, windowIds.size)];
    for (int from = 0; from < windowIds.size; from += PART) {
      int n = Math.min(PART, windowIds.size - from);
      System.arraycopy(windowIds.values, from, part, 0, n);
      page.column(part, n);
      System.arraycopy(blockCounts.values, from, part, 0, n);
      page.column(part, n);
    }
  }

  static RowIndex decode(PageReader page, int rows, int blocks) {
    int[] windowIds = new int[rows];
    int[] firstBlocks = new int[rows + 1];
    long[] sorted = new long[rows];
    long next = 0;
    for (int from = 0; from < rows; from += PART) {
      int n = Math.min(PART, rows - from);
      int[] ids = page.column(n, Integer.MAX_VALUE, "window id");
      int[] counts = page.column(n, blocks, "blocks of a row");
      System.arraycopy(ids, 0, windowIds, from, n);
      for (int i = 0; i < n; i++) {
        sorted[from + i] = (long) ids[i] << 32 | from + i;
        next += counts[i];
        if (next > blocks) {
          throw page.corrupt("rows have more than the " + blocks + " blocks of the file");
        }
        firstBlocks[from + i + 1] = (int) next;
      }
    }
    page.end();
    if (next != blocks) {
      throw page.corrupt("rows have " + next + " of the " + blocks + " blocks of the file");
    }
    Arrays.sort(sorted);
    for (int i = 1; i < rows; i++) {
      if (sorted[i] >>> 32 == sorted[i - 1] >>> 32) {
        throw page.corrupt("series " + (sorted[i] >>> 32) + " has two rows");
      }
    }
    return new RowIndex(windowIds, firstBlocks, sorted);
  }

  /** The row of a series, −1 if it has none. */
  int rowOf(int windowId) {
    long wanted = (long) windowId << 32;
    int at = Arrays.binarySearch(sorted, wanted);
    at = at < 0 ? -at - 1 : at;
    return at < sorted.length && sorted[at] >>> 32 == windowId ? (int) sorted[at] : -1;
  }

  @Override
  public long residentBytes() {
    return 80 + 16L * windowIds.length;
  }
}
