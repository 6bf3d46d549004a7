package io.varve.bench.cluster;

import io.varve.bench.cluster.HistoryClient.Shared;
import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What every node has at the end, read from each by itself into the history. */
final class FinalReads {
  private static final int STRETCH = 2_000;
  private static final int SERIES_AT_ONCE = 8;
  private static final long PAUSE_MILLIS = 200;

  private FinalReads() {}

  /**
   * Reads everything from every node, again if nodes differ: a write whose client has given up may
   * still be on its way.
   *
   * @param patience how long a node may refuse to answer before that is an error, and how long
   *     nodes may differ
   * @throws IOException if a node does not answer
   */
  static void read(Shared shared, Duration patience) throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      List<Read> reads = once(shared, patience);
      if (HistoryChecker.agree(shared.samples(), reads) || System.nanoTime() > end) {
        reads.forEach(shared.history()::add);
        return;
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private static List<Read> once(Shared shared, Duration patience)
      throws IOException, InterruptedException {
    List<Read> reads = new ArrayList<>();
    SampleReader reader = new SampleReader(shared.nodes(), shared.samples(), false);
    Write fence = newest(shared);
    UniqueSamples samples = shared.samples();
    int most = 0;
    for (int s = 0; s < samples.series(); s++) {
      most = Math.max(most, shared.next().get(s));
    }
    for (int node = 0; node < shared.nodes().count(); node++) {
      for (int s = 0; s < samples.series(); s += SERIES_AT_ONCE) {
        List<Integer> series = new ArrayList<>();
        for (int i = s; i < Math.min(samples.series(), s + SERIES_AT_ONCE); i++) {
          series.add(i);
        }
        for (int from = 0; from < most; from += STRETCH) {
          SampleReader.Selection all =
              new SampleReader.Selection(series, from, Math.min(most, from + STRETCH));
          reads.add(answered(reader, node, fence, all, patience));
        }
      }
    }
    return reads;
  }

  private static Read answered(
      SampleReader reader,
      int node,
      @Nullable Write fence,
      SampleReader.Selection selection,
      Duration patience)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      Read read = reader.read(-1, node, ReadLevel.FINAL, fence, selection, Duration.ofSeconds(30));
      if (read.done()) {
        return read;
      }
      if (System.nanoTime() > end) {
        throw new IOException(
            "node %d does not answer a read after all is healed: status %d"
                .formatted(node + 1, read.status()));
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** The acknowledged write with the largest position, null if there is none. */
  private static @Nullable Write newest(Shared shared) {
    Write newest = null;
    for (Operation operation : shared.history().operations()) {
      if (operation instanceof Write write && write.done()) {
        Position position = write.position();
        Position before = newest == null ? null : newest.position();
        if (position != null && (before == null || before.isBehind(position))) {
          newest = write;
        }
      }
    }
    return newest;
  }
}
