package io.varve.engine.partition;

/**
 * Aggregates on their way into a page, as columns of integers: decimals of a block's own scale
 * where its values are decimals, bits in the order of the doubles where they are not, and what can
 * be foretold (a first value from the block before, a sum from count and middle) as the difference
 * from that. {@link StatsPageDecoder} foretells the same.
 */
final class StatsPageBuilder {
  private final LongList shapes = new LongList();
  private final LongList stale = new LongList();
  private final LongList edges = new LongList();
  private final LongList scales = new LongList();
  private final LongList rowFirsts = new LongList();
  private final LongList nextFirsts = new LongList();
  private final LongList corrections = new LongList();
  private final LongList rises = new LongList();
  private final LongList below = new LongList();
  private final LongList above = new LongList();
  private final LongList sums = new LongList();
  private final LongList sumCorrections = new LongList();
  private final LongList lows = new LongList();
  private final LongList resets = new LongList();
  private final LongList lost = new LongList();
  private final LongList lostCorrections = new LongList();
  private final LongList bits = new LongList();

  /** Scale of the block before in the same row, −1 if there is none that foretells. */
  private int lastScale = -1;

  private long lastDigits;

  /** The next block has no aggregates. */
  void skip() {
    lastScale = -1;
  }

  /**
   * The next block has some.
   *
   * @param rowStart true if it is the first of its row
   * @param firstTime time of its first row
   * @param lastTime time of its last row
   */
  void add(BlockStats s, boolean rowStart, long firstTime, long lastTime) {
    stale.add(s.staleCount);
    if (s.count == 0) {
      shapes.add(StatsPage.EMPTY);
      lastScale = -1;
      return;
    }
    if (s.staleCount > 0) {
      edges.add(s.firstTime - firstTime);
      edges.add(lastTime - s.lastTime);
    }
    boolean minFirst = same(s.min, s.first);
    boolean maxFirst = same(s.max, s.first);
    boolean constant = minFirst && maxFirst && same(s.last, s.first);
    int minSource = source(minFirst, same(s.min, s.last));
    int maxSource = source(maxFirst, same(s.max, s.last));
    shapes.add(constant ? StatsPage.CONSTANT : StatsPage.VARYING + 3 * minSource + maxSource);
    int scale = scale(s);
    scales.add(scale);
    if (scale == DecimalScale.RAW) {
      lastScale = -1;
      addBits(s, constant, minSource, maxSource);
      return;
    }
    if (rowStart) {
      lastScale = -1;
    }
    long first = DecimalScale.digits(s.first, scale);
    if (lastScale < 0) {
      rowFirsts.add(first);
    } else {
      nextFirsts.add(first - DecimalScale.rescale(lastDigits, lastScale, scale));
    }
    corrections.add(DecimalScale.correction(s.first, first, scale));
    lastScale = scale;
    lastDigits = first;
    if (!constant) {
      addDigits(s, scale, first, minSource, maxSource);
    }
  }

  private static boolean same(double a, double b) {
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  private static int source(boolean first, boolean last) {
    return first ? StatsPage.IS_FIRST : last ? StatsPage.IS_LAST : StatsPage.STORED;
  }

  /** The smallest scale that tells all four. */
  private static int scale(BlockStats s) {
    int scale = 0;
    while (scale <= DecimalScale.MOST) {
      if (DecimalScale.fits(s.first, scale)
          && DecimalScale.fits(s.last, scale)
          && DecimalScale.fits(s.min, scale)
          && DecimalScale.fits(s.max, scale)) {
        return scale;
      }
      scale++;
    }
    return DecimalScale.RAW;
  }

  private long stored(double value, int scale) {
    long digits = DecimalScale.digits(value, scale);
    corrections.add(DecimalScale.correction(value, digits, scale));
    return digits;
  }

  private void addDigits(BlockStats s, int scale, long first, int minSource, int maxSource) {
    long last = stored(s.last, scale);
    lastDigits = last;
    rises.add(last - first);
    long min = minSource == StatsPage.IS_FIRST ? first : last;
    if (minSource == StatsPage.STORED) {
      min = stored(s.min, scale);
      below.add(Math.min(first, last) - min);
    }
    long max = maxSource == StatsPage.IS_FIRST ? first : last;
    if (maxSource == StatsPage.STORED) {
      max = stored(s.max, scale);
      above.add(max - Math.max(first, last));
    }
    long sum = addSum(s, scale, (s.count * (min + max)) >> 1);
    if (s.resets > 0) {
      addSumLike(s.resetCorrection, scale, s.resets * (sum / s.count), lost, lostCorrections);
    }
  }

  private long addSum(BlockStats s, int scale, long foretold) {
    lows.add(StatsPage.lowParts(s.sum, s.sumLow));
    resets.add(s.resets);
    return addSumLike(s.sum, scale, foretold, sums, sumCorrections);
  }

  /** Returns the digits that a decoder will have. */
  private long addSumLike(
      double value, int scale, long foretold, LongList digitsTo, LongList correctionsTo) {
    long digits = DecimalScale.sumFits(value, scale) ? DecimalScale.digits(value, scale) : foretold;
    digitsTo.add(digits - foretold);
    correctionsTo.add(DecimalScale.correction(value, digits, scale));
    return digits;
  }

  private void addBits(BlockStats s, boolean constant, int minSource, int maxSource) {
    long first = DecimalScale.ordered(s.first);
    bits.add(first);
    if (constant) {
      return;
    }
    bits.add(DecimalScale.ordered(s.last) - first);
    if (minSource == StatsPage.STORED) {
      bits.add(DecimalScale.ordered(s.min) - first);
    }
    if (maxSource == StatsPage.STORED) {
      bits.add(DecimalScale.ordered(s.max) - first);
    }
    bits.add(DecimalScale.ordered(s.sum) - DecimalScale.ordered(middle(s.count, s.min, s.max)));
    lows.add(StatsPage.lowParts(s.sum, s.sumLow));
    resets.add(s.resets);
    if (s.resets > 0) {
      bits.add(
          DecimalScale.ordered(s.resetCorrection)
              - DecimalScale.ordered(s.resets * (s.sum / s.count)));
    }
  }

  /** The sum that costs nothing to store. */
  static double foretoldSum(BlockStats s) {
    int scale = scale(s);
    if (scale == DecimalScale.RAW) {
      return middle(s.count, s.min, s.max);
    }
    long min = DecimalScale.digits(s.min, scale);
    long max = DecimalScale.digits(s.max, scale);
    return DecimalScale.value((s.count * (min + max)) >> 1, scale, 0);
  }

  /** A sum as one would guess it. */
  static double middle(long count, double min, double max) {
    return count * (min * 0.5 + max * 0.5);
  }

  /** Writes the page and begins the next. */
  void encode(PageWriter page) {
    page.column(shapes);
    page.column(stale);
    page.column(edges);
    page.column(scales);
    page.column(rowFirsts);
    page.column(nextFirsts);
    page.column(corrections);
    page.column(rises);
    page.column(below);
    page.column(above);
    page.column(sums);
    page.column(sumCorrections);
    page.column(lows);
    page.column(resets);
    page.column(lost);
    page.column(lostCorrections);
    page.column(bits);
    LongList[] all = {
      shapes,
      stale,
      edges,
      scales,
      rowFirsts,
      nextFirsts,
      corrections,
      rises,
      below,
      above,
      sums,
      sumCorrections,
      lows,
      resets,
      lost,
      lostCorrections,
      bits
    };
    for (LongList list : all) {
      list.clear();
    }
    lastScale = -1;
  }
}
