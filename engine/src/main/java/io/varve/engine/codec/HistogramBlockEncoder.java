package io.varve.engine.codec;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes blocks of native histograms, bit for bit: each distinct layout once, then, for each
 * layout, one column per number (count, zero count, sum, each bucket) over the samples that have
 * it. Bucket counts are written absolute, not as differences to the bucket before, since along time
 * it is the buckets that are steady. Keeps scratch memory, so one per thread; the bytes depend only
 * on the samples.
 */
public final class HistogramBlockEncoder {
  /** Most buckets of all samples of a block together: 32 MiB when decoded. */
  static final int MOST_CELLS = 1 << 22;

  private final IntegerStreamEncoder stream = new IntegerStreamEncoder();
  private final FloatBlockEncoder floats = new FloatBlockEncoder();
  private long[] indices = new long[0];
  private long[] column = new long[0];
  private double[] floatColumn = new double[0];
  private Histogram[] members = new Histogram[0];

  /** An encoder with little memory, which grows to the blocks it sees. */
  public HistogramBlockEncoder() {}

  /**
   * How many of the samples {@code [from, from + n)} one block can hold, from the first on: all of
   * them, unless they have millions of buckets.
   *
   * @return 1 to n
   */
  public static int fitting(@Nullable Histogram[] histograms, int from, int n) {
    long cells = 0;
    for (int i = 0; i < n; i++) {
      Histogram h = Objects.requireNonNull(histograms[from + i], "no histogram in the row");
      cells += HistogramLayout.buckets(h);
      if (cells > MOST_CELLS && i > 0) {
        return i;
      }
    }
    return n;
  }

  /**
   * Appends {@code histograms[from, from + n)} as one block.
   *
   * @param histograms null in no row of the range
   * @param n samples, 1 to {@link Codecs#MOST_VALUES}; not written, a reader must know it
   * @throws IllegalArgumentException if they are more than {@link #fitting} allows
   */
  public void encode(@Nullable Histogram[] histograms, int from, int n, ByteWriter out) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(from, n, histograms.length);
    if (fitting(histograms, from, n) < n) {
      throw new IllegalArgumentException("over " + MOST_CELLS + " buckets in one block");
    }
    room(n);
    List<HistogramLayout> layouts = layouts(histograms, from, n);
    out.varint(layouts.size());
    if (layouts.size() > 1) {
      integers(indices, n, out);
    }
    for (HistogramLayout layout : layouts) {
      layout.write(out);
    }
    for (int i = 0; i < n; i++) {
      column[i] = row(histograms, from + i).resetHint();
    }
    integers(column, n, out);
    int[] starts = groupByLayout(histograms, from, n, layouts.size());
    for (int layout = 0; layout < layouts.size(); layout++) {
      columns(layouts.get(layout), starts[layout], starts[layout + 1], out);
    }
    Arrays.fill(members, 0, n, null);
  }

  /** Fills members with the samples, those of one layout together; returns where each begins. */
  private int[] groupByLayout(@Nullable Histogram[] histograms, int from, int n, int layouts) {
    int[] starts = new int[layouts + 2];
    for (int i = 0; i < n; i++) {
      starts[(int) indices[i] + 2]++;
    }
    for (int layout = 2; layout < starts.length; layout++) {
      starts[layout] += starts[layout - 1];
    }
    for (int i = 0; i < n; i++) {
      // Counted one place further on, so that moving the start leaves it where the next begins.
      members[starts[(int) indices[i] + 1]++] = row(histograms, from + i);
    }
    return starts;
  }

  private static Histogram row(@Nullable Histogram[] histograms, int row) {
    return Objects.requireNonNull(histograms[row], "no histogram in the row");
  }

  private void room(int n) {
    if (column.length < n) {
      int size = Math.max(512, n);
      indices = new long[size];
      column = new long[size];
      floatColumn = new double[size];
      members = new Histogram[size];
    }
  }

  /** The distinct layouts in the order of their first sample; fills indices. */
  private List<HistogramLayout> layouts(@Nullable Histogram[] histograms, int from, int n) {
    List<HistogramLayout> layouts = new ArrayList<>();
    Map<HistogramLayout, Integer> known = new HashMap<>();
    HistogramLayout last = HistogramLayout.of(row(histograms, from));
    layouts.add(last);
    known.put(last, 0);
    int index = 0;
    for (int i = 0; i < n; i++) {
      Histogram h = row(histograms, from + i);
      if (!last.fits(h)) {
        last = HistogramLayout.of(h);
        Integer found = known.putIfAbsent(last, layouts.size());
        index = found == null ? layouts.size() : found;
        if (found == null) {
          layouts.add(last);
        }
      }
      indices[i] = index;
    }
    return layouts;
  }

  private void columns(HistogramLayout layout, int from, int to, ByteWriter out) {
    int m = to - from;
    for (int i = 0; i < m; i++) {
      floatColumn[i] = members[from + i].sum();
    }
    floats(m, out);
    if (layout.floatCounts()) {
      floatColumns(layout, from, to, out);
    } else {
      integerColumns(layout, from, to, out);
    }
  }

  private void integerColumns(HistogramLayout layout, int from, int to, ByteWriter out) {
    int m = to - from;
    for (int i = 0; i < m; i++) {
      column[i] = members[from + i].countBits();
    }
    integers(column, m, out);
    for (int i = 0; i < m; i++) {
      column[i] = members[from + i].zeroCountBits();
    }
    integers(column, m, out);
    for (int side = 0; side < 2; side++) {
      Arrays.fill(column, 0, m, 0);
      int buckets = side == 0 ? layout.positiveBuckets() : layout.negativeBuckets();
      for (int bucket = 0; bucket < buckets; bucket++) {
        for (int i = 0; i < m; i++) {
          Histogram h = members[from + i];
          column[i] += (side == 0 ? h.positiveDeltas() : h.negativeDeltas())[bucket];
        }
        integers(column, m, out);
      }
    }
  }

  private void floatColumns(HistogramLayout layout, int from, int to, ByteWriter out) {
    int m = to - from;
    for (int i = 0; i < m; i++) {
      floatColumn[i] = Double.longBitsToDouble(members[from + i].countBits());
    }
    floats(m, out);
    for (int i = 0; i < m; i++) {
      floatColumn[i] = Double.longBitsToDouble(members[from + i].zeroCountBits());
    }
    floats(m, out);
    for (int side = 0; side < 2; side++) {
      int buckets = side == 0 ? layout.positiveBuckets() : layout.negativeBuckets();
      for (int bucket = 0; bucket < buckets; bucket++) {
        for (int i = 0; i < m; i++) {
          Histogram h = members[from + i];
          floatColumn[i] = (side == 0 ? h.positiveCounts() : h.negativeCounts())[bucket];
        }
        floats(m, out);
      }
    }
  }

  private void integers(long[] values, int m, ByteWriter out) {
    byte[] bytes = out.reserve(IntegerStreamEncoder.maxBytes(m));
    out.advance(stream.encode(values, 0, m, Effort.FULL, bytes, out.size()) - out.size());
  }

  private void floats(int m, ByteWriter out) {
    byte[] bytes = out.reserve(floats.maxBytes(m));
    out.advance(floats.encode(floatColumn, 0, m, bytes, out.size()) - out.size());
  }
}
