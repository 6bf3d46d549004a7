package io.varve.bench.workload;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * The rule by which one {@link Capture} becomes the values of many hosts over any time.
 *
 * <p>Host h at step t takes row (t · interval / step + 137 · h) mod rows. Counters go on rising
 * when the rows wrap, rounded to the decimals that the series has, because a float sum with noise
 * digits is not what exporters send.
 *
 * <p>A <em>perturbed</em> replay does not repeat rows: at each wrap every host draws a factor
 * between 0.6 and 1 by which its values go away from the first recorded one (its counters: rise),
 * and takes other rows than at the wraps before. Constant series stay constant, as they are in real
 * fleets.
 *
 * <p>The same arguments always give the same values. Not thread-safe: sums over wraps are kept.
 */
public final class FleetReplay {
  private static final int ROW_SHIFT = 137;
  private static final long EXACT = 1L << 52; // integers up to here are doubles
  private static final int MOST_DECIMALS = 22; // powers of ten up to here are doubles
  private static final double LEAST_FACTOR = 0.6;

  private final double[][] rows; // by row, then by series: a scrape is one run of memory
  private final boolean[] counters;
  private final double[] gains;
  private final double[] firsts;
  private final int[] decimals;
  private final double[] scales;
  private final double rowsPerStep;
  private final int cycle;
  private final int hosts;
  private final long intervalMillis;
  private final long startMillis;
  private final int jitterMillis;
  private final boolean perturbed;
  private double[][] factorSums = new double[0][]; // by host: of the factors before each wrap

  /**
   * A replay.
   *
   * @param hosts scraped evenly over an interval; further hosts are scraped with the one whose
   *     number is the same modulo {@code hosts}
   * @param intervalMillis between two scrapes of a host
   * @param startMillis time of step 0
   * @param jitterMillis scrapes are late by up to so much, all series of a scrape alike
   */
  public FleetReplay(
      Capture capture,
      int hosts,
      long intervalMillis,
      long startMillis,
      int jitterMillis,
      boolean perturbed) {
    int n = capture.series().size();
    this.hosts = hosts;
    this.intervalMillis = intervalMillis;
    this.startMillis = startMillis;
    this.jitterMillis = jitterMillis;
    this.perturbed = perturbed;
    rowsPerStep = intervalMillis / 1000.0 / capture.stepSeconds();
    rows = new double[capture.rows()][n];
    counters = new boolean[n];
    gains = new double[n];
    firsts = new double[n];
    decimals = new int[n];
    scales = new double[n];
    for (int s = 0; s < n; s++) {
      firsts[s] = Double.NaN;
      for (int r = 0; r < rows.length; r++) {
        double value = capture.value(s, r);
        rows[r][s] = value;
        if (Double.isNaN(firsts[s]) && Double.isFinite(value)) {
          firsts[s] = value;
        }
      }
      counters[s] = capture.series().get(s).counter();
      gains[s] = counters[s] ? capture.gain(s) : 0;
      decimals[s] = capture.decimals(s);
      scales[s] = Math.pow(10, Math.min(MOST_DECIMALS, Math.max(0, decimals[s])));
    }
    // One row less than there are: a wrap begins between the rows of the one before.
    boolean sameRowsAtEachWrap = rows.length % rowsPerStep == 0 && rows.length > 1;
    cycle = perturbed && sameRowsAtEachWrap ? rows.length - 1 : rows.length;
  }

  /** Series of one host. */
  public int series() {
    return gains.length;
  }

  /** Milliseconds between two scrapes of a host. */
  public long intervalMillis() {
    return intervalMillis;
  }

  /** The time of a host's scrape. */
  public long time(int host, int step) {
    long phase = host % hosts * intervalMillis / hosts;
    long time = startMillis + step * intervalMillis + phase;
    if (jitterMillis == 0) {
      return time;
    }
    long mixed = (host * 0x9E3779B97F4A7C15L + step) * 0xBF58476D1CE4E5B9L;
    return time + Long.remainderUnsigned(mixed >>> 17, jitterMillis + 1L);
  }

  /** The value of a series of a host at a step, NaN if it is absent. */
  public double value(int series, int host, int step) {
    long at = (long) (step * rowsPerStep) + (long) ROW_SHIFT * host % cycle;
    double value = rows[(int) (at % cycle)][series];
    long wraps = at / cycle;
    if (wraps == 0 || !Double.isFinite(value)) {
      return value;
    }
    if (perturbed) {
      double factor = factor(host, wraps);
      double first = firsts[series];
      double risen = gains[series] * (counters[series] ? factorsBefore(host, (int) wraps) : 0);
      return rounded(series, first + risen + (value - first) * factor);
    }
    return gains[series] == 0 ? value : rounded(series, value + wraps * gains[series]);
  }

  private double rounded(int series, double value) {
    double scaled = value * scales[series];
    if (Math.abs(scaled) < EXACT && decimals[series] <= MOST_DECIMALS && decimals[series] >= 0) {
      // Both are exact, so the quotient is the double that is nearest to the decimal number.
      return Math.rint(scaled) / scales[series];
    }
    return new BigDecimal(value).setScale(decimals[series], RoundingMode.HALF_EVEN).doubleValue();
  }

  private static double factor(int host, long wrap) {
    if (wrap == 0) {
      return 1;
    }
    long mixed = Mixing.mixed(host * 0x9E3779B97F4A7C15L + wrap);
    return LEAST_FACTOR + (1 - LEAST_FACTOR) * (mixed >>> 11) * 0x1p-53;
  }

  private double factorsBefore(int host, int wrap) {
    if (host >= factorSums.length) {
      factorSums = Arrays.copyOf(factorSums, host + 16);
    }
    double[] sums = factorSums[host];
    if (sums == null || wrap >= sums.length) {
      sums = new double[wrap + 64];
      for (int w = 1; w < sums.length; w++) {
        sums[w] = sums[w - 1] + factor(host, w - 1L);
      }
      factorSums[host] = sums;
    }
    return sums[wrap];
  }
}
