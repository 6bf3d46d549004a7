package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.index.IndexSegmentFile;
import io.varve.engine.index.IndexSegmentId;
import io.varve.engine.index.IndexSegmentWriter;
import io.varve.engine.index.LabelSource;
import io.varve.engine.index.SeriesOrder;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkEncoders;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.ChunkWriter;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.Tombstones;
import io.varve.engine.policy.RetentionPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import org.roaringbitmap.RoaringBitmap;

/**
 * Merges all files of a window into final ones: one file per bucket and retention class, one index
 * segment with the series in file order under new window ids, deleted samples gone. Everything is
 * replaced by one manifest edit.
 *
 * <p>Blocks that are large enough and touch nothing else are taken over as they stand; only what
 * overlaps, is partly deleted or is small is decoded and cut anew.
 */
final class Compactor {
  /** Blocks of at least so many samples are not worth joining with their neighbours. */
  private static final int LARGE_BLOCK = 240;

  /** Files that wait for their syncs together: bounds open files when there are many buckets. */
  private static final int FILES_A_SYNC = 64;

  private final FileSystem fs;
  private final Path dataDir;
  private final Windows windows;
  private final SeriesKey.Hash hash;
  private final DuplicatePolicy policy;
  private final int syncThreads;
  private final EngineCounters counters;

  /**
   * A compactor.
   *
   * @param syncThreads syncs in flight at once, at most
   */
  Compactor(
      FileSystem fs,
      Path dataDir,
      Windows windows,
      SeriesKey.Hash hash,
      DuplicatePolicy policy,
      int syncThreads,
      EngineCounters counters) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.windows = windows;
    this.hash = hash;
    this.policy = policy;
    this.syncThreads = syncThreads;
    this.counters = counters;
  }

  /** Labels of a window's series by position in an array of window ids. */
  private static final class WindowLabels implements LabelSource {
    private final WindowView window;
    private final int[] ids;
    private int cached = -1;
    private byte[] bytes = new byte[0];

    WindowLabels(WindowView window, int[] ids) {
      this.window = window;
      this.ids = ids;
    }

    @Override
    public String tenant(int i) {
      return window.segmentOf(ids[i]).tenant(ids[i]);
    }

    @Override
    public byte[] array(int i) {
      if (cached != i) {
        bytes = window.segmentOf(ids[i]).canonical(ids[i]);
        cached = i;
      }
      return bytes;
    }

    @Override
    public int offset(int i) {
      return 0;
    }

    @Override
    public int length(int i) {
      return array(i).length;
    }
  }

  /**
   * Writes the merged files.
   *
   * @param position log position of the decision: samples logged before it are in
   * @param keptFrom deletes at this log position and later are kept as they are, 0: none
   * @param retention by which the files are split
   * @return the edit that makes them count
   * @throws CorruptDataException if a file is damaged: then nothing may be replaced
   */
  ManifestEdit merge(WindowView window, long position, long keptFrom, RetentionPolicy retention)
      throws IOException {
    try (StagedFiles staged = new StagedFiles(fs, syncThreads)) {
      ManifestEdit edit = merge(window, position, keptFrom, retention, staged);
      staged.settle();
      return edit;
    }
  }

  private ManifestEdit merge(
      WindowView all, long position, long keptFrom, RetentionPolicy retention, StagedFiles staged)
      throws IOException {
    Tombstones kept = keptFrom == 0 ? Tombstones.NONE : all.tombstones().from(keptFrom);
    Tombstones carriedOut = keptFrom == 0 ? all.tombstones() : all.tombstones().before(keptFrom);
    WindowView window = all.with(all.chunks(), carriedOut);
    DamageLog damage = new DamageLog();
    WindowRows rows = new WindowRows(new RowMerge(policy), new ChunkScratch(), counters, damage);
    ManifestEdit edit = new ManifestEdit();
    int[] survivors = survivors(window, rows);
    int[] sorted = sorted(window, survivors);
    if (sorted.length > 0) {
      WindowLabels labels = new WindowLabels(window, sorted);
      long generation = Sealer.generation(window) + 1;
      String name = Sealer.indexName(generation, 0);
      IndexSegmentFile file =
          IndexSegmentWriter.write(
              fs,
              staged,
              dataDir,
              ChunkInfo.windowFolder(window.start()) + "/" + name,
              new IndexSegmentId(window.start(), windows.width(), generation, 0, 0),
              labels,
              sorted.length);
      counters.bytesWritten.add(file.bytes());
      edit.replaceIndex(
          window.start(),
          List.of(new IndexFile(name, file.bytes(), file.sha256(), file.firstId(), file.count())));
    } else {
      edit.replaceIndex(window.start(), List.of());
    }
    RetentionClasses classes = RetentionClasses.of(window, retention, damage);
    int[] newId = newIds(window, sorted);
    for (Layers.Layer layer : Layers.of(window, kept, carriedOut)) {
      writeChunks(layer, sorted, newId, classes, position, rows, staged, edit);
    }
    new LostSamples(fs, dataDir, counters).rewrite(window, newId, position, staged, edit);
    for (Shared<ChunkReader> chunk : window.chunks()) {
      edit.removeChunk(chunk.get().file());
    }
    edit.tombstones(window.start(), kept.any() ? carryOver(window, kept, newId, position) : null);
    if (!damage.all().isEmpty()) {
      throw new CorruptDataException(
          ChunkInfo.windowFolder(window.start()), -1, String.join("; ", damage.all()));
    }
    return edit;
  }

  /** Window ids in file order, from ascending ones. */
  private static int[] sorted(WindowView window, int[] ids) {
    if (window.index().size() == 1) {
      return ids; // every segment has its series in file order
    }
    int[] order = new int[ids.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    SeriesOrder.sort(new WindowLabels(window, ids), order);
    int[] sorted = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      sorted[i] = ids[order[i]];
    }
    return sorted;
  }

  /** Window ids that still have a sample, an exemplar or cells of lost samples, ascending. */
  private static int[] survivors(WindowView window, WindowRows rows) {
    int end = window.state().nextId();
    boolean[] alive = new boolean[end];
    SampleColumns columns = new SampleColumns();
    for (Shared<ChunkReader> resource : window.chunks()) {
      ChunkReader chunk = resource.get();
      int bucket = chunk.file().info().bucket();
      for (int row = 0; row < chunk.seriesCount(); row++) {
        int id = chunk.windowIdAt(row);
        if (alive[id]) {
          continue;
        }
        if (window.tombstones().ranges(id, Long.MIN_VALUE) == null) {
          alive[id] = true;
          continue;
        }
        columns.clear();
        readAll(window, id, bucket, rows, columns);
        alive[id] = columns.size > 0;
      }
      long logTo = chunk.file().info().logTo();
      chunk.exemplars(
          id -> !alive[id],
          TimeRange.ALL,
          (id, time, value, labels, offset, length) ->
              alive[id] |= !window.tombstones().deleted(id, time, logTo));
    }
    LostSamples.toldOf(window, id -> alive[id] = true);
    int[] ids = new int[end];
    int n = 0;
    for (int id = 0; id < end; id++) {
      if (alive[id]) {
        ids[n++] = id;
      }
    }
    return Arrays.copyOf(ids, n);
  }

  private static void readAll(
      WindowView window, int id, int bucket, WindowRows rows, SampleColumns into) {
    readAll(window, id, bucket, rows, into, TimeRange.ALL);
  }

  /** Appends the rows of a series that blocks overlapping a range hold. */
  static void readAll(
      WindowView window, int id, int bucket, WindowRows rows, SampleColumns into, TimeRange range) {
    for (boolean late : new boolean[] {false, true}) {
      rows.read(
          window,
          id,
          bucket,
          late,
          range.startExclusive(),
          range.endInclusive(),
          List.of(),
          into,
          (samples, bytes) -> {});
    }
  }

  /** The new window ids by the old ones. */
  private static int[] newIds(WindowView window, int[] sorted) {
    int[] newId = new int[window.state().nextId()];
    Arrays.fill(newId, WindowIds.NONE);
    for (int i = 0; i < sorted.length; i++) {
      newId[sorted[i]] = i;
    }
    return newId;
  }

  /** Writes deletes that are kept, with the new window ids. */
  private String carryOver(WindowView window, Tombstones kept, int[] newId, long position)
      throws IOException {
    List<Tombstone> entries = new ArrayList<>();
    for (Tombstone tombstone : kept.entries()) {
      RoaringBitmap ids = new RoaringBitmap();
      tombstone
          .windowIds()
          .forEach(
              (int id) -> {
                if (newId[id] != WindowIds.NONE) {
                  ids.add(newId[id]);
                }
              });
      entries.add(
          new Tombstone(
              ids, tombstone.startExclusive(), tombstone.endInclusive(), tombstone.position()));
    }
    String folder = ChunkInfo.windowFolder(window.start());
    fs.delete(dataDir.resolve(folder).resolve(TombstoneFile.fileName(position)));
    return TombstoneFile.write(fs, dataDir, folder, position, Tombstones.of(entries));
  }

  private void writeChunks(
      Layers.Layer layer,
      int[] sorted,
      int[] newId,
      RetentionClasses classes,
      long position,
      WindowRows rows,
      StagedFiles staged,
      ManifestEdit edit)
      throws IOException {
    WindowView window = layer.window();
    int[] bucketOf = buckets(window);
    int parts = classes.count();
    BucketOrder dealt =
        BucketOrder.of(
            sorted,
            i -> bucketOf[sorted[i]] * parts + Math.max(0, classes.of(sorted[i])),
            window.buckets() * parts);
    SampleColumns columns = new SampleColumns();
    ChunkScratch scratch = new ChunkScratch();
    try (ChunkEncoders encoders = new ChunkEncoders()) {
      for (int bucket = 0; bucket < window.buckets(); bucket++) {
        if (window.chunks(bucket).isEmpty()) {
          continue;
        }
        int longest = longestKept(dealt, bucket, classes);
        for (int part = 0; part < parts; part++) {
          ChunkInfo info =
              layer.info(
                  new ChunkInfo(
                      window.start(),
                      windows.width(),
                      bucket,
                      window.buckets(),
                      1,
                      false,
                      classes.name(part),
                      logFrom(window, bucket),
                      position));
          int from = dealt.start(bucket * parts + part);
          int to = dealt.end(bucket * parts + part);
          if (from == to && part != longest) {
            continue;
          }
          String folder = ChunkInfo.windowFolder(window.start());
          String name = layer.fileName(info, position);
          try (ChunkWriter writer = new ChunkWriter(fs, dataDir, folder, info, name, encoders)) {
            boolean any = false;
            for (int i = from; i < to; i++) {
              int id = dealt.ids()[i];
              writer.series(newId[id]);
              writeSeries(window, id, bucket, rows, columns, writer, scratch);
            }
            any |= writer.hasSamples();
            int wanted = part;
            any |= carryOver(window, bucket, newId, id -> classes.of(id) == wanted, writer);
            if (part == longest) {
              any |= carryMetadata(window, bucket, writer);
            }
            if (any) {
              ChunkFile file = writer.end(staged);
              counters.bytesWritten.add(file.bytes());
              edit.addChunk(file);
              if (staged.size() >= FILES_A_SYNC) {
                staged.settle();
              }
            }
          }
        }
      }
    }
  }

  /** The class of a bucket that is kept longest: what is said about metrics goes with it. */
  private static int longestKept(BucketOrder dealt, int bucket, RetentionClasses classes) {
    int parts = classes.count();
    for (int part = 0; part < parts; part++) {
      if (dealt.start(bucket * parts + part) < dealt.end(bucket * parts + part)) {
        return part;
      }
    }
    return classes.ofDefault();
  }

  /** The bucket of every window id. */
  int[] buckets(WindowView window) {
    return buckets(window, hash);
  }

  static int[] buckets(WindowView window, SeriesKey.Hash hash) {
    int[] buckets = new int[window.state().nextId()];
    for (Shared<WindowView.IndexResource> resource : window.index()) {
      IndexSegment segment = resource.get().segment();
      long[] high = new long[segment.count()];
      long[] low = new long[segment.count()];
      segment.keys(hash, high, low);
      for (int i = 0; i < high.length; i++) {
        buckets[segment.firstId() + i] = new SeriesKey(high[i], low[i]).bucket(window.buckets());
      }
    }
    return buckets;
  }

  private static long logFrom(WindowView window, int bucket) {
    long from = Long.MAX_VALUE;
    for (Shared<ChunkReader> chunk : window.chunks(bucket)) {
      from = Math.min(from, chunk.get().file().info().logFrom());
    }
    return from;
  }

  /** A block and the file it stands in. */
  private record Place(ChunkReader chunk, int block) {}

  private static void writeSeries(
      WindowView window,
      int id,
      int bucket,
      WindowRows rows,
      SampleColumns columns,
      ChunkWriter writer,
      ChunkScratch scratch)
      throws IOException {
    List<Place> blocks = untouched(window, id, bucket);
    columns.clear();
    if (blocks.isEmpty()) {
      readAll(window, id, bucket, rows, columns);
      Blocks.write(writer, columns, 0, columns.size);
      return;
    }
    for (Place place : blocks) {
      int count = place.chunk.count(place.block);
      if (count >= LARGE_BLOCK && columns.size == 0) {
        writer.copy(place.chunk, place.block, scratch);
        continue;
      }
      place.chunk.read(place.block, columns, scratch);
      if (columns.size >= LARGE_BLOCK) {
        Blocks.write(writer, columns, 0, columns.size);
        columns.clear();
      }
    }
    Blocks.write(writer, columns, 0, columns.size);
    columns.clear();
  }

  /**
   * The blocks of a series in time order if they do not overlap and nothing of them is deleted;
   * else none.
   */
  private static List<Place> untouched(WindowView window, int id, int bucket) {
    if (window.tombstones().ranges(id, Long.MIN_VALUE) != null) {
      return List.of();
    }
    List<Place> blocks = new ArrayList<>();
    for (Shared<ChunkReader> resource : window.chunks(bucket)) {
      ChunkReader chunk = resource.get();
      int row = chunk.rowOf(id);
      if (row < 0) {
        continue;
      }
      for (int block = chunk.firstBlock(row); block < chunk.endBlock(row); block++) {
        blocks.add(new Place(chunk, block));
      }
    }
    blocks.sort(java.util.Comparator.comparingLong(place -> place.chunk.minTime(place.block)));
    for (int i = 1; i < blocks.size(); i++) {
      Place before = blocks.get(i - 1);
      Place place = blocks.get(i);
      if (place.chunk.minTime(place.block) <= before.chunk.maxTime(before.block)) {
        return List.of();
      }
    }
    return blocks;
  }

  /** Exemplars of some series in a bucket's files; true if there were any. */
  private static boolean carryOver(
      WindowView window, int bucket, int[] newId, IntPredicate wanted, ChunkWriter writer)
      throws IOException {
    boolean[] any = new boolean[1];
    for (Shared<ChunkReader> resource : window.chunks(bucket)) {
      ChunkReader chunk = resource.get();
      chunk.exemplars(
          wanted,
          TimeRange.ALL,
          (id, time, value, labels, offset, length) -> {
            long logTo = chunk.file().info().logTo();
            if (newId[id] != WindowIds.NONE && !window.tombstones().deleted(id, time, logTo)) {
              writer.exemplar(newId[id], time, value, labels, offset, length);
              any[0] = true;
            }
          });
    }
    return any[0];
  }

  /** What a bucket's files say about metrics; true if there was anything. */
  private static boolean carryMetadata(WindowView window, int bucket, ChunkWriter writer)
      throws IOException {
    boolean[] any = new boolean[1];
    for (Shared<ChunkReader> resource : window.chunks(bucket)) {
      resource
          .get()
          .metadata(
              (tenant, metric, about) -> {
                writer.metadata(tenant, metric, about);
                any[0] = true;
              });
    }
    return any[0];
  }
}
