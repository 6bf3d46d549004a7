package io.varve.engine.index;

import io.varve.engine.model.Matcher;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;
import org.roaringbitmap.buffer.ImmutableRoaringBitmap;
import org.roaringbitmap.buffer.MutableRoaringBitmap;

/**
 * What one tenant has in the head's index up to a moment: values and ids beyond the two bounds are
 * not seen. Thread-safe.
 */
final class MemoryTerms implements Terms {
  /** So many ranges are gathered in a plain set: a bitmap moves its ids at each that it takes. */
  private static final int MANY_RANGES = 256;

  private static final int SHORT_RANGE = 32;

  private final MemoryIndex index;
  private final MemoryIndex.Tenant tenant;
  private final MemoryIndex.Values values;
  private final int[] table;
  private final int valueBound;
  private final int idBound;
  private final MemoryIndex.Name[] names;
  private final int nameCount;

  MemoryTerms(MemoryIndex index, MemoryIndex.Tenant tenant, int valueBound, int idBound) {
    this.index = index;
    this.tenant = tenant;
    this.valueBound = valueBound;
    this.idBound = idBound;
    this.values = index.values();
    this.table = index.table();
    int count = tenant.nameCount;
    this.names = tenant.names;
    while (count > 0 && names[count - 1].any >= valueBound) {
      count--;
    }
    this.nameCount = count;
  }

  private PostingSlots.Walk walk() {
    return new PostingSlots.Walk(index.slots(), idBound);
  }

  private PostingSlots.Walk walk(int value) {
    return walk().on(values.firstId[value], values.entries[value]);
  }

  private int pair(int name, int value) {
    return value == ANY ? names[name].any : value;
  }

  @Override
  public int firstId() {
    return values.firstId[tenant.any];
  }

  @Override
  public int endId() {
    return idBound;
  }

  @Override
  public int series() {
    int count = 0;
    PostingSlots.Walk walk = walk(tenant.any);
    while (walk.next()) {
      count += walk.last - walk.first + 1;
    }
    return count;
  }

  @Override
  public MutableRoaringBitmap all() {
    return bitmap(tenant.any);
  }

  @Override
  public int name(String name) {
    MemoryIndex.Name found = tenant.byText.get(name);
    return found == null || found.inTenant >= nameCount ? -1 : found.inTenant;
  }

  @Override
  public int values(int name) {
    return names[name].values;
  }

  @Override
  public int value(int name, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return value(names[name], bytes, 0, bytes.length);
  }

  private int value(MemoryIndex.Name name, byte[] bytes, int from, int to) {
    int mask = table.length - 1;
    int at = ByteInterner.hash(name.number, bytes, from, to) & mask;
    for (int entry = table[at]; entry != 0; entry = table[at]) {
      int value = entry - 1;
      if (value < valueBound && index.isValue(values, value, name, bytes, from, to)) {
        return value;
      }
      at = (at + 1) & mask;
    }
    return -1;
  }

  @Override
  public int count(int name, int value) {
    return values.count[pair(name, value)];
  }

  @Override
  public ImmutableRoaringBitmap postings(int name, int value) {
    return bitmap(pair(name, value));
  }

  private MutableRoaringBitmap bitmap(int value) {
    int ranges = 0;
    int end = 0;
    PostingSlots.Walk walk = walk(value);
    while (walk.next()) {
      ranges++;
      end = walk.last + 1;
    }
    walk = walk(value);
    if (ranges > MANY_RANGES) {
      IdSet set = new IdSet(values.firstId[value], end);
      while (walk.next()) {
        set.addRange(walk.first, walk.last - walk.first + 1);
      }
      return set.toBitmap();
    }
    MutableRoaringBitmap bitmap = new MutableRoaringBitmap();
    int[] ids = new int[Math.min(ranges * SHORT_RANGE, end)];
    int n = 0;
    while (walk.next()) {
      if (walk.last - walk.first >= SHORT_RANGE) {
        bitmap.addN(ids, 0, n);
        n = 0;
        bitmap.add((long) walk.first, walk.last + 1L);
      } else {
        for (int id = walk.first; id <= walk.last; id++) {
          ids[n++] = id;
        }
      }
    }
    bitmap.addN(ids, 0, n);
    return bitmap;
  }

  @Override
  public void collect(
      int name,
      int value,
      @Nullable ImmutableRoaringBitmap within,
      @Nullable IdSet fast,
      IdSet to) {
    PostingSlots.Walk walk = walk(pair(name, value));
    while (walk.next()) {
      if (fast == null) {
        to.addRange(walk.first, walk.last - walk.first + 1);
      } else {
        for (int id = walk.first; id <= walk.last; id++) {
          if (fast.contains(id)) {
            to.add(id);
          }
        }
      }
    }
  }

  @Override
  public RoaringBitmap allValues(int name) {
    RoaringBitmap all = new RoaringBitmap();
    for (int value = newest(name); value >= 0; value = values.next[value]) {
      all.add(value);
    }
    return all;
  }

  /** The newest value of a name that is in bounds, −1 if there is none. */
  private int newest(int name) {
    int value = names[name].newest;
    MemoryIndex.Values all = value < values.capacity() ? values : index.values();
    while (value >= valueBound) {
      value = all.next[value];
    }
    return value;
  }

  @Override
  public boolean knowsAccepted(int name, Matcher matcher) {
    AcceptedCache.Accepted known = index.cache().get(key(name, matcher));
    return known != null && known.examined() > newest(name);
  }

  private AcceptedCache.Key key(int name, Matcher matcher) {
    return new AcceptedCache.Key(names[name], 0, matcher.value());
  }

  /** Values of the past are remembered; only those that came since are examined. */
  @Override
  public RoaringBitmap accepted(int name, Matcher matcher, Runnable between) {
    AcceptedCache.Key key = key(name, matcher);
    AcceptedCache.Accepted known = index.cache().get(key);
    int newest = newest(name);
    if (known != null && known.examined() > newest) {
      return upTo(known.values());
    }
    RoaringBitmap accepted = known == null ? new RoaringBitmap() : known.values().clone();
    int examined = known == null ? 0 : known.examined();
    byte[] prefix = matcher.test().prefix().getBytes(StandardCharsets.UTF_8);
    int tried = 0;
    for (int value = newest; value >= examined; value = values.next[value]) {
      if (++tried % VALUES_AT_ONCE == 0) {
        between.run();
      }
      if (startsWith(value, prefix) && matcher.test().accepts(text(name, value))) {
        accepted.add(value);
      }
    }
    index.cache().put(key, new AcceptedCache.Accepted(accepted, newest + 1));
    return accepted;
  }

  /** What is remembered may be newer than what is seen here. */
  private RoaringBitmap upTo(RoaringBitmap accepted) {
    return accepted.isEmpty() || accepted.last() < valueBound
        ? accepted
        : RoaringBitmap.and(accepted, RoaringBitmap.bitmapOfRange(0, valueBound));
  }

  private boolean startsWith(int value, byte[] prefix) {
    byte[] bytes = index.series().array(values.firstId[value]);
    int at = index.lengthAt(values, value);
    int length = MemoryIndex.length(bytes, at);
    int from = at + LabelCursor.varintSize(length);
    return length >= prefix.length
        && Arrays.equals(bytes, from, from + prefix.length, prefix, 0, prefix.length);
  }

  @Override
  public String text(int name, int value) {
    byte[] bytes = index.series().array(values.firstId[value]);
    int at = index.lengthAt(values, value);
    int length = MemoryIndex.length(bytes, at);
    return new String(bytes, at + LabelCursor.varintSize(length), length, StandardCharsets.UTF_8);
  }

  @Override
  public Probe probe() {
    LabelCursor labels = new LabelCursor();
    LabelSource series = index.series();
    return (id, name) -> {
      MemoryIndex.Name wanted = names[name];
      byte[] bytes = series.array(id);
      labels.on(bytes, series.offset(id), series.length(id));
      return labels.find(wanted.bytes)
          ? value(wanted, bytes, labels.valueStart, labels.valueEnd)
          : -1;
    };
  }

  @Override
  public int probeNanos() {
    return 120;
  }

  // Names and values

  void labelNames(@Nullable RoaringBitmap within, Consumer<String> out) {
    // With most series in the set the walk through a posting list soon meets one; with few of them
    // it is quicker to read their labels.
    if (within != null && within.getLongCardinality() < values.count[tenant.any] / 8) {
      scanNames(within, out);
      return;
    }
    for (int name = 0; name < nameCount; name++) {
      if (within == null || intersects(names[name].any, within)) {
        out.accept(names[name].text);
      }
    }
  }

  void labelValues(int name, @Nullable RoaringBitmap within, Consumer<String> out) {
    if (within != null && within.getLongCardinality() < 4L * names[name].values) {
      scanValues(within, name, out);
      return;
    }
    for (int value = newest(name); value >= 0; value = values.next[value]) {
      if (within == null || intersects(value, within)) {
        out.accept(text(name, value));
      }
    }
  }

  private void scanNames(RoaringBitmap within, Consumer<String> out) {
    BitSet seen = new BitSet();
    LabelCursor labels = new LabelCursor();
    LabelSource series = index.series();
    MemoryIndex.Name[] previous = new MemoryIndex.Name[16]; // of the series before, by place
    PeekableIntIterator each = within.getIntIterator();
    while (each.hasNext()) {
      int id = each.next();
      if (id >= idBound || !series.tenant(id).equals(tenant.text)) {
        continue;
      }
      byte[] bytes = series.array(id);
      labels.on(bytes, series.offset(id), series.length(id));
      for (int place = 0; labels.next(); place++) {
        if (place == previous.length) {
          previous = Arrays.copyOf(previous, 2 * place);
        }
        MemoryIndex.Name known = previous[place];
        if (known != null
            && Arrays.equals(
                known.bytes, 0, known.bytes.length, bytes, labels.nameStart, labels.nameEnd)) {
          continue;
        }
        int length = labels.nameEnd - labels.nameStart;
        int name = name(new String(bytes, labels.nameStart, length, StandardCharsets.UTF_8));
        if (name >= 0) {
          previous[place] = names[name];
          if (!seen.get(name)) {
            seen.set(name);
            out.accept(names[name].text);
          }
        }
      }
    }
  }

  private void scanValues(RoaringBitmap within, int name, Consumer<String> out) {
    BitSet seen = new BitSet();
    Probe probe = probe();
    PeekableIntIterator each = within.getIntIterator();
    while (each.hasNext()) {
      int id = each.next();
      if (id < idBound && index.series().tenant(id).equals(tenant.text)) {
        int value = probe.value(id, name);
        if (value >= 0 && !seen.get(value)) {
          seen.set(value);
          out.accept(text(name, value));
        }
      }
    }
  }

  private boolean intersects(int value, RoaringBitmap within) {
    PostingSlots.Walk walk = walk(value);
    while (walk.next()) {
      if (walk.first == walk.last
          ? within.contains(walk.first)
          : within.intersects(walk.first, walk.last + 1L)) {
        return true;
      }
    }
    return false;
  }

  void labelPairs(SeriesIndex.PairConsumer out) {
    for (int name = 0; name < nameCount; name++) {
      for (int value = newest(name); value >= 0; value = values.next[value]) {
        out.accept(names[name].text, text(name, value), values.count[value]);
      }
    }
  }
}
