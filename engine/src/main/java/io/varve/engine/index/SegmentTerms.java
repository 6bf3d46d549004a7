package io.varve.engine.index;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;
import org.roaringbitmap.buffer.ImmutableRoaringBitmap;
import org.roaringbitmap.buffer.MutableRoaringBitmap;

/**
 * The section of one tenant in a mapped segment. What is proportional to the number of label names
 * is read when the section is opened; everything else stays in the mapping. Thread-safe.
 */
final class SegmentTerms implements Terms {
  private static final int MOST_TEXT = 1 << 20;

  /** One label name and where its parts are in the file. */
  static final class Name {
    final byte[] bytes;
    final String text;
    final int values;
    final long blocks;
    final long dictionary;
    final long dictionaryBytes;
    final long postings;
    final long postingsBytes;

    Name(byte[] bytes, int values, long blocks, long dictionaryBytes, long postingsBytes) {
      this.bytes = bytes;
      this.text = new String(bytes, StandardCharsets.UTF_8);
      this.values = values;
      this.blocks = blocks;
      this.dictionary = blocks + (long) SegmentFormat.BLOCK_BYTES * SegmentFormat.blocks(values);
      this.dictionaryBytes = dictionaryBytes;
      this.postings = dictionary + dictionaryBytes;
      this.postingsBytes = postingsBytes;
    }

    long end() {
      return postings + postingsBytes;
    }

    /** Where a block's part of the dictionary begins in it; its size, one past the last block. */
    long dictionaryOffset(MappedPages pages, int block) {
      return offset(pages, block, 0, dictionaryBytes);
    }

    /** Where a block's postings begin in the postings; their size, one past the last block. */
    long postingsOffset(MappedPages pages, int block) {
      return offset(pages, block, 4, postingsBytes);
    }

    private long offset(MappedPages pages, int block, int part, long size) {
      if (block == SegmentFormat.blocks(values)) {
        return size;
      }
      long at = blocks + (long) SegmentFormat.BLOCK_BYTES * block;
      pages.check(at, SegmentFormat.BLOCK_BYTES);
      long offset = pages.fixed32(at + part) & 0xFFFF_FFFFL;
      if (offset > size) {
        throw pages.corrupt(at + part, "block at " + offset + " of " + size + " bytes");
      }
      return offset;
    }
  }

  /** A posting list that was found in the file but not read. */
  private record Postings(int kind, int count, long offset, long length) {}

  private final MappedPages pages;
  private final AcceptedCache cache;
  private final String tenant;
  private final int firstId;
  private final int count;
  private final Name[] names;
  private final int runs;
  private final long runTable;
  private final long templates;
  private final long templateBytes;
  private final long records;
  private final long recordBytes;

  /**
   * Bitmaps whose bytes were examined; there is at most one per 1,024 pairs of series and label.
   */
  private final ConcurrentHashMap<Long, ImmutableRoaringBitmap> bitmaps = new ConcurrentHashMap<>();

  private final AtomicReference<@Nullable LabelReader> spare = new AtomicReference<>();

  /** Opens the section that lies in {@code [offset, end)} of the body. */
  SegmentTerms(
      MappedPages pages, AcceptedCache cache, long offset, long end, int firstId, int count) {
    this.pages = pages;
    this.cache = cache;
    this.firstId = firstId;
    this.count = count;
    pages.check(offset, Integer.BYTES);
    int metaBytes = pages.fixed32(offset);
    long metaAt = offset + Integer.BYTES;
    if (metaBytes < 0 || metaBytes > end - metaAt) {
      throw pages.corrupt(offset, "section of a tenant is cut off");
    }
    pages.check(metaAt, metaBytes);
    byte[] meta = new byte[metaBytes];
    pages.copy(metaAt, meta, 0, metaBytes);
    ByteReader in = new ByteReader().on(meta, 0, metaBytes, pages.source(), metaAt);
    this.tenant = in.string();
    int nameCount = in.count(in.remaining());
    this.runs = in.count(count);
    this.templateBytes = in.count(Integer.MAX_VALUE);
    this.recordBytes = in.count(Integer.MAX_VALUE);
    this.runTable = metaAt + metaBytes;
    this.templates = runTable + (long) SegmentFormat.RUN_BYTES * runs;
    this.records = templates + templateBytes;
    this.names = new Name[nameCount];
    long at = records + recordBytes;
    byte[] previous = new byte[0];
    for (int i = 0; i < nameCount; i++) {
      int shared = in.count(previous.length);
      int more = in.count(in.remaining());
      if (shared + more > MOST_TEXT) {
        throw in.corrupt("label name of " + (shared + more) + " bytes");
      }
      byte[] bytes = Arrays.copyOf(previous, shared + more);
      System.arraycopy(meta, in.skip(more), bytes, shared, more);
      if (i > 0 && Arrays.compareUnsigned(previous, bytes) >= 0) {
        throw in.corrupt("label names are not in order");
      }
      int values = in.count(count);
      if (values == 0) {
        throw in.corrupt("label name without values");
      }
      long dictionaryBytes = in.count(Integer.MAX_VALUE);
      long postingsBytes = in.count(Integer.MAX_VALUE);
      names[i] = new Name(bytes, values, at, dictionaryBytes, postingsBytes);
      at = names[i].end();
      previous = bytes;
    }
    if (count > (long) SegmentFormat.MOST_IN_RUN * runs) {
      throw in.corrupt(count + " series in " + runs + " runs");
    }
    if (!in.atEnd() || at != end) {
      throw in.corrupt("section of a tenant ends at byte " + at + ", not at " + end);
    }
  }

  String tenant() {
    return tenant;
  }

  /** How many label names. */
  int names() {
    return names.length;
  }

  Name nameAt(int number) {
    return names[number];
  }

  int runs() {
    return runs;
  }

  // Records

  /** The run that a position falls into, by binary search in the table of runs. */
  int run(int position) {
    int low = 0;
    int high = runs - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (runStart(middle) <= position) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Where in the file the entry of a run stands. */
  long runEntry(int run) {
    return runTable + (long) SegmentFormat.RUN_BYTES * run;
  }

  /** Position of a run's first series; the number of series one past the last run. */
  int runStart(int run) {
    if (run == runs) {
      return count;
    }
    long at = runEntry(run);
    pages.check(at, SegmentFormat.RUN_BYTES);
    return pages.fixed32(at);
  }

  /** Where in the file a run's record begins; their end one past the last run. */
  long recordOffset(int run) {
    if (run == runs) {
      return records + recordBytes;
    }
    long at = runEntry(run);
    pages.check(at, SegmentFormat.RUN_BYTES);
    long offset = pages.fixed32(at + 4) & 0xFFFF_FFFFL;
    if (offset > recordBytes) {
      throw pages.corrupt(at, "record at " + offset + " of " + recordBytes + " bytes");
    }
    return records + offset;
  }

  /** Places a reader on a template. */
  void openTemplate(MappedReader in, int offset) {
    if (offset >= templateBytes) {
      throw in.corrupt("template at " + offset + " of " + templateBytes + " bytes");
    }
    // Not to its end: that would touch, and so check, the pages of all templates behind it.
    long most = 5L * (names.length + 1);
    in.on(templates + offset, Math.min(most, templateBytes - offset));
  }

  RecordCursor records() {
    return new RecordCursor(this, pages);
  }

  DictionaryCursor dictionary(int name) {
    return new DictionaryCursor(pages, names[name]);
  }

  /** Takes a reader; give it back with {@link #giveBack}. */
  LabelReader takeReader() {
    LabelReader reader = spare.getAndSet(null);
    return reader != null ? reader : new LabelReader(this);
  }

  void giveBack(LabelReader reader) {
    spare.set(reader);
  }

  byte[] canonical(int id) {
    LabelReader reader = takeReader();
    int length = reader.read(id - firstId);
    byte[] labels = Arrays.copyOf(reader.bytes(), length);
    giveBack(reader);
    return labels;
  }

  void eachCanonical(RoaringBitmap series, IndexSegment.BytesConsumer out) {
    LabelReader reader = takeReader();
    PeekableIntIterator each = series.getIntIterator();
    while (each.hasNext()) {
      int id = each.next();
      int length = reader.read(id - firstId);
      out.accept(id, reader.bytes(), length);
    }
    giveBack(reader);
  }

  Labels labels(int id) {
    LabelReader reader = takeReader();
    int length = reader.read(id - firstId);
    Labels labels = Labels.fromCanonical(reader.bytes(), 0, length);
    giveBack(reader);
    return labels;
  }

  // Terms

  @Override
  public int firstId() {
    return firstId;
  }

  @Override
  public int endId() {
    return firstId + count;
  }

  @Override
  public int series() {
    return count;
  }

  @Override
  public MutableRoaringBitmap all() {
    return MutableRoaringBitmap.bitmapOfRange(firstId, firstId + (long) count);
  }

  @Override
  public int name(String name) {
    byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
    int low = 0;
    int high = names.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int c = Arrays.compareUnsigned(names[middle].bytes, wanted);
      if (c == 0) {
        return middle;
      }
      if (c < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  @Override
  public int values(int name) {
    return names[name].values;
  }

  @Override
  public int value(int name, String value) {
    return dictionary(name).find(value.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public String text(int name, int value) {
    DictionaryCursor values = dictionary(name);
    values.seek(value);
    return values.text();
  }

  @Override
  public RoaringBitmap allValues(int name) {
    return RoaringBitmap.bitmapOfRange(0, names[name].values);
  }

  @Override
  public boolean knowsAccepted(int name, Matcher matcher) {
    return cache.has(new AcceptedCache.Key(this, name, matcher.value()));
  }

  @Override
  public RoaringBitmap accepted(int name, Matcher matcher, Runnable between) {
    AcceptedCache.Key key = new AcceptedCache.Key(this, name, matcher.value());
    AcceptedCache.Accepted known = cache.get(key);
    if (known != null) {
      return known.values();
    }
    RoaringBitmap accepted = new RoaringBitmap();
    byte[] prefix = matcher.test().prefix().getBytes(StandardCharsets.UTF_8);
    DictionaryCursor values = dictionary(name);
    int end = names[name].values;
    for (int value = values.ceiling(prefix); value < end; value++) {
      values.seek(value);
      if (!values.startsWith(prefix)) {
        break;
      }
      if (matcher.test().accepts(values.text())) {
        accepted.add(value);
      }
      if (value % VALUES_AT_ONCE == 0) {
        between.run();
      }
    }
    accepted.runOptimize();
    cache.put(key, new AcceptedCache.Accepted(accepted, end));
    return accepted;
  }

  @Override
  public Probe probe() {
    return records();
  }

  @Override
  public int probeNanos() {
    return 30;
  }

  @Override
  public int count(int name, int value) {
    return locate(name, value).count();
  }

  @Override
  public ImmutableRoaringBitmap postings(int name, int value) {
    Postings found = locate(name, value);
    return switch (found.kind()) {
      case SegmentFormat.RANGE -> {
        int first = rangeStart(found);
        yield MutableRoaringBitmap.bitmapOfRange(first, first + (long) found.count());
      }
      case SegmentFormat.LIST -> {
        MutableRoaringBitmap bitmap = new MutableRoaringBitmap();
        bitmap.addN(list(found), 0, found.count());
        yield bitmap;
      }
      default -> bitmap(found);
    };
  }

  @Override
  public void collect(
      int name,
      int value,
      @Nullable ImmutableRoaringBitmap within,
      @Nullable IdSet fast,
      IdSet to) {
    Postings found = locate(name, value);
    switch (found.kind()) {
      case SegmentFormat.RANGE -> {
        int first = rangeStart(found);
        if (within == null) {
          to.addRange(first, found.count());
        } else {
          PeekableIntIterator each = within.getIntIterator();
          each.advanceIfNeeded(first);
          while (each.hasNext() && each.peekNext() < first + found.count()) {
            to.add(each.next());
          }
        }
      }
      case SegmentFormat.LIST -> {
        for (int id : list(found)) {
          if (fast == null || fast.contains(id)) {
            to.add(id);
          }
        }
      }
      default -> {
        ImmutableRoaringBitmap bitmap = bitmap(found);
        to.addAll(within == null ? bitmap : ImmutableRoaringBitmap.and(within, bitmap));
      }
    }
  }

  private Postings locate(int name, int value) {
    Name label = names[name];
    MappedReader in = new MappedReader(pages);
    if (value == ANY) {
      in.on(label.postings, label.postingsBytes);
      int length = in.count(in.remaining());
      return head(in, length);
    }
    int block = value / SegmentFormat.BLOCK_VALUES;
    long from = label.postingsOffset(pages, block);
    in.on(label.postings + from, label.postingsOffset(pages, block + 1) - from);
    int first = block * SegmentFormat.BLOCK_VALUES;
    int inBlock = Math.min(SegmentFormat.BLOCK_VALUES, label.values - first);
    long skip = 0;
    int length = 0;
    for (int i = 0; i < inBlock; i++) {
      int some = in.count(in.remaining());
      if (first + i < value) {
        skip += some;
      } else if (first + i == value) {
        length = some;
      }
    }
    in.skip(skip);
    return head(in, length);
  }

  private Postings head(MappedReader in, int length) {
    long end = in.position() + length;
    if (length > in.remaining()) {
      throw in.corrupt("postings of " + length + " bytes, " + in.remaining() + " left");
    }
    long head = in.varint();
    int kind = (int) head & (1 << SegmentFormat.POSTING_KIND_BITS) - 1;
    long ids = head >>> SegmentFormat.POSTING_KIND_BITS;
    if (ids == 0 || ids > count || kind > SegmentFormat.ROARING || in.position() > end) {
      throw in.corrupt("postings of kind " + kind + " with " + ids + " of " + count + " series");
    }
    if (kind == SegmentFormat.LIST && ids > SegmentFormat.MOST_IN_LIST) {
      throw in.corrupt("list of " + ids + " series");
    }
    return new Postings(kind, (int) ids, in.position(), end - in.position());
  }

  private int rangeStart(Postings found) {
    MappedReader in = new MappedReader(pages).on(found.offset(), found.length());
    int first = in.count(count - found.count());
    if (in.remaining() != 0) {
      throw in.corrupt("postings end before their last byte");
    }
    return firstId + first;
  }

  private int[] list(Postings found) {
    int length = (int) Math.min(found.length(), 5L * found.count() + 1);
    pages.check(found.offset(), length);
    byte[] bytes = new byte[length]; // decoded on the heap: twice as fast as from the mapping
    pages.copy(found.offset(), bytes, 0, length);
    int[] ids = new int[found.count()];
    int at = 0;
    long next = firstId;
    for (int i = 0; i < ids.length; i++) {
      if (at < length && bytes[at] >= 0) {
        next += bytes[at++];
      } else {
        long delta = 0;
        for (int shift = 0; ; shift += 7) {
          if (at == length || shift > 28) {
            throw pages.corrupt(found.offset() + at, "list of series is cut off");
          }
          byte b = bytes[at++];
          delta |= (long) (b & 0x7F) << shift;
          if (b >= 0) {
            break;
          }
        }
        next += delta;
      }
      if (next >= endId()) {
        throw pages.corrupt(found.offset() + at, "series " + next + " in a list");
      }
      ids[i] = (int) next++;
    }
    if (at != found.length()) {
      throw pages.corrupt(found.offset() + at, "postings end before their last byte");
    }
    return ids;
  }

  private ImmutableRoaringBitmap bitmap(Postings found) {
    ImmutableRoaringBitmap known = bitmaps.get(found.offset());
    if (known != null) {
      return known;
    }
    ByteBuffer bytes = pages.view(found.offset(), found.length());
    int ids = RoaringFormat.check(bytes, firstId, firstId + count, pages.source(), found.offset());
    if (ids != found.count()) {
      throw pages.corrupt(found.offset(), ids + " series in postings of " + found.count());
    }
    ImmutableRoaringBitmap bitmap = new ImmutableRoaringBitmap(bytes);
    bitmaps.put(found.offset(), bitmap);
    return bitmap;
  }

  // Names and values

  void labelNames(@Nullable RoaringBitmap within, Consumer<String> out) {
    if (within == null) {
      for (Name name : names) {
        out.accept(name.text);
      }
      return;
    }
    // Series of one run have the same names; but with very many runs the postings are quicker.
    if (within.getLongCardinality() > 64L * names.length) {
      ImmutableRoaringBitmap set = new MutableRoaringBitmap(within);
      for (int name = 0; name < names.length; name++) {
        if (ImmutableRoaringBitmap.intersects(postings(name, ANY), set)) {
          out.accept(names[name].text);
        }
      }
      return;
    }
    BitSet seen = new BitSet(names.length);
    int left = names.length;
    RecordCursor cursor = records();
    PeekableIntIterator each = within.getIntIterator();
    each.advanceIfNeeded(firstId);
    while (left > 0 && each.hasNext() && each.peekNext() < endId()) {
      cursor.seek(each.next() - firstId);
      for (int c = 0; c < cursor.columns(); c++) {
        if (!seen.get(cursor.name(c))) {
          seen.set(cursor.name(c));
          left--;
          out.accept(names[cursor.name(c)].text);
        }
      }
      each.advanceIfNeeded(firstId + cursor.runEnd()); // all of a run have the same names
    }
  }

  void labelValues(int name, @Nullable RoaringBitmap within, Consumer<String> out) {
    DictionaryCursor values = dictionary(name);
    int end = names[name].values;
    if (within == null) {
      for (int value = 0; value < end; value++) {
        values.seek(value);
        out.accept(values.text());
      }
      return;
    }
    if (within.getLongCardinality() * probeNanos() < end * 1500L) {
      BitSet seen = valuesOf(name, within);
      for (int value = seen.nextSetBit(0); value >= 0; value = seen.nextSetBit(value + 1)) {
        values.seek(value);
        out.accept(values.text());
      }
      return;
    }
    ImmutableRoaringBitmap set = new MutableRoaringBitmap(within);
    IdSet fast = new IdSet(set.first(), set.last() + 1, set);
    for (int value = 0; value < end; value++) {
      if (intersects(locate(name, value), set, fast)) {
        values.seek(value);
        out.accept(values.text());
      }
    }
  }

  private BitSet valuesOf(int name, RoaringBitmap within) {
    BitSet seen = new BitSet();
    RecordCursor cursor = records();
    PeekableIntIterator each = within.getIntIterator();
    each.advanceIfNeeded(firstId);
    while (each.hasNext() && each.peekNext() < endId()) {
      int position = each.next() - firstId;
      cursor.seek(position);
      int column = cursor.column(name);
      if (column < 0) {
        each.advanceIfNeeded(firstId + cursor.runEnd());
      } else {
        seen.set(cursor.valueAt(position, column));
      }
    }
    return seen;
  }

  private boolean intersects(Postings found, ImmutableRoaringBitmap within, IdSet fast) {
    return switch (found.kind()) {
      case SegmentFormat.RANGE -> {
        int first = rangeStart(found);
        yield within.intersects(first, first + (long) found.count());
      }
      case SegmentFormat.LIST -> {
        boolean any = false;
        for (int id : list(found)) {
          if (fast.contains(id)) {
            any = true;
            break;
          }
        }
        yield any;
      }
      default -> ImmutableRoaringBitmap.intersects(bitmap(found), within);
    };
  }

  void labelPairs(SeriesIndex.PairConsumer out) {
    for (int name = 0; name < names.length; name++) {
      DictionaryCursor values = dictionary(name);
      for (int value = 0; value < names[name].values; value++) {
        values.seek(value);
        out.accept(names[name].text, values.text(), count(name, value));
      }
    }
  }

  CorruptDataException corrupt(long offset, String problem) {
    return pages.corrupt(offset, problem);
  }

  /** Heap bytes held, roughly. */
  long residentBytes() {
    long bytes = 200 + 120L * bitmaps.size();
    for (Name name : names) {
      bytes += 150 + 2L * name.bytes.length;
    }
    return bytes;
  }
}
