package io.varve.engine.head;

import io.varve.engine.format.ByteReader;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The samples that arrived in order since the last flush, column by column, for the series of one
 * {@link SeriesTable}. When it is flushed it is frozen: another head takes its place and this one
 * does not change any more.
 *
 * <p><b>How a series is held.</b> The newest samples are the tail. As long as a tail's values are
 * all the same and its times are regular, it is four numbers (base, step, value, count): most
 * series of real fleets never leave this form. The first sample that breaks it moves the tail into
 * slots of {@link TailSlabs}; 64 of them are packed by the block codecs into {@link PackedTails}.
 * Histograms and samples with a start timestamp stand in a {@link SideColumn} of their own.
 *
 * <p><b>Readers and the writer.</b> A plain append writes the slot, then publishes the count with a
 * release store; a reader takes the count with an acquire load and looks at no slot beyond it. A
 * change of structure (growing, packing) makes the series' version odd, changes, makes it even; a
 * reader that saw an odd version, or another one after copying, copies again. So readers never
 * block the writer, and slots can be reused at once.
 */
public final class Head {
  private static final int PAGE_BITS = SeriesTable.PAGE_BITS;
  private static final int PAGE_SIZE = SeriesTable.PAGE_SIZE;
  private static final int PAGE_MASK = SeriesTable.PAGE_MASK;

  /** A run of equal values of at least this length is packed by itself when it ends. */
  private static final int LONG_RUN = 24;

  /** A run of equal values is packed at this length, so that scratch stays small. */
  private static final int LONGEST_RUN = 2048;

  private static final int SLOTS_FULL = 64;

  /** So many samples at once still go where the next ones can follow them. */
  private static final int MOST_IN_SLOTS = 16;

  /** Samples that {@link #restore} takes at once. */
  public static final int MOST_RESTORED = 4096;

  /** Bytes of their values. */
  public static final int MOST_RESTORED_BYTES = 65_535;

  private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(int[].class);

  /** Columns of {@link #PAGE_SIZE} series. */
  private static final class Page {
    final int[] version = new int[PAGE_SIZE];
    final int[] count = new int[PAGE_SIZE]; // of the tail
    final int[] packedCount = new int[PAGE_SIZE];
    final int[] packed = new int[PAGE_SIZE]; // newest record
    final int[] slots = new int[PAGE_SIZE]; // address, or -1: a run of equal values
    final byte[] slotClass = new byte[PAGE_SIZE];
    final int[] step = new int[PAGE_SIZE];
    final long[] base = new long[PAGE_SIZE];
    final long[] bits = new long[PAGE_SIZE];

    Page() {
      Arrays.fill(packed, PackedTails.NONE);
      Arrays.fill(slots, -1);
    }
  }

  /**
   * An exemplar as it came.
   *
   * @param series head id
   * @param bits raw bits of the value
   * @param labels canonical bytes
   */
  public record HeadExemplar(int series, long time, long bits, byte[] labels) {}

  private final SeriesTable table;
  private final TailSlabs slabs = new TailSlabs();
  private final PackedTails packed = new PackedTails();
  private final long[] packTimes = new long[LONGEST_RUN];
  private final double[] packValues = new double[LONGEST_RUN];
  private final ConcurrentHashMap<Integer, SideColumn> sides = new ConcurrentHashMap<>();
  private final List<HeadExemplar> exemplars = new ArrayList<>();
  private final Map<String, Map<String, Metadata>> metadata = new TreeMap<>();

  private volatile Page[] pages = new Page[0];
  private volatile long minTime = Long.MAX_VALUE;
  private volatile long maxTime = Long.MIN_VALUE;
  private volatile long samples;
  private volatile long sideBytes;
  private volatile boolean anySides;

  /** An empty head for the series of a table. */
  public Head(SeriesTable table) {
    this.table = table;
  }

  /** The series. */
  public SeriesTable table() {
    return table;
  }

  private Page pageForWrite(int id) {
    int p = id >>> PAGE_BITS;
    Page[] all = pages;
    if (p >= all.length) {
      Page[] more = Arrays.copyOf(all, p + 1);
      for (int i = all.length; i <= p; i++) {
        more[i] = new Page();
      }
      pages = more;
      all = more;
    }
    return all[p];
  }

  /**
   * Appends a float sample if it is newer than all before it of its series. Writer only.
   *
   * @param floor counts as the time before it where the table remembers none
   * @return false if it is not newer, and nothing was done
   */
  public boolean append(int id, long time, long bits, long floor) {
    SeriesTable.Page state = table.page(id);
    int i = id & PAGE_MASK;
    long last = state.lastTime[i];
    if (time <= (last == SeriesTable.NO_TIME ? floor : last)) {
      return false;
    }
    state.lastTime[i] = time;
    state.lastBits[i] = bits;
    Page page = pageForWrite(id);
    int n = page.count[i];
    if (page.slots[i] < 0) {
      appendToRun(page, i, n, time, bits);
    } else {
      appendToSlots(page, i, n, time, bits);
    }
    return true;
  }

  /** After appends: what a batch did to the head as a whole, published once. Writer only. */
  public void published(int added, long batchMinTime, long batchMaxTime) {
    if (batchMinTime < minTime) {
      minTime = batchMinTime;
    }
    if (batchMaxTime > maxTime) {
      maxTime = batchMaxTime;
    }
    samples = samples + added;
  }

  private void appendToRun(Page page, int i, int n, long time, long bits) {
    if (n == 0) {
      page.base[i] = time;
      page.bits[i] = bits;
      ELEMENT.setRelease(page.count, i, 1);
      return;
    }
    if (bits == page.bits[i] && n < LONGEST_RUN) {
      long step = n == 1 ? time - page.base[i] : page.step[i];
      if (time - page.base[i] == n * step && step > 0 && step <= Integer.MAX_VALUE) {
        page.step[i] = (int) step;
        ELEMENT.setRelease(page.count, i, n + 1);
        return;
      }
    }
    long base = page.base[i];
    if (n >= LONG_RUN || time - base > Integer.MAX_VALUE || time - base < 0) {
      fillRun(page, i, n, packTimes, packValues);
      replaceTail(page, i, n, time, bits);
      return;
    }
    int sizeClass = classFor(n + 1);
    int address = slabs.allocate(sizeClass);
    TailSlabs.Slab slab = slabs.slab(address);
    int at = TailSlabs.slot(address);
    int step = page.step[i];
    long run = page.bits[i];
    for (int k = 0; k < n; k++) {
      slab.delta[at + k] = k * step;
      slab.bits[at + k] = run;
    }
    slab.delta[at + n] = (int) (time - base);
    slab.bits[at + n] = bits;
    beginChange(page, i);
    page.slots[i] = address;
    page.slotClass[i] = (byte) sizeClass;
    page.count[i] = n + 1;
    endChange(page, i);
  }

  private void appendToSlots(Page page, int i, int n, long time, long bits) {
    int sizeClass = page.slotClass[i];
    int address = page.slots[i];
    long delta = time - page.base[i];
    if (n == SLOTS_FULL || delta > Integer.MAX_VALUE || delta < 0) {
      boolean calm = packSlots(page, i, n);
      if (calm && bits == page.bits[i]) {
        replaceTail(page, i, n, time, bits);
      } else {
        // The series goes on changing: the next tail stands in the same slots.
        int next = packed.pack(page.packed[i], packTimes, packValues, n);
        beginChange(page, i);
        page.packed[i] = next;
        page.packedCount[i] += n;
        page.base[i] = time;
        page.bits[i] = bits;
        TailSlabs.Slab slab = slabs.slab(address);
        slab.delta[TailSlabs.slot(address)] = 0;
        slab.bits[TailSlabs.slot(address)] = bits;
        page.count[i] = 1;
        endChange(page, i);
      }
      return;
    }
    TailSlabs.Slab slab = slabs.slab(address);
    int at = TailSlabs.slot(address);
    if (n == TailSlabs.CAPACITY[sizeClass]) {
      int larger = slabs.allocate(sizeClass + 1);
      TailSlabs.Slab to = slabs.slab(larger);
      int toAt = TailSlabs.slot(larger);
      System.arraycopy(slab.delta, at, to.delta, toAt, n);
      System.arraycopy(slab.bits, at, to.bits, toAt, n);
      to.delta[toAt + n] = (int) delta;
      to.bits[toAt + n] = bits;
      beginChange(page, i);
      page.slots[i] = larger;
      page.slotClass[i] = (byte) (sizeClass + 1);
      page.count[i] = n + 1;
      endChange(page, i);
      slabs.release(address, sizeClass);
      return;
    }
    slab.delta[at + n] = (int) delta;
    slab.bits[at + n] = bits;
    ELEMENT.setRelease(page.count, i, n + 1);
  }

  /** Copies a tail out of its slots; true if its last 16 values are all {@code page.bits}-equal. */
  private boolean packSlots(Page page, int i, int n) {
    int address = page.slots[i];
    TailSlabs.Slab slab = slabs.slab(address);
    int at = TailSlabs.slot(address);
    long base = page.base[i];
    for (int k = 0; k < n; k++) {
      packTimes[k] = base + slab.delta[at + k];
      packValues[k] = Double.longBitsToDouble(slab.bits[at + k]);
    }
    long last = slab.bits[at + n - 1];
    boolean calm = n >= 16;
    for (int k = Math.max(0, n - 16); k < n && calm; k++) {
      calm = slab.bits[at + k] == last;
    }
    page.bits[i] = last; // not read while the tail stands in slots
    return calm;
  }

  /** Packs {@code n} samples that stand in the pack buffers, and begins a run with a new sample. */
  private void replaceTail(Page page, int i, int n, long time, long bits) {
    int next = packed.pack(page.packed[i], packTimes, packValues, n);
    int address = page.slots[i];
    beginChange(page, i);
    page.packed[i] = next;
    page.packedCount[i] += n;
    page.slots[i] = -1;
    page.base[i] = time;
    page.bits[i] = bits;
    page.count[i] = 1;
    endChange(page, i);
    if (address >= 0) {
      slabs.release(address, page.slotClass[i]);
    }
  }

  /**
   * Appends samples of one series, all newer than what it has and one after the other in time: the
   * head reads as after {@link #append} for each, but what is encoded already is kept as it is.
   * Writer only.
   *
   * @param n 1 to {@link #MOST_RESTORED}
   * @param encoded holds the values as a FloatBlock
   * @param length of the FloatBlock, at most {@link #MOST_RESTORED_BYTES}
   */
  public void restore(
      int id, long[] times, double[] values, int n, byte[] encoded, int offset, int length) {
    int i = id & PAGE_MASK;
    Page page = pageForWrite(id);
    if (page.count[i] > 0) {
      if (n <= MOST_IN_SLOTS) {
        for (int k = 0; k < n; k++) {
          append(id, times[k], Double.doubleToRawLongBits(values[k]), SeriesTable.NO_TIME);
        }
        return;
      }
      packTail(page, i);
    }
    SeriesTable.Page state = table.page(id);
    state.lastTime[i] = times[n - 1];
    state.lastBits[i] = Double.doubleToRawLongBits(values[n - 1]);
    long span = times[n - 1] - times[0];
    boolean near = span >= 0 && span <= Integer.MAX_VALUE;
    if (near && isRun(times, values, n)) {
      page.base[i] = times[0];
      page.bits[i] = Double.doubleToRawLongBits(values[0]);
      page.step[i] = n == 1 ? 0 : (int) (times[1] - times[0]);
      ELEMENT.setRelease(page.count, i, n);
    } else if (near && n <= MOST_IN_SLOTS) {
      int sizeClass = classFor(n);
      int address = slabs.allocate(sizeClass);
      TailSlabs.Slab slab = slabs.slab(address);
      int at = TailSlabs.slot(address);
      for (int k = 0; k < n; k++) {
        slab.delta[at + k] = (int) (times[k] - times[0]);
        slab.bits[at + k] = Double.doubleToRawLongBits(values[k]);
      }
      beginChange(page, i);
      page.base[i] = times[0];
      page.slots[i] = address;
      page.slotClass[i] = (byte) sizeClass;
      page.count[i] = n;
      endChange(page, i);
    } else {
      int record = packed.keep(page.packed[i], times, n, encoded, offset, length);
      beginChange(page, i);
      page.packed[i] = record;
      page.packedCount[i] += n;
      endChange(page, i);
    }
  }

  private static boolean isRun(long[] times, double[] values, int n) {
    if (n > LONGEST_RUN) {
      return false;
    }
    long bits = Double.doubleToRawLongBits(values[0]);
    long step = n == 1 ? 0 : times[1] - times[0];
    for (int k = 1; k < n; k++) {
      if (Double.doubleToRawLongBits(values[k]) != bits || times[k] - times[k - 1] != step) {
        return false;
      }
    }
    return true;
  }

  /** Packs a tail whatever its length, and leaves none. */
  private void packTail(Page page, int i) {
    int n = page.count[i];
    int address = page.slots[i];
    if (address < 0) {
      fillRun(page, i, n, packTimes, packValues);
    } else {
      packSlots(page, i, n);
    }
    int next = packed.pack(page.packed[i], packTimes, packValues, n);
    beginChange(page, i);
    page.packed[i] = next;
    page.packedCount[i] += n;
    page.slots[i] = -1;
    page.count[i] = 0;
    endChange(page, i);
    if (address >= 0) {
      slabs.release(address, page.slotClass[i]);
    }
  }

  private static void fillRun(Page page, int i, int n, long[] times, double[] values) {
    double value = Double.longBitsToDouble(page.bits[i]);
    long base = page.base[i];
    long step = page.step[i];
    for (int k = 0; k < n; k++) {
      times[k] = base + k * step;
      values[k] = value;
    }
  }

  private static int classFor(int n) {
    int c = 0;
    while (TailSlabs.CAPACITY[c] < n) {
      c++;
    }
    return c;
  }

  private static void beginChange(Page page, int i) {
    ELEMENT.setOpaque(page.version, i, page.version[i] + 1);
    VarHandle.storeStoreFence();
  }

  private static void endChange(Page page, int i) {
    ELEMENT.setRelease(page.version, i, page.version[i] + 1);
  }

  /** Appends a histogram, or a float with a start timestamp; newer than all before. Writer only. */
  public void appendSide(
      int id,
      long time,
      long start,
      long bits,
      byte @Nullable [] histogram,
      int offset,
      int length) {
    SeriesTable.Page state = table.page(id);
    state.lastTime[id & PAGE_MASK] = time;
    state.lastBits[id & PAGE_MASK] = bits;
    SideColumn side = sides.computeIfAbsent(id, key -> new SideColumn());
    long before = side.memoryBytes();
    side.add(time, start, bits, histogram, offset, length);
    sideBytes = sideBytes + side.memoryBytes() - before;
    anySides = true;
  }

  /** Keeps an exemplar. Writer only. */
  public void addExemplar(int id, long time, long bits, byte[] labels) {
    synchronized (exemplars) {
      exemplars.add(new HeadExemplar(id, time, bits, labels));
    }
    sideBytes = sideBytes + 64 + labels.length;
  }

  /** The exemplars so far, in order of arrival. */
  public List<HeadExemplar> exemplars() {
    synchronized (exemplars) {
      return List.copyOf(exemplars);
    }
  }

  /** Keeps what is said about a metric. Writer only. */
  public void addMetadata(String tenant, String metric, Metadata about) {
    synchronized (metadata) {
      metadata.computeIfAbsent(tenant, key -> new TreeMap<>()).put(metric, about);
    }
  }

  /** What was said about metrics since the last flush, by tenant and metric. */
  public Map<String, Map<String, Metadata>> metadata() {
    synchronized (metadata) {
      Map<String, Map<String, Metadata>> copy = new TreeMap<>();
      metadata.forEach((tenant, metrics) -> copy.put(tenant, new TreeMap<>(metrics)));
      return copy;
    }
  }

  /** How many samples a series has here; grows only. Any thread. */
  public int sampleCount(int id) {
    Page[] all = pages;
    int p = id >>> PAGE_BITS;
    int i = id & PAGE_MASK;
    int floats = 0;
    if (p < all.length) {
      Page page = all[p];
      while (true) {
        int version = (int) ELEMENT.getAcquire(page.version, i);
        floats = (int) ELEMENT.getAcquire(page.count, i) + page.packedCount[i];
        VarHandle.acquireFence();
        if ((version & 1) == 0 && (int) ELEMENT.getOpaque(page.version, i) == version) {
          break;
        }
        Thread.onSpinWait();
      }
    }
    SideColumn side = anySides ? sides.get(id) : null;
    return side == null ? floats : floats + side.size();
  }

  /**
   * Appends all samples of a series to {@code into}, in time order. Any thread, each with its own
   * scratch.
   */
  public void read(int id, SampleColumns into, HeadScratch scratch) {
    readFrom(id, 0, into, scratch);
  }

  /**
   * Appends the samples of a series from the {@code first} on, and of older ones those that are not
   * to be had without them. Any thread, each with its own scratch.
   *
   * @return how many of the oldest samples were left out, at most {@code first}
   */
  public int readFrom(int id, int first, SampleColumns into, HeadScratch scratch) {
    SideColumn side = anySides ? sides.get(id) : null;
    if (side == null) {
      return readFloats(id, first, TimeRange.ALL, into, scratch);
    }
    SampleColumns floats = new SampleColumns(64);
    readFloats(id, 0, TimeRange.ALL, floats, scratch);
    SampleColumns others = new SampleColumns(64);
    side.read(others);
    int a = 0;
    int b = 0;
    while (a < floats.size || b < others.size) {
      if (b == others.size || (a < floats.size && floats.times[a] < others.times[b])) {
        into.addFrom(floats, a++);
      } else {
        into.addFrom(others, b++);
      }
    }
    return 0;
  }

  /**
   * Appends the samples of a series that lie in a range, and others that are not to be had without
   * them. Any thread, each with its own scratch.
   */
  public void readIn(int id, TimeRange range, SampleColumns into, HeadScratch scratch) {
    if (anySides && sides.containsKey(id)) {
      readFrom(id, 0, into, scratch);
    } else {
      readFloats(id, 0, range, into, scratch);
    }
  }

  private int readFloats(
      int id, int first, TimeRange range, SampleColumns into, HeadScratch scratch) {
    Page[] all = pages;
    int p = id >>> PAGE_BITS;
    if (p >= all.length) {
      return 0;
    }
    Page page = all[p];
    int i = id & PAGE_MASK;
    int n;
    int newest;
    int packedCount;
    boolean run;
    long base;
    int step;
    long bits;
    while (true) {
      int version = (int) ELEMENT.getAcquire(page.version, i);
      n = (int) ELEMENT.getAcquire(page.count, i);
      newest = page.packed[i];
      packedCount = page.packedCount[i];
      base = page.base[i];
      step = page.step[i];
      bits = page.bits[i];
      int address = page.slots[i];
      run = address < 0;
      if (!run && n <= SLOTS_FULL) {
        TailSlabs.Slab slab = slabs.slab(address);
        int at = TailSlabs.slot(address);
        // What is copied may be torn while the structure changes; the version tells.
        int copied = Math.min(n, slab.delta.length - at);
        for (int k = 0; k < copied; k++) {
          scratch.tailTimes[k] = base + slab.delta[at + k];
          scratch.tailValues[k] = Double.longBitsToDouble(slab.bits[at + k]);
        }
      }
      VarHandle.acquireFence();
      if ((version & 1) == 0 && (int) ELEMENT.getOpaque(page.version, i) == version) {
        break;
      }
      Thread.onSpinWait();
    }
    int skipped = packedCount;
    int records = 0;
    int total = 0;
    boolean whole = range.equals(TimeRange.ALL);
    for (int record = newest; skipped > first; record = packed.previous(record)) {
      skipped -= packed.samples(record);
      if (!whole) {
        if (packed.lastTime(record, scratch) <= range.startExclusive()) {
          break; // and so are all before it
        }
        if (packed.firstTime(record, scratch) > range.endInclusive()) {
          continue;
        }
      }
      scratch.record(records++, record);
      total += packed.samples(record);
    }
    if (n > 0) {
      long tailFirst = run ? base : scratch.tailTimes[0];
      long tailLast = run ? base + (n - 1L) * step : scratch.tailTimes[n - 1];
      if (tailFirst > range.endInclusive() || tailLast <= range.startExclusive()) {
        n = 0;
      }
    }
    total += n;
    into.ensure(total);
    int at = into.size;
    while (records > 0) {
      int record = scratch.record(--records);
      packed.unpack(record, into.times, into.values, at, scratch);
      at += packed.samples(record);
    }
    if (run) {
      double value = Double.longBitsToDouble(bits);
      for (int k = 0; k < n; k++) {
        into.times[at + k] = base + (long) k * step;
        into.values[at + k] = value;
      }
    } else {
      System.arraycopy(scratch.tailTimes, 0, into.times, at, n);
      System.arraycopy(scratch.tailValues, 0, into.values, at, n);
    }
    if (into.histograms != null) {
      Arrays.fill(into.histograms, into.size, into.size + total, null);
    }
    if (into.starts != null) {
      Arrays.fill(into.starts, into.size, into.size + total, 0);
    }
    into.size += total;
    return skipped;
  }

  /**
   * The time of the first sample of a series here, {@code Long.MAX_VALUE} if it has none. Any
   * thread, each with its own scratch.
   */
  public long firstTime(int id, HeadScratch scratch) {
    SideColumn side = anySides ? sides.get(id) : null;
    long first = side == null ? Long.MAX_VALUE : side.firstTime();
    Page[] all = pages;
    int p = id >>> PAGE_BITS;
    if (p >= all.length) {
      return first;
    }
    Page page = all[p];
    int i = id & PAGE_MASK;
    int n;
    int record;
    long base;
    while (true) {
      int version = (int) ELEMENT.getAcquire(page.version, i);
      n = (int) ELEMENT.getAcquire(page.count, i);
      record = page.packed[i];
      base = page.base[i];
      int address = page.slots[i];
      if (address >= 0 && n > 0) {
        base += slabs.slab(address).delta[TailSlabs.slot(address)];
      }
      VarHandle.acquireFence();
      if ((version & 1) == 0 && (int) ELEMENT.getOpaque(page.version, i) == version) {
        break;
      }
      Thread.onSpinWait();
    }
    if (record == PackedTails.NONE) {
      return n == 0 ? first : Math.min(first, base);
    }
    for (int before = packed.previous(record); before != PackedTails.NONE; ) {
      record = before;
      before = packed.previous(record);
    }
    return Math.min(first, packed.firstTime(record, scratch));
  }

  /**
   * True if a series has a sample in a range here. Looks at times only, the newest first. Any
   * thread, each with its own scratch.
   */
  public boolean anyIn(int id, TimeRange range, HeadScratch scratch) {
    SideColumn side = anySides ? sides.get(id) : null;
    if (side != null && side.anyIn(range)) {
      return true;
    }
    Page[] all = pages;
    int p = id >>> PAGE_BITS;
    if (p >= all.length) {
      return false;
    }
    Page page = all[p];
    int i = id & PAGE_MASK;
    int n;
    int newest;
    boolean run;
    long base;
    int step;
    while (true) {
      int version = (int) ELEMENT.getAcquire(page.version, i);
      n = (int) ELEMENT.getAcquire(page.count, i);
      newest = page.packed[i];
      base = page.base[i];
      step = page.step[i];
      int address = page.slots[i];
      run = address < 0;
      if (!run && n <= SLOTS_FULL) {
        TailSlabs.Slab slab = slabs.slab(address);
        int at = TailSlabs.slot(address);
        int copied = Math.min(n, slab.delta.length - at);
        for (int k = 0; k < copied; k++) {
          scratch.tailTimes[k] = base + slab.delta[at + k];
        }
      }
      VarHandle.acquireFence();
      if ((version & 1) == 0 && (int) ELEMENT.getOpaque(page.version, i) == version) {
        break;
      }
      Thread.onSpinWait();
    }
    if (run ? runMeets(base, step, n, range) : range.meets(scratch.tailTimes, n)) {
      return true;
    }
    for (int record = newest; record != PackedTails.NONE; record = packed.previous(record)) {
      if (packed.anyIn(record, range, scratch)) {
        return true;
      }
      if (packed.firstTime(record, scratch) <= range.startExclusive()) {
        return false; // older ones end before
      }
    }
    return false;
  }

  /** True if one of the times base, base + step, … is in a range. */
  private static boolean runMeets(long base, int step, int n, TimeRange range) {
    long start = range.startExclusive();
    if (n == 0 || base > range.endInclusive() || base + (n - 1L) * step <= start) {
      return false;
    }
    return base > start
        || base + ((start - base) / step + 1) * step <= range.endInclusive(); // the next after it
  }

  /** True if nothing was appended. */
  public boolean isEmpty() {
    return samples == 0;
  }

  /** Samples in order, of all series and kinds. */
  public long samples() {
    return samples;
  }

  /** The smallest time of a sample, {@code Long.MAX_VALUE} if there is none. */
  public long minTime() {
    return minTime;
  }

  /** The largest time of a sample, {@code Long.MIN_VALUE} if there is none. */
  public long maxTime() {
    return maxTime;
  }

  /** Memory held, the table not included. */
  public long bytes() {
    return (long) pages.length * PAGE_SIZE * 41 + slabs.bytes() + packed.bytes() + sideBytes;
  }

  /** Decodes a histogram as batches carry it. */
  static Histogram histogram(byte[] encoded, int offset, int length) {
    return Histogram.decode(new ByteReader().on(encoded, offset, length, "head histogram", 0));
  }
}
