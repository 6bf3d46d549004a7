package io.varve.engine;

import io.varve.engine.codec.Codecs;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.head.Tenants;
import io.varve.engine.index.LabelStats;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ReadableLog;
import io.varve.engine.log.ShardLog;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.registry.Registry;
import io.varve.engine.wal.Wal;
import java.io.IOException;
import java.io.SyncFailedException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A store of time series in one data folder: open it, append batches, read snapshots, close it.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. Appends are taken one after the
 * other; snapshots never wait for them, nor make them wait. With {@code backgroundThreads} (the
 * default) the engine has two threads of its own, which end with {@link #close}; without, its owner
 * calls {@link #runBackgroundWork} now and then.
 *
 * <p><b>Durability.</b> When {@link #append} returns, the batch is visible to every later snapshot,
 * and it has survived what {@link FsyncPolicy} says. The folder is locked: one engine at a time.
 *
 * <p><b>Lifetimes.</b> Whoever takes a {@link Snapshot} closes it; close all snapshots before the
 * engine.
 */
public final class Engine implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(Engine.class.getName());
  private static final Duration SYNC_INTERVAL = Duration.ofMillis(200);
  private static final Path LOG_FOLDER = Path.of("wal", "0");
  private static final long IDLE_MILLIS = 500;
  private static final long RETRY_MILLIS = 1000;

  private final EngineConfig config;
  private final FileSystem.FolderLock folderLock;
  private final Manifest manifest;
  private final ShardLog log;
  private final SeriesKey.Hash hash;
  private final Windows windows;
  private final OpenHead open;
  private final Catalog catalog;
  private final Jobs jobs = new Jobs();
  private final EngineCounters counters = new EngineCounters();
  private final DamageLog damage = new DamageLog();
  private final DeleteBook deletes;
  private final MetadataBook metadata;
  private final ReadScratch.Pool scratches = new ReadScratch.Pool();
  private final SelectionCache selections;
  private final WritePath writePath;
  private final JobRunner runner;
  private final DiskKeeper disk;
  private final Housekeeping housekeeping;
  private final Tenants tenants = new Tenants();
  private final ReentrantLock background = new ReentrantLock();
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final String recovery;
  private final @Nullable Replica replica;
  private final Seals seals = new Seals();
  private final @Nullable Supplier<LogFeed> feed;
  private volatile @Nullable RetentionPolicy wantedRetention;
  private volatile boolean ending;
  private volatile boolean decides;
  private volatile AggregateRules aggregates = AggregateRules.NONE;
  private final GroupedFiles grouped;
  private final Shipping shipping;
  private final Repairs repairs;
  private volatile long auditMillis;
  private volatile long lastAuditMillis;

  /**
   * Opens a data folder, creating it if needed; returns when everything acknowledged before can be
   * read.
   *
   * @throws IOException if the folder cannot be used; the message says why
   * @throws io.varve.engine.format.CorruptDataException if the manifest is damaged; damage
   *     elsewhere is reported in {@link EngineStats#damage} and the rest is served
   */
  public static Engine open(EngineConfig config) throws IOException {
    return open(config, new RecoveryProgress());
  }

  /** The same, telling other threads how far it has come. */
  public static Engine open(EngineConfig config, RecoveryProgress progress) throws IOException {
    return open(config, progress, null);
  }

  /**
   * Opens a replica, whose log is shared with others: what is behind the saved head comes by {@link
   * #replica}, and until it is told there that it leads, all that would change the store throws
   * {@link NotLeadingException}. A write is acknowledged when the log says that it is safe,
   * whatever the {@link FsyncPolicy}.
   */
  public static Engine openReplica(EngineConfig config, RecoveryProgress progress, LogSource source)
      throws IOException {
    return open(config, progress, source);
  }

  private static Engine open(
      EngineConfig config, RecoveryProgress progress, @Nullable LogSource source)
      throws IOException {
    config.fileSystem().createDirectories(config.dataDir());
    FileSystem.FolderLock lock = config.fileSystem().lock(config.dataDir());
    List<AutoCloseable> opened = new ArrayList<>(List.of(lock));
    try {
      if (config.fileSystem().exists(config.dataDir().resolve(DataFolder.RESTORING))) {
        throw new IOException(
            config.dataDir()
                + " holds a part of a backup, whose restoring was broken off: restore it once more,"
                + " which goes on where it ended");
      }
      Shipping.cleanUp(config.fileSystem(), config.dataDir());
      if (StoreInstall.finish(config.fileSystem(), config.dataDir())) {
        LOGGER.log(System.Logger.Level.INFO, "a store from another node was put in place");
      }
      return new Engine(config, lock, opened, progress, source);
    } catch (IOException | RuntimeException | Error e) {
      for (AutoCloseable resource : opened.reversed()) {
        try {
          resource.close();
        } catch (Exception suppressed) {
          e.addSuppressed(suppressed);
        }
      }
      throw e;
    }
  }

  private Engine(
      EngineConfig config,
      FileSystem.FolderLock lock,
      List<AutoCloseable> opened,
      RecoveryProgress progress,
      @Nullable LogSource source)
      throws IOException {
    long begin = System.nanoTime();
    this.config = config;
    this.wantedRetention = config.retention();
    this.selections = new SelectionCache(config.selectionCacheBytes());
    this.folderLock = lock;
    FileSystem fs = config.fileSystem();
    Path dataDir = config.dataDir();
    manifest = Manifest.open(fs, dataDir, () -> newStore(config, source));
    opened.add(manifest);
    ManifestState state = manifest.state();
    if (state.hashVersion() != SeriesKey.HASH_VERSION) {
      throw new IOException(
          dataDir
              + " was written with key hash version "
              + state.hashVersion()
              + "; this program knows version "
              + SeriesKey.HASH_VERSION);
    }
    checkIdentity(state, source, dataDir);
    int orphans = Recovery.deleteOrphans(fs, dataDir, manifest);
    hash = new SeriesKey.Hash(state.hashSeed());
    windows = new Windows(state.windowMillis());
    WindowFiles files = new WindowFiles(fs, dataDir, state.windowMillis());
    TreeMap<Long, WindowView> views = new TreeMap<>();
    for (WindowState window : state.windows().values()) {
      views.put(window.start(), files.open(window, null, damage::add));
    }
    open = new OpenHead(windows, new SeriesTable(0, hash, tenants));
    catalog = new Catalog(open.head(), open.late(), views, windows);
    opened.add(catalog::close);
    views.values().forEach(WindowFiles::handOver);
    metadata = MetadataBook.open(config);
    opened.add(metadata);
    metadata.rebuildFrom(views, damage);
    deletes = DeleteBook.open(fs, dataDir, state, damage);
    LogApplier applier =
        new LogApplier(
            state,
            open,
            catalog,
            jobs,
            metadata::put,
            deletes,
            in -> seals.told(in, manifest.state()));
    Recovery recover = new Recovery(state, open, applier, metadata::put, damage, progress);
    opened.add(recover);
    HeldLog held =
        new HeldLog(
            source == null
                ? Wal.open(fs, dataDir.resolve(LOG_FOLDER), "wal/0", state.storeId())
                : source.open(state.checkpointSequence()),
            config.clock(),
            config.logHold());
    log = held;
    opened.add(log);
    recover.begin(fs, dataDir, log);
    long filesOpen = System.nanoTime();
    recover.loadCheckpoint(fs, dataDir);
    long headLoaded = System.nanoTime();
    Checkpoint.Image saved = Checkpoint.Image.ofNow(open);
    recover.replay(log);
    recover.close();
    long replayed = System.nanoTime();
    catalog.reopened(open);
    log.roll();
    log.trim(state.checkpointSequence() + 1); // the last life may have ended before it came to it
    grouped = new GroupedFiles(fs, dataDir, counters);
    int syncThreads = config.backgroundThreads() ? fs.syncsAtOnce() : 1;
    Sealer sealer =
        new Sealer(
            fs, dataDir, windows, hash, config.duplicatePolicy(), syncThreads, counters, damage);
    Compactor compactor =
        new Compactor(fs, dataDir, windows, hash, config.duplicatePolicy(), syncThreads, counters);
    shipping = new Shipping(fs, dataDir, manifest, background, damage, config.clock());
    runner =
        new JobRunner(
            fs,
            dataDir,
            manifest,
            log,
            catalog,
            sealer,
            compactor,
            files,
            counters,
            damage,
            metadata,
            saved,
            deletes,
            grouped,
            config.duplicatePolicy(),
            shipping::heldPosition);
    writePath =
        new WritePath(
            config,
            windows,
            log,
            open,
            catalog,
            jobs,
            metadata,
            counters,
            this::storedBits,
            applier,
            source != null,
            deletes);
    ReadableLog readable = held.readable();
    feed =
        readable == null
            ? null
            : () -> new LogFeed(held, readable, writePath::sync, config.clock());
    if (source != null) {
      applier.rememberTimes();
    }
    decides = source == null;
    replica = source == null ? null : new Replica(writePath, state.checkpointSequence(), seals);
    repairs =
        new Repairs(
            fs, dataDir, manifest, this::exclusively, catalog, files, windows, damage, deletes);
    disk = new DiskKeeper(fs, dataDir, this::otherBytes, config.diskLimits());
    housekeeping = new Housekeeping(config, windows, open, catalog, writePath, jobs, deletes, disk);
    recovery =
        String.format(
            Locale.ROOT,
            "%d series and %d samples are open; %d records (%d bytes of log) replayed behind the"
                + " checkpoint, which comes after every %d bytes; %d leftover files deleted; %d ms"
                + " (saved head %d, log %d)",
            open.table().size(),
            open.head().samples() + open.late().samples(),
            applier.records(),
            applier.replayedBytes(),
            config.checkpointLogBytes(),
            orphans,
            (System.nanoTime() - begin) / 1_000_000,
            (headLoaded - filesOpen) / 1_000_000,
            (replayed - headLoaded) / 1_000_000);
    LOGGER.log(System.Logger.Level.INFO, "recovered: " + recovery);
    catalog.silent(SilentSeries.of(open.table(), writePath.retention(), windows));
    if (source == null) {
      beginRetention();
    }
    if (config.backgroundThreads()) {
      threads.add(Thread.ofPlatform().name("varve-background").start(this::backgroundLoop));
      if (config.fsync() == FsyncPolicy.INTERVAL && source == null) {
        threads.add(Thread.ofPlatform().name("varve-log-sync").start(this::syncLoop));
      }
    }
  }

  private static ManifestState newStore(EngineConfig config, @Nullable LogSource source) {
    SecureRandom random = new SecureRandom();
    LogSource.Identity identity =
        source == null
            ? new LogSource.Identity(random.nextLong(), random.nextInt())
            : source.identity();
    return ManifestState.empty(
        identity.storeId(),
        identity.hashSeed(),
        SeriesKey.HASH_VERSION,
        Codecs.ENCODER_VERSION,
        config.windowMillis());
  }

  /** A folder of another store must not come into a shared log, nor one of one node's own. */
  private static void checkIdentity(ManifestState state, @Nullable LogSource source, Path dataDir)
      throws IOException {
    if (source != null
        && !source.identity().equals(new LogSource.Identity(state.storeId(), state.hashSeed()))) {
      throw new IOException(
          dataDir + " is of another store than the cluster is: give the node an empty folder");
    }
  }

  /**
   * What the shared log talks to.
   *
   * @throws IllegalStateException if the engine has a log of its own
   */
  public Replica replica() {
    if (replica == null) {
      throw new IllegalStateException("the engine has a log of its own");
    }
    return replica;
  }

  /** True if its log is shared with other nodes. */
  public boolean isReplica() {
    return replica != null;
  }

  /** Where it is. */
  public Path folder() {
    return config.dataDir();
  }

  /** The store's number. */
  public long storeId() {
    return manifest.state().storeId();
  }

  /**
   * The log for who copies it elsewhere; it is held back from trimming once that is asked for.
   *
   * @throws IOException if the log cannot be read while it grows
   */
  public LogFeed logFeed() throws IOException {
    checkOpen();
    if (feed == null) {
      throw new IOException("this log cannot be read while it grows");
    }
    return feed.get();
  }

  /**
   * Stores a batch.
   *
   * @throws LimitExceededException if a limit on memory stands in the way: retry later
   * @throws LateBacklogException if late samples come faster than they can be flushed: retry soon
   * @throws StorageStoppedException if the store does not take writes at the moment: retry later
   * @throws StaleGenerationException if the batch's ids are of an older generation: look them up
   *     again
   */
  public WriteResult append(WriteBatch batch, WriteMode mode) {
    checkOpen();
    return writePath.append(batch, mode);
  }

  /** Finds ids of known series: what makes appends cheap. */
  public SeriesLookup seriesLookup() {
    return new SeriesLookup() {
      @Override
      public int generation() {
        return open.table().generation();
      }

      @Override
      public int tenantId(String tenant) {
        return tenants.id(tenant);
      }

      @Override
      public boolean is(int id, int tenantId, byte[] labels, int offset, int length) {
        return open.table().is(id, tenantId, labels, offset, length);
      }

      @Override
      public int find(int tenantId, byte[] labels, int offset, int length) {
        return open.table().find(tenantId, labels, offset, length);
      }
    };
  }

  /** A view of everything that is stored now; the caller closes it. */
  public Snapshot snapshot() {
    checkOpen();
    WindowVersions versions = catalog.versions();
    long settledTo = versions.settle(config.clock().millis());
    long version = versions.last(); // before the view is pinned
    SnapshotView snapshot =
        new SnapshotView(
            catalog.pin(),
            hash,
            windows.width(),
            config.duplicatePolicy(),
            counters,
            damage,
            metadata,
            selections,
            scratches,
            new SnapshotView.Age(versions, version, settledTo),
            catalog.silent());
    AggregateRules rules = aggregates;
    if (!rules.grouped().isEmpty()) {
      long now = config.clock().millis();
      snapshot.grouped(new GroupedView(snapshot, rules, grouped, windows, now, counters));
    }
    return snapshot;
  }

  /**
   * A number that is another one after each change of what is stored: after the change has become
   * visible, and before whoever made it is told so.
   */
  public long version() {
    return catalog.versions().last();
  }

  /**
   * When a tenant's metrics were last written (the newest sample; of late ones, what a flush has
   * put into files) and last queried (by anything that selects series), by metric in order. Kept
   * over restarts with the Chronicle Map registry, else since the engine was opened; none of it is
   * certain to be kept.
   */
  public Map<String, Registry.Activity> metricActivity(String tenant) {
    checkOpen();
    return metadata.activities(tenant, catalog.peek().head());
  }

  /**
   * Deletes the samples of all series that the matchers accept, in a range. Visible to every later
   * snapshot when this returns. They stay on the disk, and can be had back by {@link #undelete},
   * for {@link EngineConfig#undoMillis}; a later merge rewrites the files without them.
   *
   * @return the delete's id, its log position
   * @throws LimitExceededException if too many deletes wait for their purge
   * @throws StorageStoppedException if writes are stopped, or stop before the files know of it; it
   *     is logged then, and holds after a restart
   */
  public long delete(String tenant, List<Matcher> matchers, TimeRange range) {
    checkOpen();
    Jobs.DeleteJob job = writePath.delete(tenant, matchers, range, housekeeping.buckets());
    awaitFiles(job.done(), "the delete");
    return job.position();
  }

  /**
   * Takes a delete back: what it hid is there again, in every later snapshot, when this returns.
   *
   * @param id as {@link #delete} gave it
   * @throws UndeleteException if there is no such delete, or samples that it hid are purged or
   *     being purged
   * @throws StorageStoppedException as for {@link #delete}
   */
  public void undelete(long id) {
    checkOpen();
    Jobs.UndeleteJob job = writePath.undelete(id);
    awaitFiles(job.done(), "the undelete");
  }

  private void awaitFiles(Future<?> done, String what) {
    if (config.backgroundThreads()) {
      await(done, what);
    }
  }

  /** The policy that is wanted takes the place of the one that was in force before. */
  private void beginRetention() {
    RetentionPolicy wanted = wantedRetention;
    if (wanted == null) {
      return;
    }
    try {
      writePath.setRetention(wanted, config.clock().millis(), housekeeping.buckets());
    } catch (StorageStoppedException e) {
      // What is stored can be read all the same; a full disk is no reason to be down.
      LOGGER.log(
          System.Logger.Level.WARNING,
          "the retention stays as it was, since nothing can be written: " + e.getMessage());
    }
  }

  /** The retention policy in force. */
  public RetentionPolicy retention() {
    return writePath.retention().policy();
  }

  /**
   * Keeps samples by another policy from now on. What it does not keep is invisible to every later
   * snapshot when this returns, and its files go if they hold nothing else; the rest goes with the
   * next merge. What went does not come back with a later policy.
   *
   * <p>A replica that does not lead keeps it in mind for the time when it does.
   *
   * @throws StorageStoppedException if writes are stopped, or stop before the files know of it; it
   *     is logged then, and holds after a restart
   */
  public void setRetention(RetentionPolicy policy) {
    checkOpen();
    wantedRetention = policy;
    if (!writePath.leads()) {
      return;
    }
    Jobs.ExpireJob job =
        writePath.setRetention(policy, config.clock().millis(), housekeeping.buckets());
    if (job != null && config.backgroundThreads()) {
      await(job.done(), "the retention policy");
    }
  }

  /** Takes other limits of the disk from now on; windows that are beyond them go soon. */
  public void setDiskLimits(DiskLimits limits) {
    checkOpen();
    disk.limits(limits);
    jobs.wake();
  }

  /** What takes space besides the files of windows: the log and the saved head. */
  private long otherBytes() {
    long bytes = log.totalBytes();
    for (String file : manifest.state().checkpointFiles()) {
      try {
        bytes += config.fileSystem().size(config.dataDir().resolve(file));
      } catch (IOException e) {
        LOGGER.log(System.Logger.Level.DEBUG, "a saved head that has just been replaced", e);
      }
    }
    return bytes;
  }

  /**
   * What another policy and other limits would let go of now; nothing is changed. Open samples are
   * not looked at.
   *
   * @throws IOException if the disk does not tell its free space
   */
  public RetentionPlan retentionPlan(RetentionPolicy policy, DiskLimits limits) throws IOException {
    checkOpen();
    long now = config.clock().millis();
    View view = catalog.pin().view();
    try {
      long stored = otherBytes();
      for (WindowView window : view.windows().values()) {
        stored += DiskKeeper.bytes(window.state());
      }
      FileSystem fs = config.fileSystem();
      return new RetentionPlanner(windows, aggregates, config.duplicatePolicy())
          .plan(
              view.windows(),
              policy,
              limits,
              now,
              stored,
              fs.usableBytes(config.dataDir()),
              limits.minFree(fs.totalBytes(config.dataDir())),
              Housekeeping.closedBefore(view, now));
    } finally {
      view.release();
    }
  }

  /**
   * The time up to which (inclusive) samples are too old that are kept so long; the smallest
   * possible time if none is.
   */
  public long retentionHorizon(long keepMillis) {
    return Expiry.horizon(windows, config.clock().millis(), keepMillis);
  }

  /** The limits of the disk that hold. */
  public DiskLimits diskLimits() {
    return disk.limits();
  }

  private static void await(Future<?> done, String what) {
    try {
      done.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // it is logged and visible; the files follow
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new StorageStoppedException(
          what
              + " is logged, but not in the files yet: "
              + (cause == null ? e.getMessage() : cause.getMessage()),
          e);
    }
  }

  /**
   * All deletes that are known, oldest first: those that hide samples on the disk, and the newest
   * 1,000 of those that were purged or undone.
   */
  public List<DeleteInfo> deletes() {
    checkOpen();
    List<DeleteInfo> all = new ArrayList<>();
    for (DeleteEntry entry : deletes.all()) {
      all.add(DeleteInfo.of(entry, deletes.isUndone(entry), config.undoMillis()));
    }
    return all;
  }

  /**
   * What a delete would hide, without deleting it.
   *
   * @param budget for the reading that counting may take
   */
  public DeletePreview previewDelete(
      String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    checkOpen();
    try (Snapshot snapshot = snapshot()) {
      return DeletePreview.of(
          snapshot,
          tenant,
          matchers,
          range,
          catalog.peek(),
          open.late().windows().keySet(),
          windows,
          budget);
    }
  }

  /**
   * Stores samples in place of those that the same series have at the same times, whatever the
   * {@link DuplicatePolicy}; what is at no other sample's time is stored as by {@link #append}.
   * Visible to every later snapshot and on stable storage when this returns; the samples that were
   * overruled leave the disk with the next merge. All of the batch is stored, or nothing.
   *
   * @throws LimitExceededException if a limit on memory stands in the way: retry later
   * @throws StorageStoppedException if the store does not take writes at the moment: retry later
   * @throws StaleGenerationException if the batch's ids are of an older generation: look them up
   *     again
   */
  public WriteResult correct(WriteBatch batch) {
    checkOpen();
    return writePath.correct(batch, housekeeping.buckets());
  }

  /**
   * Turns open samples into files now; returns when they are. For tests and for programs that want
   * a small log before they end.
   */
  public void flush() {
    checkOpen();
    writePath.flush(housekeeping.buckets());
    finishJobs();
  }

  /**
   * Merges every window that has more than final files, closed or not; returns when done. The files
   * of a window's only flush are final as they are.
   */
  public void mergeAll() {
    checkOpen();
    flush();
    long keptFrom = housekeeping.keptFrom(config.clock().millis());
    for (WindowView window : catalog.peek().windows().values()) {
      boolean isDeleted =
          keptFrom == 0 ? window.tombstones().any() : window.tombstones().before(keptFrom).any();
      if (isDeleted
          || Housekeeping.isWorthMerging(window, keptFrom)
          || window.chunks().stream().anyMatch(c -> c.get().file().info().late())) {
        writePath.merge(window.start());
      }
    }
    finishJobs();
  }

  /**
   * Rewrites every window in which something is deleted, so that the deleted samples leave the
   * disk, even if their deletes could still be undone; returns when that is done. Takes as long as
   * the merges take.
   *
   * @throws StorageStoppedException if background work cannot go on
   */
  public void cleanTombstones() {
    checkOpen();
    // A merge must not overtake what is open, deletes have to reach their windows, and labels must
    // not stay in the saved head.
    writePath.flushErasing(housekeeping.buckets());
    finishJobs();
    for (WindowView window : catalog.peek().windows().values()) {
      boolean keepsGroups = window.hasLostGroups() && deletes.hiding(window.start()).isEmpty();
      if (window.tombstones().any() && !keepsGroups) {
        writePath.mergePurging(window.start());
      }
    }
    finishJobs();
  }

  /**
   * Makes a second data folder with everything that is stored at this moment, the open samples
   * included; an engine can open it. Finished files are shared by hard links where possible, so it
   * takes little time and, at first, little space. Background work waits meanwhile; appends wait
   * while the end of the log is copied.
   *
   * <p>Of a replica, which has to lead, the open samples are saved first, so that the second folder
   * needs no log: an engine that stands alone opens it, and so does one at the same place of a new
   * shared log.
   *
   * @param folder does not exist yet; its parents are created
   * @return the log position of the last record that is in it
   * @throws IOException if it cannot be made; what was made of it is deleted
   * @throws NotLeadingException if it is a replica that does not lead
   */
  public long backUp(Path folder) throws IOException {
    checkOpen();
    long saved = 0;
    if (replica != null) {
      saved = writePath.save(); // not of a follower
      finishJobs();
    }
    FileSystem fs = config.fileSystem();
    background.lock();
    try {
      Backup backup = new Backup(fs, config.dataDir(), folder);
      try {
        ManifestState state = manifest.state();
        if (state.checkpointSequence() < saved) {
          throw new IOException("what is open could not be saved: try again");
        }
        backup.linkFiles(state);
        long last = replica == null ? endOfLog(backup) : state.checkpointSequence();
        backup.finish(state);
        return last;
      } catch (IOException | RuntimeException e) {
        try {
          backup.abandon();
        } catch (IOException left) {
          e.addSuppressed(left);
        }
        throw e;
      }
    } finally {
      background.unlock();
    }
  }

  /**
   * Has everything in files that is open: the store needs none of its log then. Of a replica that
   * follows, what comes next has to begin a segment.
   *
   * @return the position up to which it is, all that there was when this was called
   * @throws StorageStoppedException if background work cannot go on
   */
  public long save() {
    checkOpen();
    boolean follows = replica != null && !replica.leads();
    long position = follows ? writePath.saveReplicated() : writePath.save();
    finishJobs();
    return position;
  }

  private long endOfLog(Backup backup) throws IOException {
    long[] last = new long[1];
    writePath.quietly(
        () -> {
          backup.copyLog(LOG_FOLDER);
          last[0] = log.last();
        });
    return last[0];
  }

  /** What other nodes may fetch of this store. */
  public Shipping shipping() {
    checkOpen();
    return shipping;
  }

  /** Damaged files of this store, and what takes their place. */
  public Repairs repairs() {
    checkOpen();
    return repairs;
  }

  private boolean exclusively(Repairs.Change change) {
    background.lock();
    try {
      // Another store may be in the folder soon after it is closed.
      return !closed.get() && syncFailure == null && attempt(change::run);
    } finally {
      background.unlock();
    }
  }

  /** What the files of each window hold, oldest first. */
  public List<WindowStats> windows() {
    List<WindowStats> stats = new ArrayList<>();
    for (WindowState window : manifest.state().windows().values()) {
      long generation = 0;
      long blocks = 0;
      long samples = 0;
      long chunkBytes = 0;
      for (ChunkFile chunk : window.chunks()) {
        generation = Math.max(generation, chunk.info().logTo());
        blocks += chunk.blocks();
        samples += chunk.samples();
        chunkBytes += chunk.bytes();
      }
      long indexBytes = 0;
      for (IndexFile segment : window.index()) {
        indexBytes += segment.bytes();
      }
      stats.add(
          new WindowStats(
              window.start(),
              window.start() + windows.width(),
              generation,
              window.nextId(),
              blocks,
              samples,
              chunkBytes,
              indexBytes,
              window.isFinal(),
              window.tombstones() != null));
    }
    return stats;
  }

  private void finishJobs() {
    long patience = System.nanoTime() + Duration.ofMinutes(30).toNanos();
    while (jobs.size() > 0 && System.nanoTime() < patience) {
      if (runOneJob()) {
        continue;
      }
      // Without a failure the engine's own thread was quicker, and there may be nothing left.
      String stopped = writePath.stopReason();
      String failure = stopped == null ? lastFailure : stopped;
      if (failure != null) {
        throw new StorageStoppedException("background work cannot go on: " + failure);
      }
    }
  }

  private volatile @Nullable String lastFailure;
  private volatile @Nullable String syncFailure;

  /**
   * Does what background threads would do: decides what is due, carries out waiting jobs.
   *
   * @return true if there was something to do
   */
  public boolean runBackgroundWork() {
    writePath.tryResume();
    metadata.handOver();
    letGo();
    boolean leads = writePath.leads();
    if (leads && !decides) {
      housekeeping.begin();
    }
    decides = leads;
    if (leads && writePath.stopReason() == null) {
      try {
        if (replica != null) {
          beginRetention(); // that of a new leader
        }
        housekeeping.decide();
      } catch (StorageStoppedException e) {
        LOGGER.log(System.Logger.Level.DEBUG, "no decisions while writes are stopped", e);
      }
    }
    boolean any = false;
    while (jobs.size() > 0 && runOneJob()) {
      any = true;
    }
    boolean made = jobs.size() == 0 && makeCells();
    if (!any && !made) {
      auditWhenDue();
    }
    return any || made;
  }

  private void letGo() {
    try {
      shipping.expire();
    } catch (IOException e) {
      LOGGER.log(
          System.Logger.Level.WARNING, "files that nobody pulls any more: " + e.getMessage());
    }
  }

  private void auditWhenDue() {
    long interval = auditMillis;
    long now = config.clock().millis();
    if (interval > 0 && (now - lastAuditMillis >= interval || now < lastAuditMillis)) {
      lastAuditMillis = now;
      auditCells();
    }
  }

  /** Derives some cells of continuous aggregates from their samples once more, and compares. */
  void auditCells() {
    background.lock();
    try {
      if (syncFailure == null) {
        var _ =
            attempt(
                () -> {
                  runner.auditCells();
                  return true;
                });
      }
    } finally {
      background.unlock();
    }
  }

  /**
   * Says which continuous aggregates there are from now on, in place of those before. Their cells
   * are made in the background, of what is stored already, too; queries use those that are there.
   *
   * @param auditMillis how often, at most, some cells are derived once more; 0 for never
   * @throws IllegalArgumentException if cells do not fit the windows; nothing changes then
   */
  public void aggregate(List<AggregateRule> rules, long auditMillis) {
    checkOpen();
    checkAggregates(rules);
    aggregates = new AggregateRules(rules);
    runner.aggregate(aggregates);
    this.auditMillis = auditMillis;
    jobs.wake();
  }

  /**
   * Checks what {@link #aggregate} would be told.
   *
   * @throws IllegalArgumentException naming the aggregate whose cells do not fit the windows
   */
  public void checkAggregates(List<AggregateRule> rules) {
    for (AggregateRule rule : rules) {
      for (long width : rule.cellMillis()) {
        if (width > windows.width() || windows.width() % width != 0) {
          throw new IllegalArgumentException(
              "aggregate '"
                  + rule.name()
                  + "': cells of "
                  + width / 1_000
                  + " s do not divide the store's windows of "
                  + windows.width() / 1_000
                  + " s");
        }
      }
    }
  }

  /**
   * The continuous aggregates that were declared, besides those that a configuration has:
   * definitions by name, which are kept over restarts. What they mean is up to whoever declares
   * them, and then calls {@link #aggregate}.
   */
  public SortedMap<String, String> declaredAggregates() {
    return writePath.declared().aggregates().definitions();
  }

  /**
   * Declares a continuous aggregate, in place of one of the same name.
   *
   * @throws IllegalArgumentException if there are too many, or it is too long
   * @throws StorageStoppedException if writes are stopped
   */
  public void declareAggregate(String name, String definition) {
    checkOpen();
    writePath.declare(Declared.Kind.AGGREGATES, declared -> declared.with(name, definition));
  }

  /**
   * Takes a declared continuous aggregate away; nothing happens if there is none of the name.
   *
   * @throws StorageStoppedException if writes are stopped
   */
  public void undeclareAggregate(String name) {
    checkOpen();
    writePath.declare(Declared.Kind.AGGREGATES, declared -> declared.without(name));
  }

  /**
   * Settings that all replicas of the store have in common: texts by name, which come with its log
   * and are kept over restarts.
   */
  public SortedMap<String, String> sharedSettings() {
    return writePath.declared().shared().definitions();
  }

  /**
   * Puts a setting in common, in place of one of the same name; null takes it away.
   *
   * @throws IllegalArgumentException if there are too many, or it is longer than a million
   *     characters
   * @throws StorageStoppedException if writes are stopped
   */
  public void share(String name, @Nullable String text) {
    checkOpen();
    writePath.declare(
        Declared.Kind.SHARED,
        shared -> text == null ? shared.without(name) : shared.with(name, text));
  }

  /** How far continuous aggregates are. */
  public AggregateStats aggregateStats() {
    return AggregateStats.of(
        catalog.peek(), aggregates, counters, config.duplicatePolicy(), config.clock().millis());
  }

  /**
   * Keeps tables of grouped aggregates, which from now on answer for their window as long as it
   * does not change.
   *
   * @param work as {@link GroupedTables#missing} gave it
   * @param tables what was derived from the same snapshot, one for each that the work wants
   * @return false if the window has changed since, or the tables are not wanted any more
   */
  public boolean keepGrouped(GroupedWork work, List<GroupedTable> tables) {
    checkOpen();
    if (work.tables().size() != tables.size()) {
      throw new IllegalArgumentException(tables.size() + " tables for " + work.tables().size());
    }
    background.lock();
    try {
      return syncFailure == null && attempt(() -> runner.keepGrouped(work, tables));
    } finally {
      background.unlock();
    }
  }

  /**
   * Takes away tables of a window that turned out to be wrong; they may be derived anew.
   *
   * @param problem what is wrong with them, which is reported; null if it is that they are of no
   *     use any more
   */
  public void forgetGrouped(GroupedWork work, @Nullable String problem) {
    checkOpen();
    background.lock();
    try {
      boolean forgotten = syncFailure == null && attempt(() -> runner.forgetGrouped(work));
      if (forgotten && problem != null) {
        counters.groupedWrong.increment();
        damage.add(problem + "; it is made anew");
      }
    } finally {
      background.unlock();
    }
  }

  /** True if background work waits or is being done that changes what windows hold. */
  public boolean isBusy() {
    return jobs.size() > 0;
  }

  /** Counts values of grouped aggregates that were derived once more. */
  public void auditedGrouped(long values) {
    counters.groupedAudited.add(values);
  }

  /** Logs a flush without carrying it out: for tests of what a log makes. */
  void decideFlush() {
    writePath.flush(housekeeping.buckets());
  }

  /** Logs a merge of a window without carrying it out. */
  void decideMerge(long windowStart) {
    writePath.merge(windowStart);
  }

  /** Carries out one waiting job, if there is one. */
  void runOneWaitingJob() {
    runOneJob();
  }

  /** Carries out the next job; false if there is none or it failed and has to wait. */
  private boolean runOneJob() {
    background.lock();
    try {
      Jobs.Job job = jobs.peek();
      if (job == null) {
        return false;
      }
      String ended = syncFailure;
      if (ended != null) {
        jobs.giveUp(ended); // those that came after it failed
        return false;
      }
      if (job instanceof Jobs.ExpireJob && config.awaitsAggregates() && !runner.knowsAggregates()) {
        lastFailure = "samples whose time is over stay until it is said what is made of them";
        return false;
      }
      return attempt(
          () -> {
            ManifestState before = manifest.state();
            runner.run(job);
            jobs.done(job);
            if (replica != null) {
              sealed(job.position(), Seals.between(before, manifest.state()));
            }
            return true;
          });
    } finally {
      background.unlock();
    }
  }

  /** Replicas compare what they have made of a decision. */
  private void sealed(long position, SortedMap<String, String> files) {
    if (!writePath.leads()) {
      seals.made(position, files);
    } else if (!files.isEmpty()) {
      try {
        writePath.sealed(position, files);
      } catch (StorageStoppedException e) {
        LOGGER.log(System.Logger.Level.DEBUG, "another leader will tell what it has made", e);
      }
    }
  }

  /** Makes the cells of one chunk file; false if all are there or it failed. */
  private boolean makeCells() {
    background.lock();
    try {
      return syncFailure == null && attempt(runner::makeCells);
    } finally {
      background.unlock();
    }
  }

  /** A piece of background work; tells whether there was something to do. */
  private interface Work {
    boolean run() throws IOException;
  }

  private boolean attempt(Work work) {
    if (!manifest.tryRepair()) {
      lastFailure = "the manifest cannot be written: " + manifest.problem();
      writePath.stop(lastFailure, new IOException(String.valueOf(manifest.problem())), true);
      return false;
    }
    try {
      boolean done = work.run();
      lastFailure = null;
      return done;
    } catch (SyncFailedException e) {
      counters.jobFailures.increment();
      lastFailure = String.valueOf(e.getMessage());
      String why = "an fsync failed: " + e.getMessage();
      writePath.stop(why, e, true);
      // What the system holds of the files is unknown from here on: only a new process starts
      // over.
      syncFailure = why;
      jobs.giveUp(why);
      return false;
    } catch (IOException | UncheckedIOException | CorruptDataException e) {
      counters.jobFailures.increment();
      lastFailure = String.valueOf(e.getMessage());
      LOGGER.log(
          System.Logger.Level.WARNING,
          "background work failed and is tried again: " + e.getMessage(),
          e);
      return false;
    }
  }

  private void backgroundLoop() {
    while (!ending) {
      try {
        boolean worked = runBackgroundWork();
        if (!worked && !ending) {
          if (jobs.size() > 0) {
            Thread.sleep(RETRY_MILLIS);
          } else {
            jobs.await(IDLE_MILLIS);
          }
        }
      } catch (InterruptedException e) {
        return; // close() asks so
      } catch (RuntimeException | Error e) {
        // A bug must be seen and must not be retried for ever; reads go on.
        LOGGER.log(System.Logger.Level.ERROR, "BUG: background work ended", e);
        writePath.stop("background work ended with a bug: " + e, e, true);
        return;
      }
    }
  }

  private void syncLoop() {
    while (!ending) {
      try {
        Thread.sleep(SYNC_INTERVAL);
        if (log.durable() < log.last()) {
          writePath.sync(log.last());
        }
      } catch (InterruptedException e) {
        return; // close() asks so
      } catch (StorageStoppedException e) {
        return; // reported where it was found; nothing can be synced any more
      }
    }
  }

  private @Nullable Long storedBits(String tenant, Labels labels, long time) {
    List<Matcher> matchers = new ArrayList<>();
    for (int i = 0; i < labels.size(); i++) {
      matchers.add(Matcher.equal(labels.name(i), labels.value(i)));
    }
    TimeRange moment = new TimeRange(time - 1, time);
    try (Snapshot snapshot = snapshot()) {
      SeriesSet found = snapshot.select(tenant, matchers, moment, QueryBudget.UNLIMITED);
      for (int series = 0; series < found.size(); series++) {
        if (!found.labels(series).equals(labels)) {
          continue;
        }
        SampleColumns rows = new SampleColumns(8);
        try (SeriesReader reader = found.reader()) {
          reader.read(series, moment, rows);
        }
        if (rows.size > 0) {
          return Double.doubleToRawLongBits(rows.values[0]);
        }
      }
    }
    return null;
  }

  /** What the engine is and does now. */
  public EngineStats stats() {
    View view = catalog.peek();
    ManifestState state = manifest.state();
    long files = 0;
    long fileBytes = 0;
    long fileSamples = 0;
    long indexBytes = 0;
    Map<String, Long> classBytes = new TreeMap<>();
    for (WindowState window : state.windows().values()) {
      for (ChunkFile chunk : window.chunks()) {
        files++;
        fileBytes += chunk.bytes();
        fileSamples += chunk.samples();
        classBytes.merge(chunk.info().retentionClass(), chunk.bytes(), Long::sum);
      }
      for (IndexFile segment : window.index()) {
        indexBytes += segment.bytes();
      }
    }
    LateHead late = open.late();
    Map<DropReason, EngineStats.Dropped> dropped = counters.dropped();
    return new EngineStats(
        view.head().table().size(),
        open.bytes(),
        view.head().samples(),
        view.head().minTime(),
        view.head().maxTime(),
        late.samples(),
        late.bytes(),
        view.frozenBytes(),
        state.windows().size(),
        files,
        fileBytes,
        fileSamples,
        indexBytes,
        log.totalBytes(),
        log.last(),
        jobs.size(),
        counters.samples.sum(),
        counters.histograms.sum(),
        counters.exemplars.sum(),
        counters.rejected.sum(),
        counters.duplicates.sum(),
        counters.seriesCreated.sum(),
        counters.flushes.sum(),
        counters.merges.sum(),
        counters.checkpoints.sum(),
        dropped.values().stream().mapToLong(EngineStats.Dropped::windows).sum(),
        dropped,
        classBytes,
        disk.status(),
        counters.deletes.sum(),
        deletes.amendments(config.clock().millis(), config.undoMillis(), counters),
        counters.jobFailures.sum(),
        counters.bytesWritten.sum(),
        counters.blocksDecoded.sum(),
        counters.blocksAggregated.sum(),
        selections.hits.sum(),
        selections.misses.sum(),
        selections.bytes(),
        damage.all(),
        writePath.stopReason(),
        recovery);
  }

  /** True if something is known to be damaged, and was not put right. Cheap. */
  public boolean isDamaged() {
    return damage.any();
  }

  /**
   * How often something damaged was put right. A read during which this stays the same, and after
   * which nothing {@link #isDamaged}, has met no damage.
   */
  public long repairCount() {
    return damage.repairs();
  }

  /** What the labels of a tenant's series in the head look like in numbers, the largest first. */
  public LabelStats labelStats(String tenant, int top) {
    checkOpen();
    return LabelStats.of(open.table().index(), tenant, top);
  }

  /** False once it is being closed: nothing can be asked of it then. */
  public boolean isOpen() {
    return !closed.get();
  }

  private void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException("the engine is closed");
    }
  }

  /**
   * Ends the engine: background threads stop after the job they are at, the log is synced. Open
   * samples stay in the log and the checkpoint; the next start reads them from there.
   */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    ending = true;
    writePath.end();
    jobs.wake();
    for (Thread thread : threads) {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          jobs.wake();
          thread.join(Duration.ofMillis(100));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    background.lock(); // whoever is putting a file right has done so
    background.unlock();
    List<AutoCloseable> resources =
        List.of(shipping::close, log, manifest, metadata, catalog::close, folderLock);
    IOException failure = null;
    for (AutoCloseable resource : resources) {
      try {
        resource.close();
      } catch (Exception e) {
        if (failure == null) {
          failure = e instanceof IOException io ? io : new IOException("close failed", e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
