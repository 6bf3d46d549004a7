package io.varve.engine.model;

/**
 * The NaN that says "this series ended here" (Prometheus {@code model/value}, StaleNaN). It is a
 * signalling NaN: only its raw bits tell it from others.
 */
public final class StaleMarker {
  /** The bits of the marker. */
  public static final long BITS = 0x7ff0000000000002L;

  /** The marker as a double; pass it on without arithmetic. */
  public static final double VALUE = Double.longBitsToDouble(BITS);

  private StaleMarker() {}

  /** True for exactly the marker's bits. */
  public static boolean is(double value) {
    return Double.doubleToRawLongBits(value) == BITS;
  }
}
