package io.varve.engine;

import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Reads the series of a {@link Selection}: the files of each window, frozen samples, the open head.
 * Sources with samples in order come first, earlier ones before later ones, then late samples, so
 * that what was logged later overrules what was logged earlier.
 */
final class SelectionReader implements SeriesReader {
  private final SnapshotView snapshot;
  private final Selection selection;
  private final QueryBudget budget;
  private final List<Delete> deletes;
  private final List<Expiry> expiries;
  private final RowMerge merge;
  private final WindowRows windowRows;
  private final Presence presence;
  private final ReadScratch scratch;
  private final SampleColumns edge;
  private final CellReading cellReading;
  private final AggregateReading aggregateReading;
  private final Decoded decoded = new Decoded();
  private long charged;
  private long chargedCells;
  private boolean closed;

  /** True if some of the rows that are being read are not in files yet. */
  private boolean anyOpen;

  SelectionReader(SnapshotView snapshot, Selection selection, QueryBudget budget) {
    this.snapshot = snapshot;
    this.selection = selection;
    this.budget = budget;
    this.deletes = snapshot.view().deletes();
    this.expiries = snapshot.view().expiries();
    this.merge = new RowMerge(snapshot.policy());
    this.scratch = snapshot.scratches().take();
    this.edge = scratch.edge;
    this.windowRows =
        new WindowRows(merge, scratch.chunks, snapshot.counters(), snapshot.damageLog());
    this.cellReading = new CellReading(snapshot, selection, budget, scratch);
    this.aggregateReading =
        new AggregateReading(snapshot, selection, budget, scratch, this::read, this::readHeads);
    this.presence = new Presence(snapshot, selection, scratch);
  }

  @Override
  public void read(int series, TimeRange range, SampleColumns into) {
    windowRows.begin(false);
    readAll(series, range, into);
  }

  @Override
  public void readTimes(int series, TimeRange range, SampleColumns into) {
    windowRows.begin(true);
    readAll(series, range, into);
  }

  private void readAll(int series, TimeRange range, SampleColumns into) {
    checkOpen();
    into.clear();
    anyOpen = false;
    if (range.isEmpty()) {
      return;
    }
    List<Delete> concerning = deletesOf(series);
    long start = range.startExclusive();
    long end = range.endInclusive();
    int bucketBits = selection.virtualShard(series);
    readWindows(series, bucketBits, false, start, end, concerning, into);
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      Frozen source = frozen.get(i);
      readHead(series, source.head(), range, source.logTo(), concerning, into);
    }
    readHead(series, snapshot.view().head(), range, Long.MAX_VALUE, concerning, into);
    readWindows(series, bucketBits, true, start, end, concerning, into);
    for (int i = 0; i < frozen.size(); i++) {
      Frozen source = frozen.get(i);
      readLate(
          series,
          source.table(),
          source.late(),
          range,
          source.logTo(),
          source.correction(),
          concerning,
          into);
    }
    readLate(
        series,
        snapshot.view().head().table(),
        snapshot.late(),
        range,
        Long.MAX_VALUE,
        false,
        concerning,
        into);
    RowMerge.trim(into, start, end);
    into.finite = !anyOpen && windowRows.isFinite();
    decoded.charge();
    holdScratch(into);
  }

  /**
   * Blocks that were decoded and are not charged yet: what all threads of a query add to is not
   * touched for every block.
   */
  private final class Decoded implements WindowRows.Charge {
    private static final long SAMPLES_AT_ONCE = 1 << 16;

    private long blocks;
    private long samples;
    private long bytes;

    @Override
    public void block(int blockSamples, int blockBytes) {
      blocks++;
      samples += blockSamples;
      bytes += blockBytes;
      if (samples >= SAMPLES_AT_ONCE) {
        charge();
      }
    }

    void charge() {
      if (blocks > 0) {
        long some = blocks;
        blocks = 0;
        budget.chargeBlocks(some, samples, bytes);
        samples = 0;
        bytes = 0;
      }
    }
  }

  /** What buffers have grown to is charged to the query as long as this reader lives. */
  private void holdScratch(SampleColumns into) {
    long now = into.times.length * 16L + scratch.chunks.residentBytes();
    if (now > charged) {
      budget.chargeBytes(now - charged);
      charged = now;
    }
  }

  @Override
  public boolean anyIn(int series, TimeRange range) {
    checkOpen();
    if (range.isEmpty()) {
      return false;
    }
    if (deletesOf(series).isEmpty()) {
      Presence.Answer answer = presence.of(series, range);
      if (answer != Presence.Answer.PARTLY_DELETED) {
        return answer == Presence.Answer.YES;
      }
    }
    read(series, range, edge);
    return edge.size > 0;
  }

  private void readWindows(
      int series,
      int virtualShard,
      boolean late,
      long start,
      long end,
      List<Delete> concerning,
      SampleColumns into) {
    for (int w = 0; w < selection.windows.size(); w++) {
      int id = selection.windowId(w, series);
      WindowView window = selection.windows.get(w);
      if (id < 0 || window.start() >= end || window.end() <= start) {
        continue;
      }
      if (!late && window.cellsBySource().isSourceless()) {
        // Expiries let go of samples, not of what tells of them.
        List<Delete> pending = new ArrayList<>(concerning);
        pending.retainAll(deletes);
        windowRows.readLasts(window, id, window.bucketOf(virtualShard), start, end, pending, into);
      }
      windowRows.read(
          window, id, window.bucketOf(virtualShard), late, start, end, concerning, into, decoded);
    }
  }

  /** Appends what the heads have in order. */
  private void readHeads(int series, TimeRange range, SampleColumns into) {
    List<Delete> concerning = deletesOf(series);
    List<Frozen> frozen = snapshot.view().frozen();
    for (int i = 0; i < frozen.size(); i++) {
      Frozen source = frozen.get(i);
      readHead(series, source.head(), range, source.logTo(), concerning, into);
    }
    readHead(series, snapshot.view().head(), range, Long.MAX_VALUE, concerning, into);
  }

  private void readHead(
      int series,
      Head head,
      TimeRange range,
      long logTo,
      List<Delete> concerning,
      SampleColumns into) {
    if (!SnapshotView.touches(head, range)) {
      return;
    }
    int id = selection.headId(head.table(), series);
    if (id < 0 || head.table().lastTime(id) <= range.startExclusive()) {
      return; // nothing there, or all in order is older
    }
    int mark = into.size;
    head.readIn(id, range, into, scratch.heads);
    anyOpen |= into.size > mark;
    budget.chargeSamples(into.size - mark);
    settle(into, mark, logTo, false, concerning);
  }

  private void readLate(
      int series,
      SeriesTable table,
      TreeMap<Long, LateHead.Window> late,
      TimeRange range,
      long logTo,
      boolean correction,
      List<Delete> concerning,
      SampleColumns into) {
    if (late.isEmpty()) {
      return;
    }
    int id = selection.headId(table, series);
    if (id < 0) {
      return;
    }
    for (LateHead.Window window : Selection.touched(late, range, snapshot.windowMillis())) {
      int mark = into.size;
      window.read(id, into);
      anyOpen |= into.size > mark;
      budget.chargeSamples(into.size - mark);
      settle(into, mark, logTo, correction, concerning);
    }
  }

  private void settle(
      SampleColumns into, int mark, long logTo, boolean correction, List<Delete> concerning) {
    if (!concerning.isEmpty()) {
      long[] gone = WindowRows.withDeletes(new long[0], concerning, logTo);
      if (gone.length > 0) {
        RowMerge.remove(into, mark, gone);
      }
    }
    merge.settle(into, mark, correction);
  }

  private List<Delete> deletesOf(int series) {
    if (deletes.isEmpty() && expiries.isEmpty()) {
      return deletes;
    }
    Labels labels = selection.labels(series);
    List<Delete> concerning = new ArrayList<>();
    for (Delete delete : deletes) {
      if (delete.concerns(selection.tenant(), labels)) {
        concerning.add(delete);
      }
    }
    for (Expiry expiry : expiries) {
      Delete delete = expiry.of(selection.tenant(), labels);
      if (!delete.range().isEmpty()) {
        concerning.add(delete);
      }
    }
    return concerning;
  }

  @Override
  public boolean aggregate(int series, TimeRange range, RangeAggregate into) {
    return aggregate(series, range, AggregateReading.NO_CELLS, into);
  }

  @Override
  public boolean aggregate(int series, TimeRange range, int parts, RangeAggregate into) {
    checkOpen();
    return aggregateReading.fill(series, range, parts, !deletesOf(series).isEmpty(), into);
  }

  @Override
  public void cells(
      int first, TimeRange range, long cellMillis, int parts, List<CellColumns> into) {
    checkOpen();
    if (Math.floorMod(range.startExclusive(), cellMillis) != 0
        || Math.floorMod(range.endInclusive(), cellMillis) != 0) {
      throw new IllegalArgumentException(range + " is not made of cells of " + cellMillis + " ms");
    }
    cellReading.fill(
        first, range, cellMillis, parts, series -> !deletesOf(series).isEmpty(), this::read, into);
    long now = 0;
    for (int i = 0; i < into.size(); i++) {
      now += into.get(i).residentBytes();
    }
    if (now > chargedCells) {
      budget.chargeBytes(now - chargedCells);
      chargedCells = now;
    }
  }

  /** The buffers may be somebody else's already. */
  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the reader is closed");
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    budget.releaseBytes(charged + chargedCells);
    snapshot.scratches().give(scratch);
  }
}
