package io.varve.query.exec;

import io.varve.query.Explanation;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.PlanText;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * What is written down about each node of a plan while it is evaluated: the tree grows as operators
 * are built, on the thread that asked; times come from all workers.
 */
public final class Profile {
  private final Entry root = new Entry(null, "query");
  private Entry current = root;

  /** Nothing yet. */
  public Profile() {}

  /** One node. */
  static final class Entry {
    private final Entry parent;
    private final String text;
    private final List<Entry> children = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();
    private final List<SelectorMeter> meters = new ArrayList<>();
    private final LongAdder nanos = new LongAdder();
    private volatile long series;

    private Entry(@org.jspecify.annotations.Nullable Entry parent, String text) {
      this.parent = parent == null ? this : parent;
      this.text = text;
    }

    void took(long more) {
      nanos.add(more);
    }

    void yields(long seriesCount) {
      series = seriesCount;
    }
  }

  /** A node below the current one; it is the current one until {@link #leave}. */
  Entry enter(PlanNode node) {
    Entry entry = new Entry(current, PlanText.of(node));
    current.children.add(entry);
    current = entry;
    return entry;
  }

  /** Makes a node the current one again. */
  Entry resume(Entry entry) {
    Entry before = current;
    current = entry;
    return before;
  }

  /** Back to the node above. */
  void leave() {
    current = current.parent;
  }

  /** A selector reads for the current node. */
  void reads(SelectorMeter meter) {
    current.meters.add(meter);
  }

  /** Something to say about the current node, on the thread that asked. */
  void remark(String text) {
    current.remarks.add(text);
  }

  /** The tree as it is at the end of a query. */
  public List<Explanation> nodes() {
    return root.children.stream().map(Profile::explanation).toList();
  }

  private static Explanation explanation(Entry entry) {
    long windows = 0;
    long found = 0;
    long samples = 0;
    long blocks = 0;
    long stored = 0;
    long bytes = 0;
    long cells = 0;
    long cellMillis = 0;
    for (SelectorMeter meter : entry.meters) {
      found += meter.series();
      windows = Math.max(windows, meter.windows());
      samples += meter.samples();
      blocks += meter.blocks();
      stored += meter.storedBlocks();
      cells += meter.storedCells();
      cellMillis = Math.max(cellMillis, meter.cellMillis());
      bytes += meter.bytes();
    }
    return new Explanation(
        entry.text,
        entry.series,
        found,
        windows,
        blocks,
        stored,
        cells,
        cellMillis,
        bytes,
        samples,
        entry.nanos.sum(),
        entry.remarks,
        entry.children.stream().map(Profile::explanation).toList());
  }
}
