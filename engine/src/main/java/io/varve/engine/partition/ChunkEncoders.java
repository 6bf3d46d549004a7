package io.varve.engine.partition;

import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.HistogramBlockEncoder;
import io.varve.engine.codec.LongBlockEncoder;
import io.varve.engine.codec.TimeColumnEncoder;
import io.varve.engine.format.ByteWriter;

/**
 * The encoders and their memory (about a megabyte), for any number of {@link ChunkWriter}s of one
 * thread. Whoever made them closes them after the last writer.
 */
public final class ChunkEncoders implements AutoCloseable {
  final FloatBlockEncoder floats = new FloatBlockEncoder();
  final LongBlockEncoder longs = new LongBlockEncoder();
  final HistogramBlockEncoder histograms = new HistogramBlockEncoder();
  final TimeColumnEncoder times = new TimeColumnEncoder();
  final PageWriter page = new PageWriter();
  final ByteWriter block = new ByteWriter(1 << 12);
  final BlockStats stats = new BlockStats();

  /** Encoders with little memory, which grow to the blocks they see. */
  public ChunkEncoders() {}

  @Override
  public void close() {
    page.close();
  }
}
