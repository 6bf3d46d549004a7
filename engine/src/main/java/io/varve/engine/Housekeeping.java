package io.varve.engine;

import io.varve.engine.head.LateHead;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The policy: looks at the clock and at sizes, and decides what to flush, merge and drop. It only
 * decides; every decision goes through the log and is carried out as a job.
 */
final class Housekeeping {
  private static final System.Logger LOGGER = System.getLogger(Engine.class.getName());

  /** A window is closed so long after its end. */
  private static final long CLOSING_MILLIS = 15 * 60_000L;

  /** A closed window merges again when a bucket has more late files than this. */
  private static final int MOST_LATE_FILES = 4;

  /** A closed window merges again when more than this share of its series is partly deleted. */
  private static final double MOST_DELETED = 0.05;

  /** Open data is flushed at this share of the head's limit, before writes are refused. */
  private static final double FLUSH_SHARE = 0.5;

  /** Bytes that a sample takes in final files, for choosing bucket counts. */
  private static final double SAMPLE_BYTES = 0.6;

  /**
   * The rest of a window is taken to bring at most this many times what is there: a burst of new
   * series in its first minutes says little about the day, and would leave a multitude of tiny
   * files. A flush after {@code flush_span} has a twelfth of the day by default.
   */
  private static final double MOST_TIMES = 16;

  private final EngineConfig config;
  private final Windows windows;
  private final OpenHead open;
  private final Catalog catalog;
  private final WritePath writePath;
  private final Jobs jobs;
  private final DeleteBook deletes;
  private final DiskKeeper disk;
  private long lastFlushMillis;
  private final Map<Long, WindowState> unmergeable = new HashMap<>();

  Housekeeping(
      EngineConfig config,
      Windows windows,
      OpenHead open,
      Catalog catalog,
      WritePath writePath,
      Jobs jobs,
      DeleteBook deletes,
      DiskKeeper disk) {
    this.disk = disk;
    this.config = config;
    this.windows = windows;
    this.open = open;
    this.catalog = catalog;
    this.writePath = writePath;
    this.jobs = jobs;
    this.deletes = deletes;
    this.lastFlushMillis = config.clock().millis();
  }

  /** Decisions are made here from now on; how old open samples are is not known. */
  void begin() {
    lastFlushMillis = config.clock().millis();
  }

  /** Makes whatever decisions are due. */
  void decide() {
    long now = config.clock().millis();
    flush(now);
    merge(now);
    drop(now);
    dropForSpace(now);
  }

  private void flush(long now) {
    View view = catalog.peek();
    if (!view.frozen().isEmpty()) {
      return; // one flush at a time
    }
    long span = view.head().isEmpty() ? 0 : view.head().maxTime() - view.head().minTime();
    boolean full = open.bytes() > config.maxHeadBytes() * FLUSH_SHARE;
    boolean due = span >= config.flushSpanMillis();
    // What came slowly, or late only, is flushed after a while, too.
    boolean old = now - lastFlushMillis >= 2 * config.flushSpanMillis();
    if (full || due || old) {
      lastFlushMillis = now;
      writePath.flush(buckets());
      return;
    }
    if (open.late().bytes() > config.maxLateBytes()) {
      List<Long> starts = largestLateWindows();
      writePath.flushLate(starts, lateBuckets(starts));
    }
  }

  /** The windows with most late samples, until half of the budget is free again. */
  private List<Long> largestLateWindows() {
    TreeMap<Long, LateHead.Window> late = open.late().windows();
    List<Long> starts = new ArrayList<>(late.keySet());
    starts.sort((a, b) -> Long.compare(bytes(late, b), bytes(late, a)));
    long left = open.late().bytes();
    List<Long> chosen = new ArrayList<>();
    for (long start : starts) {
      if (left <= config.maxLateBytes() / 2) {
        break;
      }
      left -= bytes(late, start);
      chosen.add(start);
    }
    chosen.sort(null);
    return chosen;
  }

  private static long bytes(TreeMap<Long, LateHead.Window> late, long start) {
    LateHead.Window window = late.get(start);
    return window == null ? 0 : window.bytes();
  }

  /** How many buckets a window that begins now should have. */
  int buckets() {
    double samples = 0;
    View view = catalog.peek();
    if (!view.head().isEmpty()) {
      long span = Math.max(60_000L, view.head().maxTime() - view.head().minTime());
      double times = Math.clamp((double) windows.width() / span, 1, MOST_TIMES);
      samples = (double) view.head().samples() * times;
    }
    for (LateHead.Window window : open.late().windows().values()) {
      samples = Math.max(samples, window.samples());
    }
    return buckets(samples);
  }

  /**
   * How many buckets windows that begin with late samples should have. What comes in now says
   * nothing about them: a backfill may bring few series into a store of many, and would leave a
   * multitude of tiny files in each of its windows.
   */
  private int lateBuckets(List<Long> starts) {
    TreeMap<Long, LateHead.Window> late = open.late().windows();
    double samples = 0;
    for (long start : starts) {
      LateHead.Window window = late.get(start);
      if (window != null) {
        // As if the rest of the window were filled as densely.
        long span = Math.max(windows.width() / 24, window.maxTime() - window.minTime());
        samples = Math.max(samples, window.samples() * (double) windows.width() / span);
      }
    }
    return buckets(samples);
  }

  private int buckets(double samples) {
    double files = samples * SAMPLE_BYTES / config.bucketBytes();
    int buckets = 1;
    while (buckets < 1024 && buckets < files) {
      buckets *= 2;
    }
    return buckets;
  }

  private void merge(long now) {
    if (jobs.size() > 0) {
      return;
    }
    View view = catalog.peek();
    long keptFrom = keptFrom(now);
    for (WindowView window : view.windows().values()) {
      if (window.end() + CLOSING_MILLIS > now
          || view.head().minTime() <= window.end()
          || window.state().equals(unmergeable.get(window.start()))) {
        continue;
      }
      boolean late =
          now - oldestDue(window, keptFrom) >= config.undoMillis() + config.purgeMillis();
      if (late || isWorthMerging(window, keptFrom)) {
        // If the merge refuses (damage), the window looks the same afterwards: ask once only.
        unmergeable.put(window.start(), window.state());
        writePath.merge(window.start());
        return;
      }
    }
  }

  /** From where on deletes are kept by merges now, because they may still be undone. */
  long keptFrom(long now) {
    return deletes.keptFrom(now, config.undoMillis());
  }

  /**
   * Long.MAX_VALUE cannot be subtracted from a time: a delete of the far future stands for none.
   */
  private long oldestDue(WindowView window, long keptFrom) {
    return Math.min(deletes.oldestDue(window.start(), keptFrom), Long.MAX_VALUE / 2);
  }

  static boolean isWorthMerging(WindowView window, long keptFrom) {
    if (window.hasLostGroups()) {
      return false; // what is kept of them belongs to the files as they are
    }
    Map<Integer, Integer> lateFiles = new HashMap<>();
    List<ChunkFile> files = window.state().isFinal() ? List.of() : window.state().chunks();
    for (ChunkFile file : files) {
      if (file.info().level() == 0 && !file.info().late()) {
        return true;
      }
      if (file.info().level() == 0
          && file.info().late()
          && lateFiles.merge(file.info().bucket(), 1, Integer::sum) > MOST_LATE_FILES) {
        return true;
      }
    }
    if (!window.tombstones().any()) {
      return false;
    }
    long deleted = 0;
    for (Tombstone tombstone : window.tombstones().entries()) {
      if (keptFrom != 0 && tombstone.position() >= keptFrom) {
        break; // it may still be undone, and so may the later ones
      }
      deleted = Math.max(deleted, tombstone.windowIds().getLongCardinality());
    }
    double most = MOST_DELETED * window.state().nextId();
    // Series whose files went have nothing that a merge could free.
    return deleted > most && window.deletedRows() > most;
  }

  /** Lets go of what is too old: whole windows, or what is kept shortest of them. */
  private void drop(long now) {
    View view = catalog.peek();
    if (jobs.size() > 0 || view.windows().isEmpty()) {
      return;
    }
    RetentionMark retention = writePath.retention();
    RetentionPolicy policy = retention.policy();
    long horizon = Expiry.horizon(windows, now, policy.longestOfAllMillis());
    if (view.windows().firstEntry().getValue().end() <= horizon) {
      writePath.drop(horizon - windows.width(), DropReason.AGE);
      return;
    }
    for (long keep : policy.allKeeps()) {
      long before = Expiry.horizon(windows, retention.atMillis(), keep);
      long after = Expiry.horizon(windows, now, keep);
      if (after > horizon && after > before && anyEndsIn(view, before, after)) {
        writePath.expire(now, buckets());
        return;
      }
    }
  }

  /** Lets go of the oldest windows while the store or its disk is too full. */
  private void dropForSpace(long now) {
    if (jobs.size() > 0) {
      return;
    }
    View view = catalog.peek();
    try {
      String before = disk.status().problem();
      DiskKeeper.Drop drop = disk.due(view, now, closedBefore(view, now));
      String problem = disk.status().problem();
      if (!problem.isEmpty() && !problem.equals(before)) {
        LOGGER.log(
            System.Logger.Level.ERROR, "a limit of the disk does not hold: " + disk.status());
      } else if (problem.isEmpty() && !before.isEmpty()) {
        LOGGER.log(System.Logger.Level.INFO, "the limits of the disk hold again");
      }
      if (drop != null) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "the oldest windows up to the one that begins at "
                + Instant.ofEpochMilli(drop.windowStart())
                + " go: "
                + disk.status());
        writePath.drop(drop.windowStart(), drop.reason());
      }
    } catch (IOException e) {
      LOGGER.log(System.Logger.Level.WARNING, "the disk does not tell its free space", e);
    }
  }

  /** Windows that end later may get samples in order still. */
  static long closedBefore(View view, long now) {
    return Math.min(now - CLOSING_MILLIS, view.head().isEmpty() ? now : view.head().minTime() - 1);
  }

  /** True if a window ends in (from, to]. */
  private static boolean anyEndsIn(View view, long from, long to) {
    for (WindowView window : view.windows().values()) {
      if (window.end() > from && window.end() <= to) {
        return true;
      }
    }
    return false;
  }
}
