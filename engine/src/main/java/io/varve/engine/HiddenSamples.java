package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.Tombstones;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * Counts what a delete hides in a window's files: from the directory where that tells, by reading
 * where blocks overlap, are partly meant or partly deleted. One thread.
 */
final class HiddenSamples {
  private final WindowRows rows;
  private final DamageLog damage = new DamageLog();
  private final SampleColumns columns = new SampleColumns();

  /**
   * The series with samples or exemplars in the range, hidden by other deletes already or not, or
   * with damaged blocks of which that is not known.
   */
  RoaringBitmap ids = new RoaringBitmap();

  /** Samples, those at the same time of a series counted once. */
  long samples;

  /** What they take in chunk files, about. */
  long bytes;

  HiddenSamples(DuplicatePolicy policy, EngineCounters counters) {
    rows = new WindowRows(new RowMerge(policy), new ChunkScratch(), counters, damage);
  }

  /** Counts the samples of some series of a window in a range, afresh. */
  void count(WindowView window, RoaringBitmap series, int[] bucketOf, TimeRange range) {
    ids = new RoaringBitmap();
    samples = 0;
    bytes = 0;
    RoaringBitmap withExemplars = withExemplars(window, series, range);
    series.forEach((int id) -> count(window, id, bucketOf[id], range, withExemplars.contains(id)));
  }

  private RoaringBitmap withExemplars(WindowView window, RoaringBitmap series, TimeRange range) {
    RoaringBitmap found = new RoaringBitmap();
    for (Shared<ChunkReader> chunk : window.chunks()) {
      try {
        chunk
            .get()
            .exemplars(
                series::contains,
                range,
                (id, time, value, labels, offset, length) -> found.add(id));
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
      }
    }
    return found;
  }

  private void count(WindowView window, int id, int bucket, TimeRange range, boolean hasExemplars) {
    int problems = damage.all().size();
    long found = 0;
    double size = 0;
    boolean simple = window.tombstones().ranges(id, Long.MIN_VALUE) == null;
    long after = Long.MIN_VALUE;
    List<Shared<ChunkReader>> chunks = window.chunks(bucket);
    for (int c = 0; c < chunks.size(); c++) {
      ChunkReader chunk = chunks.get(c).get();
      if (chunk.file().maxTime() <= range.startExclusive()
          || chunk.file().minTime() > range.endInclusive()) {
        continue;
      }
      try {
        int row = chunk.rowOf(id);
        if (row < 0) {
          continue;
        }
        double perSample =
            chunk.file().samples() == 0
                ? 0
                : (double) chunk.file().bytes() / chunk.file().samples();
        for (int block = chunk.firstBlock(row), to = chunk.endBlock(row); block < to; block++) {
          long first = chunk.minTime(block);
          long last = chunk.maxTime(block);
          if (last <= range.startExclusive() || first > range.endInclusive()) {
            continue;
          }
          size += chunk.count(block) * perSample;
          found += chunk.count(block);
          simple &= first > range.startExclusive() && last <= range.endInclusive() && first > after;
          after = Math.max(after, last);
        }
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
      }
    }
    boolean any = found > 0;
    if (!simple && any) {
      long all = found;
      found = read(window, id, bucket, range);
      size = size * Math.min(1, (double) found / all);
      // What another delete hides is meant, too: that one may be undone.
      any = found > 0 || read(window.with(window.chunks(), Tombstones.NONE), id, bucket, range) > 0;
    }
    any = any || hasExemplars || isInCells(window, id, bucket, range) || isInTables(window);
    if (any || damage.all().size() > problems) {
      ids.add(id);
      samples += found;
      bytes += Math.round(size);
    }
  }

  /** Of series whose samples are gone already aggregates may be left. */
  private boolean isInCells(WindowView window, int id, int bucket, TimeRange range) {
    try {
      for (List<ChunkReader> widths : window.cellsBySource().sourceless(bucket)) {
        for (ChunkReader cells : widths) {
          if (LostSamples.touches(cells, id, range)) {
            return true;
          }
        }
      }
    } catch (CorruptDataException e) {
      damage.add(String.valueOf(e.getMessage()));
    }
    return false;
  }

  /** Whose samples are in grouped aggregates, their files do not tell. */
  private static boolean isInTables(WindowView window) {
    return window.state().grouped().stream().anyMatch(GroupedFile::samplesGone);
  }

  private long read(WindowView window, int id, int bucket, TimeRange range) {
    columns.clear();
    Compactor.readAll(window, id, bucket, rows, columns, range);
    RowMerge.trim(columns, range.startExclusive(), range.endInclusive());
    return columns.size;
  }
}
