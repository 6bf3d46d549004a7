package io.varve.engine;

import io.varve.engine.codec.FloatBlockDecoder;
import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.LongBlockDecoder;
import io.varve.engine.codec.LongBlockEncoder;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.log.SampleRecordDecoder;
import io.varve.engine.log.SampleRecordEncoder;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.WriteBatch;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The log record of a batch: new series, samples, histograms, exemplars and metadata in one record,
 * so that a torn write loses the batch as a whole.
 *
 * <pre>
 * tenant           varint length, UTF-8
 * new series       varint count; if any: first id varint, then per series varint length, labels
 * float samples    varint bytes, then the sample record ({@link SampleRecordEncoder})
 * sample columns   varint count, then per series: id varint, samples varint,
 *                  varint length, LongBlock of times, varint length, FloatBlock of values
 * histograms       varint count, then per sample: id varint, time zigzag, start zigzag,
 *                  varint length, encoded histogram
 * exemplars        varint count, then: id varint, time zigzag, value bits u64, varint length, labels
 * metadata         varint count, then: metric, type, unit, help (varint length, UTF-8 each)
 * </pre>
 *
 * <p>Sample record and sample columns are not in one record: one of them is 0 long. The version is
 * that of the log segment.
 *
 * <p>Example: the default tenant writes {@code up} = 42 at 1000 ms, a new series, as id 0:
 *
 * <pre>
 * 00                                                        tenant ""
 * 01 00 10 0A 0E 0A 08 5F 5F 6E 61 6D 65 5F 5F 12 02 75 70  1 series from id 0: 16 bytes of labels
 * 0C 00 01 00 03 D0 0F 00 01 01 31 45 40                    the sample record
 * 00 00 00 00                                               nothing else
 * </pre>
 */
final class WriteRecord {
  private static final int MOST = 1 << 28;

  /** With so many samples per series in a batch they are logged column by column. */
  private static final int COLUMN_SAMPLES = 24;

  private static final int MOST_COLUMN_SAMPLES = 4096;
  private static final long[] NO_TIMES = {};
  private static final int[] NO_ROWS = {};

  private WriteRecord() {}

  /** Writes records; keeps the state that sample encodings refer to. */
  static final class Encoder {
    private final SampleRecordEncoder samples = new SampleRecordEncoder();
    private final ByteWriter sampleBytes = new ByteWriter(1 << 16);
    private final ByteWriter out = new ByteWriter(1 << 16);
    private final LongBlockEncoder longs = new LongBlockEncoder();
    private final FloatBlockEncoder floats = new FloatBlockEncoder();
    private long[] columnTimes = new long[0];
    private double[] columnValues = new double[0];
    private byte[] block = new byte[0];

    void startSegment() {
      samples.startSegment();
    }

    /**
     * @param newSeries rows of the batch's series that are new, in the order of their ids
     * @param firstId the id of the first of them
     * @param ids the ids of the kept float samples' series, and their other columns beside
     */
    ByteWriter encode(
        WriteBatch batch,
        int[] newSeries,
        int newCount,
        int firstId,
        int[] ids,
        long[] times,
        long[] bits,
        long @Nullable [] starts,
        int count,
        int[] histograms,
        int histogramCount) {
      out.reset();
      out.string(batch.tenant);
      out.varint(newCount);
      if (newCount > 0) {
        out.varint(firstId);
        for (int i = 0; i < newCount; i++) {
          int row = newSeries[i];
          out.varint(batch.labelLength[row]);
          out.bytes(batch.labelArray[row], batch.labelOffset[row], batch.labelLength[row]);
        }
      }
      sampleBytes.reset();
      boolean columns = starts == null && count >= COLUMN_SAMPLES * (long) batch.seriesCount;
      if (count > 0 && !columns) {
        samples.encode(ids, times, bits, starts, 0, count, sampleBytes);
      }
      out.varint(sampleBytes.size());
      out.bytes(sampleBytes.array(), 0, sampleBytes.size());
      if (columns && count > 0) {
        encodeColumns(ids, times, bits, count);
      } else {
        out.varint(0);
      }
      out.varint(histogramCount);
      for (int i = 0; i < histogramCount; i++) {
        int row = histograms[i];
        out.varint(batch.seriesId[batch.histogramSeries[row]]);
        out.zigzag(batch.histogramTime[row]);
        out.zigzag(batch.histogramStart[row]);
        out.varint(batch.histogramLength[row]);
        out.bytes(batch.bytes.array(), batch.histogramOffset[row], batch.histogramLength[row]);
      }
      out.varint(batch.exemplarCount);
      for (int row = 0; row < batch.exemplarCount; row++) {
        out.varint(batch.seriesId[batch.exemplarSeries[row]]);
        out.zigzag(batch.exemplarTime[row]);
        out.fixed64(batch.exemplarBits[row]);
        out.varint(batch.exemplarLength[row]);
        out.bytes(batch.bytes.array(), batch.exemplarOffset[row], batch.exemplarLength[row]);
      }
      out.varint(batch.metadataCount);
      for (int row = 0; row < batch.metadataCount; row++) {
        Metadata about = batch.metadata[row];
        out.string(batch.metadataMetric[row]);
        out.string(about.type());
        out.string(about.unit());
        out.string(about.help());
      }
      return out;
    }

    /**
     * A backfill brings many samples of few series: series by series they take a third of the
     * bytes, and the order between series means nothing.
     */
    private void encodeColumns(int[] ids, long[] times, long[] bits, int count) {
      long[] order = new long[count];
      for (int i = 0; i < count; i++) {
        order[i] = (long) ids[i] << 32 | i;
      }
      Arrays.sort(order); // by series, and within it as they came
      ByteWriter body = sampleBytes; // free: there is no sample record beside columns
      body.reset();
      int columns = 0;
      for (int from = 0; from < count; columns++) {
        int to = from + 1;
        while (to < count
            && to - from < MOST_COLUMN_SAMPLES
            && order[to] >>> 32 == order[from] >>> 32) {
          to++;
        }
        column(body, (int) (order[from] >>> 32), order, from, to, times, bits);
        from = to;
      }
      out.varint(columns);
      out.bytes(body.array(), 0, body.size());
    }

    private void column(
        ByteWriter body, int id, long[] order, int from, int to, long[] times, long[] bits) {
      int n = to - from;
      if (columnTimes.length < n) {
        columnTimes = new long[n];
        columnValues = new double[n];
        block = new byte[Math.max(longs.maxBytes(n), floats.maxBytes(n))];
      }
      for (int i = 0; i < n; i++) {
        columnTimes[i] = times[(int) order[from + i]];
        columnValues[i] = Double.longBitsToDouble(bits[(int) order[from + i]]);
      }
      body.varint(id);
      body.varint(n);
      int bytes = longs.encode(columnTimes, 0, n, block, 0);
      body.varint(bytes);
      body.bytes(block, 0, bytes);
      bytes = floats.encodeFast(columnValues, 0, n, block, 0);
      body.varint(bytes);
      body.bytes(block, 0, bytes);
    }
  }

  /** Reads records and applies them. */
  static final class Decoder {
    private final SampleRecordDecoder samples = new SampleRecordDecoder();
    private final ByteReader in = new ByteReader();
    private final LongBlockDecoder longs = new LongBlockDecoder();
    private final FloatBlockDecoder floats = new FloatBlockDecoder();
    private final long[] columnTimes = new long[MOST_COLUMN_SAMPLES];
    private final double[] columnValues = new double[MOST_COLUMN_SAMPLES];

    /**
     * Ids from here on are higher in the log than in the table: damage has cost the names between.
     */
    private final TreeMap<Integer, Integer> shifts = new TreeMap<>();

    private boolean namesLost;

    /** Times of the last record's samples; null if nobody asks. */
    private long @Nullable [] seenTimes;

    private int seen;

    void startSegment() {
      samples.startSegment();
    }

    /** From here on {@link #tellTimes} can be asked. */
    void rememberTimes() {
      seenTimes = new long[1024];
    }

    private void see(long[] times, int n) {
      long[] all = seenTimes;
      if (all == null) {
        return;
      }
      if (seen + n > all.length) {
        all = Arrays.copyOf(all, Math.max(seen + n, 2 * all.length));
        seenTimes = all;
      }
      System.arraycopy(times, 0, all, seen, n);
      seen += n;
    }

    /** The samples of the last record have become visible. */
    void tellTimes(WindowVersions versions) {
      long[] all = seenTimes;
      if (all != null) {
        versions.appended(all, seen, NO_TIMES, NO_ROWS, 0);
      }
    }

    /** A flush gave the series other ids; where names were lost it cannot be known which. */
    void renumbered(boolean compacted) {
      namesLost |= compacted && !shifts.isEmpty();
    }

    /** The table's id for an id in the log, −1 if damage has cost its name. */
    private int known(int id, SeriesTable table) {
      if (namesLost) {
        return -1;
      }
      if (shifts.isEmpty()) {
        return id < table.size() ? id : -1;
      }
      Map.Entry<Integer, Integer> shift = shifts.floorEntry(id);
      if (shift != null) {
        int shifted = id - shift.getValue();
        return shifted < table.size() ? shifted : -1;
      }
      return id < shifts.firstEntry().getKey() - shifts.firstEntry().getValue() ? id : -1;
    }

    /**
     * Decodes a record; with {@code into} given also applies it, otherwise only follows the state
     * that later records refer to.
     *
     * @return samples whose series is not known, because a damaged part of the log named it: lost
     */
    long decode(
        byte[] payload,
        int offset,
        int length,
        String source,
        long base,
        @Nullable OpenHead into,
        MetadataSink metadata) {
      in.on(payload, offset, length, source, base);
      seen = 0;
      String tenant = in.string();
      int newSeries = in.count(MOST);
      long lost = 0;
      if (newSeries > 0) {
        int firstId = in.count(MOST);
        SeriesTable table = into == null ? null : into.table();
        if (table != null && table.size() < firstId) {
          // Series between were named in a part of the log that cannot be read.
          shifts.put(firstId, firstId - table.size());
        } else if (table != null && shifts.isEmpty() && table.size() > firstId) {
          throw in.corrupt("series begin at " + firstId + ", the table has " + table.size());
        }
        for (int i = 0; i < newSeries; i++) {
          int bytes = in.count(in.remaining());
          int at = in.skip(bytes);
          if (table != null && into != null) {
            int tenantId = table.tenants().id(tenant);
            into.restoreSeries(tenantId, payload, at, bytes);
          }
        }
      }
      int sampleLength = in.count(in.remaining());
      int sampleAt = in.skip(sampleLength);
      if (sampleLength > 0) {
        int n = samples.decode(payload, sampleAt, sampleLength);
        if (into != null) {
          lost += apply(into, n);
        }
      }
      int columns = in.count(MOST);
      for (int i = 0; i < columns; i++) {
        lost += column(payload, into);
      }
      int histograms = in.count(MOST);
      for (int i = 0; i < histograms; i++) {
        int id = in.count(MOST);
        long time = in.zigzag();
        long start = in.zigzag();
        int bytes = in.count(in.remaining());
        int at = in.skip(bytes);
        int known = into == null ? -1 : known(id, into.table());
        if (into != null && known >= 0) {
          into.histogram(known, time, start, payload, at, bytes);
          columnTimes[0] = time;
          see(columnTimes, 1);
        } else if (into != null) {
          lost++;
        }
      }
      int exemplars = in.count(MOST);
      for (int i = 0; i < exemplars; i++) {
        int id = in.count(MOST);
        long time = in.zigzag();
        long bits = in.fixed64();
        byte[] labels = in.bytes(in.count(in.remaining()));
        int known = into == null ? -1 : known(id, into.table());
        if (into != null && known >= 0) {
          into.head().addExemplar(known, time, bits, labels);
        }
      }
      int metadatas = in.count(MOST);
      for (int i = 0; i < metadatas; i++) {
        String metric = in.string();
        Metadata about = new Metadata(in.string(), in.string(), in.string());
        if (into != null) {
          into.head().addMetadata(tenant, metric, about);
          metadata.metadata(tenant, metric, about);
        }
      }
      if (into != null) {
        into.endBatch();
      }
      return lost;
    }

    private long column(byte[] payload, @Nullable OpenHead into) {
      int id = in.count(MOST);
      int n = in.count(MOST_COLUMN_SAMPLES);
      int timeBytes = in.count(in.remaining());
      int timeAt = in.skip(timeBytes);
      int valueBytes = in.count(in.remaining());
      int valueAt = in.skip(valueBytes);
      if (into == null) {
        return 0;
      }
      int known = known(id, into.table());
      if (known < 0) {
        return n;
      }
      longs.decode(payload, timeAt, timeBytes, n, columnTimes, 0);
      floats.decode(payload, valueAt, valueBytes, n, columnValues, 0);
      see(columnTimes, n);
      for (int i = 0; i < n; i++) {
        into.sample(known, columnTimes[i], Double.doubleToRawLongBits(columnValues[i]), 0);
      }
      return 0;
    }

    private long apply(OpenHead into, int n) {
      SeriesTable table = into.table();
      long lost = 0;
      long[] starts = samples.starts;
      boolean straight = shifts.isEmpty() && !namesLost;
      int size = table.size();
      see(samples.times, n);
      for (int i = 0; i < n; i++) {
        int id = samples.ids[i];
        if (!straight) {
          id = known(id, table);
        }
        if (id >= 0 && id < size) {
          into.sample(id, samples.times[i], samples.bits[i], starts == null ? 0 : starts[i]);
        } else {
          lost++;
        }
      }
      return lost;
    }
  }

  /** Is told what is said about metrics. */
  interface MetadataSink {
    void metadata(String tenant, String metric, Metadata about);
  }
}
