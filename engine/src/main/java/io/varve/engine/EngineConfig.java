package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.policy.RetentionPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything an engine can be told, immutable; {@link #defaults} is a complete configuration, the
 * {@code with…} methods change one thing each.
 *
 * @param dataDir the data folder; created if missing
 * @param fileSystem the door to files
 * @param clock tells the time for retention and background work; no time from it goes into files
 * @param fsync what an acknowledgement means
 * @param windowMillis width of a window for new stores; a store keeps the one it was made with
 * @param flushSpanMillis the open head is flushed when its samples span this much time
 * @param retention how long samples are kept; null for as the store has it
 * @param diskLimits how much of the disk the store may take
 * @param duplicatePolicy what becomes of conflicting samples
 * @param outOfOrderMillis under {@link DuplicatePolicy#REJECT}: how much older than its series'
 *     newest a sample may be
 * @param maxActiveSeries more series in the head are refused
 * @param maxHeadBytes more memory for open data is refused
 * @param maxLateBytes late samples are flushed beyond this
 * @param checkpointLogBytes the head is checkpointed after so many bytes of log: at most about this
 *     much is replayed after a crash
 * @param bucketBytes the bucket count of a window is chosen so that final files have about this
 *     size
 * @param selectionCacheBytes memory for which series matchers select; 0 if that is not remembered
 * @param backgroundThreads true if the engine flushes, merges and syncs by itself; false if its
 *     owner calls {@link Engine#runBackgroundWork}
 * @param undoMillis so long a delete can be undone: merges keep what it hides on the disk; 0 lets
 *     the next merge purge it
 * @param purgeMillis what a delete hides is purged at the latest so long after it can no longer be
 *     undone, even where a merge is not due otherwise
 * @param registryOnChronicleMap true keeps the registry in a Chronicle Map file, which needs JVM
 *     flags (docs/DECISIONS.md); false keeps it on the heap and needs none
 * @param awaitsAggregates true if no sample goes for its age before {@link Engine#aggregate} has
 *     said which continuous aggregates are to be made of it first
 * @param logHold how much log is held from the start on for who copies it elsewhere, until they say
 *     from where on
 */
public record EngineConfig(
    Path dataDir,
    FileSystem fileSystem,
    InstantSource clock,
    FsyncPolicy fsync,
    long windowMillis,
    long flushSpanMillis,
    @Nullable RetentionPolicy retention,
    DiskLimits diskLimits,
    DuplicatePolicy duplicatePolicy,
    long outOfOrderMillis,
    int maxActiveSeries,
    long maxHeadBytes,
    long maxLateBytes,
    long checkpointLogBytes,
    long bucketBytes,
    long selectionCacheBytes,
    boolean backgroundThreads,
    long undoMillis,
    long purgeMillis,
    boolean registryOnChronicleMap,
    boolean awaitsAggregates,
    LogHold logHold) {

  /** The defaults for a data folder. */
  public static EngineConfig defaults(Path dataDir) {
    return new EngineConfig(
        dataDir,
        RealFileSystem.INSTANCE,
        InstantSource.system(),
        FsyncPolicy.INTERVAL,
        Duration.ofDays(1).toMillis(),
        Duration.ofHours(2).toMillis(),
        RetentionPolicy.KEEP_ALL,
        DiskLimits.NONE,
        DuplicatePolicy.LAST,
        0,
        4_000_000,
        1L << 30,
        64L << 20,
        16L << 20,
        16L << 20,
        32L << 20,
        true,
        Duration.ofDays(1).toMillis(),
        Duration.ofDays(7).toMillis(),
        false,
        false,
        LogHold.NONE);
  }

  /** With another file system. */
  public EngineConfig withFileSystem(FileSystem fs) {
    return with(draft -> draft.fileSystem = fs);
  }

  /** With another clock. */
  public EngineConfig withClock(InstantSource source) {
    return with(draft -> draft.clock = source);
  }

  /** With another meaning of an acknowledgement. */
  public EngineConfig withFsync(FsyncPolicy policy) {
    return with(draft -> draft.fsync = policy);
  }

  /** With another window width (of a new store) and flush span. */
  public EngineConfig withWindow(long window, long flushSpan) {
    return with(
        draft -> {
          draft.windowMillis = window;
          draft.flushSpanMillis = flushSpan;
        });
  }

  /** With one retention for all series, 0 for none. */
  public EngineConfig withRetention(long millis) {
    return withRetention(
        new RetentionPolicy(millis == 0 ? RetentionPolicy.FOREVER : millis, List.of()));
  }

  /** With the retention that the store has. */
  public EngineConfig withStoredRetention() {
    return with(draft -> draft.retention = null);
  }

  /** With another retention. */
  public EngineConfig withRetention(RetentionPolicy policy) {
    return with(draft -> draft.retention = policy);
  }

  /** With other limits on the disk. */
  public EngineConfig withDiskLimits(DiskLimits limits) {
    return with(draft -> draft.diskLimits = limits);
  }

  /** With another duplicate policy. */
  public EngineConfig withDuplicates(DuplicatePolicy policy, long outOfOrder) {
    return with(
        draft -> {
          draft.duplicatePolicy = policy;
          draft.outOfOrderMillis = outOfOrder;
        });
  }

  /** With other limits on memory. */
  public EngineConfig withLimits(int activeSeries, long headBytes, long lateBytes) {
    return with(
        draft -> {
          draft.maxActiveSeries = activeSeries;
          draft.maxHeadBytes = headBytes;
          draft.maxLateBytes = lateBytes;
        });
  }

  /** With other sizes of checkpointed log and final files. */
  public EngineConfig withSizes(long checkpointLog, long bucket) {
    return with(
        draft -> {
          draft.checkpointLogBytes = checkpointLog;
          draft.bucketBytes = bucket;
        });
  }

  /** With another memory for what matchers select. */
  public EngineConfig withSelectionCache(long bytes) {
    return with(draft -> draft.selectionCacheBytes = bytes);
  }

  /** With or without threads of its own. */
  public EngineConfig withBackgroundThreads(boolean own) {
    return with(draft -> draft.backgroundThreads = own);
  }

  /** With another time in which deletes can be undone, and after which they are purged at last. */
  public EngineConfig withUndo(long undo, long purge) {
    return with(
        draft -> {
          draft.undoMillis = undo;
          draft.purgeMillis = purge;
        });
  }

  /** With the registry in a Chronicle Map file or on the heap. */
  public EngineConfig withChronicleRegistry(boolean chronicle) {
    return with(draft -> draft.registryOnChronicleMap = chronicle);
  }

  /** With samples that stay until it is known what is to be made of them. */
  public EngineConfig withAwaitedAggregates() {
    return with(draft -> draft.awaitsAggregates = true);
  }

  /** With log that is held from the start on for who copies it elsewhere. */
  public EngineConfig withLogHold(LogHold hold) {
    return with(draft -> draft.logHold = hold);
  }

  private EngineConfig with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.build();
  }

  /** A configuration in the making: the one place that copies every component. */
  private static final class Draft {
    final Path dataDir;
    FileSystem fileSystem;
    InstantSource clock;
    FsyncPolicy fsync;
    long windowMillis;
    long flushSpanMillis;
    @Nullable RetentionPolicy retention;
    DiskLimits diskLimits;
    DuplicatePolicy duplicatePolicy;
    long outOfOrderMillis;
    int maxActiveSeries;
    long maxHeadBytes;
    long maxLateBytes;
    long checkpointLogBytes;
    long bucketBytes;
    long selectionCacheBytes;
    boolean backgroundThreads;
    long undoMillis;
    long purgeMillis;
    boolean registryOnChronicleMap;
    boolean awaitsAggregates;
    LogHold logHold;

    Draft(EngineConfig from) {
      dataDir = from.dataDir;
      fileSystem = from.fileSystem;
      clock = from.clock;
      fsync = from.fsync;
      windowMillis = from.windowMillis;
      flushSpanMillis = from.flushSpanMillis;
      retention = from.retention;
      diskLimits = from.diskLimits;
      duplicatePolicy = from.duplicatePolicy;
      outOfOrderMillis = from.outOfOrderMillis;
      maxActiveSeries = from.maxActiveSeries;
      maxHeadBytes = from.maxHeadBytes;
      maxLateBytes = from.maxLateBytes;
      checkpointLogBytes = from.checkpointLogBytes;
      bucketBytes = from.bucketBytes;
      selectionCacheBytes = from.selectionCacheBytes;
      backgroundThreads = from.backgroundThreads;
      undoMillis = from.undoMillis;
      purgeMillis = from.purgeMillis;
      registryOnChronicleMap = from.registryOnChronicleMap;
      awaitsAggregates = from.awaitsAggregates;
      logHold = from.logHold;
    }

    EngineConfig build() {
      return new EngineConfig(
          dataDir,
          fileSystem,
          clock,
          fsync,
          windowMillis,
          flushSpanMillis,
          retention,
          diskLimits,
          duplicatePolicy,
          outOfOrderMillis,
          maxActiveSeries,
          maxHeadBytes,
          maxLateBytes,
          checkpointLogBytes,
          bucketBytes,
          selectionCacheBytes,
          backgroundThreads,
          undoMillis,
          purgeMillis,
          registryOnChronicleMap,
          awaitsAggregates,
          logHold);
    }
  }
}
