package io.varve.query.function;

import java.util.Arrays;

/**
 * The order of values in {@code sort}, {@code topk} and {@code bottomk}: numbers by size, NaN last.
 * Works on row numbers beside their values. Few rows are sorted by insertion exactly as Go's sort
 * package does, so that even rows of equal value come in Prometheus' order; many by a stable merge.
 */
public final class ValueOrder {
  private static final int FEW = 12;

  private ValueOrder() {}

  /** True if, under a descending order, {@code a} must come before {@code b}. */
  private static boolean precedes(double a, double b, boolean descending) {
    return Double.isNaN(b) || (descending ? a > b : a < b);
  }

  /** Sorts the first {@code n} rows by their values, which move with them. */
  public static void sort(double[] values, int[] rows, int n, boolean descending) {
    if (n <= FEW) {
      for (int i = 1; i < n; i++) {
        for (int k = i; k > 0 && precedes(values[k], values[k - 1], descending); k--) {
          swap(values, rows, k, k - 1);
        }
      }
      return;
    }
    mergeSort(values, rows, n, descending);
  }

  private static void mergeSort(double[] values, int[] rows, int n, boolean descending) {
    double[] fromValues = Arrays.copyOf(values, n);
    int[] fromRows = Arrays.copyOf(rows, n);
    double[] toValues = new double[n];
    int[] toRows = new int[n];
    for (int width = 1; width < n && width > 0; width *= 2) {
      for (int start = 0; start < n; start += 2 * width) {
        int middle = Math.min(start + width, n);
        int end = Math.min(middle + width, n);
        int left = start;
        int right = middle;
        for (int o = start; o < end; o++) {
          boolean takeRight =
              left == middle
                  || (right < end && strictly(fromValues[right], fromValues[left], descending));
          int from = takeRight ? right++ : left++;
          toValues[o] = fromValues[from];
          toRows[o] = fromRows[from];
        }
      }
      double[] v = fromValues;
      fromValues = toValues;
      toValues = v;
      int[] r = fromRows;
      fromRows = toRows;
      toRows = r;
    }
    System.arraycopy(fromValues, 0, values, 0, n);
    System.arraycopy(fromRows, 0, rows, 0, n);
  }

  private static boolean strictly(double a, double b, boolean descending) {
    return Double.isNaN(b) ? !Double.isNaN(a) : descending ? a > b : a < b;
  }

  private static void swap(double[] values, int[] rows, int a, int b) {
    double v = values[a];
    values[a] = values[b];
    values[b] = v;
    int r = rows[a];
    rows[a] = rows[b];
    rows[b] = r;
  }

  /**
   * The k best rows of a group, as they are offered: a heap with the worst on top (Go's
   * container/heap, whose shape decides which of equal rows is dropped).
   */
  public static final class Best {
    private final boolean greatest;
    private double[] values = new double[16];
    private int[] rows = new int[16];
    private int size;

    /**
     * @param greatest true for topk, false for bottomk
     */
    public Best(boolean greatest) {
      this.greatest = greatest;
    }

    /** Forgets all rows. */
    public void clear() {
      size = 0;
    }

    /** Offers a row, of which at most {@code k ≥ 1} are kept. */
    public void offer(double value, int row, long k) {
      if (size < k) {
        if (size == values.length) {
          values = Arrays.copyOf(values, 2 * size);
          rows = Arrays.copyOf(rows, 2 * size);
        }
        values[size] = value;
        rows[size] = row;
        size++;
        up(size - 1);
        return;
      }
      double worst = values[0];
      boolean better = greatest ? worst < value : worst > value;
      if (better || (Double.isNaN(worst) && !Double.isNaN(value))) {
        values[0] = value;
        rows[0] = row;
        down();
      }
    }

    /** True if {@code i} belongs nearer to the top than {@code j}: it is worse. */
    private boolean worse(int i, int j) {
      double a = values[i];
      double b = values[j];
      return Double.isNaN(a) || (greatest ? a < b : a > b);
    }

    private void up(int from) {
      int j = from;
      while (true) {
        int i = (j - 1) / 2;
        if (i == j || !worse(j, i)) {
          return;
        }
        swap(values, rows, i, j);
        j = i;
      }
    }

    private void down() {
      int i = 0;
      while (true) {
        int left = 2 * i + 1;
        if (left >= size) {
          return;
        }
        int j = left;
        int right = left + 1;
        if (right < size && worse(right, left)) {
          j = right;
        }
        if (!worse(j, i)) {
          return;
        }
        swap(values, rows, i, j);
        i = j;
      }
    }

    /** Puts the rows in order, the best first, and returns how many there are. */
    public int sort() {
      ValueOrder.sort(values, rows, size, greatest);
      return size;
    }

    /** A row, after {@link #sort}. */
    public int row(int i) {
      return rows[i];
    }
  }
}
