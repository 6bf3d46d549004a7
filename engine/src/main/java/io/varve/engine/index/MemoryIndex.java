package io.varve.engine.index;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * The append-only index of the open head: one writer at a time, any readers, no lock between them.
 *
 * <p>Label bytes stay where they are, in the {@link LabelSource}: a value is known by the first
 * series that has it and where it stands in that series' bytes. Posting lists are in {@link
 * PostingSlots}. So a series costs some 10 to 20 bytes, a distinct value about 45.
 *
 * <p>Everything that readers see grows only at its end. The writer publishes two numbers together,
 * how many values and how many ids there are, after it has written what belongs to them; a reader
 * takes them first and ignores what lies beyond. Arrays that must grow are replaced by longer
 * copies, and a reader that holds an older one finds everything there that had been published when
 * it took its numbers.
 */
public final class MemoryIndex implements SeriesIndex {
  private static final VarHandle PUBLISHED;

  static {
    try {
      PUBLISHED = MethodHandles.lookup().findVarHandle(MemoryIndex.class, "published", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A label name of one tenant. */
  static final class Name {
    final int number; // among all names of all tenants
    final int inTenant;
    final String text;
    final byte[] bytes;
    final int any; // the value that stands for "has the label"
    volatile int newest = -1; // head of the chain of its values
    int values; // how many; readers may see a few more or less

    Name(int number, int inTenant, byte[] bytes, int any) {
      this.number = number;
      this.inTenant = inTenant;
      this.text = new String(bytes, StandardCharsets.UTF_8);
      this.bytes = bytes;
      this.any = any;
    }
  }

  /** The names of one tenant. */
  static final class Tenant {
    final String text;
    final int any; // the value that stands for "is of this tenant"
    final ConcurrentHashMap<String, Name> byText = new ConcurrentHashMap<>();
    volatile Name[] names = new Name[0];
    volatile int nameCount;
    Name[] previous = new Name[0]; // writer only: names of the series before, in their order

    Tenant(String text, int any) {
      this.text = text;
      this.any = any;
    }
  }

  /** Columns of the distinct values, by number. */
  static final class Values {
    final int[] firstId; // the first series that has it
    final int[] at; // where in that series' label bytes the value's length stands
    final int[] name; // number of its name
    final int[] entries; // where its posting entries begin, 0 for none
    final int[] next; // the value before it in its name's chain
    final int[] count;
    final int[] lastId; // writer only
    final int[] lastEntry; // writer only

    Values(int capacity) {
      firstId = new int[capacity];
      at = new int[capacity];
      name = new int[capacity];
      entries = new int[capacity];
      next = new int[capacity];
      count = new int[capacity];
      lastId = new int[capacity];
      lastEntry = new int[capacity];
    }

    Values(Values old, int capacity) {
      firstId = Arrays.copyOf(old.firstId, capacity);
      at = Arrays.copyOf(old.at, capacity);
      name = Arrays.copyOf(old.name, capacity);
      entries = Arrays.copyOf(old.entries, capacity);
      next = Arrays.copyOf(old.next, capacity);
      count = Arrays.copyOf(old.count, capacity);
      lastId = Arrays.copyOf(old.lastId, capacity);
      lastEntry = Arrays.copyOf(old.lastEntry, capacity);
    }

    int capacity() {
      return firstId.length;
    }
  }

  private final LabelSource series;
  private final PostingSlots slots = new PostingSlots();
  private final ConcurrentHashMap<String, Tenant> tenants = new ConcurrentHashMap<>();
  private final AcceptedCache cache = new AcceptedCache();
  private volatile Values values = new Values(16);
  private volatile int[] table = new int[64]; // value + 1, 0 = free
  private int valueCount;
  private int hashed; // values that are in the table
  private int nameCount;
  private int lastId = -1;
  private @Nullable Tenant lastTenant;
  private final LabelCursor cursor = new LabelCursor();

  @SuppressWarnings("unused") // by PUBLISHED: values << 32 | ids
  private long published;

  /** An empty index over the label bytes of a source. */
  public MemoryIndex(LabelSource series) {
    this.series = series;
  }

  /**
   * Adds a series; readers see it when this returns. Ids ascend. The source must give the same
   * tenant and bytes for this id for as long as the index is used. One thread at a time.
   */
  public void add(int id, String tenant, byte[] labels, int offset, int length) {
    if (id <= lastId) {
      throw new IllegalArgumentException("series " + id + " after series " + lastId);
    }
    lastId = id;
    Tenant owner = tenant(tenant, id);
    cursor.on(labels, offset, length);
    int place = 0;
    while (cursor.next()) {
      Name name = name(owner, place++, labels, id);
      int value = value(name, labels, offset, id);
      append(value, id);
    }
    PUBLISHED.setRelease(this, (long) valueCount << 32 | (id + 1));
  }

  private Tenant tenant(String text, int id) {
    Tenant known = lastTenant;
    if (known == null || !known.text.equals(text)) {
      known = tenants.get(text);
      if (known == null) {
        known = new Tenant(text, newValue(id, -1, 0));
        tenants.put(text, known);
      }
      lastTenant = known;
    }
    append(known.any, id);
    return known;
  }

  private Name name(Tenant owner, int place, byte[] labels, int id) {
    Name[] previous = owner.previous;
    Name found = place < previous.length ? previous[place] : null;
    if (found == null || !isCurrentName(found, labels)) {
      found = lookUp(owner, labels, id);
      if (place >= previous.length) {
        previous = Arrays.copyOf(previous, Math.max(16, 2 * previous.length));
        owner.previous = previous;
      }
      previous[place] = found;
    }
    append(found.any, id);
    return found;
  }

  private boolean isCurrentName(Name name, byte[] labels) {
    return Arrays.equals(
        name.bytes, 0, name.bytes.length, labels, cursor.nameStart, cursor.nameEnd);
  }

  private Name lookUp(Tenant owner, byte[] labels, int id) {
    String text =
        new String(
            labels, cursor.nameStart, cursor.nameEnd - cursor.nameStart, StandardCharsets.UTF_8);
    Name known = owner.byText.get(text);
    if (known == null) {
      byte[] bytes = Arrays.copyOfRange(labels, cursor.nameStart, cursor.nameEnd);
      known = new Name(nameCount++, owner.nameCount, bytes, newValue(id, -1, 0));
      Name[] names = owner.names;
      if (owner.nameCount == names.length) {
        names = Arrays.copyOf(names, Math.max(16, 2 * names.length));
      }
      names[owner.nameCount] = known;
      owner.names = names;
      owner.nameCount = known.inTenant + 1;
      owner.byText.put(text, known);
    }
    return known;
  }

  private int value(Name name, byte[] labels, int offset, int id) {
    int hash = ByteInterner.hash(name.number, labels, cursor.valueStart, cursor.valueEnd);
    int[] slot = table;
    int mask = slot.length - 1;
    int at = hash & mask;
    while (slot[at] != 0) {
      int value = slot[at] - 1;
      if (isValue(values, value, name, labels, cursor.valueStart, cursor.valueEnd)) {
        return value;
      }
      at = (at + 1) & mask;
    }
    int length = cursor.valueEnd - cursor.valueStart;
    int value =
        newValue(id, name.number, cursor.valueStart - LabelCursor.varintSize(length) - offset);
    values.next[value] = name.newest;
    name.newest = value;
    name.values++;
    slot[at] = value + 1;
    if (++hashed * 3L > slot.length * 2L) {
      rehash();
    }
    return value;
  }

  private void rehash() {
    int[] old = table;
    int[] larger = new int[old.length * 2];
    int mask = larger.length - 1;
    Values all = values;
    for (int entry : old) {
      if (entry != 0) {
        int value = entry - 1;
        byte[] bytes = series.array(all.firstId[value]);
        int at = lengthAt(all, value);
        int length = length(bytes, at);
        int from = at + LabelCursor.varintSize(length);
        int slot = ByteInterner.hash(all.name[value], bytes, from, from + length) & mask;
        while (larger[slot] != 0) {
          slot = (slot + 1) & mask;
        }
        larger[slot] = entry;
      }
    }
    table = larger;
  }

  private int newValue(int id, int name, int at) {
    Values all = values;
    if (valueCount == all.capacity()) {
      all = new Values(all, (int) Math.min(2L * valueCount, Integer.MAX_VALUE - 16));
      values = all;
    }
    int value = valueCount++;
    all.firstId[value] = id;
    all.at[value] = at;
    all.name[value] = name;
    all.lastId[value] = -1;
    return value;
  }

  private void append(int value, int id) {
    Values all = values;
    int last = all.lastId[value];
    if (last == id) {
      return; // a label name twice: not canonical, but no reason to break the list
    }
    all.lastId[value] = id;
    all.count[value]++;
    if (last < 0) {
      return; // the first id is in firstId
    }
    int end = all.lastEntry[value];
    boolean follows = id == last + 1;
    if (follows && end != 0 && slots.entry(end) < 0) {
      slots.lengthen(end);
    } else {
      int entry = follows ? -1 : id + 1;
      if (end == 0) {
        int begin = slots.begin(entry);
        all.entries[value] = begin;
        all.lastEntry[value] = begin;
      } else {
        all.lastEntry[value] = slots.append(end, entry);
      }
    }
  }

  // What readers use

  LabelSource series() {
    return series;
  }

  PostingSlots slots() {
    return slots;
  }

  Values values() {
    return values;
  }

  int[] table() {
    return table;
  }

  AcceptedCache cache() {
    return cache;
  }

  /** True if a value is the given bytes under a name. */
  boolean isValue(Values all, int value, Name name, byte[] bytes, int from, int to) {
    if (all.name[value] != name.number) {
      return false;
    }
    byte[] known = series.array(all.firstId[value]);
    int at = lengthAt(all, value);
    int length = length(known, at);
    int start = at + LabelCursor.varintSize(length);
    return length == to - from && Arrays.equals(known, start, start + length, bytes, from, to);
  }

  /** Where the length of a value stands in the array of its first series. */
  int lengthAt(Values all, int value) {
    return series.offset(all.firstId[value]) + all.at[value];
  }

  /** Reads a varint of a label set that was examined when it was added. */
  static int length(byte[] bytes, int at) {
    int length = 0;
    for (int shift = 0; ; shift += 7, at++) {
      length |= (bytes[at] & 0x7F) << shift;
      if (bytes[at] >= 0) {
        return length;
      }
    }
  }

  private @Nullable MemoryTerms terms(String tenant) {
    long limits = (long) PUBLISHED.getAcquire(this);
    Tenant owner = tenants.get(tenant);
    int endId = (int) limits;
    int values = (int) (limits >>> 32);
    return owner == null || owner.any >= values
        ? null
        : new MemoryTerms(this, owner, values, endId);
  }

  /** Heap bytes that the index holds, label bytes not included. */
  public long bytes() {
    return slots.bytes()
        + 32L * values.capacity()
        + 4L * table.length
        + cache.bytes()
        + 250L * nameCount;
  }

  @Override
  public RoaringBitmap select(String tenant, List<Matcher> matchers, Runnable between) {
    MemoryTerms terms = terms(tenant);
    return terms == null ? new RoaringBitmap() : Selection.select(terms, matchers, between);
  }

  @Override
  public void labelNames(String tenant, @Nullable RoaringBitmap within, Consumer<String> out) {
    MemoryTerms terms = terms(tenant);
    if (terms != null) {
      terms.labelNames(within, out);
    }
  }

  @Override
  public void labelValues(
      String tenant, String name, @Nullable RoaringBitmap within, Consumer<String> out) {
    MemoryTerms terms = terms(tenant);
    int number = terms == null ? -1 : terms.name(name);
    if (terms != null && number >= 0) {
      terms.labelValues(number, within, out);
    }
  }

  @Override
  public String tenant(int id) {
    return series.tenant(id);
  }

  @Override
  public Labels labels(int id) {
    return Labels.fromCanonical(series.array(id), series.offset(id), series.length(id));
  }

  @Override
  public byte[] canonical(int id) {
    int from = series.offset(id);
    return Arrays.copyOfRange(series.array(id), from, from + series.length(id));
  }

  @Override
  public void tenants(Consumer<String> out) {
    for (String tenant : tenants.keySet()) {
      if (terms(tenant) != null) {
        out.accept(tenant);
      }
    }
  }

  @Override
  public int seriesCount(String tenant) {
    MemoryTerms terms = terms(tenant);
    return terms == null ? 0 : terms.series();
  }

  @Override
  public void labelPairs(String tenant, PairConsumer out) {
    MemoryTerms terms = terms(tenant);
    if (terms != null) {
      terms.labelPairs(out);
    }
  }
}
