package io.varve.engine.partition;

/**
 * Up to 512 time columns: how many rows they have, when they begin and end, and where they stand in
 * {@code TIMES}.
 *
 * @param rows of each column
 * @param first time of each
 * @param last time of each
 * @param base where the first begins, from the start of {@code TIMES}
 * @param offsets where each begins, from {@code base}; one more for the end of the last
 */
record TimePage(int[] rows, long[] first, long[] last, long base, int[] offsets)
    implements DirectoryPage {

  /** Time columns on their way into a page. */
  static final class Builder {
    private final LongList rows = new LongList();
    private final LongList first = new LongList();
    private final LongList span = new LongList();
    private final LongList bytes = new LongList();
    private long base;
    private long end;

    int size() {
      return rows.size;
    }

    void add(int rowCount, long firstTime, long lastTime, int length) {
      rows.add(rowCount);
      first.add(firstTime);
      span.add(lastTime - firstTime);
      bytes.add(length);
      end += length;
    }

    void encode(PageWriter page) {
      page.body().varint(base);
      page.column(rows);
      page.column(first);
      page.column(span);
      page.column(bytes);
      rows.clear();
      first.clear();
      span.clear();
      bytes.clear();
      base = end;
    }
  }

  static TimePage decode(PageReader page, int n, long sectionBytes) {
    long base = page.in().varint();
    int[] rows = page.column(n, ChunkFormat.MOST_ROWS, "rows of a time column");
    long[] first = page.column(n);
    long[] last = page.column(n);
    int[] bytes = page.column(n, Integer.MAX_VALUE, "bytes of a time column");
    page.end();
    for (int i = 0; i < n; i++) {
      last[i] += first[i];
      if (rows[i] == 0 || last[i] < first[i]) {
        throw page.corrupt("time column of " + rows[i] + " rows ends before it begins");
      }
    }
    return new TimePage(
        rows, first, last, base, BlockPage.offsets(page, base, bytes, sectionBytes));
  }

  @Override
  public long residentBytes() {
    return 96 + 24L * rows.length;
  }
}
