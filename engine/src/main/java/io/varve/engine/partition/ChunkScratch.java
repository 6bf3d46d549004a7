package io.varve.engine.partition;

import io.varve.engine.codec.FloatBlockDecoder;
import io.varve.engine.codec.HistogramBlockDecoder;
import io.varve.engine.codec.LongBlockDecoder;
import io.varve.engine.codec.TimeColumnDecoder;

/**
 * The buffers and decoders of one thread that reads chunk files: any files, one after the other. It
 * holds no file open and remembers no reader, so it may outlive them. Not thread-safe.
 */
public final class ChunkScratch {
  private static final int SLOTS = 256;

  /** Longer columns share one slot. */
  private static final int MOST_KEPT_ROWS = 1024;

  final FileWindows values = new FileWindows();
  final FileWindows times = new FileWindows();
  final FloatBlockDecoder floats = new FloatBlockDecoder();
  final LongBlockDecoder longs = new LongBlockDecoder();
  final HistogramBlockDecoder histograms = new HistogramBlockDecoder();
  private final TimeColumnDecoder timeDecoder = new TimeColumnDecoder();

  // Decoded time columns, by file and column: the series of a scrape target share theirs.
  private final long[] readers = new long[SLOTS + 1];
  private final int[] columns = new int[SLOTS + 1];
  private final long[][] decoded = new long[SLOTS + 1][];
  private long decodedBytes;

  /** Empty buffers, which grow to the blocks that are read. */
  public ChunkScratch() {
    java.util.Arrays.fill(decoded, new long[0]);
    java.util.Arrays.fill(readers, -1);
  }

  /** Heap that the buffers take, for a query's account. */
  public long residentBytes() {
    return values.residentBytes() + times.residentBytes() + decodedBytes;
  }

  /** The timestamps of a column; valid until the next call. */
  long[] times(ChunkReader reader, int column, int rows) {
    int slot =
        rows > MOST_KEPT_ROWS
            ? SLOTS
            : (int) (((column + 31 * reader.number()) * 0x9E3779B97F4A7C15L) >>> 56);
    if (readers[slot] != reader.number() || columns[slot] != column) {
      readers[slot] = -1;
      if (decoded[slot].length < rows) {
        decodedBytes += 8L * (rows - decoded[slot].length);
        decoded[slot] = new long[rows];
      }
      reader.decodeTimes(column, timeDecoder, times.of(reader), decoded[slot]);
      readers[slot] = reader.number();
      columns[slot] = column;
    }
    return decoded[slot];
  }
}
