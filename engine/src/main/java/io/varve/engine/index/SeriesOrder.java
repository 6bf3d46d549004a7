package io.varve.engine.index;

import io.varve.engine.model.Labels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The order in which series stand in files: by tenant, metric, job, instance, then by the canonical
 * label bytes, all compared as unsigned bytes; a missing label comes first.
 */
public final class SeriesOrder {
  private static final byte[][] LEADING = {
    Labels.METRIC_NAME.getBytes(StandardCharsets.UTF_8),
    "job".getBytes(StandardCharsets.UTF_8),
    "instance".getBytes(StandardCharsets.UTF_8)
  };

  private SeriesOrder() {}

  /**
   * Sorts ids into file order, in place. The source may make a new array whenever it is asked, but
   * must not overwrite one that it gave. Takes about 32 bytes of memory per series.
   */
  public static void sort(LabelSource series, int[] ids) {
    int n = ids.length;
    if (n < 2) {
      return;
    }
    // Tenants, metrics, jobs and instances are few: number them in their order, then sort by
    // these numbers, the least significant first. Only ties look at label bytes again.
    int[][] keys = keys(series, ids);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    int[] spare = new int[n];
    for (int k = keys.length - 1; k >= 0; k--) {
      if (countingSort(keys[k], order, spare)) {
        int[] sorted = spare;
        spare = order;
        order = sorted;
      }
    }
    Ties ties = new Ties(series, ids);
    long[] words = new long[n];
    for (int from = 0; from < n; ) {
      int to = from + 1;
      while (to < n && sameKeys(keys, order[from], order[to])) {
        to++;
      }
      if (to - from > 1) {
        ties.sort(order, words, from, to);
      }
      from = to;
    }
    for (int i = 0; i < n; i++) {
      spare[i] = ids[order[i]];
    }
    System.arraycopy(spare, 0, ids, 0, n);
  }

  /** Compares two series of one tenant by their canonical label bytes. */
  public static int compare(
      byte[] a, int aOffset, int aLength, byte[] b, int bOffset, int bLength) {
    LabelCursor x = new LabelCursor().on(a, aOffset, aLength);
    LabelCursor y = new LabelCursor().on(b, bOffset, bLength);
    for (byte[] name : LEADING) {
      boolean inA = x.find(name);
      boolean inB = y.find(name);
      if (inA && inB) {
        int c = Arrays.compareUnsigned(a, x.valueStart, x.valueEnd, b, y.valueStart, y.valueEnd);
        if (c != 0) {
          return c;
        }
      } else if (inA || inB) {
        return inA ? 1 : -1;
      }
    }
    return Arrays.compareUnsigned(a, aOffset, aOffset + aLength, b, bOffset, bOffset + bLength);
  }

  /** Compares two tenants as files order them. */
  public static int compareTenants(String a, String b) {
    return Labels.compareUtf8(a, b);
  }

  /** For tenant, metric, job and instance: the rank of each series' value, 0 if it has none. */
  private static int[][] keys(LabelSource series, int[] ids) {
    int n = ids.length;
    int[][] keys = new int[1 + LEADING.length][n];
    ByteInterner[] distinct = new ByteInterner[keys.length];
    for (int k = 0; k < keys.length; k++) {
      distinct[k] = new ByteInterner();
      distinct[k].intern(new byte[0], 0, 0);
    }
    LabelCursor labels = new LabelCursor();
    String tenant = "";
    byte[] tenantBytes = new byte[0];
    for (int i = 0; i < n; i++) {
      int id = ids[i];
      String name = series.tenant(id);
      if (!name.equals(tenant)) {
        tenant = name;
        tenantBytes = name.getBytes(StandardCharsets.UTF_8);
      }
      keys[0][i] = distinct[0].intern(tenantBytes, 0, tenantBytes.length);
      byte[] bytes = series.array(id);
      labels.on(bytes, series.offset(id), series.length(id));
      while (labels.next()) {
        int k = leading(bytes, labels.nameStart, labels.nameEnd);
        if (k > 0) {
          keys[k][i] = distinct[k].intern(bytes, labels.valueStart, labels.valueEnd);
        }
      }
    }
    for (int k = 0; k < keys.length; k++) {
      int[] rank = ByteInterner.ranks(distinct[k].sorted());
      int[] key = keys[k];
      for (int i = 0; i < n; i++) {
        key[i] = rank[key[i]];
      }
    }
    return keys;
  }

  private static int leading(byte[] bytes, int from, int to) {
    for (int k = 0; k < LEADING.length; k++) {
      byte[] name = LEADING[k];
      if (name.length == to - from && Arrays.equals(bytes, from, to, name, 0, name.length)) {
        return k + 1;
      }
    }
    return 0;
  }

  /** Sorts stably by one key; false, and nothing done, if it is the same for all. */
  private static boolean countingSort(int[] key, int[] order, int[] into) {
    int most = 0;
    for (int value : key) {
      most = Math.max(most, value);
    }
    if (most == 0) {
      return false;
    }
    int[] next = new int[most + 2];
    for (int value : key) {
      next[value + 1]++;
    }
    for (int value = 0; value <= most; value++) {
      next[value + 1] += next[value];
    }
    for (int i : order) {
      into[next[key[i]]++] = i;
    }
    return true;
  }

  private static boolean sameKeys(int[][] keys, int a, int b) {
    for (int[] key : keys) {
      if (key[a] != key[b]) {
        return false;
      }
    }
    return true;
  }

  /** Sorts series that differ in nothing but their canonical bytes. */
  private static final class Ties implements WordSort.Text {
    /** More are compared where they lie. */
    private static final int MOST_COPIED = 1 << 14;

    private final LabelSource series;
    private final int[] ids;
    private byte[] bytes = new byte[4096];
    private int[] ends = new int[64];
    private int[] numbers = new int[64];
    private int[] places = new int[64];

    Ties(LabelSource series, int[] ids) {
      this.series = series;
      this.ids = ids;
    }

    void sort(int[] order, long[] words, int from, int to) {
      if (to - from > MOST_COPIED) {
        WordSort.sort(order, words, from, to, 0, new InPlace(series, ids));
        return;
      }
      // Each series is fetched once, whatever a source does to find it, and compared in the cache.
      int count = to - from;
      if (count > ends.length) {
        int size = Math.max(count, 2 * ends.length);
        ends = new int[size];
        numbers = new int[size];
        places = new int[size];
      }
      int at = 0;
      for (int i = 0; i < count; i++) {
        int id = ids[order[from + i]];
        byte[] source = series.array(id);
        int length = series.length(id);
        if (length > bytes.length - at) {
          bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(at, length), 2 * bytes.length));
        }
        System.arraycopy(source, series.offset(id), bytes, at, length);
        at += length;
        ends[i] = at;
        places[i] = order[from + i];
        numbers[i] = i;
      }
      WordSort.sort(numbers, words, 0, count, 0, this);
      for (int i = 0; i < count; i++) {
        order[from + i] = places[numbers[i]];
      }
    }

    private int start(int number) {
      return number == 0 ? 0 : ends[number - 1];
    }

    @Override
    public int length(int number) {
      return ends[number] - start(number);
    }

    @Override
    public long word(int number, int at) {
      return ByteInterner.word(bytes, start(number), ends[number], at);
    }

    @Override
    public int compare(int a, int b, int at) {
      return ByteInterner.compare(bytes, start(a), ends[a], bytes, start(b), ends[b], at);
    }
  }

  /** The canonical bytes of series by their places in an array of ids. */
  private record InPlace(LabelSource series, int[] ids) implements WordSort.Text {
    @Override
    public int length(int number) {
      return series.length(ids[number]);
    }

    @Override
    public long word(int number, int at) {
      int id = ids[number];
      int start = series.offset(id);
      return ByteInterner.word(series.array(id), start, start + series.length(id), at);
    }

    @Override
    public int compare(int a, int b, int at) {
      int x = ids[a];
      int y = ids[b];
      int xStart = series.offset(x);
      int yStart = series.offset(y);
      return ByteInterner.compare(
          series.array(x),
          xStart,
          xStart + series.length(x),
          series.array(y),
          yStart,
          yStart + series.length(y),
          at);
    }
  }
}
