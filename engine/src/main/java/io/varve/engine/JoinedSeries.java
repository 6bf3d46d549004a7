package io.varve.engine;

import io.varve.engine.head.SeriesTable;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.model.Labels;
import io.varve.engine.model.LabelsDecoder;
import io.varve.engine.model.SeriesKey;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * The series that some matchers accept in the indexes of some windows and head tables, joined by
 * key. Whether they have samples is not looked at, so it holds as long as the indexes do not grow.
 * Immutable.
 */
final class JoinedSeries {
  static final int ABSENT = -1;

  private static final int SERIES_BYTES = 64; // keys, slots, the object's share of other columns

  /** The values of so many labels are kept. */
  private static final int MOST_COLUMNS = 4;

  private final int size;
  private final long[] keyHigh;
  private final long[] keyLow;
  private final Labels[] labels;
  private final int[] slots;
  private final int[][] windowIds; // per window, by series; shorter than the series that it lacks
  private final int[][] headIds; // per table, by series
  private final int[] headSizes; // how many series each table had
  private final int[] inHeadOnly;
  private final long labelBytes;
  private final long decodedBytes; // of label sets
  private final long bytes;
  private volatile @Nullable Set<String> metrics;
  private final Map<String, Column> columns = new ConcurrentHashMap<>();

  private JoinedSeries(Builder from) {
    this.size = from.size;
    this.keyHigh = from.keyHigh;
    this.keyLow = from.keyLow;
    this.labels = from.labels;
    this.slots = from.slots;
    this.windowIds = from.windowIds;
    this.headIds = from.headIds;
    this.headSizes = from.headSizes;
    this.labelBytes = from.labelBytes;
    long memory = 20L * keyLow.length + 4L * slots.length;
    for (int[] ids : windowIds) {
      memory += 16 + 4L * ids.length;
    }
    for (int[] ids : headIds) {
      memory += 16 + 4L * ids.length;
    }
    this.inHeadOnly = findInHeadOnly();
    memory += 4L * inHeadOnly.length;
    memory += 4L * MOST_COLUMNS * size;
    this.decodedBytes = from.decodedBytes;
    this.bytes = 200 + memory + decodedBytes;
  }

  int size() {
    return size;
  }

  /** Memory that this takes, about. */
  long bytes() {
    return bytes;
  }

  /** What a query is charged that holds on to this. */
  long charge() {
    return charge(size, labelBytes);
  }

  private static long charge(int series, long labelBytes) {
    return (long) SERIES_BYTES * series + labelBytes;
  }

  long keyHigh(int series) {
    return keyHigh[series];
  }

  long keyLow(int series) {
    return keyLow[series];
  }

  Labels labels(int series) {
    return labels[series];
  }

  /** How many of the windows have any of the series. */
  int windows() {
    int any = 0;
    for (int[] ids : windowIds) {
      any += ids.length > 0 ? 1 : 0;
    }
    return any;
  }

  int windowId(int window, int series) {
    int[] ids = windowIds[window];
    return series < ids.length ? ids[series] : ABSENT;
  }

  int headId(int table, int series) {
    int[] ids = headIds[table];
    return series < ids.length ? ids[series] : ABSENT;
  }

  /** The series that no window has, ascending. */
  int[] inHeadOnly() {
    return inHeadOnly;
  }

  private int[] findInHeadOnly() {
    int[] found = new int[size];
    int n = 0;
    for (int series = 0; series < size; series++) {
      if (isInHeadOnly(series)) {
        found[n++] = series;
      }
    }
    return Arrays.copyOf(found, n);
  }

  private boolean isInHeadOnly(int series) {
    for (int[] ids : windowIds) {
      if (series < ids.length && ids[series] != ABSENT) {
        return false;
      }
    }
    return true;
  }

  /** True if the tables have no other series than when this was built. */
  boolean isUpToDate(List<HeadOverlap> heads) {
    for (int i = 0; i < headSizes.length; i++) {
      if (heads.get(i).table().size() != headSizes[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * The values that a label has in the series.
   *
   * @param values each once, in order
   * @param numbers by series: the place of its value, −1 if it lacks the label
   */
  record Column(List<String> values, int[] numbers) {}

  /** The values of a label. */
  Column column(String name, QueryBudget budget) {
    Column known = columns.get(name);
    if (known == null) {
      known = makeColumn(name, budget);
      if (columns.size() < MOST_COLUMNS) {
        columns.put(name, known);
      }
    }
    return known;
  }

  private Column makeColumn(String name, QueryBudget budget) {
    SortedTexts texts = new SortedTexts(budget);
    for (int series = 0; series < size; series++) {
      String value = labels[series].get(name);
      if (!value.isEmpty()) {
        texts.accept(value);
      }
    }
    List<String> values = List.copyOf(texts.first(0));
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < values.size(); i++) {
      places.put(values.get(i), i);
    }
    int[] numbers = new int[size];
    for (int series = 0; series < size; series++) {
      numbers[series] = places.getOrDefault(labels[series].get(name), -1);
    }
    return new Column(values, numbers);
  }

  /** The names of the metrics. */
  Set<String> metrics() {
    Set<String> names = metrics;
    if (names == null) {
      names = new LinkedHashSet<>();
      String last = "";
      for (int i = 0; i < size; i++) {
        String name = labels[i].get(Labels.METRIC_NAME);
        if (!name.equals(last)) {
          names.add(name);
          last = name;
        }
      }
      metrics = names;
    }
    return names;
  }

  private static int find(int[] slots, long[] keyHigh, long[] keyLow, long high, long low) {
    int mask = slots.length - 1;
    for (int at = (int) low & mask; slots[at] != 0; at = (at + 1) & mask) {
      int series = slots[at] - 1;
      if (keyLow[series] == low && keyHigh[series] == high) {
        return series;
      }
    }
    return ABSENT;
  }

  /** Joins what is found in one index after the other. One thread. */
  static final class Builder {
    private static final int[] NONE = {};

    private final QueryBudget budget;
    private final LabelsDecoder decoder = new LabelsDecoder();
    private int size;
    private long[] keyHigh;
    private long[] keyLow;
    private Labels[] labels;
    private int[] slots;
    private final int[][] windowIds;
    private final int[][] headIds;
    private final int[] headSizes;
    private long labelBytes;
    private long decodedBytes;

    /** Nothing yet, of so many windows and tables. */
    Builder(int windows, int tables, QueryBudget budget) {
      this.budget = budget;
      keyHigh = new long[16];
      keyLow = new long[16];
      labels = new Labels[16];
      slots = new int[64];
      windowIds = new int[windows][];
      headIds = new int[tables][];
      headSizes = new int[tables];
      Arrays.fill(windowIds, NONE);
      Arrays.fill(headIds, NONE);
    }

    /** What was found before, to which the tables have grown. */
    Builder(JoinedSeries known, QueryBudget budget) {
      this.budget = budget;
      size = known.size;
      keyHigh = known.keyHigh.clone();
      keyLow = known.keyLow.clone();
      labels = known.labels.clone();
      slots = known.slots.clone();
      windowIds = known.windowIds; // as they are: windows do not grow
      headIds = known.headIds.clone();
      headSizes = known.headSizes.clone();
      labelBytes = known.labelBytes;
      decodedBytes = known.decodedBytes;
      if (size > 0) {
        decoder.meet(labels[size - 1]); // what is new is mostly like what came last
      }
      budget.chargeBytes(known.charge());
    }

    int headSize(int table) {
      return headSizes[table];
    }

    /** Adds series of a segment of a window. */
    void window(
        int window, IndexSegment segment, String tenant, RoaringBitmap found, SeriesKey.Hash hash) {
      segment.eachCanonical(
          tenant,
          found,
          (id, bytes, length) -> {
            SeriesKey key = hash.of(tenant, bytes, 0, length);
            int series = find(slots, keyHigh, keyLow, key.high(), key.low());
            if (series < 0) {
              series = add(key.high(), key.low(), bytes, 0, length);
            }
            windowIds[window] = put(windowIds[window], series, id);
          });
    }

    /**
     * Adds series of a table.
     *
     * @param tableSize how many series it had before they were searched
     */
    void head(int number, SeriesTable table, int tableSize, RoaringBitmap found) {
      int[] ids = headIds[number].clone();
      PeekableIntIterator each = found.getIntIterator();
      each.advanceIfNeeded(headSizes[number]);
      while (each.hasNext()) {
        int id = each.next();
        SeriesKey key = table.key(id);
        int series = find(slots, keyHigh, keyLow, key.high(), key.low());
        if (series < 0) {
          series = add(key.high(), key.low(), table.array(id), table.offset(id), table.length(id));
        }
        ids = put(ids, series, id);
      }
      headIds[number] = ids;
      headSizes[number] = tableSize;
    }

    private int[] put(int[] ids, int series, int id) {
      int[] column = ids;
      if (series >= column.length) {
        column = Arrays.copyOf(ids, Math.max(series + 1, Math.max(size, ids.length * 3 / 2)));
        Arrays.fill(column, ids.length, column.length, ABSENT);
      }
      column[series] = id;
      return column;
    }

    private int add(long high, long low, byte[] canonical, int offset, int length) {
      int series = size;
      budget.chargeBytes(charge(1, length));
      labelBytes += length;
      if (series == keyHigh.length) {
        keyHigh = Arrays.copyOf(keyHigh, series * 2);
        keyLow = Arrays.copyOf(keyLow, series * 2);
        labels = Arrays.copyOf(labels, series * 2);
      }
      keyHigh[series] = high;
      keyLow[series] = low;
      labels[series] = decoder.decode(canonical, offset, length);
      size++;
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

    JoinedSeries build() {
      decodedBytes += decoder.bytes();
      return new JoinedSeries(this);
    }
  }
}
