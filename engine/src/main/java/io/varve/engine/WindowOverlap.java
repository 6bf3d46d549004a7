package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkReader;
import java.util.ArrayList;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * Which series of one window's files may have samples in a range: those with a first sample before
 * its end and a last one behind its start, in one file. A window's index names whoever was there on
 * that day; a list of labels for the last hour should not. Gaps are not looked for, nor deletes of
 * parts of a series. One thread.
 */
final class WindowOverlap {
  /** With fewer series than one in so many of a file's rows, each is looked up for itself. */
  private static final int ROWS_PER_LOOKUP = 16;

  private final WindowView window;
  private final RoaringBitmap gone;
  private final TimeRange range;
  private final QueryBudget budget;
  private final DamageLog damage;

  /** Files that the range touches, newest first. */
  private final List<ChunkReader> touched = new ArrayList<>();

  /** True if the range holds all that the files hold. */
  private boolean all = true;

  WindowOverlap(
      WindowView window,
      RoaringBitmap gone,
      TimeRange range,
      QueryBudget budget,
      DamageLog damage) {
    this.window = window;
    this.gone = gone;
    this.range = range;
    this.budget = budget;
    this.damage = damage;
    List<Shared<ChunkReader>> chunks = window.chunks();
    for (int i = chunks.size() - 1; i >= 0; i--) {
      ChunkReader chunk = chunks.get(i).get();
      if (meets(chunk.file().minTime(), chunk.file().maxTime())) {
        touched.add(chunk);
      }
      all &= holds(chunk);
    }
  }

  private boolean meets(long first, long last) {
    return first <= range.endInclusive() && last > range.startExclusive();
  }

  private boolean holds(ChunkReader chunk) {
    return chunk.file().minTime() > range.startExclusive()
        && chunk.file().maxTime() <= range.endInclusive();
  }

  /**
   * Those of the series that may have samples in the range; if a file's directory cannot be read,
   * which is remembered, all that have none in the others.
   *
   * @param series window ids; changed
   */
  RoaringBitmap of(RoaringBitmap series) {
    series.andNot(gone);
    if (all) {
      return series;
    }
    RoaringBitmap present = new RoaringBitmap();
    for (ChunkReader chunk : touched) {
      if (series.isEmpty()) {
        break;
      }
      budget.check();
      RoaringBitmap here;
      try {
        here = in(chunk, series);
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
        here = series.clone();
      }
      present.or(here);
      series.andNot(here);
    }
    return present;
  }

  /**
   * True if a series may have samples in the range; also if a directory cannot be read, which is
   * remembered.
   *
   * @param id its window id
   * @param virtualShard of its key
   */
  boolean mayHold(int id, int virtualShard) {
    if (gone.contains(id)) {
      return false;
    }
    if (all) {
      return true;
    }
    List<Shared<ChunkReader>> chunks = window.chunks(window.bucketOf(virtualShard));
    for (int i = chunks.size() - 1; i >= 0; i--) {
      ChunkReader chunk = chunks.get(i).get();
      if (!meets(chunk.file().minTime(), chunk.file().maxTime())) {
        continue;
      }
      try {
        int row = chunk.rowOf(id);
        if (row >= 0 && (holds(chunk) || isIn(chunk, row))) {
          return true;
        }
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
        return true;
      }
    }
    return false;
  }

  private RoaringBitmap in(ChunkReader chunk, RoaringBitmap series) {
    boolean whole = holds(chunk);
    RoaringBitmap found = new RoaringBitmap();
    int rows = chunk.seriesCount();
    if (series.getLongCardinality() < rows / ROWS_PER_LOOKUP) {
      series.forEach(
          (int id) -> {
            int row = chunk.rowOf(id);
            if (row >= 0 && (whole || isIn(chunk, row))) {
              found.add(id);
            }
          });
      return found;
    }
    for (int row = 0; row < rows; row++) {
      int id = chunk.windowIdAt(row);
      if (series.contains(id) && (whole || isIn(chunk, row))) {
        found.add(id);
      }
    }
    return found;
  }

  private boolean isIn(ChunkReader chunk, int row) {
    int first = chunk.firstBlock(row);
    int last = chunk.endBlock(row) - 1;
    return last >= first && meets(chunk.minTime(first), chunk.maxTime(last));
  }
}
