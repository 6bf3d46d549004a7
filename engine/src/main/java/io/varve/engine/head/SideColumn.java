package io.varve.engine.head;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one series that are more than a time and a float: histograms (encoded, as they
 * came) and floats with a start timestamp. In order of arrival. Thread-safe.
 */
final class SideColumn {
  private int size;
  private long[] times = new long[4];
  private long[] starts = new long[4];
  private long[] bits = new long[4];
  private int[] ends = new int[4]; // of the encoded histogram; equal to the one before: a float
  private final ByteWriter encoded = new ByteWriter(64);

  synchronized void add(
      long time, long start, long valueBits, byte @Nullable [] histogram, int offset, int length) {
    if (size == times.length) {
      times = Arrays.copyOf(times, size * 2);
      starts = Arrays.copyOf(starts, size * 2);
      bits = Arrays.copyOf(bits, size * 2);
      ends = Arrays.copyOf(ends, size * 2);
    }
    if (histogram != null) {
      encoded.bytes(histogram, offset, length);
    }
    times[size] = time;
    starts[size] = start;
    bits[size] = valueBits;
    ends[size] = encoded.size();
    size++;
  }

  /** Appends all samples. */
  synchronized void read(SampleColumns into) {
    for (int i = 0; i < size; i++) {
      int from = i == 0 ? 0 : ends[i - 1];
      if (ends[i] == from) {
        into.add(times[i], Double.longBitsToDouble(bits[i]), starts[i]);
      } else {
        into.add(times[i], Head.histogram(encoded.array(), from, ends[i] - from), starts[i]);
      }
    }
  }

  synchronized long firstTime() {
    return size == 0 ? Long.MAX_VALUE : times[0];
  }

  synchronized boolean anyIn(TimeRange range) {
    return range.meets(times, size);
  }

  synchronized int size() {
    return size;
  }

  synchronized long memoryBytes() {
    return 100 + times.length * 28L + encoded.array().length;
  }
}
