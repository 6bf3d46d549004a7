package io.varve.ingest.otlp;

import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import org.jspecify.annotations.Nullable;

/** The total of a sum: exact while all deltas are integers and it fits. */
final class NumberTotal extends RunningTotal {
  private final long integer;
  private final double real;

  private NumberTotal(Times times, long integer, double real) {
    super(times);
    this.integer = integer;
    this.real = real;
  }

  static NumberTotal of(@Nullable RunningTotal before, NumberDataPoint delta, Times times) {
    long integer = 0;
    double real = 0;
    if (before instanceof NumberTotal total) {
      integer = total.integer;
      real = total.real;
    }
    if (delta.hasAsDouble()) {
      real += delta.getAsDouble();
    } else {
      long sum = integer + delta.getAsInt();
      boolean overflows = ((integer ^ sum) & (delta.getAsInt() ^ sum)) < 0;
      if (overflows) {
        real += (double) integer + delta.getAsInt();
        integer = 0;
      } else {
        integer = sum;
      }
    }
    return new NumberTotal(times, integer, real);
  }

  /** The point with the total in place of the delta. */
  NumberDataPoint in(NumberDataPoint point) {
    NumberDataPoint.Builder cumulative = point.toBuilder().setStartTimeUnixNano(start());
    // Adding 0.0 would be the same but for −0.
    return real == 0
        ? cumulative.setAsInt(integer).build()
        : cumulative.setAsDouble(integer == 0 ? real : integer + real).build();
  }

  @Override
  int longs() {
    return 2;
  }
}
