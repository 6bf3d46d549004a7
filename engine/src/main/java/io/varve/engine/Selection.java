package io.varve.engine;

import io.varve.engine.head.SeriesTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The series that a snapshot's indexes name for some matchers and that may have samples in a range,
 * with the windows and head tables they live in. Immutable.
 */
final class Selection implements SeriesSet {
  private static final int ABSENT = JoinedSeries.ABSENT;
  private static final int SERIES_BETWEEN_CHECKS = 4_096;

  private final SnapshotView snapshot;
  private final QueryBudget budget;
  private final String tenant;
  final List<WindowView> windows;
  private final SeriesTable[] tables;
  private final JoinedSeries joined;
  private final int @Nullable [] kept; // which of the joined ones; null: all

  Selection(
      SnapshotView snapshot,
      String tenant,
      JoinedSeries joined,
      List<WindowView> windows,
      List<HeadOverlap> heads,
      QueryBudget budget) {
    this.snapshot = snapshot;
    this.tenant = tenant;
    this.budget = budget;
    this.windows = windows;
    this.joined = joined;
    this.tables = new SeriesTable[heads.size()];
    for (int i = 0; i < tables.length; i++) {
      tables[i] = heads.get(i).table();
    }
    this.kept = kept(heads);
  }

  /** All but those that are in heads only and have nothing in the range there; null for all. */
  private int @Nullable [] kept(List<HeadOverlap> heads) {
    int[] doubtful = joined.inHeadOnly();
    int[] dropped = new int[doubtful.length];
    int n = 0;
    for (int i = 0; i < doubtful.length; i++) {
      if (!mayHold(joined, heads, doubtful[i])) {
        dropped[n++] = doubtful[i];
      }
      if (i % SERIES_BETWEEN_CHECKS == 0) {
        budget.check();
      }
    }
    if (n == 0) {
      return null;
    }
    budget.releaseBytes(joined.charge() / joined.size() * n);
    int[] left = new int[joined.size() - n];
    for (int series = 0, at = 0, next = 0; series < joined.size(); series++) {
      if (next < n && dropped[next] == series) {
        next++;
      } else {
        left[at++] = series;
      }
    }
    return left;
  }

  /** True if any of the heads may have samples of a series in the range. */
  static boolean mayHold(JoinedSeries joined, List<HeadOverlap> heads, int series) {
    for (int i = 0; i < heads.size(); i++) {
      int id = joined.headId(i, series);
      if (id >= 0 && heads.get(i).mayHold(id)) {
        return true;
      }
    }
    return false;
  }

  /** True if any of the windows or heads may. */
  static boolean mayHold(
      JoinedSeries joined, List<WindowOverlap> windows, List<HeadOverlap> heads, int series) {
    for (int w = 0; w < windows.size(); w++) {
      int id = joined.windowId(w, series);
      if (id >= 0 && windows.get(w).mayHold(id, SeriesKey.virtualShard(joined.keyHigh(series)))) {
        return true;
      }
    }
    return mayHold(joined, heads, series);
  }

  private int joined(int series) {
    return kept == null ? series : kept[series];
  }

  String tenant() {
    return tenant;
  }

  int windowId(int window, int series) {
    return joined.windowId(window, joined(series));
  }

  /** The id of a series in a head table, −1 if it has none there. */
  int headId(SeriesTable table, int series) {
    for (int i = 0; i < tables.length; i++) {
      if (tables[i] == table) {
        return joined.headId(i, joined(series));
      }
    }
    return ABSENT;
  }

  SeriesKey key(int series) {
    int at = joined(series);
    return new SeriesKey(joined.keyHigh(at), joined.keyLow(at));
  }

  /** The virtual shard of a series' key. */
  int virtualShard(int series) {
    return SeriesKey.virtualShard(joined.keyHigh(joined(series)));
  }

  /** Names the metrics of the series. */
  void eachMetric(Consumer<String> consumer) {
    joined.metrics().forEach(consumer);
  }

  @Override
  public int size() {
    return kept == null ? joined.size() : kept.length;
  }

  @Override
  public int windows() {
    return joined.windows();
  }

  @Override
  public Labels labels(int series) {
    return joined.labels(joined(series));
  }

  @Override
  public SortedSet<Long> cellMillis() {
    TreeSet<Long> all = new TreeSet<>();
    for (WindowView window : windows) {
      all.addAll(window.cellsBySource().widths());
    }
    return all;
  }

  @Override
  public SamplesGone samplesGone() {
    long until = Long.MIN_VALUE;
    long cellMillis = 0;
    for (WindowView window : windows) {
      if (window.cellsBySource().isSourceless()) {
        until = Math.max(until, window.end());
        cellMillis = Math.max(cellMillis, window.cellsBySource().sourcelessMillis());
      }
    }
    return cellMillis == 0 ? SamplesGone.NOWHERE : new SamplesGone(until, cellMillis);
  }

  @Override
  public SeriesReader reader() {
    return new SelectionReader(snapshot, this, budget);
  }

  /** Late samples of the open head and of frozen ones that a range touches, earlier ones first. */
  static <T> List<T> touched(TreeMap<Long, T> windows, TimeRange range, long windowMillis) {
    if (windows.isEmpty()) {
      return List.of();
    }
    List<T> found = new ArrayList<>();
    windows.forEach(
        (start, window) -> {
          if (start < range.endInclusive() && start + windowMillis > range.startExclusive()) {
            found.add(window);
          }
        });
    return found;
  }
}
