package io.varve.engine.partition;

/**
 * The aggregates of up to 512 blocks. What a block's other aggregates, its times and its number of
 * rows tell already is not stored: of a constant block only the value is.
 *
 * @param shapes of each block, see {@link #EMPTY}; unused for blocks without aggregates
 * @param stale stale markers of each block, empty if there are none in the page
 * @param edges how long after the block's first row the first value stands, and how long before its
 *     last row the last one; empty if there are no stale markers
 * @param first value of each block
 * @param places where the other arrays have a block that is not constant
 * @param last value
 * @param min value
 * @param max value
 * @param sum of the values
 * @param low what the rounding of the sum left out, in 1/256 of its last place
 * @param resets values smaller than the one before
 * @param correction sum of the values before those
 */
record StatsPage(
    byte[] shapes,
    int[] stale,
    long[] edges,
    double[] first,
    short[] places,
    double[] last,
    double[] min,
    double[] max,
    double[] sum,
    short[] low,
    int[] resets,
    double[] correction)
    implements DirectoryPage {
  /** No value but stale markers. */
  static final int EMPTY = 0;

  /** All values are the same. */
  static final int CONSTANT = 1;

  /**
   * Plus 3 × the source of the smallest value plus the source of the largest one, where a source is
   * 0 = stored, 1 = the first value, 2 = the last.
   */
  static final int VARYING = 2;

  static final int SHAPES = VARYING + 9;
  static final int STORED = 0;
  static final int IS_FIRST = 1;
  static final int IS_LAST = 2;

  /** Parts of a sum's last place in which what it left out is told. */
  private static final double LOW_PARTS = 256;

  /** What the rounding of a sum left out, in parts of its last place. */
  static int lowParts(double sum, double low) {
    return (int) Math.rint(low / Math.ulp(sum) * LOW_PARTS);
  }

  /** True if a block that has aggregates has stale markers. */
  boolean hasStale(int i) {
    return stale.length > 0 && stale[i] > 0;
  }

  /**
   * The aggregates of a block that has some.
   *
   * @param i block in the page
   * @param rows its rows
   * @param firstTime time of its first row
   * @param lastTime time of its last row
   */
  void get(int i, int rows, long firstTime, long lastTime, BlockStats into) {
    into.clear();
    int staleCount = stale.length == 0 ? 0 : stale[i];
    into.staleCount = staleCount;
    into.count = (long) rows - staleCount;
    int shape = shapes[i];
    if (shape == EMPTY) {
      return;
    }
    into.firstTime = firstTime + (edges.length == 0 ? 0 : edges[2 * i]);
    into.lastTime = lastTime - (edges.length == 0 ? 0 : edges[2 * i + 1]);
    double value = first[i];
    into.first = value;
    if (shape == CONSTANT) {
      into.last = value;
      into.min = value;
      into.max = value;
      into.sum = into.count * value;
      into.sumLow = Math.fma((double) into.count, value, -into.sum);
      return;
    }
    int place = places[i];
    into.last = last[place];
    into.min = min[place];
    into.max = max[place];
    into.sum = sum[place];
    into.sumLow = low[place] / LOW_PARTS * Math.ulp(sum[place]);
    into.resets = resets[place];
    into.resetCorrection = correction[place];
  }

  @Override
  public long residentBytes() {
    return 240 + 11L * shapes.length + 4L * stale.length + 8L * edges.length + 46L * last.length;
  }
}
