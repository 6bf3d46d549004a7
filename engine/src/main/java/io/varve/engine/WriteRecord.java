package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.log.SampleRecordDecoder;
import io.varve.engine.log.SampleRecordEncoder;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.WriteBatch;
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
 * histograms       varint count, then per sample: id varint, time zigzag, start zigzag,
 *                  varint length, encoded histogram
 * exemplars        varint count, then: id varint, time zigzag, value bits u64, varint length, labels
 * metadata         varint count, then: metric, type, unit, help (varint length, UTF-8 each)
 * </pre>
 */
final class WriteRecord {
  private static final int MOST = 1 << 28;

  private WriteRecord() {}

  /** Writes records; keeps the state that sample encodings refer to. */
  static final class Encoder {
    private final SampleRecordEncoder samples = new SampleRecordEncoder();
    private final ByteWriter sampleBytes = new ByteWriter(1 << 16);
    private final ByteWriter out = new ByteWriter(1 << 16);

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
      if (count > 0) {
        samples.encode(ids, times, bits, starts, 0, count, sampleBytes);
      }
      out.varint(sampleBytes.size());
      out.bytes(sampleBytes.array(), 0, sampleBytes.size());
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
  }

  /** Reads records and applies them. */
  static final class Decoder {
    private final SampleRecordDecoder samples = new SampleRecordDecoder();
    private final ByteReader in = new ByteReader();

    /**
     * Ids from here on are higher in the log than in the table: damage has cost the names between.
     */
    private final TreeMap<Integer, Integer> shifts = new TreeMap<>();

    private boolean namesLost;

    void startSegment() {
      samples.startSegment();
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
            SeriesKey key = table.key(tenantId, payload, at, bytes);
            into.addSeries(key, tenantId, payload, at, bytes);
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

    private long apply(OpenHead into, int n) {
      SeriesTable table = into.table();
      long lost = 0;
      long[] starts = samples.starts;
      boolean straight = shifts.isEmpty() && !namesLost;
      int size = table.size();
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
