package io.varve.engine;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.partition.BlockStats;

/** Adds blocks and rows of one series, in time order, to a {@link RangeAggregate}. */
final class AggregateFold {
  private RangeAggregate into = new RangeAggregate();
  private long lastTime;
  private boolean any;

  void begin(RangeAggregate aggregate) {
    into = aggregate;
    any = false;
    lastTime = Long.MIN_VALUE;
  }

  /** True if anything was added, stale markers included. */
  boolean any() {
    return any;
  }

  /** Time of the newest row added, stale markers included. */
  long lastTime() {
    return lastTime;
  }

  void block(BlockStats block, long blockLastTime) {
    into.storedBlocks++;
    stored(block, blockLastTime);
  }

  void cell(BlockStats cell, long cellLastTime, long width) {
    into.storedCells++;
    into.cellMillis = Math.max(into.cellMillis, width);
    stored(cell, cellLastTime);
  }

  private void stored(BlockStats block, long blockLastTime) {
    any = true;
    lastTime = blockLastTime;
    into.staleCount += block.staleCount;
    if (block.count == 0) {
      return;
    }
    if (into.count == 0) {
      into.firstTime = block.firstTime;
      into.first = block.first;
    } else if (block.first < into.last) {
      into.resets++;
      into.resetCorrection += into.last;
    }
    into.count += block.count;
    into.lastTime = block.lastTime;
    into.last = block.last;
    into.min = Math.min(into.min, block.min);
    into.max = Math.max(into.max, block.max);
    into.addToSum(block.sum);
    into.addToSum(block.sumLow);
    into.resets += block.resets;
    into.resetCorrection += block.resetCorrection;
  }

  /** False if a row is more than the aggregate can express. */
  boolean rows(SampleColumns rows, int from, int to) {
    if (rows.starts != null) {
      return false;
    }
    for (int i = from; i < to; i++) {
      if (rows.histogram(i) != null) {
        return false;
      }
      double value = rows.values[i];
      any = true;
      lastTime = rows.times[i];
      into.decodedSamples++;
      if (StaleMarker.is(value)) {
        into.staleCount++;
        continue;
      }
      if (Double.isNaN(value) || Double.isInfinite(value)) {
        return false;
      }
      into.add(rows.times[i], value);
    }
    return true;
  }
}
