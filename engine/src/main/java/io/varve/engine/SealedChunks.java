package io.varve.engine;

import io.varve.engine.head.Head;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.partition.ChunkEncoders;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * The chunk files of one pass of a flush over some windows: written bucket after bucket, each ended
 * before the next begins, so that memory is bounded by what one bucket's files hold, and what is at
 * hand stays in the processor's caches. One thread; the owner closes it.
 */
final class SealedChunks implements AutoCloseable {
  private final FileSystem fs;
  private final Path dataDir;
  private final Windows windows;
  private final SeriesKey.Hash hash;
  private final Frozen frozen;
  private final List<SealPlan> plans;
  private final int buckets;
  private final ChunkEncoders encoders = new ChunkEncoders();
  private final Writers inOrder = new Writers(false);
  private final Writers late = new Writers(true);
  private final List<ChunkFile> files = new ArrayList<>();

  /**
   * Nothing written yet.
   *
   * @param plans of the windows, at least one, with window ids
   */
  SealedChunks(
      FileSystem fs,
      Path dataDir,
      Windows windows,
      SeriesKey.Hash hash,
      Frozen frozen,
      List<SealPlan> plans) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.windows = windows;
    this.hash = hash;
    this.frozen = frozen;
    this.plans = plans;
    // Windows that chose different bucket counts are written together, as if of one bucket.
    int first = plans.getFirst().buckets;
    buckets = plans.stream().allMatch(plan -> plan.buckets == first) ? first : 1;
  }

  /**
   * Writes everything, hands the files over and names them: those with samples in order first, by
   * window and bucket.
   *
   * @param order all ids of the table in file order
   * @param withMetadata true if what was said about metrics goes to the last window
   */
  List<ChunkFile> write(
      int[] order, boolean withMetadata, StagedFiles staged, DuplicatePolicy policy)
      throws IOException {
    SeriesTable table = frozen.table();
    BucketOrder samples = dealt(plans.size() == 1 ? plans.getFirst().inOrder.toArray() : order);
    List<BucketOrder> lateSeries = new ArrayList<>();
    List<BucketOrder> exemplars = new ArrayList<>();
    for (SealPlan plan : plans) {
      lateSeries.add(dealt(plan.late.toArray()));
      exemplars.add(dealt(plan.others.toArray()));
    }
    List<List<About>> metadata = withMetadata ? metadata(plans.getLast()) : List.of();
    RowMerge merge = new RowMerge(policy);
    for (int bucket = 0; bucket < buckets; bucket++) {
      writeInOrder(samples, bucket);
      for (int p = 0; p < plans.size(); p++) {
        writeLate(plans.get(p), lateSeries.get(p), bucket, merge);
        writeExemplars(plans.get(p), exemplars.get(p), bucket, table);
      }
      if (withMetadata) {
        for (About about : metadata.get(bucket)) {
          inOrder
              .of(plans.getLast(), about.key)
              .metadata(about.tenant, about.metric, about.metadata);
        }
      }
      inOrder.end(staged);
      late.end(staged);
    }
    files.sort(
        Comparator.comparing((ChunkFile file) -> file.info().late())
            .thenComparingLong(file -> file.info().windowStart())
            .thenComparingInt(file -> file.info().bucket()));
    return files;
  }

  private BucketOrder dealt(int[] ids) {
    return BucketOrder.of(ids, i -> frozen.table().key(ids[i]).bucket(buckets), buckets);
  }

  private void writeInOrder(BucketOrder series, int bucket) throws IOException {
    Head head = frozen.head();
    if (head.isEmpty()) {
      return;
    }
    TreeMap<Long, SealPlan> byStart = new TreeMap<>();
    plans.forEach(plan -> byStart.put(plan.start, plan));
    SampleColumns rows = new SampleColumns();
    HeadScratch scratch = new HeadScratch();
    for (int i = series.start(bucket); i < series.end(bucket); i++) {
      int id = series.ids()[i];
      rows.clear();
      head.read(id, rows, scratch);
      for (int from = 0; from < rows.size; ) {
        long start = windows.start(rows.times[from]);
        int to = from + 1;
        while (to < rows.size && rows.times[to] <= start + windows.width()) {
          to++;
        }
        SealPlan plan = byStart.get(start);
        if (plan != null) {
          ChunkWriter writer = writer(inOrder, plan, bucket, id);
          writer.series(plan.windowId[id]);
          Blocks.write(writer, rows, from, to);
        }
        from = to;
      }
    }
  }

  private ChunkWriter writer(Writers writers, SealPlan plan, int bucket, int id)
      throws IOException {
    return plan.buckets == buckets
        ? writers.of(plan, bucket)
        : writers.of(plan, frozen.table().key(id));
  }

  private void writeLate(SealPlan plan, BucketOrder series, int bucket, RowMerge merge)
      throws IOException {
    LateHead.Window window = frozen.late().get(plan.start);
    if (window == null) {
      return;
    }
    SampleColumns rows = new SampleColumns();
    for (int i = series.start(bucket); i < series.end(bucket); i++) {
      int id = series.ids()[i];
      rows.clear();
      window.read(id, rows);
      merge.settle(rows, 0, frozen.correction());
      ChunkWriter writer = writer(late, plan, bucket, id);
      writer.series(plan.windowId[id]);
      Blocks.write(writer, rows, 0, rows.size);
    }
  }

  private void writeExemplars(SealPlan plan, BucketOrder series, int bucket, SeriesTable table)
      throws IOException {
    for (int i = series.start(bucket); i < series.end(bucket); i++) {
      int id = series.ids()[i];
      ChunkWriter writer = inOrder.of(plan, table.key(id));
      for (Head.HeadExemplar exemplar : plan.exemplars.getOrDefault(id, List.of())) {
        writer.exemplar(
            plan.windowId[id],
            exemplar.time(),
            Double.longBitsToDouble(exemplar.bits()),
            exemplar.labels(),
            0,
            exemplar.labels().length);
      }
    }
  }

  /** What is said about a metric, and the key that its bucket follows from. */
  private record About(SeriesKey key, String tenant, String metric, Metadata metadata) {}

  /** What was said about metrics, by the bucket in which it is written. */
  private List<List<About>> metadata(SealPlan plan) {
    List<List<About>> byBucket = new ArrayList<>();
    for (int bucket = 0; bucket < buckets; bucket++) {
      byBucket.add(new ArrayList<>());
    }
    frozen
        .head()
        .metadata()
        .forEach(
            (tenant, metrics) ->
                metrics.forEach(
                    (metric, metadata) -> {
                      byte[] name = metric.getBytes(StandardCharsets.UTF_8);
                      SeriesKey key = hash.of(tenant, name, 0, name.length);
                      byBucket
                          .get(plan.buckets == buckets ? key.bucket(buckets) : 0)
                          .add(new About(key, tenant, metric, metadata));
                    }));
    return byBucket;
  }

  @Override
  public void close() throws IOException {
    try (encoders;
        inOrder;
        late) {
      files.clear();
    }
  }

  /** The chunk writers of one bucket, made when they are needed. */
  private final class Writers implements AutoCloseable {
    private final boolean late;
    private final TreeMap<Long, ChunkWriter[]> byWindow = new TreeMap<>();

    Writers(boolean late) {
      this.late = late;
    }

    ChunkWriter of(SealPlan plan, SeriesKey key) throws IOException {
      return of(plan, key.bucket(plan.buckets));
    }

    ChunkWriter of(SealPlan plan, int bucket) throws IOException {
      ChunkWriter[] writers = byWindow.get(plan.start);
      if (writers == null) {
        writers = new ChunkWriter[plan.buckets];
        byWindow.put(plan.start, writers);
      }
      ChunkWriter writer = writers[bucket];
      if (writer == null) {
        ChunkInfo info =
            new ChunkInfo(
                plan.start,
                windows.width(),
                bucket,
                plan.buckets,
                0,
                late,
                "",
                frozen.logFrom(),
                frozen.logTo());
        if (late && frozen.correction()) {
          info = info.asCorrection();
        }
        writer = new ChunkWriter(fs, dataDir, ChunkInfo.windowFolder(plan.start), info, encoders);
        writers[bucket] = writer;
      }
      return writer;
    }

    /** Ends all of them. */
    void end(StagedFiles staged) throws IOException {
      for (ChunkWriter[] writers : byWindow.values()) {
        for (int bucket = 0; bucket < writers.length; bucket++) {
          ChunkWriter writer = writers[bucket];
          if (writer != null) {
            files.add(writer.end(staged));
            writers[bucket] = null;
          }
        }
      }
    }

    @Override
    public void close() throws IOException {
      for (ChunkWriter[] writers : byWindow.values()) {
        for (ChunkWriter writer : writers) {
          if (writer != null) {
            writer.close();
          }
        }
      }
    }
  }
}
