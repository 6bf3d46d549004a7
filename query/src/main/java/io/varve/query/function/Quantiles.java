package io.varve.query.function;

import java.util.Arrays;

/** The quantile of a set of values, and the order in which PromQL sorts values. */
public final class Quantiles {
  private Quantiles() {}

  /** True for the quantiles that have no meaning and are annotated with a warning. */
  public static boolean isInvalid(double q) {
    return Double.isNaN(q) || q < 0 || q > 1;
  }

  /**
   * The quantile {@code q} of the first {@code n} values, which are sorted thereby; NaN values
   * count as the lowest. Between two values it is interpolated linearly (Prometheus {@code
   * promql/quantile.go}, quantile).
   */
  public static double quantile(double q, double[] values, int n) {
    if (n == 0 || Double.isNaN(q)) {
      return Double.NaN;
    }
    if (q < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    if (q > 1) {
      return Double.POSITIVE_INFINITY;
    }
    sortNanFirst(values, n);
    double rank = q * (n - 1);
    double floor = Math.floor(rank);
    double lower = Math.max(0, floor);
    double upper = Math.min(n - 1.0, lower + 1);
    double weight = rank - floor;
    return values[(int) lower] * (1 - weight) + values[(int) upper] * weight;
  }

  private static void sortNanFirst(double[] values, int n) {
    Arrays.sort(values, 0, n); // NaN last
    int nans = 0;
    while (nans < n && Double.isNaN(values[n - 1 - nans])) {
      nans++;
    }
    if (nans > 0) {
      System.arraycopy(values, 0, values, nans, n - nans);
      Arrays.fill(values, 0, nans, Double.NaN);
    }
  }
}
