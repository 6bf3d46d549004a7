package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;

/**
 * The series that a selection found, joined by key over the windows and head tables they live in.
 * Immutable once built; filled by one thread.
 */
final class Selection implements SeriesSet {
  /** Bytes charged for a series found. */
  private static final int SERIES_BYTES = 64;

  private static final int ABSENT = -1;

  private final SnapshotView snapshot;
  private final QueryBudget budget;
  private final String tenant;
  final List<WindowView> windows = new ArrayList<>();
  final List<SeriesTable> tables = new ArrayList<>();
  private final List<int[]> windowIds = new ArrayList<>(); // per window, by series
  private final List<int[]> headIds = new ArrayList<>(); // per table, by series

  private int size;
  private long[] keyHigh = new long[64];
  private long[] keyLow = new long[64];
  private byte[][] labels = new byte[64][];
  private int[] slots = new int[256];
  private @Nullable Labels @Nullable [] decoded;

  Selection(SnapshotView snapshot, String tenant, QueryBudget budget) {
    this.snapshot = snapshot;
    this.tenant = tenant;
    this.budget = budget;
  }

  String tenant() {
    return tenant;
  }

  void add(WindowView window, List<Matcher> matchers, SeriesKey.Hash hash) {
    int[] ids = new int[Math.max(16, size)];
    Arrays.fill(ids, ABSENT);
    boolean any = false;
    for (Shared<WindowView.IndexResource> resource : window.index()) {
      IndexSegment segment = resource.get().segment();
      try {
        PeekableIntIterator found =
            segment.select(tenant, matchers, budget::check).getIntIterator();
        while (found.hasNext()) {
          int id = found.next();
          byte[] bytes = segment.canonical(id);
          int series = seriesOf(hash.of(tenant, bytes, 0, bytes.length), bytes);
          ids = put(ids, series, id);
          any = true;
        }
      } catch (CorruptDataException e) {
        snapshot.damageLog().add(String.valueOf(e.getMessage()));
      }
    }
    if (any) {
      windows.add(window);
      windowIds.add(ids);
    }
  }

  void add(HeadOverlap overlap, List<Matcher> matchers) {
    SeriesTable table = overlap.table();
    int[] ids = new int[Math.max(16, size)];
    Arrays.fill(ids, ABSENT);
    PeekableIntIterator found =
        table.index().select(tenant, matchers, budget::check).getIntIterator();
    while (found.hasNext()) {
      int id = found.next();
      if (!overlap.mayHold(id)) {
        continue;
      }
      SeriesKey key = table.key(id);
      int series = find(key);
      if (series < 0) {
        int from = table.offset(id);
        series = seriesOf(key, Arrays.copyOfRange(table.array(id), from, from + table.length(id)));
      }
      ids = put(ids, series, id);
    }
    tables.add(table);
    headIds.add(ids);
  }

  private static int[] put(int[] ids, int series, int id) {
    int[] column = ids;
    if (series >= column.length) {
      column = Arrays.copyOf(ids, Math.max(series + 1, ids.length * 2));
      Arrays.fill(column, ids.length, column.length, ABSENT);
    }
    column[series] = id;
    return column;
  }

  private int find(SeriesKey key) {
    int mask = slots.length - 1;
    for (int at = (int) key.low() & mask; slots[at] != 0; at = (at + 1) & mask) {
      int series = slots[at] - 1;
      if (keyLow[series] == key.low() && keyHigh[series] == key.high()) {
        return series;
      }
    }
    return ABSENT;
  }

  private int seriesOf(SeriesKey key, byte[] canonical) {
    int known = find(key);
    if (known >= 0) {
      return known;
    }
    int series = size++;
    budget.chargeBytes(SERIES_BYTES + (long) canonical.length);
    if (series == keyHigh.length) {
      keyHigh = Arrays.copyOf(keyHigh, series * 2);
      keyLow = Arrays.copyOf(keyLow, series * 2);
      labels = Arrays.copyOf(labels, series * 2);
    }
    keyHigh[series] = key.high();
    keyLow[series] = key.low();
    labels[series] = canonical;
    if (size * 2 > slots.length) {
      slots = new int[slots.length * 2];
      for (int i = 0; i < series; i++) {
        place(i);
      }
    }
    place(series);
    return series;
  }

  private void place(int series) {
    int mask = slots.length - 1;
    int at = (int) keyLow[series] & mask;
    while (slots[at] != 0) {
      at = (at + 1) & mask;
    }
    slots[at] = series + 1;
  }

  int windowId(int window, int series) {
    int[] ids = windowIds.get(window);
    return series < ids.length ? ids[series] : ABSENT;
  }

  int headId(int table, int series) {
    int[] ids = headIds.get(table);
    return series < ids.length ? ids[series] : ABSENT;
  }

  /** The id of a series in a head table, −1 if it has none there. */
  int headId(SeriesTable table, int series) {
    int index = tables.indexOf(table);
    return index < 0 ? ABSENT : headId(index, series);
  }

  SeriesKey key(int series) {
    return new SeriesKey(keyHigh[series], keyLow[series]);
  }

  /** Names the metrics of the series, each as often as it begins anew. */
  void eachMetric(Consumer<String> consumer) {
    MetricNames names = new MetricNames();
    String last = null;
    for (int i = 0; i < size; i++) {
      String name = names.of(labels[i], 0, labels[i].length);
      if (name != null && !name.equals(last)) {
        consumer.accept(name);
        last = name;
      }
    }
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int windows() {
    return windows.size();
  }

  @Override
  public Labels labels(int series) {
    // Decoded when asked for; two threads that race decode the same.
    @Nullable Labels[] all = decoded;
    if (all == null) {
      all = new @Nullable Labels[size];
      decoded = all;
    }
    Labels known = all[series];
    if (known == null) {
      known = Labels.fromCanonical(labels[series], 0, labels[series].length);
      all[series] = known;
    }
    return known;
  }

  @Override
  public SeriesReader reader() {
    return new SelectionReader(snapshot, this, budget);
  }

  /** Late samples of the open head and of frozen ones that a range touches, earlier ones first. */
  static <T> List<T> touched(TreeMap<Long, T> windows, TimeRange range, long windowMillis) {
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
