package io.varve.engine;

import java.util.EnumMap;
import java.util.Map;
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
  private final LongAdder[] windowsDropped = adders();
  private final LongAdder[] bytesDropped = adders();
  final LongAdder deletes = new LongAdder();
  final LongAdder undeletes = new LongAdder();
  final LongAdder purgedSamples = new LongAdder();
  final LongAdder purgedBytes = new LongAdder();
  final LongAdder purgedFiles = new LongAdder();
  final LongAdder corrections = new LongAdder();
  final LongAdder correctedSamples = new LongAdder();
  final LongAdder jobFailures = new LongAdder();
  final LongAdder bytesWritten = new LongAdder();
  final LongAdder blocksDecoded = new LongAdder();
  final LongAdder blocksAggregated = new LongAdder();
  final LongAdder cellsRead = new LongAdder();
  final LongAdder cellFilesMade = new LongAdder();
  final LongAdder cellsAudited = new LongAdder();
  final LongAdder cellFilesWrong = new LongAdder();
  final LongAdder groupedFilesMade = new LongAdder();
  final LongAdder groupedRead = new LongAdder();
  final LongAdder groupedAudited = new LongAdder();
  final LongAdder groupedWrong = new LongAdder();
  final LongAdder damage = new LongAdder();

  void batch(int samplesStored, int histogramsStored, int exemplarsStored) {
    samples.add(samplesStored);
    histograms.add(histogramsStored);
    exemplars.add(exemplarsStored);
  }

  private static LongAdder[] adders() {
    LongAdder[] adders = new LongAdder[DropReason.values().length];
    for (int i = 0; i < adders.length; i++) {
      adders[i] = new LongAdder();
    }
    return adders;
  }

  /** Samples went for a reason, and with them a whole window or some of its files. */
  void dropped(DropReason reason, boolean isWindow, long bytes) {
    windowsDropped[reason.ordinal()].add(isWindow ? 1 : 0);
    bytesDropped[reason.ordinal()].add(bytes);
  }

  /** What went so far. */
  Map<DropReason, EngineStats.Dropped> dropped() {
    Map<DropReason, EngineStats.Dropped> dropped = new EnumMap<>(DropReason.class);
    for (DropReason reason : DropReason.values()) {
      int i = reason.ordinal();
      dropped.put(reason, new EngineStats.Dropped(windowsDropped[i].sum(), bytesDropped[i].sum()));
    }
    return dropped;
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
