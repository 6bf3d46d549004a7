package io.varve.engine;

import java.util.concurrent.atomic.LongAdder;

/** What the engine counts since it was opened. Any thread adds; sums are read for the metrics. */
final class EngineCounters {
  final LongAdder samples = new LongAdder();
  final LongAdder histograms = new LongAdder();
  final LongAdder exemplars = new LongAdder();
  final LongAdder rejected = new LongAdder();
  final LongAdder duplicates = new LongAdder();
  final LongAdder seriesCreated = new LongAdder();
  final LongAdder flushes = new LongAdder();
  final LongAdder merges = new LongAdder();
  final LongAdder checkpoints = new LongAdder();
  final LongAdder windowsDropped = new LongAdder();
  final LongAdder deletes = new LongAdder();
  final LongAdder jobFailures = new LongAdder();
  final LongAdder bytesWritten = new LongAdder();
  final LongAdder blocksDecoded = new LongAdder();
  final LongAdder blocksAggregated = new LongAdder();
  final LongAdder cellsRead = new LongAdder();
  final LongAdder cellFilesMade = new LongAdder();
  final LongAdder damage = new LongAdder();

  void batch(int samplesStored, int histogramsStored, int exemplarsStored) {
    samples.add(samplesStored);
    histograms.add(histogramsStored);
    exemplars.add(exemplarsStored);
  }

  void rejected(int n) {
    rejected.add(n);
  }

  void duplicate() {
    duplicates.increment();
  }

  void created(int n) {
    seriesCreated.add(n);
  }
}
