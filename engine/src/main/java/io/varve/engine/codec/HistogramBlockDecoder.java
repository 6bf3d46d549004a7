package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Histogram;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks that {@link HistogramBlockEncoder} wrote. Keeps scratch memory, so one per thread.
 */
public final class HistogramBlockDecoder {
  private static final long[] NO_DELTAS = new long[0];
  private static final double[] NO_COUNTS = new double[0];

  private final IntegerStreamDecoder stream = new IntegerStreamDecoder();
  private final FloatBlockDecoder floats = new FloatBlockDecoder();
  private final PaddedInput input = new PaddedInput();
  private long[] indices = new long[0];
  private long[] hints = new long[0];
  private long[] counts = new long[0];
  private long[] zeroCounts = new long[0];
  private long[] column = new long[0];
  private double[] sums = new double[0];
  private double[] floatColumn = new double[0];

  /** A decoder with little memory, which grows to the blocks it sees. */
  public HistogramBlockDecoder() {}

  /**
   * Reads one block into {@code out[at, at + n)}. The samples are new objects; those of one layout
   * share the arrays of it.
   *
   * @param in {@code [offset, offset + length)} is the block, nothing more
   * @param n samples in it, 1 to {@link Codecs#MOST_VALUES}
   * @throws CorruptDataException if these bytes are no block of n samples; then out is garbage
   */
  public void decode(byte[] in, int offset, int length, int n, @Nullable Histogram[] out, int at) {
    Codecs.checkCount(n);
    Objects.checkFromIndexSize(offset, length, in.length);
    Objects.checkFromIndexSize(at, n, out.length);
    room(n);
    ByteReader reader = input.on(in, offset, length, "histogram block");
    int kinds = reader.count(n);
    if (kinds == 0) {
      throw reader.corrupt("no layout");
    }
    if (kinds > 1) {
      stream.decode(reader, n, indices, 0);
    } else {
      Arrays.fill(indices, 0, n, 0);
    }
    // A layout takes 14 bytes at least.
    if (kinds > reader.remaining() / 14) {
      throw reader.corrupt(kinds + " layouts in " + reader.remaining() + " bytes");
    }
    HistogramLayout[] layouts = new HistogramLayout[kinds];
    for (int i = 0; i < kinds; i++) {
      layouts[i] = HistogramLayout.read(reader);
    }
    int[][] rows = rows(reader, layouts, n);
    stream.decode(reader, n, hints, 0);
    for (int i = 0; i < n; i++) {
      if (hints[i] < 0 || hints[i] > 3) {
        throw reader.corrupt("reset hint " + hints[i]);
      }
    }
    for (int i = 0; i < kinds; i++) {
      read(reader, layouts[i], rows[i], out, at);
    }
    if (!reader.atEnd()) {
      throw reader.corrupt("bytes after the last sample");
    }
  }

  private void room(int n) {
    if (column.length < n) {
      int size = Math.max(512, n);
      indices = new long[size];
      hints = new long[size];
      counts = new long[size];
      zeroCounts = new long[size];
      column = new long[size];
      sums = new double[size];
      floatColumn = new double[size];
    }
  }

  /** The rows of each layout, after a check that they are bounded and that none is without. */
  private int[][] rows(ByteReader reader, HistogramLayout[] layouts, int n) {
    int[] sizes = new int[layouts.length];
    long cells = 0;
    for (int i = 0; i < n; i++) {
      long index = indices[i];
      if (index < 0 || index >= layouts.length) {
        throw reader.corrupt("layout " + index + " of " + layouts.length);
      }
      sizes[(int) index]++;
      cells += layouts[(int) index].buckets();
    }
    if (cells > HistogramBlockEncoder.MOST_CELLS && n > 1) {
      throw reader.corrupt(cells + " buckets");
    }
    int[][] rows = new int[layouts.length][];
    for (int i = 0; i < layouts.length; i++) {
      if (sizes[i] == 0) {
        throw reader.corrupt("layout without a sample");
      }
      rows[i] = new int[sizes[i]];
      sizes[i] = 0;
    }
    for (int i = 0; i < n; i++) {
      int index = (int) indices[i];
      rows[index][sizes[index]++] = i;
    }
    return rows;
  }

  private void read(
      ByteReader reader, HistogramLayout layout, int[] rows, @Nullable Histogram[] out, int at) {
    int m = rows.length;
    floats.read(reader, m, sums, 0);
    long[][] positiveDeltas = new long[m][];
    long[][] negativeDeltas = new long[m][];
    double[][] positiveCounts = new double[m][];
    double[][] negativeCounts = new double[m][];
    if (layout.floatCounts()) {
      floats.read(reader, m, floatColumn, 0);
      bits(floatColumn, m, counts);
      floats.read(reader, m, floatColumn, 0);
      bits(floatColumn, m, zeroCounts);
      floatBuckets(reader, layout.positiveBuckets(), positiveCounts);
      floatBuckets(reader, layout.negativeBuckets(), negativeCounts);
      Arrays.fill(positiveDeltas, NO_DELTAS);
      Arrays.fill(negativeDeltas, NO_DELTAS);
    } else {
      stream.decode(reader, m, counts, 0);
      stream.decode(reader, m, zeroCounts, 0);
      buckets(reader, layout.positiveBuckets(), positiveDeltas);
      buckets(reader, layout.negativeBuckets(), negativeDeltas);
      Arrays.fill(positiveCounts, NO_COUNTS);
      Arrays.fill(negativeCounts, NO_COUNTS);
    }
    for (int i = 0; i < m; i++) {
      out[at + rows[i]] =
          new Histogram(
              layout.schema(),
              Double.longBitsToDouble(layout.zeroThresholdBits()),
              layout.floatCounts(),
              counts[i],
              zeroCounts[i],
              sums[i],
              (int) hints[rows[i]],
              layout.positiveSpans(),
              layout.negativeSpans(),
              positiveDeltas[i],
              negativeDeltas[i],
              positiveCounts[i],
              negativeCounts[i],
              layout.customValues());
    }
  }

  private static void bits(double[] values, int m, long[] out) {
    for (int i = 0; i < m; i++) {
      out[i] = Double.doubleToRawLongBits(values[i]);
    }
  }

  /** Absolute counts come as columns; samples want differences from bucket to bucket. */
  private void buckets(ByteReader reader, int buckets, long[][] deltas) {
    int m = deltas.length;
    for (int i = 0; i < m; i++) {
      deltas[i] = buckets == 0 ? NO_DELTAS : new long[buckets];
    }
    for (int bucket = 0; bucket < buckets; bucket++) {
      stream.decode(reader, m, column, 0);
      for (int i = 0; i < m; i++) {
        deltas[i][bucket] = column[i];
      }
    }
    for (int i = 0; i < m; i++) {
      for (int bucket = buckets - 1; bucket > 0; bucket--) {
        deltas[i][bucket] -= deltas[i][bucket - 1];
      }
    }
  }

  private void floatBuckets(ByteReader reader, int buckets, double[][] counts) {
    int m = counts.length;
    for (int i = 0; i < m; i++) {
      counts[i] = buckets == 0 ? NO_COUNTS : new double[buckets];
    }
    for (int bucket = 0; bucket < buckets; bucket++) {
      floats.read(reader, m, floatColumn, 0);
      for (int i = 0; i < m; i++) {
        counts[i][bucket] = floatColumn[i];
      }
    }
  }
}
