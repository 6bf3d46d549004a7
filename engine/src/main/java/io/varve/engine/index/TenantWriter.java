package io.varve.engine.index;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gathers the series of one tenant and writes their section of a segment file. Names and values are
 * numbered as they come and renumbered in their order at the end. Not thread-safe.
 *
 * <p>Memory: four bytes per label of a series, in pieces, and each distinct value once. What a name
 * needs to be written is held for one name at a time.
 */
final class TenantWriter {
  /** Runs end where the metric changes once they are so long: neighbours are alike within it. */
  private static final int SPLIT_AT_METRIC_FROM = 64;

  private static final byte[] METRIC_NAME = Labels.METRIC_NAME.getBytes(StandardCharsets.UTF_8);

  private final String tenant;
  private final int firstId;
  private final LabelCursor labels = new LabelCursor();
  private final ByteInterner names = new ByteInterner();
  private final List<ByteInterner> values = new ArrayList<>(); // per name
  private final List<IntPieces> columns = new ArrayList<>(); // value numbers, per name
  private final ByteInterner templates = new ByteInterner(); // name numbers, four bytes each
  private final List<int[]> templateNames = new ArrayList<>();
  private final IntPieces stretchTemplate = new IntPieces(); // of series that follow each other
  private final IntPieces stretchEnd = new IntPieces(); // the series after the last one
  private int count;
  private int[] current = new int[16]; // name numbers of the series at hand
  private int[] previous = new int[0]; // name numbers of the series before it
  private int previousTemplate = -1;

  /** A section for a tenant whose series begin at an id. */
  TenantWriter(String tenant, int firstId) {
    this.tenant = tenant;
    this.firstId = firstId;
  }

  /** Series added so far. */
  int count() {
    return count;
  }

  /** Adds the next series. */
  void add(byte[] bytes, int offset, int length) {
    int n = 0;
    try {
      labels.on(bytes, offset, length);
      while (labels.next()) {
        if (labels.valueStart == labels.valueEnd || labels.nameStart == labels.nameEnd) {
          throw new IllegalArgumentException("a label without a name or value");
        }
        if (n == current.length) {
          current = Arrays.copyOf(current, n * 2);
        }
        int name = name(n, bytes);
        current[n++] = name;
        columns.get(name).add(values.get(name).intern(bytes, labels.valueStart, labels.valueEnd));
      }
    } catch (CorruptDataException e) {
      throw new IllegalArgumentException("label bytes are not canonical: " + e.getMessage(), e);
    }
    int before = previousTemplate;
    int template = template(n);
    count++;
    if (template == before) {
      stretchEnd.set(stretchEnd.size() - 1, count);
    } else {
      stretchTemplate.add(template);
      stretchEnd.add(count);
    }
  }

  private int name(int place, byte[] bytes) {
    if (place < previous.length
        && names.is(previous[place], bytes, labels.nameStart, labels.nameEnd)) {
      return previous[place];
    }
    int name = names.intern(bytes, labels.nameStart, labels.nameEnd);
    if (name == values.size()) {
      values.add(new ByteInterner());
      columns.add(new IntPieces());
    }
    return name;
  }

  private int template(int n) {
    if (previousTemplate >= 0 && Arrays.equals(previous, 0, previous.length, current, 0, n)) {
      return previousTemplate;
    }
    ByteWriter key = new ByteWriter(4 * n);
    for (int i = 0; i < n; i++) {
      key.fixed32(current[i]);
    }
    previousTemplate = templates.intern(key.array(), 0, key.size());
    if (previousTemplate == templateNames.size()) {
      for (int i = 1; i < n; i++) {
        if (compareNames(current[i - 1], current[i]) >= 0) {
          throw new IllegalArgumentException(
              "label names out of order: "
                  + new String(names.get(current[i]), StandardCharsets.UTF_8));
        }
      }
      templateNames.add(Arrays.copyOf(current, n));
    }
    previous = templateNames.get(previousTemplate);
    return previousTemplate;
  }

  private int compareNames(int a, int b) {
    return Arrays.compareUnsigned(
        names.bytes(), names.start(a), names.end(a), names.bytes(), names.start(b), names.end(b));
  }

  /** Writes the section. */
  void finish(PageWriter file) throws IOException {
    int[] nameOrder = names.sorted();
    int[] nameRank = ByteInterner.ranks(nameOrder);
    int[][] valueOrder = new int[nameOrder.length][];
    for (int name : nameOrder) {
      int[] order = values.get(name).sorted();
      columns.get(name).renumber(ByteInterner.ranks(order));
      valueOrder[nameRank[name]] = order;
    }
    for (int[] template : templateNames) {
      for (int i = 0; i < template.length; i++) {
        template[i] = nameRank[template[i]];
      }
    }

    ByteWriter runs = new ByteWriter(1024);
    ByteWriter records = new ByteWriter(count * 2 + 1024);
    ByteWriter templateBytes = new ByteWriter(256);
    int runCount = writeRuns(nameOrder, metricRank(nameOrder), runs, records, templateBytes);

    ByteWriter meta = new ByteWriter(256);
    meta.string(tenant);
    meta.varint(nameOrder.length);
    meta.varint(runCount);
    meta.varint(templateBytes.size());
    meta.varint(records.size());
    ByteWriter terms = new ByteWriter(count * 4 + 1024);
    NameWriter name = new NameWriter(firstId, count, meta, terms);
    for (int rank = 0; rank < nameOrder.length; rank++) {
      int[] order = valueOrder[rank];
      int[] ends = new int[order.length];
      int[] ids = postings(rank, columns.get(nameOrder[rank]), ends);
      name.write(names.get(nameOrder[rank]), values.get(nameOrder[rank]), order, ids, ends);
    }

    ByteWriter size = new ByteWriter(4);
    size.fixed32(meta.size());
    file.write(size);
    file.write(meta);
    file.write(runs);
    file.write(templateBytes);
    file.write(records);
    file.write(terms);
  }

  private int metricRank(int[] nameOrder) {
    for (int rank = 0; rank < nameOrder.length; rank++) {
      if (names.is(nameOrder[rank], METRIC_NAME, 0, METRIC_NAME.length)) {
        return rank;
      }
    }
    return -1;
  }

  /** Sorts the ids that have a name by its value; afterwards those of value v end at ends[v]. */
  private int[] postings(int rank, IntPieces column, int[] ends) {
    for (int i = 0; i < column.size(); i++) {
      ends[column.get(i)]++;
    }
    int start = 0;
    for (int v = 0; v < ends.length; v++) {
      int size = ends[v];
      ends[v] = start;
      start += size;
    }
    int[] ids = new int[column.size()];
    int row = 0;
    int from = 0;
    for (int stretch = 0; stretch < stretchEnd.size(); stretch++) {
      int to = stretchEnd.get(stretch);
      if (Arrays.binarySearch(templateNames.get(stretchTemplate.get(stretch)), rank) >= 0) {
        for (int i = from; i < to; i++) {
          ids[ends[column.get(row++)]++] = firstId + i;
        }
      }
      from = to;
    }
    return ids;
  }

  private int writeRuns(
      int[] nameOrder,
      int metricRank,
      ByteWriter runs,
      ByteWriter records,
      ByteWriter templateBytes) {
    int[] templateAt = new int[templateNames.size()];
    for (int t = 0; t < templateAt.length; t++) {
      templateAt[t] = templateBytes.size();
      int[] template = templateNames.get(t);
      templateBytes.varint(template.length);
      int expected = 0;
      for (int name : template) {
        templateBytes.varint(name - expected);
        expected = name + 1;
      }
    }
    int[] values = new int[SegmentFormat.MOST_IN_RUN];
    int[] row = new int[nameOrder.length]; // by rank: what is written of its column
    int runCount = 0;
    int from = 0;
    for (int stretch = 0; stretch < stretchEnd.size(); stretch++) {
      int t = stretchTemplate.get(stretch);
      int[] template = templateNames.get(t);
      boolean metric = Arrays.binarySearch(template, metricRank) >= 0;
      while (from < stretchEnd.get(stretch)) {
        int most = Math.min(SegmentFormat.MOST_IN_RUN, stretchEnd.get(stretch) - from);
        int length =
            metric ? runLength(columns.get(nameOrder[metricRank]), row[metricRank], most) : most;
        runs.fixed32(from);
        runs.fixed32(records.size());
        records.varint(templateAt[t]);
        for (int rank : template) {
          columns.get(nameOrder[rank]).copy(row[rank], length, values);
          row[rank] += length;
          RecordsWriter.column(values, length, records);
        }
        from += length;
        runCount++;
      }
    }
    return runCount;
  }

  /** How many of the next series a run takes; {@code row} is the first one's among the metrics. */
  private static int runLength(IntPieces metrics, int row, int most) {
    int length = Math.min(most, SPLIT_AT_METRIC_FROM);
    while (length < most && metrics.get(row + length) == metrics.get(row + length - 1)) {
      length++;
    }
    return length;
  }

  /** Writes one label name's table of blocks, dictionary and postings. */
  private static final class NameWriter {
    private final int firstId;
    private final ByteWriter meta;
    private final ByteWriter terms;
    private final PostingsWriter encoder;
    private final ByteWriter blocks = new ByteWriter(256);
    private final ByteWriter dictionary = new ByteWriter(1024);
    private final ByteWriter postings = new ByteWriter(1024);
    private final ByteWriter block = new ByteWriter(256);
    private final long[] present;
    private final int[] presentIds;
    private byte[] previousName = new byte[0];

    NameWriter(int firstId, int count, ByteWriter meta, ByteWriter terms) {
      this.firstId = firstId;
      this.meta = meta;
      this.terms = terms;
      this.encoder = new PostingsWriter(firstId);
      this.present = new long[(count + 63) >>> 6];
      this.presentIds = new int[count];
    }

    /**
     * Writes a name.
     *
     * @param order the numbers of its values in their order
     * @param ids of the series that have it, value after value
     * @param ends where those of each value end
     */
    void write(byte[] name, ByteInterner texts, int[] order, int[] ids, int[] ends) {
      blocks.reset();
      dictionary.reset();
      postings.reset();
      writePresence(ids);
      int[] lengths = new int[SegmentFormat.BLOCK_VALUES];
      for (int from = 0; from < order.length; from += SegmentFormat.BLOCK_VALUES) {
        int to = Math.min(order.length, from + SegmentFormat.BLOCK_VALUES);
        blocks.fixed32(dictionary.size());
        blocks.fixed32(postings.size());
        block.reset();
        for (int v = from; v < to; v++) {
          int shared = v == from ? 0 : shared(texts, order[v - 1], order[v]);
          int start = texts.start(order[v]) + shared;
          int length = texts.end(order[v]) - start;
          dictionary.varint(shared);
          dictionary.varint(length);
          dictionary.bytes(texts.bytes(), start, length);
          int before = block.size();
          encoder.write(ids, v == 0 ? 0 : ends[v - 1], ends[v], block);
          lengths[v - from] = block.size() - before;
        }
        for (int v = from; v < to; v++) {
          postings.varint(lengths[v - from]);
        }
        postings.bytes(block.array(), 0, block.size());
      }
      int shared = Arrays.mismatch(previousName, name);
      shared = shared < 0 ? name.length : shared;
      meta.varint(shared);
      meta.varint(name.length - shared);
      meta.bytes(name, shared, name.length - shared);
      meta.varint(order.length);
      meta.varint(dictionary.size());
      meta.varint(postings.size());
      terms.bytes(blocks.array(), 0, blocks.size());
      terms.bytes(dictionary.array(), 0, dictionary.size());
      terms.bytes(postings.array(), 0, postings.size());
      previousName = name;
    }

    /** The union of all values' postings comes first. */
    private void writePresence(int[] ids) {
      Arrays.fill(present, 0);
      for (int id : ids) {
        int position = id - firstId;
        present[position >>> 6] |= 1L << position;
      }
      int n = 0;
      for (int w = 0; w < present.length; w++) {
        for (long word = present[w]; word != 0; word &= word - 1) {
          presentIds[n++] = firstId + (w << 6) + Long.numberOfTrailingZeros(word);
        }
      }
      block.reset();
      encoder.write(presentIds, 0, n, block);
      postings.varint(block.size());
      postings.bytes(block.array(), 0, block.size());
    }

    private static int shared(ByteInterner texts, int a, int b) {
      int mismatch =
          Arrays.mismatch(
              texts.bytes(),
              texts.start(a),
              texts.end(a),
              texts.bytes(),
              texts.start(b),
              texts.end(b));
      return mismatch < 0 ? texts.end(a) - texts.start(a) : mismatch;
    }
  }
}
