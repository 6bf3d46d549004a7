package io.varve.query.exec;

import io.varve.engine.QueryBudget;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.Printer;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * What one selector of a query takes; hands every charge on to the query. So that a query that is
 * over its limits can say what made it expensive. Thread-safe.
 */
final class SelectorMeter implements QueryBudget {
  /** Memory of a sample in the columns that a selector is read into. */
  private static final int SAMPLE_BYTES = 16;

  private final QueryContext query;
  private final List<Matcher> matchers;
  private final LongAdder heldBytes = new LongAdder();
  private final LongAdder samples = new LongAdder();
  private final LongAdder blocks = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder storedBlocks = new LongAdder();
  private final LongAdder storedCells = new LongAdder();
  private volatile long cellMillis;
  private volatile int series;
  private volatile int windows;

  SelectorMeter(QueryContext query, List<Matcher> matchers) {
    this.query = query;
    this.matchers = matchers;
  }

  @Override
  public void chargeBytes(long more) {
    heldBytes.add(more);
    query.chargeBytes(more);
  }

  @Override
  public void releaseBytes(long less) {
    heldBytes.add(-less);
    query.releaseBytes(less);
  }

  @Override
  public void check() {
    query.check();
  }

  @Override
  public void chargeSamples(long decoded) {
    samples.add(decoded);
    query.chargeSamples(decoded);
  }

  @Override
  public void chargeBlocks(long read, long decoded, long fileBytes) {
    blocks.add(read);
    bytes.add(fileBytes);
    chargeSamples(decoded);
  }

  void found(int seriesFound, int windowsFound) {
    series = seriesFound;
    windows = windowsFound;
  }

  void countStoredBlocks(long more) {
    if (more > 0) {
      storedBlocks.add(more);
    }
  }

  void countStoredCells(long more, long width) {
    if (more > 0) {
      storedCells.add(more);
      cellMillis = Math.max(cellMillis, width);
    }
  }

  /** What it took so far, comparable with that of others. */
  long cost() {
    return heldBytes.sum() + SAMPLE_BYTES * samples.sum() + series;
  }

  /** The selector. */
  String text() {
    return Printer.selector(matchers);
  }

  long series() {
    return series;
  }

  long windows() {
    return windows;
  }

  long samples() {
    return samples.sum();
  }

  long blocks() {
    return blocks.sum();
  }

  /** Bytes of the blocks as they stand in files. */
  long bytes() {
    return bytes.sum();
  }

  long storedBlocks() {
    return storedBlocks.sum();
  }

  long storedCells() {
    return storedCells.sum();
  }

  /** Width of the widest cells that were read, 0 if none were. */
  long cellMillis() {
    return cellMillis;
  }

  @Override
  public String toString() {
    return text()
        + " ("
        + series
        + " series, "
        + samples()
        + " samples in "
        + bytes()
        + " bytes of files read so far)";
  }
}
