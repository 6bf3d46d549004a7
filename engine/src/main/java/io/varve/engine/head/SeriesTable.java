package io.varve.engine.head;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.index.LabelSource;
import io.varve.engine.index.MemoryIndex;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.WriteBatch;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The active series of the head: dense ids in order of arrival, label bytes, keys, and for each the
 * newest sample in order, by which the next one is judged in order, duplicate or late.
 *
 * <p>One writer adds; readers find ids at the same time without a lock. A reader that races with an
 * addition may miss the new series (the writer looks again under its lock), but never gets a wrong
 * id: label bytes are written before the slot that leads to them is published, and every hit is
 * compared byte by byte.
 *
 * <p>Ids are never reused within a table. Series that fell silent leave when {@link #compact} makes
 * a new table of the others, with a new generation number; the old table lives as long as a frozen
 * head refers to it.
 *
 * <p>Arrays are kept in pages that never move, so a reader that holds a page is never left behind
 * by a growing array.
 */
public final class SeriesTable implements LabelSource {
  static final int PAGE_BITS = 10;
  static final int PAGE_SIZE = 1 << PAGE_BITS;
  static final int PAGE_MASK = PAGE_SIZE - 1;

  /** No sample yet, or none that is remembered. */
  public static final long NO_TIME = Long.MIN_VALUE;

  /** A label set may not be longer, in canonical bytes. */
  public static final int MOST_LABEL_BYTES = 1 << 16;

  private static final int BLOCK_BITS = 18;
  private static final int BLOCK_BYTES = 1 << BLOCK_BITS;
  private static final int LENGTH_BITS = 17;
  private static final int PLACED_AT_ONCE = 64;
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(int[].class);

  /** Columns of {@link #PAGE_SIZE} series. */
  static final class Page {
    final long[] label = new long[PAGE_SIZE]; // block, offset, length
    final long[] keyHigh = new long[PAGE_SIZE];
    final long[] keyLow = new long[PAGE_SIZE];
    final short[] tenant = new short[PAGE_SIZE];
    final long[] lastTime = new long[PAGE_SIZE];
    final long[] lastBits = new long[PAGE_SIZE];

    Page() {
      Arrays.fill(lastTime, NO_TIME);
    }
  }

  private final int generation;
  private final SeriesKey.Hash hash;
  private final Tenants tenants;
  private final MemoryIndex index;
  private final Object indexLock = new Object();

  private volatile Page[] pages = new Page[0];
  private volatile byte[][] blocks = new byte[0][];
  private int blockEnd = BLOCK_BYTES;

  /**
   * Open addressing by the key's lowest bits, at most half full. A slot is 0 if it is free, else id
   * + 1 in as many bits as the array's length needs, and the key's highest bits above them: where
   * they differ, as they do for nearly all series that are new, no other memory is touched.
   */
  private volatile int[] slots = new int[1 << 10];

  private volatile int size;
  private int indexed;

  /** Series below it have their keys and slots; the others came by {@link #restore}. */
  private volatile int keyed;

  private final Object keyLock = new Object();

  /** An empty table. */
  public SeriesTable(int generation, SeriesKey.Hash hash, Tenants tenants) {
    this.generation = generation;
    this.hash = hash;
    this.tenants = tenants;
    this.index = new MemoryIndex(this);
  }

  /** Told apart from other numberings by this. */
  public int generation() {
    return generation;
  }

  /** Number of series; ids are below it. */
  public int size() {
    return size;
  }

  /** Names of tenants. */
  public Tenants tenants() {
    return tenants;
  }

  /** Bytes that this table holds on to, its index not included. */
  public long bytes() {
    return (long) pages.length * PAGE_SIZE * 42
        + (long) blocks.length * BLOCK_BYTES
        + slots.length * 4L;
  }

  Page page(int id) {
    return pages[id >>> PAGE_BITS];
  }

  /** True if {@code id} is the series of exactly these labels. */
  public boolean is(int id, int tenantId, byte[] labels, int offset, int length) {
    if (id < 0 || id >= size) {
      return false;
    }
    Page page = page(id);
    int i = id & PAGE_MASK;
    long ref = page.label[i];
    if ((int) (ref & ((1 << LENGTH_BITS) - 1)) != length || page.tenant[i] != tenantId) {
      return false;
    }
    int from = (int) (ref >>> LENGTH_BITS) & (BLOCK_BYTES - 1);
    byte[] block = blocks[(int) (ref >>> (LENGTH_BITS + BLOCK_BITS))];
    return Arrays.equals(block, from, from + length, labels, offset, offset + length);
  }

  /** The id of these labels, or {@link WriteBatch#UNKNOWN}. */
  public int find(int tenantId, byte[] labels, int offset, int length) {
    SeriesKey key = hash.of(tenants.name(tenantId), labels, offset, length);
    return find(key, tenantId, labels, offset, length);
  }

  /** The id of these labels, whose key is known, or {@link WriteBatch#UNKNOWN}. */
  public int find(SeriesKey key, int tenantId, byte[] labels, int offset, int length) {
    int[] table = slots;
    int mask = table.length - 1;
    int tag = tag(key.low(), mask);
    for (int at = (int) key.low() & mask; ; at = (at + 1) & mask) {
      int slot = (int) SLOT.getAcquire(table, at);
      if (slot == 0) {
        return WriteBatch.UNKNOWN;
      }
      if ((slot & ~mask) != tag) {
        continue;
      }
      int id = (slot & mask) - 1;
      Page page = page(id);
      int i = id & PAGE_MASK;
      if (page.keyLow[i] == key.low() && page.keyHigh[i] == key.high()) {
        if (is(id, tenantId, labels, offset, length)) {
          return id;
        }
        throw new KeyCollisionException(labels(id), Labels.fromCanonical(labels, offset, length));
      }
    }
  }

  /** Hashes label bytes under the store's seed. */
  public SeriesKey key(int tenantId, byte[] labels, int offset, int length) {
    return hash.of(tenants.name(tenantId), labels, offset, length);
  }

  /**
   * Adds a series that is not in the table. Writer only.
   *
   * @return its id
   */
  public int add(SeriesKey key, int tenantId, byte[] labels, int offset, int length) {
    if (keyed != size) {
      findRestored();
    }
    int id = put(tenantId, labels, offset, length);
    Page page = page(id);
    int i = id & PAGE_MASK;
    page.keyHigh[i] = key.high();
    page.keyLow[i] = key.low();
    if ((id + 1) * 2L > slots.length) {
      int[] larger = new int[slots.length * 2];
      for (int old = 0; old < id; old++) {
        place(larger, page(old).keyLow[old & PAGE_MASK], old);
      }
      place(larger, key.low(), id);
      size = id + 1;
      slots = larger;
    } else {
      size = id + 1;
      place(slots, key.low(), id);
    }
    keyed = id + 1;
    return id;
  }

  /**
   * Adds a series that is not in the table, and that nobody looks for yet: its key is computed by
   * {@link #findRestored}. Writer only.
   *
   * @return its id
   */
  public int restore(int tenantId, byte[] labels, int offset, int length) {
    int id = put(tenantId, labels, offset, length);
    size = id + 1;
    return id;
  }

  /**
   * Computes the keys of the series that were restored so far, and lets them be found. Any thread,
   * also beside the writer that goes on restoring, as long as nobody looks for series.
   */
  public void findRestored() {
    synchronized (keyLock) {
      int end = size;
      int[] table = slots;
      int placed = keyed;
      if (end * 2L > table.length) {
        table = new int[Integer.highestOneBit(end - 1) << 2];
        placed = 0;
      }
      for (int id = keyed; id < end; id++) {
        Page page = page(id);
        int i = id & PAGE_MASK;
        SeriesKey key = key(page.tenant[i], array(id), offset(id), length(id));
        page.keyHigh[i] = key.high();
        page.keyLow[i] = key.low();
      }
      for (int from = placed; from < end; from += PLACED_AT_ONCE) {
        place(table, from, Math.min(end, from + PLACED_AT_ONCE));
      }
      slots = table;
      keyed = end;
    }
  }

  /** Places a few at once: the memory that they need is asked for first, and comes side by side. */
  private void place(int[] table, int from, int end) {
    int mask = table.length - 1;
    for (int id = from; id < end; id++) {
      var _ = (int) SLOT.getOpaque(table, (int) page(id).keyLow[id & PAGE_MASK] & mask);
    }
    for (int id = from; id < end; id++) {
      place(table, page(id).keyLow[id & PAGE_MASK], id);
    }
  }

  /** How many series are there that cannot be found yet. */
  public int restored() {
    return size - keyed;
  }

  /** Stores a series under the next id, which does not count until {@link #size} says so. */
  private int put(int tenantId, byte[] labels, int offset, int length) {
    if (length > MOST_LABEL_BYTES) {
      throw new IllegalArgumentException(
          "a label set of " + length + " bytes; at most " + MOST_LABEL_BYTES + " are possible");
    }
    int id = size;
    if (id >>> PAGE_BITS == pages.length) {
      Page[] more = Arrays.copyOf(pages, pages.length + 1);
      more[pages.length] = new Page();
      pages = more;
    }
    if (blockEnd + length > BLOCK_BYTES) {
      byte[][] more = Arrays.copyOf(blocks, blocks.length + 1);
      more[blocks.length] = new byte[BLOCK_BYTES];
      blocks = more;
      blockEnd = 0;
    }
    int block = blocks.length - 1;
    System.arraycopy(labels, offset, blocks[block], blockEnd, length);
    Page page = page(id);
    int i = id & PAGE_MASK;
    page.label[i] = ((long) block << BLOCK_BITS | blockEnd) << LENGTH_BITS | length;
    page.tenant[i] = (short) tenantId;
    blockEnd += length;
    return id;
  }

  private static void place(int[] table, long keyLow, int id) {
    int mask = table.length - 1;
    int at = (int) keyLow & mask;
    while (table[at] != 0) {
      at = (at + 1) & mask;
    }
    SLOT.setRelease(table, at, tag(keyLow, mask) | id + 1);
  }

  /** What a slot has of a key, in the bits that ids do not reach. */
  private static int tag(long keyLow, int mask) {
    return (int) (keyLow >>> 32) & ~mask;
  }

  /** The time of the newest sample in order, {@link #NO_TIME} if none is remembered. */
  public long lastTime(int id) {
    return page(id).lastTime[id & PAGE_MASK];
  }

  /** The raw bits of the newest sample in order (of a histogram: its sum's). */
  public long lastBits(int id) {
    return page(id).lastBits[id & PAGE_MASK];
  }

  /** Restores what a checkpoint remembers. Writer only. */
  public void setLast(int id, long time, long bits) {
    Page page = page(id);
    page.lastTime[id & PAGE_MASK] = time;
    page.lastBits[id & PAGE_MASK] = bits;
  }

  /** The key of a series. */
  public SeriesKey key(int id) {
    Page page = page(id);
    int i = id & PAGE_MASK;
    return new SeriesKey(page.keyHigh[i], page.keyLow[i]);
  }

  /** The number of a series' tenant. */
  public int tenantId(int id) {
    return page(id).tenant[id & PAGE_MASK];
  }

  @Override
  public String tenant(int id) {
    return tenants.name(tenantId(id));
  }

  @Override
  public byte[] array(int id) {
    return blocks[(int) (page(id).label[id & PAGE_MASK] >>> (LENGTH_BITS + BLOCK_BITS))];
  }

  @Override
  public int offset(int id) {
    return (int) (page(id).label[id & PAGE_MASK] >>> LENGTH_BITS) & (BLOCK_BYTES - 1);
  }

  @Override
  public int length(int id) {
    return (int) (page(id).label[id & PAGE_MASK] & ((1 << LENGTH_BITS) - 1));
  }

  /** The labels of a series. */
  public Labels labels(int id) {
    return Labels.fromCanonical(array(id), offset(id), length(id));
  }

  /** Appends the canonical label bytes of a series. */
  public void writeLabels(int id, ByteWriter out) {
    out.bytes(array(id), offset(id), length(id));
  }

  /**
   * The index of all series that are in the table now. It is caught up by whoever asks first: a
   * writer of a million new series does not pay for an index that nobody reads yet.
   */
  public MemoryIndex index() {
    synchronized (indexLock) {
      for (int end = size; indexed < end; indexed++) {
        index.add(indexed, tenant(indexed), array(indexed), offset(indexed), length(indexed));
      }
    }
    return index;
  }

  /**
   * A new table with only some of the series, in the same order under new ids, and what is
   * remembered about them.
   *
   * @param keep which ids stay
   */
  public SeriesTable compact(java.util.BitSet keep) {
    findRestored();
    SeriesTable next = new SeriesTable(generation + 1, hash, tenants);
    for (int id = keep.nextSetBit(0); id >= 0; id = keep.nextSetBit(id + 1)) {
      int added = next.add(key(id), tenantId(id), array(id), offset(id), length(id));
      next.setLast(added, lastTime(id), lastBits(id));
    }
    return next;
  }
}
