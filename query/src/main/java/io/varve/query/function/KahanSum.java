package io.varve.query.function;

/**
 * A compensated sum (Kahan, with Neumaier's improvement), as Prometheus' {@code util/kahansum}: the
 * low part collects what rounding loses, and is forgotten when the sum overflows. Mutable; one
 * thread.
 */
public final class KahanSum {
  double high;
  double low;

  /** Nothing added yet. */
  public KahanSum() {}

  void clear() {
    high = 0;
    low = 0;
  }

  /** Goes on from a sum in two parts. */
  public void set(double highPart, double lowPart) {
    high = highPart;
    low = lowPart;
  }

  /** The rounded sum. */
  public double high() {
    return high;
  }

  /** What rounding lost. */
  public double low() {
    return low;
  }

  /** Adds a value. */
  public void add(double value) {
    double t = high + value;
    if (Double.isInfinite(t)) {
      low = 0;
    } else if (Math.abs(high) >= Math.abs(value)) {
      low += (high - t) + value;
    } else {
      low += (value - t) + high;
    }
    high = t;
  }

  /** The low part after adding {@code value} to {@code high + low}; the high one is their sum. */
  static double lowAfter(double value, double high, double low) {
    double t = high + value;
    if (Double.isInfinite(t)) {
      return 0;
    }
    return Math.abs(high) >= Math.abs(value)
        ? low + ((high - t) + value)
        : low + ((value - t) + high);
  }
}
