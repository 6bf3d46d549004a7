package io.varve.engine;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.varve.engine.codec.FloatBlockDecoder;
import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.LongBlockDecoder;
import io.varve.engine.codec.LongBlockEncoder;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.head.Head;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;

/**
 * The saved head, so that only the log behind it has to be replayed. A flush of everything writes a
 * base (the series and the newest sample of each); after every {@code checkpointLogBytes} of log a
 * delta adds what came since: new series, and the samples appended, column by column. So everything
 * is written once, and a restart reads the base, the deltas, and at most one segment of log.
 *
 * <p>A file is a sequence of frames behind a 16-byte header:
 *
 * <pre>
 * header  "VRVCKPT1" (8 bytes) | log position u64
 * frame   length u32 | CRC32C of the payload u32 | size when unpacked u32 | payload (zstd)
 *
 * frame content, first byte:
 * 1 STATE      floor zigzag, position of the last flush varint
 * 2 SERIES     first id varint, count varint, then each: tenant, varint length, labels,
 *              flag u8 (1: a newest sample follows), time zigzag, value bits u64
 * 3 SAMPLES    series id varint, rows (below); repeated to the end
 * 4 LATE       window start zigzag, series id varint, rows; repeated to the end
 * 5 EXEMPLARS  count varint, then: series id varint, time zigzag, value bits u64, length, labels
 * 6 METADATA   count varint, then: tenant, metric, type, unit, help
 * 7 END        nothing; a file without it is torn
 *
 * rows         count varint, form u8:
 *              0 any rows; each: time zigzag, start zigzag, varint length (0: value bits u64
 *                follow), encoded histogram
 *              1 floats without start timestamps: varint length and LongBlock of times, varint
 *                length and FloatBlock of values
 *              2 the same at the times of the last rows of form 1 in the frame: varint length and
 *                FloatBlock of values
 * </pre>
 *
 * <p>This is version 1, by the last byte of the magic.
 *
 * <p>Example: a base at log position 9, the last flush was at 8, nothing was newer than 1000 ms;
 * one series of the default tenant, {@code up}, whose newest sample is 42 at 1000 ms. (Payloads
 * this short are left as they are by zstd, behind 9 bytes of its own.)
 *
 * <pre>
 * 56 52 56 43 4B 50 54 31  09 00 00 00 00 00 00 00   header
 * 0D 00 00 00  DF 0A 60 BA  04 00 00 00              13 bytes, checksum, 4 when unpacked
 *   28 B5 2F FD 20 04 21 00 00  01 D0 0F 08          STATE 1000, 8
 * 29 00 00 00  A2 A0 E3 5F  20 00 00 00              41 bytes, checksum, 32 when unpacked
 *   28 B5 2F FD 20 20 01 01 00  02 00 01             SERIES from 0, 1 of them
 *   00  10 0A 0E 0A 08 5F 5F 6E 61 6D 65 5F 5F       tenant "", 16 bytes of labels
 *   12 02 75 70  01 D0 0F 00 00 00 00 00 00 45 40    newest: 1000, 42
 * 0A 00 00 00  51 B0 5E F2  01 00 00 00              10 bytes, checksum, 1 when unpacked
 *   28 B5 2F FD 20 01 09 00 00  07                   END
 * </pre>
 */
final class Checkpoint {
  private static final byte[] MAGIC = "VRVCKPT1".getBytes(StandardCharsets.US_ASCII);
  private static final int STATE = 1;
  private static final int SERIES = 2;
  private static final int SAMPLES = 3;
  private static final int LATE = 4;
  private static final int EXEMPLARS = 5;
  private static final int METADATA = 6;
  private static final int END = 7;
  private static final int FRAME_BYTES = 1 << 18;
  private static final int ZSTD_LEVEL = 1;
  private static final int MOST_ROWS = 1 << 24;

  private static final long[] NO_TIMES = {};

  // Forms of rows.
  private static final int ANY = 0;
  private static final int PLAIN = 1;
  private static final int SAME_TIMES = 2;

  private Checkpoint() {}

  /** What has to be remembered of a moment to save the head as it was then. */
  static final class Image {
    final SeriesTable table;
    final int series;
    final Head head;
    final long floor;
    final long lastFlush;
    final int[] counts; // of samples in order, by id; empty: none
    final long[] lastTimes; // by id, of a start only
    final long[] lastBits;
    final Map<LateHead.Window, Map<Integer, Integer>> lateCounts = new HashMap<>();
    final TreeMap<Long, LateHead.Window> late;
    final int exemplars;

    private Image(OpenHead open, boolean start) {
      table = open.table();
      series = table.size();
      head = open.head();
      floor = open.floor();
      lastFlush = open.frozenTo();
      late = open.late().windows();
      counts = new int[start ? 0 : series];
      lastTimes = new long[start ? series : 0];
      lastBits = new long[start ? series : 0];
      for (int id = 0; id < series; id++) {
        if (start) {
          lastTimes[id] = table.lastTime(id);
          lastBits[id] = table.lastBits(id);
        } else {
          counts[id] = head.sampleCount(id);
        }
      }
      if (!start) {
        for (LateHead.Window window : late.values()) {
          Map<Integer, Integer> perSeries = new HashMap<>();
          for (int id : window.series()) {
            perSeries.put(id, window.sampleCount(id));
          }
          lateCounts.put(window, perSeries);
        }
      }
      exemplars = start ? 0 : head.exemplars().size();
    }

    private Image(Image start) {
      table = start.table;
      series = start.series;
      head = start.head;
      floor = start.floor;
      lastFlush = start.lastFlush;
      late = start.late;
      counts = start.counts;
      lastTimes = new long[0];
      lastBits = lastTimes;
      lateCounts.putAll(start.lateCounts);
      exemplars = start.exemplars;
    }

    /** What a delta from this moment on needs: all but the newest samples. */
    Image asSaved() {
      return new Image(this);
    }

    /** The head right after everything was frozen. Under the write lock. */
    static Image ofStart(OpenHead open) {
      return new Image(open, true);
    }

    /** The head as it stands. Under the write lock. */
    static Image ofNow(OpenHead open) {
      return new Image(open, false);
    }

    int count(int id) {
      return id < counts.length ? counts[id] : 0;
    }
  }

  static String fileName(long position) {
    return String.format(java.util.Locale.ROOT, "checkpoint/%016x.ckp", position);
  }

  /** Writes a base: the series, and the newest sample of each. Returns bytes written. */
  static long writeBase(FileSystem fs, Path dataDir, long position, Image image)
      throws IOException {
    try (Writer out = new Writer(fs, dataDir, position)) {
      out.state(image);
      out.series(image, 0);
      return out.finish();
    }
  }

  /** Writes what came between two images of one head. Returns bytes written. */
  static long writeDelta(FileSystem fs, Path dataDir, long position, Image from, Image to)
      throws IOException {
    if (from.head != to.head) {
      throw new IllegalStateException("BUG: a delta between different heads");
    }
    try (Writer out = new Writer(fs, dataDir, position)) {
      out.state(to);
      out.series(to, from.series);
      out.samples(from, to);
      out.late(from, to);
      out.exemplars(from, to);
      out.metadata(to);
      return out.finish();
    }
  }

  private static final class Writer implements AutoCloseable {
    private final FileSystem fs;
    private final Path dataDir;
    private final Path target;
    private final Path temporary;
    private final FileSystem.AppendFile file;
    private final ByteWriter frame = new ByteWriter(FRAME_BYTES * 2);
    private final ByteWriter entries = new ByteWriter(1 << 12);
    private final ByteWriter head = new ByteWriter(12);
    private final ZstdCompressCtx zstd = new ZstdCompressCtx().setLevel(ZSTD_LEVEL);
    private byte[] packed = new byte[0];
    private final FloatBlockEncoder floats = new FloatBlockEncoder();
    private final LongBlockEncoder longs = new LongBlockEncoder();
    private byte[] block = new byte[1 << 12];
    private long[] times = NO_TIMES; // of the last rows of form PLAIN in the frame
    private boolean finished;

    Writer(FileSystem fs, Path dataDir, long position) throws IOException {
      this.fs = fs;
      this.dataDir = dataDir;
      this.target = dataDir.resolve(fileName(position));
      this.temporary = dataDir.resolve(fileName(position) + ".tmp");
      fs.createDirectories(dataDir.resolve("checkpoint"));
      fs.delete(temporary);
      file = fs.create(temporary);
      ByteWriter header = new ByteWriter(16);
      header.bytes(MAGIC);
      header.fixed64(position);
      file.write(header.array(), 0, header.size());
    }

    private void begin(int kind) {
      frame.reset();
      frame.u8(kind);
      times = NO_TIMES;
    }

    private void end() throws IOException {
      int bound = (int) Zstd.compressBound(frame.size());
      if (packed.length < bound) {
        packed = new byte[bound];
      }
      int length = zstd.compressByteArray(packed, 0, bound, frame.array(), 0, frame.size());
      head.reset();
      head.fixed32(length);
      head.fixed32(Crc32c.of(packed, 0, length));
      head.fixed32(frame.size());
      file.write(head.array(), 0, head.size());
      file.write(packed, 0, length);
    }

    void state(Image image) throws IOException {
      begin(STATE);
      frame.zigzag(image.floor);
      frame.varint(image.lastFlush);
      end();
    }

    void series(Image image, int first) throws IOException {
      SeriesTable table = image.table;
      for (int from = first; from < image.series; ) {
        // The count stands before the entries, so they are collected first.
        entries.reset();
        int id = from;
        String tenant = "";
        byte[] tenantBytes = new byte[0];
        for (; id < image.series && entries.size() < FRAME_BYTES; id++) {
          if (!table.tenant(id).equals(tenant)) {
            tenant = table.tenant(id);
            tenantBytes = tenant.getBytes(StandardCharsets.UTF_8);
          }
          entries.varint(tenantBytes.length);
          entries.bytes(tenantBytes);
          entries.varint(table.length(id));
          table.writeLabels(id, entries);
          boolean known = id < image.lastTimes.length && image.lastTimes[id] != SeriesTable.NO_TIME;
          entries.u8(known ? 1 : 0);
          if (known) {
            entries.zigzag(image.lastTimes[id]);
            entries.fixed64(image.lastBits[id]);
          }
        }
        begin(SERIES);
        frame.varint(from);
        frame.varint(id - from);
        frame.bytes(entries.array(), 0, entries.size());
        end();
        from = id;
      }
    }

    void samples(Image from, Image to) throws IOException {
      HeadScratch scratch = new HeadScratch();
      SampleColumns rows = new SampleColumns();
      begin(SAMPLES);
      for (int id = 0; id < to.series; id++) {
        int first = from.count(id);
        int end = to.count(id);
        if (end == first) {
          continue;
        }
        rows.clear();
        int skipped = to.head.readFrom(id, first, rows, scratch);
        frame.varint(id);
        rows(rows, first - skipped, end - skipped);
        if (frame.size() > FRAME_BYTES) {
          end();
          begin(SAMPLES);
        }
      }
      if (frame.size() > 1) {
        end();
      }
    }

    void late(Image from, Image to) throws IOException {
      SampleColumns rows = new SampleColumns();
      begin(LATE);
      for (Map.Entry<Long, LateHead.Window> entry : to.late.entrySet()) {
        LateHead.Window window = entry.getValue();
        Map<Integer, Integer> before = from.lateCounts.getOrDefault(window, Map.of());
        Map<Integer, Integer> now = to.lateCounts.getOrDefault(window, Map.of());
        for (Map.Entry<Integer, Integer> count : new TreeMap<>(now).entrySet()) {
          int first = before.getOrDefault(count.getKey(), 0);
          if (first == count.getValue()) {
            continue;
          }
          rows.clear();
          window.read(count.getKey(), rows);
          frame.zigzag(entry.getKey());
          frame.varint(count.getKey());
          rows(rows, first, count.getValue());
          if (frame.size() > FRAME_BYTES) {
            end();
            begin(LATE);
          }
        }
      }
      if (frame.size() > 1) {
        end();
      }
    }

    private void rows(SampleColumns rows, int first, int end) {
      // Blocks hold at most 65,535 rows; longer stretches are several entries' worth, so cut here.
      int n = end - first;
      frame.varint(n);
      boolean plain = n <= 65_535;
      for (int i = first; i < end && plain; i++) {
        plain = rows.histogram(i) == null && rows.start(i) == 0;
      }
      if (plain) {
        plain(rows, first, n);
        return;
      }
      frame.u8(ANY);
      ByteWriter encoded = new ByteWriter(256);
      for (int i = first; i < end; i++) {
        frame.zigzag(rows.times[i]);
        frame.zigzag(rows.start(i));
        Histogram histogram = rows.histogram(i);
        if (histogram == null) {
          frame.varint(0);
          frame.bits(rows.values[i]);
        } else {
          encoded.reset();
          histogram.encode(encoded);
          frame.varint(encoded.size());
          frame.bytes(encoded.array(), 0, encoded.size());
        }
      }
    }

    private void plain(SampleColumns rows, int first, int n) {
      if (n > 0 && Arrays.equals(times, 0, times.length, rows.times, first, first + n)) {
        frame.u8(SAME_TIMES);
      } else {
        frame.u8(PLAIN);
        times = Arrays.copyOfRange(rows.times, first, first + n);
        room(longs.maxBytes(n));
        block(longs.encode(times, 0, n, block, 0));
      }
      room(floats.maxBytes(n));
      block(floats.encodeFast(rows.values, first, n, block, 0));
    }

    private void room(int bytes) {
      if (block.length < bytes) {
        block = new byte[bytes];
      }
    }

    private void block(int bytes) {
      frame.varint(bytes);
      frame.bytes(block, 0, bytes);
    }

    void exemplars(Image from, Image to) throws IOException {
      List<Head.HeadExemplar> all = to.head.exemplars().subList(from.exemplars, to.exemplars);
      if (all.isEmpty()) {
        return;
      }
      begin(EXEMPLARS);
      frame.varint(all.size());
      for (Head.HeadExemplar exemplar : all) {
        frame.varint(exemplar.series());
        frame.zigzag(exemplar.time());
        frame.fixed64(exemplar.bits());
        frame.varint(exemplar.labels().length);
        frame.bytes(exemplar.labels());
      }
      end();
    }

    void metadata(Image to) throws IOException {
      Map<String, Map<String, Metadata>> all = to.head.metadata();
      if (all.isEmpty()) {
        return;
      }
      begin(METADATA);
      frame.varint(all.values().stream().mapToInt(Map::size).sum());
      all.forEach(
          (tenant, metrics) ->
              metrics.forEach(
                  (metric, about) -> {
                    frame.string(tenant);
                    frame.string(metric);
                    frame.string(about.type());
                    frame.string(about.unit());
                    frame.string(about.help());
                  }));
      end();
    }

    long finish() throws IOException {
      begin(END);
      end();
      long bytes = file.size();
      file.sync();
      file.close();
      fs.rename(temporary, target);
      fs.syncDirectory(dataDir.resolve("checkpoint"));
      finished = true;
      return bytes;
    }

    @Override
    public void close() throws IOException {
      zstd.close();
      if (!finished) {
        file.close();
        fs.delete(temporary);
      }
    }
  }

  /**
   * Puts a saved file back into the head.
   *
   * @param skipLate windows whose late samples up to a log position are in files already
   * @param helper unpacks the next part while this thread applies the one before it
   */
  static void load(
      FileSystem fs,
      Path dataDir,
      String name,
      OpenHead open,
      WriteRecord.MetadataSink metadata,
      Map<Long, Long> skipLate,
      Executor helper,
      RecoveryProgress progress)
      throws IOException {
    load(read(fs, dataDir, name, helper), open, metadata, skipLate, progress);
  }

  /** Reads a saved file and begins to unpack it. */
  static SavedFrames read(FileSystem fs, Path dataDir, String name, Executor helper)
      throws IOException {
    byte[] bytes = fs.readAll(dataDir.resolve(name));
    ByteReader in = new ByteReader(bytes, name);
    for (byte b : MAGIC) {
      if (in.remaining() == 0 || in.u8() != b) {
        throw new CorruptDataException(name, 0, "not a checkpoint of version 1");
      }
    }
    return new SavedFrames(name, in.fixed64(), in, helper);
  }

  /** Puts the frames of a saved file back into the head. */
  static void load(
      SavedFrames frames,
      OpenHead open,
      WriteRecord.MetadataSink metadata,
      Map<Long, Long> skipLate,
      RecoveryProgress progress) {
    Loader loader = new Loader(open, metadata, skipLate, frames.position());
    while (!loader.frame(frames.next())) {
      progress.advance(frames.packedLength());
    }
    progress.advance(frames.packedLength());
  }

  private static final class Loader {
    private final OpenHead open;
    private final WriteRecord.MetadataSink metadata;
    private final Map<Long, Long> skipLate;
    private final long position;
    private final SampleColumns rows = new SampleColumns();
    private final FloatBlockDecoder floats = new FloatBlockDecoder();
    private final LongBlockDecoder longs = new LongBlockDecoder();
    private long[] times = NO_TIMES; // of the last rows of form PLAIN in the frame
    private int blockAt; // of the values that were read last
    private int blockLength; // 0: they were no block
    private byte[] tenantBytes = new byte[0];
    private int tenantId = -1; // of these bytes, if one was asked for yet

    Loader(
        OpenHead open, WriteRecord.MetadataSink metadata, Map<Long, Long> skipLate, long position) {
      this.open = open;
      this.metadata = metadata;
      this.skipLate = skipLate;
      this.position = position;
    }

    boolean frame(ByteReader in) {
      times = NO_TIMES;
      int kind = in.u8();
      switch (kind) {
        case STATE -> {
          long floor = in.zigzag();
          open.restore(in.varint(), floor);
        }
        case SERIES -> series(in);
        case SAMPLES -> {
          while (!in.atEnd()) {
            samples(id(in), in);
          }
          open.endBatch();
        }
        case LATE -> {
          while (!in.atEnd()) {
            long window = in.zigzag();
            int id = id(in);
            readRows(in);
            Long flushed = skipLate.get(window);
            if (flushed == null || flushed < position) {
              lateRows(window, id);
            }
          }
        }
        case EXEMPLARS -> {
          int n = in.count(in.remaining());
          for (int i = 0; i < n; i++) {
            int id = id(in);
            long time = in.zigzag();
            long bits = in.fixed64();
            open.head().addExemplar(id, time, bits, in.bytes(in.count(in.remaining())));
          }
        }
        case METADATA -> {
          int n = in.count(in.remaining());
          for (int i = 0; i < n; i++) {
            String tenant = in.string();
            String metric = in.string();
            Metadata about = new Metadata(in.string(), in.string(), in.string());
            open.head().addMetadata(tenant, metric, about);
            metadata.metadata(tenant, metric, about);
          }
        }
        case END -> {
          return true;
        }
        default -> throw in.corrupt("unknown frame " + kind);
      }
      return false;
    }

    /** The number of the tenant that is named next; most are the same as before. */
    private int tenant(ByteReader in) {
      int length = in.count(in.remaining());
      int at = in.skip(length);
      if (tenantId < 0
          || !Arrays.equals(in.array(), at, at + length, tenantBytes, 0, tenantBytes.length)) {
        tenantBytes = Arrays.copyOfRange(in.array(), at, at + length);
        tenantId = open.table().tenants().id(new String(tenantBytes, StandardCharsets.UTF_8));
      }
      return tenantId;
    }

    private int id(ByteReader in) {
      int id = in.count(Integer.MAX_VALUE);
      if (id >= open.table().size()) {
        throw in.corrupt("series " + id + " of " + open.table().size());
      }
      return id;
    }

    private void series(ByteReader in) {
      SeriesTable table = open.table();
      int first = in.count(Integer.MAX_VALUE);
      if (first != table.size()) {
        throw in.corrupt("series begin at " + first + ", the table has " + table.size());
      }
      int n = in.count(in.remaining());
      for (int i = 0; i < n; i++) {
        int tenant = tenant(in);
        int length = in.count(in.remaining());
        int at = in.skip(length);
        byte[] bytes = in.array();
        int id = open.restoreSeries(tenant, bytes, at, length);
        if (in.u8() == 1) {
          long time = in.zigzag();
          table.setLast(id, time, in.fixed64());
        }
      }
    }

    private void samples(int id, ByteReader in) {
      readRows(in);
      if (blockLength > 0
          && open.restoreSamples(
              id, rows.times, rows.values, rows.size, in.array(), blockAt, blockLength)) {
        return;
      }
      for (int i = 0; i < rows.size; i++) {
        row(id, i);
      }
    }

    private void readRows(ByteReader in) {
      rows.clear();
      blockLength = 0;
      int n = in.count(MOST_ROWS);
      int form = in.u8();
      if (form == PLAIN || form == SAME_TIMES) {
        if (n > 65_535) {
          throw in.corrupt("a block of " + n + " rows");
        }
        rows.ensure(n);
        if (form == PLAIN) {
          times = new long[n];
          int length = in.count(in.remaining());
          longs.decode(in.array(), in.skip(length), length, n, times, 0);
        } else if (times.length != n) {
          throw in.corrupt(n + " rows at the times of " + times.length);
        }
        System.arraycopy(times, 0, rows.times, 0, n);
        blockLength = in.count(in.remaining());
        blockAt = in.skip(blockLength);
        floats.decode(in.array(), blockAt, blockLength, n, rows.values, 0);
        rows.size = n;
        return;
      }
      if (form != ANY) {
        throw in.corrupt("rows of form " + form);
      }
      for (int i = 0; i < n; i++) {
        long time = in.zigzag();
        long start = in.zigzag();
        int length = in.count(in.remaining());
        if (length == 0) {
          rows.add(time, in.bits(), start);
        } else {
          rows.add(time, Histogram.decode(in), start);
        }
      }
    }

    private void row(int id, int i) {
      Histogram histogram = rows.histogram(i);
      if (histogram == null) {
        open.sample(id, rows.times[i], Double.doubleToRawLongBits(rows.values[i]), rows.start(i));
      } else {
        ByteWriter encoded = new ByteWriter(256);
        histogram.encode(encoded);
        open.histogram(id, rows.times[i], rows.start(i), encoded.array(), 0, encoded.size());
      }
    }

    private void lateRows(long window, int id) {
      for (int i = 0; i < rows.size; i++) {
        Histogram histogram = rows.histogram(i);
        open.contest(id, rows.times[i]);
        if (histogram == null) {
          open.late()
              .add(
                  window,
                  id,
                  rows.times[i],
                  Double.doubleToRawLongBits(rows.values[i]),
                  rows.start(i));
        } else {
          open.late().add(window, id, rows.times[i], histogram, rows.start(i), 256);
        }
      }
    }
  }
}
