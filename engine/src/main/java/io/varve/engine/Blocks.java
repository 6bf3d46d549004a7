package io.varve.engine;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.ChunkWriter;
import java.io.IOException;

/** Cuts rows of a series into blocks: of one kind, and of some hundred samples each. */
final class Blocks {
  /** More samples than this become several blocks of about the same size. */
  static final int MOST_SAMPLES = 512;

  private Blocks() {}

  /** Writes rows {@code [from, to)} as blocks of the series that was begun last. */
  static void write(ChunkWriter writer, SampleColumns rows, int from, int to) throws IOException {
    for (int start = from; start < to; ) {
      boolean histograms = rows.histogram(start) != null;
      int end = start + 1;
      while (end < to && (rows.histogram(end) != null) == histograms) {
        end++;
      }
      int n = end - start;
      int blocks = (n + MOST_SAMPLES - 1) / MOST_SAMPLES;
      for (int b = 0; b < blocks; b++) {
        writer.add(
            rows,
            start + (int) ((long) n * b / blocks),
            start + (int) ((long) n * (b + 1) / blocks));
      }
      start = end;
    }
  }
}
