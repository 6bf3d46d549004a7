package io.varve.engine;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a delete would hide at this moment.
 *
 * @param series series with at least one sample in the range
 * @param samples their samples there
 * @param bytes what these take on the disk, about; open samples take none yet
 * @param windows the windows that hold them, oldest first
 */
public record DeletePreview(long series, long samples, long bytes, List<Window> windows) {
  /** Keeps its own copy of the list. */
  public DeletePreview {
    windows = List.copyOf(windows);
  }

  /**
   * What it would hide in one window.
   *
   * @param start exclusive start, milliseconds since the epoch
   * @param series series with samples there
   * @param samples samples
   * @param bytes what they take on the disk, about
   */
  public record Window(long start, long series, long samples, long bytes) {}

  /** Counts window by window: from stored aggregates where these tell, by reading elsewhere. */
  static DeletePreview of(
      Snapshot snapshot,
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      View view,
      Iterable<Long> late,
      Windows width,
      QueryBudget budget) {
    List<Window> windows = new ArrayList<>();
    Set<Labels> all = new HashSet<>();
    RangeAggregate aggregate = new RangeAggregate();
    SampleColumns rows = new SampleColumns();
    for (long start : starts(view, late, width)) {
      TimeRange part =
          new TimeRange(
              Math.max(start, range.startExclusive()),
              Math.min(start + width.width(), range.endInclusive()));
      if (part.isEmpty()) {
        continue;
      }
      long series = 0;
      long samples = 0;
      SeriesSet found = snapshot.select(tenant, matchers, part, budget);
      try (SeriesReader reader = found.reader()) {
        for (int i = 0; i < found.size(); i++) {
          long n;
          if (reader.aggregate(i, part, aggregate)) {
            n = aggregate.count + aggregate.staleCount;
          } else {
            reader.read(i, part, rows);
            n = rows.size;
          }
          if (n > 0) {
            series++;
            samples += n;
            all.add(found.labels(i));
          }
        }
      }
      if (samples > 0) {
        windows.add(new Window(start, series, samples, bytes(view.windows().get(start), samples)));
      }
    }
    return new DeletePreview(
        all.size(),
        windows.stream().mapToLong(Window::samples).sum(),
        windows.stream().mapToLong(Window::bytes).sum(),
        windows);
  }

  /** All windows that have files or open samples. */
  private static TreeSet<Long> starts(View view, Iterable<Long> late, Windows width) {
    TreeSet<Long> starts = new TreeSet<>(view.windows().keySet());
    late.forEach(starts::add);
    for (Frozen source : view.frozen()) {
      starts.addAll(source.late().keySet());
      addSpan(source.head(), width, starts);
    }
    addSpan(view.head(), width, starts);
    return starts;
  }

  private static void addSpan(io.varve.engine.head.Head head, Windows width, TreeSet<Long> starts) {
    if (head.minTime() > head.maxTime()) {
      return;
    }
    for (long start = width.start(head.minTime()); start < head.maxTime(); start += width.width()) {
      starts.add(start);
    }
  }

  /** The share of the samples in the window's files. */
  private static long bytes(@org.jspecify.annotations.Nullable WindowView window, long samples) {
    if (window == null) {
      return 0;
    }
    long stored = 0;
    long bytes = 0;
    for (ChunkFile chunk : window.state().chunks()) {
      stored += chunk.samples();
      bytes += chunk.bytes();
    }
    return stored == 0 ? 0 : Math.round((double) Math.min(samples, stored) / stored * bytes);
  }
}
