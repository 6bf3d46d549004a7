package io.varve.engine.partition;

/** Reads the columns that {@link StatsPageBuilder} wrote. Used for one page. */
final class StatsPageDecoder {
  private final PageReader page;
  private final BlockPage blocks;
  private final int n;

  // The arrays of the page to be.
  private final byte[] shapes;
  private final double[] first;
  private final short[] places;
  private int varying;
  private double[] last = {};
  private double[] min = {};
  private double[] max = {};
  private double[] sum = {};
  private int[] resets = {};
  private double[] correction = {};

  // Columns, and how far they are read.
  private long[] rowFirsts = {};
  private long[] nextFirsts = {};
  private long[] corrections = {};
  private long[] rises = {};
  private long[] below = {};
  private long[] above = {};
  private long[] sums = {};
  private long[] sumCorrections = {};
  private long[] lost = {};
  private long[] lostCorrections = {};
  private long[] bits = {};
  private int nextCorrection;
  private int nextDigits;
  private int nextBelow;
  private int nextAbove;
  private int nextLost;
  private int nextBits;

  StatsPageDecoder(PageReader page, BlockPage blocks) {
    this.page = page;
    this.blocks = blocks;
    this.n = blocks.flags().length;
    this.shapes = new byte[n];
    this.first = new double[n];
    this.places = new short[n];
  }

  private boolean has(int i) {
    return (blocks.flags()[i] & BlockPage.STATS) != 0;
  }

  /**
   * Decodes the page.
   *
   * @param rows how many rows each of the page's blocks has
   */
  StatsPage decode(int[] rows) {
    int some = 0;
    for (int i = 0; i < n; i++) {
      some += has(i) ? 1 : 0;
    }
    int[] shapeColumn = page.column(some, StatsPage.SHAPES - 1, "shape");
    int[] staleColumn = page.column(some, ChunkFormat.MOST_ROWS, "stale markers");
    int[] stale = spread(staleColumn, rows);
    int filled = 0;
    int withEdges = 0;
    for (int i = 0, at = 0; i < n; i++) {
      if (has(i)) {
        shapes[i] = (byte) shapeColumn[at++];
        int staleCount = stale.length == 0 ? 0 : stale[i];
        if ((shapes[i] == StatsPage.EMPTY) != (staleCount == rows[i])) {
          throw page.corrupt(staleCount + " stale markers in a block of shape " + shapes[i]);
        }
        if (shapes[i] != StatsPage.EMPTY) {
          filled++;
          withEdges += staleCount > 0 ? 1 : 0;
        }
        if (shapes[i] >= StatsPage.VARYING) {
          places[i] = (short) varying++;
        }
      }
    }
    long[] edges = edges(stale, page.column(2 * withEdges));
    int[] scales = page.column(filled, DecimalScale.RAW, "scale");
    short[] low = columns(scales);
    fill(scales, rows, stale);
    return new StatsPage(
        shapes, stale, edges, first, places, last, min, max, sum, low, resets, correction);
  }

  /** A value for each block with aggregates, to one for each block; empty if all are 0. */
  private int[] spread(int[] column, int[] rows) {
    boolean any = false;
    for (int value : column) {
      any |= value != 0;
    }
    if (!any) {
      return new int[0];
    }
    int[] all = new int[n];
    for (int i = 0, at = 0; i < n; i++) {
      if (has(i)) {
        all[i] = column[at++];
        if (all[i] > rows[i]) {
          throw page.corrupt(all[i] + " stale markers in " + rows[i] + " rows");
        }
      }
    }
    return all;
  }

  private long[] edges(int[] stale, long[] column) {
    if (column.length == 0) {
      return column;
    }
    long[] all = new long[2 * n];
    for (int i = 0, at = 0; i < n; i++) {
      if (has(i) && stale[i] > 0 && shapes[i] != StatsPage.EMPTY) {
        all[2 * i] = column[at++];
        all[2 * i + 1] = column[at++];
      }
    }
    return all;
  }

  /** Counts what the blocks have, and reads the columns that hold it. */
  private short[] columns(int[] scales) {
    last = new double[varying];
    min = new double[varying];
    max = new double[varying];
    sum = new double[varying];
    correction = new double[varying];
    int allRowFirsts = 0;
    int allNextFirsts = 0;
    int allCorrections = 0;
    int allRises = 0;
    int allBelow = 0;
    int allAbove = 0;
    boolean foretold = false;
    for (int i = 0, at = 0; i < n; i++) {
      if (!has(i) || shapes[i] == StatsPage.EMPTY) {
        foretold = false;
        continue;
      }
      int scale = scales[at++];
      if (scale > DecimalScale.MOST) {
        foretold = false;
        continue;
      }
      if (foretold && (blocks.flags()[i] & BlockPage.ROW_START) == 0) {
        allNextFirsts++;
      } else {
        allRowFirsts++;
      }
      foretold = true;
      allCorrections++;
      if (shapes[i] >= StatsPage.VARYING) {
        int sources = shapes[i] - StatsPage.VARYING;
        int storedMin = sources / 3 == StatsPage.STORED ? 1 : 0;
        int storedMax = sources % 3 == StatsPage.STORED ? 1 : 0;
        allCorrections += 1 + storedMin + storedMax;
        allRises++;
        allBelow += storedMin;
        allAbove += storedMax;
      }
    }
    rowFirsts = page.column(allRowFirsts);
    nextFirsts = page.column(allNextFirsts);
    corrections = page.column(allCorrections);
    rises = page.column(allRises);
    below = page.column(allBelow);
    above = page.column(allAbove);
    sums = page.column(allRises);
    sumCorrections = page.column(allRises);
    short[] low = new short[varying];
    long[] lows = page.column(varying);
    for (int i = 0; i < varying; i++) {
      low[i] = (short) lows[i];
    }
    resets = page.column(varying, ChunkFormat.MOST_ROWS, "resets");
    int allLost = 0;
    int allBits = 0;
    for (int i = 0, at = 0; i < n; i++) {
      if (!has(i) || shapes[i] == StatsPage.EMPTY) {
        continue;
      }
      boolean raw = scales[at++] > DecimalScale.MOST;
      if (raw) {
        allBits++;
      }
      if (shapes[i] >= StatsPage.VARYING) {
        int sources = shapes[i] - StatsPage.VARYING;
        int some = resets[places[i]] > 0 ? 1 : 0;
        if (raw) {
          allBits += 2 + some;
          allBits += sources / 3 == StatsPage.STORED ? 1 : 0;
          allBits += sources % 3 == StatsPage.STORED ? 1 : 0;
        } else {
          allLost += some;
        }
      }
    }
    lost = page.column(allLost);
    lostCorrections = page.column(allLost);
    bits = page.column(allBits);
    page.end();
    return low;
  }

  /** Follows the columns from block to block. */
  private void fill(int[] scales, int[] rows, int[] stale) {
    int nextRow = 0;
    int nextNext = 0;
    int lastScale = -1;
    long lastDigits = 0;
    for (int i = 0, at = 0; i < n; i++) {
      if (!has(i) || shapes[i] == StatsPage.EMPTY) {
        lastScale = -1;
        continue;
      }
      int scale = scales[at++];
      long count = (long) rows[i] - (stale.length == 0 ? 0 : stale[i]);
      if (scale > DecimalScale.MOST) {
        lastScale = -1;
        fromBits(i, count);
        continue;
      }
      long digits;
      if (lastScale < 0 || (blocks.flags()[i] & BlockPage.ROW_START) != 0) {
        digits = rowFirsts[nextRow++];
      } else {
        digits = nextFirsts[nextNext++] + DecimalScale.rescale(lastDigits, lastScale, scale);
      }
      first[i] = DecimalScale.value(digits, scale, corrections[nextCorrection++]);
      lastScale = scale;
      lastDigits = shapes[i] == StatsPage.CONSTANT ? digits : fromDigits(i, count, scale, digits);
    }
  }

  /** Returns the digits of the last value. */
  private long fromDigits(int i, long count, int scale, long firstDigits) {
    int place = places[i];
    int sources = shapes[i] - StatsPage.VARYING;
    long lastDigits = firstDigits + rises[nextDigits];
    last[place] = DecimalScale.value(lastDigits, scale, corrections[nextCorrection++]);
    long minDigits;
    if (sources / 3 == StatsPage.STORED) {
      minDigits = Math.min(firstDigits, lastDigits) - below[nextBelow++];
      min[place] = DecimalScale.value(minDigits, scale, corrections[nextCorrection++]);
    } else {
      boolean isFirst = sources / 3 == StatsPage.IS_FIRST;
      minDigits = isFirst ? firstDigits : lastDigits;
      min[place] = isFirst ? first[i] : last[place];
    }
    long maxDigits;
    if (sources % 3 == StatsPage.STORED) {
      maxDigits = Math.max(firstDigits, lastDigits) + above[nextAbove++];
      max[place] = DecimalScale.value(maxDigits, scale, corrections[nextCorrection++]);
    } else {
      boolean isFirst = sources % 3 == StatsPage.IS_FIRST;
      maxDigits = isFirst ? firstDigits : lastDigits;
      max[place] = isFirst ? first[i] : last[place];
    }
    long sumDigits = sums[nextDigits] + ((count * (minDigits + maxDigits)) >> 1);
    sum[place] = DecimalScale.value(sumDigits, scale, sumCorrections[nextDigits]);
    nextDigits++;
    if (resets[place] > 0) {
      long lostDigits = lost[nextLost] + resets[place] * (sumDigits / count);
      correction[place] = DecimalScale.value(lostDigits, scale, lostCorrections[nextLost]);
      nextLost++;
    }
    return lastDigits;
  }

  private void fromBits(int i, long count) {
    long base = bits[nextBits++];
    first[i] = DecimalScale.unordered(base);
    if (shapes[i] == StatsPage.CONSTANT) {
      return;
    }
    int place = places[i];
    int sources = shapes[i] - StatsPage.VARYING;
    last[place] = DecimalScale.unordered(base + bits[nextBits++]);
    min[place] = fromBits(sources / 3, i, base);
    max[place] = fromBits(sources % 3, i, base);
    double middle = StatsPageBuilder.middle(count, min[place], max[place]);
    sum[place] = DecimalScale.unordered(DecimalScale.ordered(middle) + bits[nextBits++]);
    if (resets[place] > 0) {
      double mean = resets[place] * (sum[place] / count);
      correction[place] = DecimalScale.unordered(DecimalScale.ordered(mean) + bits[nextBits++]);
    }
  }

  private double fromBits(int source, int i, long base) {
    return switch (source) {
      case StatsPage.IS_FIRST -> first[i];
      case StatsPage.IS_LAST -> last[places[i]];
      default -> DecimalScale.unordered(base + bits[nextBits++]);
    };
  }
}
