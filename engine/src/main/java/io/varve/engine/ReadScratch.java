package io.varve.engine;

import io.varve.engine.head.HeadScratch;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.BlockStats;
import io.varve.engine.partition.ChunkScratch;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * The buffers and decoders of one thread that reads series, from files and heads. They take some
 * hundred kilobytes, more than a small query needs for all else, so a few are kept from query to
 * query.
 */
final class ReadScratch {
  /** What has grown beyond this is not kept. */
  private static final long MOST_KEPT_BYTES = 2 << 20;

  final ChunkScratch chunks = new ChunkScratch();
  final HeadScratch heads = new HeadScratch();
  final AggregateFold fold = new AggregateFold();
  final SampleColumns edge = new SampleColumns();
  final BlockStats stats = new BlockStats();

  private long residentBytes() {
    return chunks.residentBytes() + edge.times.length * 16L;
  }

  /** Those that nobody uses; any thread takes and gives. */
  static final class Pool {
    private final ArrayBlockingQueue<ReadScratch> free =
        new ArrayBlockingQueue<>(2 * Runtime.getRuntime().availableProcessors() + 4);

    ReadScratch take() {
      ReadScratch known = free.poll();
      return known == null ? new ReadScratch() : known;
    }

    void give(ReadScratch scratch) {
      if (scratch.residentBytes() <= MOST_KEPT_BYTES) {
        scratch.edge.clear();
        var _ = free.offer(scratch); // enough of them are kept if it does not fit
      }
    }
  }
}
