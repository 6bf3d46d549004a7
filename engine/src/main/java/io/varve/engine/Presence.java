package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkReader;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether the series of a {@link Selection} have samples in a range, which being found by index
 * does not say: a window's index names whoever was there on that day. Looks at times, never at
 * values, and at nothing but the index where a range holds all of a window's files. Deletes that
 * have not reached the files are not its business. One thread.
 */
final class Presence {
  private final SnapshotView snapshot;
  private final Selection selection;
  private final ReadScratch scratch;

  // What is the same for all series of a range.
  private @Nullable TimeRange range;
  private final List<Source> heads = new ArrayList<>(); // newest first
  private final List<LateSource> late = new ArrayList<>();
  private boolean[] touched = {}; // windows with files that the range meets
  private boolean[] whole = {}; // windows of which the range holds all files, nothing deleted

  enum Answer {
    YES,
    NO,
    /** Deletes hide samples of the series: only reading tells what is left. */
    PARTLY_DELETED
  }

  /**
   * A head that a range touches.
   *
   * @param whole true if the range holds all of it
   */
  private record Source(Head head, boolean whole) {}

  private record LateSource(SeriesTable table, LateHead.Window window) {}

  Presence(SnapshotView snapshot, Selection selection, ReadScratch scratch) {
    this.snapshot = snapshot;
    this.selection = selection;
    this.scratch = scratch;
  }

  Answer of(int series, TimeRange asked) {
    if (!asked.equals(range)) {
      prepare(asked);
    }
    for (int i = 0; i < heads.size(); i++) {
      Source source = heads.get(i);
      int id = selection.headId(source.head().table(), series);
      if (id >= 0
          && (source.whole()
              ? source.head().sampleCount(id) > 0
              : source.head().anyIn(id, asked, scratch.heads))) {
        return Answer.YES;
      }
    }
    for (int i = 0; i < late.size(); i++) {
      LateSource source = late.get(i);
      int id = selection.headId(source.table(), series);
      if (id >= 0 && source.window().anyIn(id, asked)) {
        return Answer.YES;
      }
    }
    return inFiles(series, asked);
  }

  private void prepare(TimeRange asked) {
    range = asked;
    heads.clear();
    late.clear();
    View view = snapshot.view();
    addHead(view.head(), snapshot.late(), asked);
    List<Frozen> frozen = view.frozen();
    for (int i = frozen.size() - 1; i >= 0; i--) {
      addHead(frozen.get(i).head(), frozen.get(i).late(), asked);
    }
    int windows = selection.windows.size();
    touched = new boolean[windows];
    whole = new boolean[windows];
    for (int w = 0; w < windows; w++) {
      WindowView window = selection.windows.get(w);
      whole[w] = !window.tombstones().any();
      for (Shared<ChunkReader> chunk : window.chunks()) {
        long first = chunk.get().file().minTime();
        long last = chunk.get().file().maxTime();
        touched[w] |= last > asked.startExclusive() && first <= asked.endInclusive();
        whole[w] &= first > asked.startExclusive() && last <= asked.endInclusive();
      }
      if (window.cellsBySource().isSourceless()) {
        touched[w] |=
            window.end() > asked.startExclusive() && window.start() < asked.endInclusive();
        whole[w] = false;
      }
    }
  }

  private void addHead(Head head, TreeMap<Long, LateHead.Window> lateWindows, TimeRange asked) {
    if (SnapshotView.touches(head, asked)) {
      // Samples may come while this is asked, and then count or not.
      boolean all =
          head.minTime() > asked.startExclusive() && head.maxTime() <= asked.endInclusive();
      heads.add(new Source(head, all));
    }
    for (LateHead.Window window : Selection.touched(lateWindows, asked, snapshot.windowMillis())) {
      late.add(new LateSource(head.table(), window));
    }
  }

  private Answer inFiles(int series, TimeRange asked) {
    int shard = selection.virtualShard(series);
    Answer answer = Answer.NO;
    for (int w = touched.length - 1; w >= 0; w--) {
      int id = selection.windowId(w, series);
      if (id < 0 || !touched[w]) {
        continue;
      }
      if (whole[w]) {
        return Answer.YES;
      }
      WindowView window = selection.windows.get(w);
      if (window.cellsBySource().isSourceless() && window.lost().contains(id)) {
        answer = Answer.PARTLY_DELETED; // reading tells what its cells stand for
      }
      List<Shared<ChunkReader>> chunks = window.chunks(window.bucketOf(shard));
      for (int c = chunks.size() - 1; c >= 0; c--) {
        ChunkReader chunk = chunks.get(c).get();
        if (chunk.file().maxTime() <= asked.startExclusive()
            || chunk.file().minTime() > asked.endInclusive()
            || !inChunk(chunk, id, asked)) {
          continue;
        }
        if (window.tombstones().ranges(id, chunk.file().info().logTo()) == null) {
          return Answer.YES;
        }
        answer = Answer.PARTLY_DELETED;
      }
    }
    return answer;
  }

  private boolean inChunk(ChunkReader chunk, int id, TimeRange asked) {
    try {
      int row = chunk.rowOf(id);
      if (row < 0) {
        return false;
      }
      for (int block = chunk.endBlock(row) - 1, first = chunk.firstBlock(row);
          block >= first;
          block--) {
        if (chunk.anyIn(block, asked, scratch.chunks)) {
          return true;
        }
      }
    } catch (CorruptDataException e) {
      if (snapshot.damageLog().add(String.valueOf(e.getMessage()))) {
        snapshot.counters().damage.increment();
      }
    }
    return false;
  }
}
