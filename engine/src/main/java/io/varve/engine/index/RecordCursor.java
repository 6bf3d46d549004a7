package io.varve.engine.index;

import java.util.Arrays;

/**
 * Reads label records: which names a series has, and the numbers of their values. Ascending ids
 * stay within a run and cost a few nanoseconds. One thread at a time.
 */
final class RecordCursor implements Terms.Probe {
  private final SegmentTerms terms;
  private final MappedPages pages;
  private final MappedReader in;
  private int runStart; // positions in the tenant's section; empty at first
  private int runEnd;
  private int columns;
  private int[] name = new int[16];
  private int[] kind = new int[16];
  private int[] base = new int[16];
  private int[] repeat = new int[16]; // or bit width
  private int[] period = new int[16];
  private long[] data = new long[16];

  RecordCursor(SegmentTerms terms, MappedPages pages) {
    this.terms = terms;
    this.pages = pages;
    this.in = new MappedReader(pages);
  }

  /** Moves to the run that holds a series, by its position in the tenant's section. */
  void seek(int position) {
    if (position >= runEnd || position < runStart) {
      enter(position);
    }
  }

  /** Positions of the current run: its first series. */
  int runStart() {
    return runStart;
  }

  /** Positions of the current run: behind its last series. */
  int runEnd() {
    return runEnd;
  }

  /** How many labels each series of the current run has. */
  int columns() {
    return columns;
  }

  /** The number of the name of a column of the current run; ascending. */
  int name(int column) {
    return name[column];
  }

  /** The column of a name, −1 if the current run lacks it. */
  int column(int wanted) {
    for (int c = 0; c < columns; c++) {
      if (name[c] >= wanted) {
        return name[c] == wanted ? c : -1;
      }
    }
    return -1;
  }

  /** The number of the value that a series of the current run has in a column. */
  int valueAt(int position, int column) {
    int i = position - runStart;
    int value =
        switch (kind[column]) {
          case SegmentFormat.CONSTANT -> base[column];
          case SegmentFormat.STAIRS -> {
            int step = i / repeat[column];
            yield base[column] + (period[column] == 0 ? step : step % period[column]);
          }
          default -> base[column] + pages.packed(data[column], repeat[column], i);
        };
    if (value < 0 || value >= terms.values(name[column])) {
      throw pages.corrupt(
          data[column], "value " + value + " of " + terms.values(name[column]) + " in a record");
    }
    return value;
  }

  @Override
  public int value(int id, int wanted) {
    int position = id - terms.firstId();
    seek(position);
    int column = column(wanted);
    return column < 0 ? -1 : valueAt(position, column);
  }

  private void enter(int position) {
    int run = terms.run(position);
    int start = terms.runStart(run);
    int end = terms.runStart(run + 1);
    if (position < start || position >= end || end - start > SegmentFormat.MOST_IN_RUN) {
      throw pages.corrupt(terms.runEntry(run), "table of runs is not in order");
    }
    runEnd = 0; // in case reading fails half way
    runStart = 0;
    long from = terms.recordOffset(run);
    in.on(from, terms.recordOffset(run + 1) - from);
    readTemplate(in.count(Integer.MAX_VALUE));
    for (int c = 0; c < columns; c++) {
      long head = in.varint();
      base[c] = (int) Math.min(head >>> SegmentFormat.COLUMN_KIND_BITS, Integer.MAX_VALUE);
      kind[c] = (int) head & (1 << SegmentFormat.COLUMN_KIND_BITS) - 1;
      data[c] = in.position();
      switch (kind[c]) {
        case SegmentFormat.CONSTANT -> {}
        case SegmentFormat.STAIRS -> {
          repeat[c] = in.count(SegmentFormat.MOST_IN_RUN);
          period[c] = in.count(SegmentFormat.MOST_IN_RUN);
          if (repeat[c] == 0) {
            throw in.corrupt("stairs without width");
          }
        }
        case SegmentFormat.PACKED -> {
          repeat[c] = in.u8();
          if (repeat[c] < 1 || repeat[c] > Integer.SIZE) {
            throw in.corrupt("values of " + repeat[c] + " bits");
          }
          data[c] = in.skip(((long) (end - start) * repeat[c] + 7) / 8);
        }
        default -> throw in.corrupt("column of unknown kind " + kind[c]);
      }
    }
    if (in.remaining() != 0) {
      throw in.corrupt("record ends before its last byte");
    }
    runStart = start;
    runEnd = end;
  }

  private void readTemplate(int offset) {
    long recordAt = in.position();
    long recordLeft = in.remaining();
    terms.openTemplate(in, offset);
    int count = in.count(terms.names());
    grow(count);
    int next = 0;
    for (int c = 0; c < count; c++) {
      next += in.count(terms.names() - 1 - next);
      name[c] = next++;
    }
    columns = count;
    in.on(recordAt, recordLeft);
  }

  private void grow(int count) {
    if (count > name.length) {
      int size = Math.max(count, 2 * name.length);
      name = Arrays.copyOf(name, size);
      kind = Arrays.copyOf(kind, size);
      base = Arrays.copyOf(base, size);
      repeat = Arrays.copyOf(repeat, size);
      period = Arrays.copyOf(period, size);
      data = Arrays.copyOf(data, size);
    }
  }
}
