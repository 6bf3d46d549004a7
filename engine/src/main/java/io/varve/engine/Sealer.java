package io.varve.engine;

import io.varve.engine.head.Head;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.index.IndexSegmentFile;
import io.varve.engine.index.IndexSegmentId;
import io.varve.engine.index.IndexSegmentWriter;
import io.varve.engine.index.LabelSource;
import io.varve.engine.index.SeriesOrder;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.StagedFiles;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.partition.ChunkEncoders;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkWriter;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.ManifestEdit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns frozen samples into files: for every window they touch an index segment with its new
 * series, and per bucket a chunk file with samples in order and one with late samples. What it
 * writes depends on the frozen samples and the window's index only; both follow from the log.
 */
final class Sealer {
  /** Windows written in one pass over the head: bounds open files when a backfill touches many. */
  private static final int WINDOWS_A_PASS = 16;

  private final FileSystem fs;
  private final Path dataDir;
  private final Windows windows;
  private final SeriesKey.Hash hash;
  private final DuplicatePolicy policy;
  private final int syncThreads;
  private final EngineCounters counters;
  private final DamageLog damage;

  /**
   * A sealer.
   *
   * @param syncThreads syncs in flight at once, at most
   */
  Sealer(
      FileSystem fs,
      Path dataDir,
      Windows windows,
      SeriesKey.Hash hash,
      DuplicatePolicy policy,
      int syncThreads,
      EngineCounters counters,
      DamageLog damage) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.windows = windows;
    this.hash = hash;
    this.policy = policy;
    this.syncThreads = syncThreads;
    this.counters = counters;
    this.damage = damage;
  }

  /** What one window receives. */
  private static final class Plan {
    final long start;
    final int buckets;
    final boolean isNew;
    final IntColumn inOrder = new IntColumn(); // head ids, in file order
    final IntColumn late = new IntColumn();
    final IntColumn others = new IntColumn(); // series that only have exemplars here
    final Map<Integer, List<Head.HeadExemplar>> exemplars = new TreeMap<>();
    int[] windowId = new int[0]; // by head id, −1: not in this window

    Plan(long start, int buckets, boolean isNew) {
      this.start = start;
      this.buckets = buckets;
      this.isNew = isNew;
    }
  }

  private static final class IntColumn {
    int[] items = new int[16];
    int size;

    void add(int item) {
      if (size == items.length) {
        items = Arrays.copyOf(items, size * 2);
      }
      items[size++] = item;
    }
  }

  /**
   * Writes the files.
   *
   * @param existing windows as they are now
   * @return the edit that makes them count; nothing counts before it is committed
   */
  ManifestEdit seal(Frozen frozen, NavigableMap<Long, WindowView> existing) throws IOException {
    ManifestEdit edit = new ManifestEdit();
    SeriesTable table = frozen.table();
    int[] order = new int[table.size()];
    for (int id = 0; id < order.length; id++) {
      order[id] = id;
    }
    SeriesOrder.sort(table, order);
    List<Plan> plans = List.copyOf(plan(frozen, order, existing).values());
    for (int from = 0; from < plans.size(); from += WINDOWS_A_PASS) {
      int to = Math.min(from + WINDOWS_A_PASS, plans.size());
      List<Plan> pass = plans.subList(from, to);
      try (StagedFiles staged = new StagedFiles(fs, syncThreads)) {
        for (Plan plan : pass) {
          fs.createDirectories(dataDir.resolve(ChunkInfo.windowFolder(plan.start)));
          if (plan.isNew) {
            edit.addWindow(plan.start, plan.buckets);
          }
          numberSeries(frozen, order, plan, existing.get(plan.start), staged, edit);
        }
        writeChunks(frozen, order, pass, to == plans.size(), staged, edit);
        staged.settle();
      }
    }
    return edit;
  }

  /** Finds which series have samples in which windows. */
  private TreeMap<Long, Plan> plan(
      Frozen frozen, int[] order, NavigableMap<Long, WindowView> existing) {
    TreeMap<Long, Plan> plans = new TreeMap<>();
    Head head = frozen.head();
    if (!head.isEmpty()) {
      long first = windows.start(head.minTime());
      boolean oneWindow = first == windows.start(head.maxTime());
      SampleColumns rows = new SampleColumns();
      HeadScratch scratch = new HeadScratch();
      for (int id : order) {
        if (head.sampleCount(id) == 0) {
          continue;
        }
        if (oneWindow) {
          plan(plans, first, frozen, existing).inOrder.add(id);
          continue;
        }
        rows.clear();
        head.read(id, rows, scratch);
        for (int i = 0; i < rows.size; ) {
          long start = windows.start(rows.times[i]);
          plan(plans, start, frozen, existing).inOrder.add(id);
          while (i < rows.size && rows.times[i] <= start + windows.width()) {
            i++;
          }
        }
      }
    }
    int[] rank = null;
    for (Map.Entry<Long, LateHead.Window> late : frozen.late().entrySet()) {
      if (rank == null) {
        rank = new int[order.length];
        for (int i = 0; i < order.length; i++) {
          rank[order[i]] = i;
        }
      }
      int[] ranks = late.getValue().series();
      for (int i = 0; i < ranks.length; i++) {
        ranks[i] = rank[ranks[i]];
      }
      Arrays.sort(ranks);
      Plan plan = plan(plans, late.getKey(), frozen, existing);
      for (int r : ranks) {
        plan.late.add(order[r]);
      }
    }
    for (Head.HeadExemplar exemplar : head.exemplars()) {
      Plan plan = plan(plans, windows.start(exemplar.time()), frozen, existing);
      plan.exemplars.computeIfAbsent(exemplar.series(), id -> new ArrayList<>()).add(exemplar);
    }
    for (Plan plan : plans.values()) {
      for (int id : plan.exemplars.keySet()) {
        plan.others.add(id);
      }
    }
    if (!head.metadata().isEmpty() && plans.isEmpty()) {
      // Metadata alone: it goes to the window that the store has reached.
      long at = frozen.head().table().size() > 0 ? newest(frozen.table()) : 0;
      plan(plans, windows.start(at), frozen, existing);
    }
    return plans;
  }

  private static long newest(SeriesTable table) {
    long newest = 0;
    for (int id = 0; id < table.size(); id++) {
      newest = Math.max(newest, table.lastTime(id));
    }
    return newest;
  }

  private static Plan plan(
      TreeMap<Long, Plan> plans,
      long start,
      Frozen frozen,
      NavigableMap<Long, WindowView> existing) {
    Plan plan = plans.get(start);
    if (plan == null) {
      WindowView view = existing.get(start);
      plan = new Plan(start, view == null ? frozen.buckets() : view.buckets(), view == null);
      plans.put(start, plan);
    }
    return plan;
  }

  /** Gives window ids to series that the window does not have yet, and writes their labels. */
  private void numberSeries(
      Frozen frozen,
      int[] order,
      Plan plan,
      @Nullable WindowView view,
      StagedFiles staged,
      ManifestEdit edit)
      throws IOException {
    SeriesTable table = frozen.table();
    List<IndexSegment> segments = new ArrayList<>();
    if (view != null) {
      view.index().forEach(resource -> segments.add(resource.get().segment()));
    }
    WindowIds known = WindowIds.of(segments, hash, damage);
    boolean[] here = new boolean[table.size()];
    for (IntColumn column : List.of(plan.inOrder, plan.late, plan.others)) {
      for (int i = 0; i < column.size; i++) {
        here[column.items[i]] = true;
      }
    }
    plan.windowId = new int[table.size()];
    Arrays.fill(plan.windowId, WindowIds.NONE);
    int firstId = view == null ? 0 : view.state().nextId();
    IntColumn added = new IntColumn();
    for (int id : order) {
      if (!here[id]) {
        continue;
      }
      SeriesKey key = table.key(id);
      int windowId = known.get(key.high(), key.low());
      if (windowId == WindowIds.NONE) {
        windowId = firstId + added.size;
        added.add(id);
      }
      plan.windowId[id] = windowId;
    }
    if (added.size == 0) {
      return;
    }
    long generation = view == null ? 0 : generation(view);
    int number = view == null ? 0 : view.state().index().size();
    String name = indexName(generation, number);
    IndexSegmentFile file =
        IndexSegmentWriter.write(
            fs,
            staged,
            dataDir,
            ChunkInfo.windowFolder(plan.start) + "/" + name,
            new IndexSegmentId(plan.start, windows.width(), generation, number, firstId),
            new Renumbered(table, added.items),
            added.size);
    counters.bytesWritten.add(file.bytes());
    edit.addIndexSegment(
        plan.start, new IndexFile(name, file.bytes(), file.sha256(), file.firstId(), file.count()));
  }

  static String indexName(long generation, int number) {
    return "index-" + generation + "-" + number + ".tix";
  }

  /** The generation of a window's index, from its files' names. */
  static long generation(WindowView view) {
    if (view.state().index().isEmpty()) {
      return 0;
    }
    String name = view.state().index().getFirst().file();
    return Long.parseLong(name.substring(name.indexOf('-') + 1, name.lastIndexOf('-')));
  }

  /** Labels of some series of a table, in another order. */
  record Renumbered(LabelSource source, int[] ids) implements LabelSource {
    @Override
    public String tenant(int id) {
      return source.tenant(ids[id]);
    }

    @Override
    public byte[] array(int id) {
      return source.array(ids[id]);
    }

    @Override
    public int offset(int id) {
      return source.offset(ids[id]);
    }

    @Override
    public int length(int id) {
      return source.length(ids[id]);
    }
  }

  private void writeChunks(
      Frozen frozen,
      int[] order,
      List<Plan> plans,
      boolean withMetadata,
      StagedFiles staged,
      ManifestEdit edit)
      throws IOException {
    try (Writers inOrder = new Writers(frozen, false);
        Writers late = new Writers(frozen, true)) {
      writeInOrder(frozen, order, plans, inOrder);
      for (Plan plan : plans) {
        writeLate(frozen, plan, late);
        writeExemplars(plan, frozen.table(), inOrder);
      }
      if (withMetadata) {
        writeMetadata(frozen, plans.getLast(), inOrder);
      }
      for (ChunkFile file : inOrder.end(staged)) {
        edit.addChunk(file);
      }
      for (ChunkFile file : late.end(staged)) {
        edit.addChunk(file);
      }
    }
  }

  private void writeInOrder(Frozen frozen, int[] order, List<Plan> plans, Writers writers)
      throws IOException {
    Head head = frozen.head();
    if (head.isEmpty()) {
      return;
    }
    TreeMap<Long, Plan> byStart = new TreeMap<>();
    plans.forEach(plan -> byStart.put(plan.start, plan));
    SeriesTable table = frozen.table();
    int buckets = plans.getFirst().buckets;
    boolean alike = plans.stream().allMatch(plan -> plan.buckets == buckets);
    BucketOrder dealt =
        BucketOrder.of(order, i -> table.key(order[i]).bucket(buckets), alike ? buckets : 1);
    SampleColumns rows = new SampleColumns();
    HeadScratch scratch = new HeadScratch();
    for (int bucket = 0; bucket < dealt.buckets(); bucket++) {
      for (int i = dealt.start(bucket); i < dealt.end(bucket); i++) {
        int id = dealt.ids()[i];
        if (head.sampleCount(id) == 0) {
          continue;
        }
        rows.clear();
        head.read(id, rows, scratch);
        for (int from = 0; from < rows.size; ) {
          long start = windows.start(rows.times[from]);
          int to = from + 1;
          while (to < rows.size && rows.times[to] <= start + windows.width()) {
            to++;
          }
          Plan plan = byStart.get(start);
          if (plan != null) {
            ChunkWriter writer =
                writers.of(plan, alike ? bucket : table.key(id).bucket(plan.buckets));
            writer.series(plan.windowId[id]);
            Blocks.write(writer, rows, from, to);
          }
          from = to;
        }
      }
    }
  }

  private void writeLate(Frozen frozen, Plan plan, Writers writers) throws IOException {
    LateHead.Window window = frozen.late().get(plan.start);
    if (window == null) {
      return;
    }
    SampleColumns rows = new SampleColumns();
    RowMerge merge = new RowMerge(policy);
    for (int i = 0; i < plan.late.size; i++) {
      int id = plan.late.items[i];
      rows.clear();
      window.read(id, rows);
      merge.settle(rows, 0);
      ChunkWriter writer = writers.of(plan, frozen.table().key(id));
      writer.series(plan.windowId[id]);
      Blocks.write(writer, rows, 0, rows.size);
    }
  }

  private static void writeExemplars(Plan plan, SeriesTable table, Writers writers)
      throws IOException {
    for (Map.Entry<Integer, List<Head.HeadExemplar>> entry : plan.exemplars.entrySet()) {
      int id = entry.getKey();
      ChunkWriter writer = writers.of(plan, table.key(id));
      for (Head.HeadExemplar exemplar : entry.getValue()) {
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

  private void writeMetadata(Frozen frozen, Plan plan, Writers writers) throws IOException {
    for (Map.Entry<String, Map<String, Metadata>> tenant : frozen.head().metadata().entrySet()) {
      for (Map.Entry<String, Metadata> metric : tenant.getValue().entrySet()) {
        byte[] name = metric.getKey().getBytes(StandardCharsets.UTF_8);
        SeriesKey key = hash.of(tenant.getKey(), name, 0, name.length);
        writers.of(plan, key).metadata(tenant.getKey(), metric.getKey(), metric.getValue());
      }
    }
  }

  /** The chunk writers of one pass, made when they are needed. */
  private final class Writers implements AutoCloseable {
    private final Frozen frozen;
    private final boolean late;
    private final TreeMap<Long, ChunkWriter[]> byWindow = new TreeMap<>();
    private final ChunkEncoders encoders = new ChunkEncoders();

    Writers(Frozen frozen, boolean late) {
      this.frozen = frozen;
      this.late = late;
    }

    ChunkWriter of(Plan plan, SeriesKey key) throws IOException {
      return of(plan, key.bucket(plan.buckets));
    }

    ChunkWriter of(Plan plan, int bucket) throws IOException {
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
        writer = new ChunkWriter(fs, dataDir, ChunkInfo.windowFolder(plan.start), info, encoders);
        writers[bucket] = writer;
      }
      return writer;
    }

    List<ChunkFile> end(StagedFiles staged) throws IOException {
      List<ChunkFile> files = new ArrayList<>();
      for (ChunkWriter[] writers : byWindow.values()) {
        for (ChunkWriter writer : writers) {
          if (writer != null) {
            ChunkFile file = writer.end(staged);
            counters.bytesWritten.add(file.bytes());
            files.add(file);
          }
        }
      }
      return files;
    }

    @Override
    public void close() throws IOException {
      try (encoders) {
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
}
