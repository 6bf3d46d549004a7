package io.varve.http.remoteread;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import org.jspecify.annotations.Nullable;

/**
 * Turns the samples of one series into Prometheus' chunks. A chunk holds samples of one kind; of
 * histograms, such that have the same buckets and that no counter reset parts, because what is not
 * the first in a chunk counts as "no reset". Reused from series to series. Not thread-safe.
 */
final class ChunkEncoder {
  /** Samples of a chunk; Prometheus cuts its own at the same number. */
  private static final int MOST_SAMPLES = 120;

  private final BitStream out = new BitStream();
  private final XorValue values = new XorValue();
  private final HistogramChunk histograms = new HistogramChunk(out);

  /** What becomes of the chunks. */
  interface Sink {
    /**
     * Takes one.
     *
     * @param encoding as {@code prometheus.Chunk.Encoding} numbers it
     * @param bytes the taker's own
     */
    void chunk(long minTime, long maxTime, int encoding, byte[] bytes);
  }

  /** Encodes all rows. */
  void encode(SampleColumns rows, Sink sink) {
    for (int row = 0; row < rows.size; ) {
      int end = rows.histogram(row) == null ? floats(rows, row, sink) : histograms(rows, row, sink);
      row = end;
    }
  }

  private int floats(SampleColumns rows, int from, Sink sink) {
    out.reset();
    out.bits(0, 16);
    long delta = 0;
    int row = from;
    for (; row < rows.size && row - from < MOST_SAMPLES; row++) {
      if (rows.histogram(row) != null) {
        break;
      }
      long time = rows.times[row];
      long bits = Double.doubleToRawLongBits(rows.values[row]);
      if (row == from) {
        out.zigzag(time);
        values.first(out, bits);
        continue;
      }
      long change = time - rows.times[row - 1];
      if (row == from + 1) {
        out.varint(change);
      } else {
        out.timeChange(change - delta);
      }
      delta = change;
      values.next(out, bits);
    }
    out.patch16(0, row - from);
    sink.chunk(rows.times[from], rows.times[row - 1], 1, out.toByteArray());
    return row;
  }

  private int histograms(SampleColumns rows, int from, Sink sink) {
    Histogram first = histogram(rows, from);
    histograms.begin(rows.times[from], first);
    Histogram last = first;
    int row = from + 1;
    while (row < rows.size && row - from < MOST_SAMPLES) {
      Histogram next = rows.histogram(row);
      if (next == null || !HistogramChunk.continues(last, next)) {
        break;
      }
      histograms.append(rows.times[row], next);
      last = next;
      row++;
    }
    out.patch16(0, row - from);
    sink.chunk(
        rows.times[from], rows.times[row - 1], first.floatCounts() ? 3 : 2, out.toByteArray());
    return row;
  }

  private static Histogram histogram(SampleColumns rows, int row) {
    @Nullable Histogram histogram = rows.histogram(row);
    if (histogram == null) {
      throw new IllegalStateException("BUG: row " + row + " is no histogram");
    }
    return histogram.isStale() ? stale(histogram) : histogram;
  }

  /** A stale marker has no buckets, whatever it came with. */
  private static Histogram stale(Histogram marker) {
    return new Histogram(
        0,
        0,
        marker.floatCounts(),
        0,
        0,
        StaleMarker.VALUE,
        0,
        new int[0],
        new int[0],
        new long[0],
        new long[0],
        new double[0],
        new double[0],
        new double[0]);
  }
}
