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
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.ManifestEdit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
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
    List<SealPlan> plans = List.copyOf(plan(frozen, order, existing).values());
    for (int from = 0; from < plans.size(); from += WINDOWS_A_PASS) {
      int to = Math.min(from + WINDOWS_A_PASS, plans.size());
      List<SealPlan> pass = plans.subList(from, to);
      try (StagedFiles staged = new StagedFiles(fs, syncThreads)) {
        for (SealPlan plan : pass) {
          fs.createDirectories(dataDir.resolve(ChunkInfo.windowFolder(plan.start)));
          if (plan.isNew) {
            edit.addWindow(plan.start, plan.buckets);
          }
          numberSeries(frozen, order, plan, existing.get(plan.start), staged, edit);
        }
        try (SealedChunks chunks = new SealedChunks(fs, dataDir, windows, hash, frozen, pass)) {
          boolean last = to == plans.size();
          for (ChunkFile file : chunks.write(order, last, staged, policy)) {
            counters.bytesWritten.add(file.bytes());
            edit.addChunk(file);
          }
        }
        staged.settle();
      }
    }
    return edit;
  }

  /** Finds which series have samples in which windows. */
  private TreeMap<Long, SealPlan> plan(
      Frozen frozen, int[] order, NavigableMap<Long, WindowView> existing) {
    TreeMap<Long, SealPlan> plans = new TreeMap<>();
    Head head = frozen.head();
    if (!head.isEmpty()) {
      long first = windows.start(head.minTime());
      boolean oneWindow = first == windows.start(head.maxTime());
      SampleColumns rows = new SampleColumns();
      HeadScratch scratch = new HeadScratch();
      BitSet withSamples = new BitSet(order.length);
      for (int id = 0; id < order.length; id++) {
        withSamples.set(id, head.sampleCount(id) > 0);
      }
      for (int id : order) {
        if (!withSamples.get(id)) {
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
      SealPlan plan = plan(plans, late.getKey(), frozen, existing);
      for (int r : ranks) {
        plan.late.add(order[r]);
      }
    }
    for (Head.HeadExemplar exemplar : head.exemplars()) {
      plan(plans, windows.start(exemplar.time()), frozen, existing).add(exemplar);
    }
    for (SealPlan plan : plans.values()) {
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

  private static SealPlan plan(
      TreeMap<Long, SealPlan> plans,
      long start,
      Frozen frozen,
      NavigableMap<Long, WindowView> existing) {
    SealPlan plan = plans.get(start);
    if (plan == null) {
      WindowView view = existing.get(start);
      plan = new SealPlan(start, view == null ? frozen.buckets() : view.buckets(), view == null);
      plans.put(start, plan);
    }
    return plan;
  }

  /** Gives window ids to series that the window does not have yet, and writes their labels. */
  private void numberSeries(
      Frozen frozen,
      int[] order,
      SealPlan plan,
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
    for (SealPlan.Ids column : List.of(plan.inOrder, plan.late, plan.others)) {
      for (int i = 0; i < column.size; i++) {
        here[column.items[i]] = true;
      }
    }
    plan.windowId = new int[table.size()];
    Arrays.fill(plan.windowId, WindowIds.NONE);
    int firstId = view == null ? 0 : view.state().nextId();
    SealPlan.Ids added = new SealPlan.Ids();
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
}
