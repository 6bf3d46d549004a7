package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.head.Tenants;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.log.ShardLog;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.wal.Wal;
import io.varve.engine.wal.WalContinuation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A look into a data folder from outside: what is in it, and whether every byte is as it was
 * written. Reads only, takes no lock, and may run beside the engine that owns the folder. Each call
 * looks anew. Any thread.
 */
public final class DataFolder {
  /** Name of a file that stands in a folder while a backup is being restored into it. */
  public static final String RESTORING = "RESTORING";

  private static final String LOG_FOLDER = "wal/0";

  private final FileSystem fs;
  private final Path dataDir;

  /** A folder on disk; nothing is read yet. */
  public DataFolder(Path dataDir) {
    this(RealFileSystem.INSTANCE, dataDir);
  }

  DataFolder(FileSystem fs, Path dataDir) {
    this.fs = fs;
    this.dataDir = dataDir;
  }

  /**
   * What is in a folder.
   *
   * @param storeId the store's number
   * @param windowMillis width of its windows
   * @param encoderVersion version of the encoders that write its files now
   * @param flushedPosition everything logged up to it is in files
   * @param checkpointPosition the log is replayed behind it
   * @param checkpointFiles files of the saved head
   * @param checkpointBytes their size
   * @param logSegments files of the log
   * @param logBytes their size
   * @param windows windows with files, oldest first
   */
  public record Contents(
      long storeId,
      long windowMillis,
      int encoderVersion,
      long flushedPosition,
      long checkpointPosition,
      int checkpointFiles,
      long checkpointBytes,
      int logSegments,
      long logBytes,
      List<Window> windows) {}

  /**
   * What is in a window.
   *
   * @param start exclusive start, milliseconds since the epoch
   * @param folder name of its folder
   * @param buckets how many buckets
   * @param series series in its index
   * @param flushed chunk files of flushes
   * @param late chunk files of late samples
   * @param merged chunk files of merges
   * @param samples samples in chunk files
   * @param chunkBytes size of chunk files
   * @param indexSegments segments of the index
   * @param indexBytes size of the index
   * @param deletes true if a tombstone file is there
   */
  public record Window(
      long start,
      String folder,
      int buckets,
      int series,
      int flushed,
      int late,
      int merged,
      long samples,
      long chunkBytes,
      int indexSegments,
      long indexBytes,
      boolean deletes) {}

  /**
   * What is in the folder, by its manifest and its log.
   *
   * @throws NoSuchFileException if there is no store
   * @throws CorruptDataException if the manifest is damaged
   */
  public Contents contents() throws IOException {
    ManifestState state = Manifest.read(fs, dataDir);
    List<Window> windows = new ArrayList<>();
    for (WindowState window : state.windows().values()) {
      windows.add(window(window));
    }
    long checkpointBytes = 0;
    for (String file : state.checkpointFiles()) {
      checkpointBytes += sizeIfThere(dataDir.resolve(file));
    }
    List<Path> segments = fs.list(dataDir.resolve(LOG_FOLDER));
    long logBytes = 0;
    for (Path segment : segments) {
      logBytes += sizeIfThere(segment);
    }
    return new Contents(
        state.storeId(),
        state.windowMillis(),
        state.encoderVersion(),
        state.flushedSequence(),
        state.checkpointSequence(),
        state.checkpointFiles().size(),
        checkpointBytes,
        segments.size(),
        logBytes,
        windows);
  }

  private static Window window(WindowState window) {
    int flushed = 0;
    int late = 0;
    int merged = 0;
    long samples = 0;
    long bytes = 0;
    for (ChunkFile chunk : window.chunks()) {
      if (chunk.info().level() > 0) {
        merged++;
      } else if (chunk.info().late()) {
        late++;
      } else {
        flushed++;
      }
      samples += chunk.samples();
      bytes += chunk.bytes();
    }
    long indexBytes = 0;
    for (var segment : window.index()) {
      indexBytes += segment.bytes();
    }
    return new Window(
        window.start(),
        ChunkInfo.windowFolder(window.start()),
        window.buckets(),
        window.nextId(),
        flushed,
        late,
        merged,
        samples,
        bytes,
        window.index().size(),
        indexBytes,
        window.tombstones() != null);
  }

  /** Zero for a file that its owner took away meanwhile. */
  private long sizeIfThere(Path file) throws IOException {
    try {
      return fs.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  /**
   * What a retention policy and limits of the disk would let go of; nothing is changed. Samples
   * that are not in files yet are not looked at, and the newest window stays whatever the limits
   * say.
   *
   * @param nowMillis the time that the age of samples is measured at
   * @throws NoSuchFileException if there is no store
   * @throws CorruptDataException if the manifest is damaged
   */
  public RetentionPlan retentionPlan(RetentionPolicy policy, DiskLimits limits, long nowMillis)
      throws IOException {
    ManifestState state = Manifest.read(fs, dataDir);
    WindowFiles files = new WindowFiles(fs, dataDir, state.windowMillis());
    DamageLog damage = new DamageLog();
    TreeMap<Long, WindowView> views = new TreeMap<>();
    try {
      long stored = 0;
      for (WindowState window : state.windows().values()) {
        views.put(window.start(), files.open(window, null, damage::add));
        stored += DiskKeeper.bytes(window);
      }
      for (String file : state.checkpointFiles()) {
        stored += sizeIfThere(dataDir.resolve(file));
      }
      for (Path segment : fs.list(dataDir.resolve(LOG_FOLDER))) {
        stored += sizeIfThere(segment);
      }
      RetentionPlan plan =
          new RetentionPlanner(
                  new Windows(state.windowMillis()), AggregateRules.NONE, DuplicatePolicy.LAST)
              .plan(
                  views,
                  policy,
                  limits,
                  nowMillis,
                  stored,
                  fs.usableBytes(dataDir),
                  limits.minFree(fs.totalBytes(dataDir)),
                  views.isEmpty() ? nowMillis : views.lastKey());
      List<String> problems = new ArrayList<>(damage.all());
      problems.addAll(plan.problems());
      return new RetentionPlan(plan.atMillis(), plan.windows(), plan.storedBytes(), problems);
    } finally {
      views.values().forEach(WindowFiles::handOver);
    }
  }

  /** The number of the store, for its whole life. */
  public long storeId() throws IOException {
    return Manifest.read(fs, dataDir).storeId();
  }

  /**
   * Opens the end of the log to continue it with records that were logged elsewhere; nobody else
   * has the folder open. Without a log, it begins behind what is saved.
   *
   * @param shared true for records of a log that nodes shared, in which some numbers are no
   *     record's
   */
  public WalContinuation continueLog(boolean shared) throws IOException {
    ManifestState state = Manifest.read(fs, dataDir);
    return WalContinuation.open(
        fs,
        dataDir.resolve(LOG_FOLDER),
        LOG_FOLDER,
        state.storeId(),
        state.checkpointSequence(),
        shared ? Records.NOTHING : WalContinuation.NO_GAPS);
  }

  /**
   * SHA-256 (64 lower-case hex digits) by path of the files whose bytes the manifest vouches for:
   * those that never change, which are nearly all. The others have to be read.
   *
   * @throws NoSuchFileException if there is no store
   * @throws CorruptDataException if the manifest is damaged
   */
  public Map<String, String> hashes() throws IOException {
    Map<String, String> hashes = new HashMap<>();
    for (NamedFiles.Named file : NamedFiles.of(Manifest.read(fs, dataDir))) {
      if (file.sha256() != null) {
        hashes.put(file.path(), file.sha256());
      }
    }
    return hashes;
  }

  /** The retention policy in force when its log was last carried into files. */
  public RetentionPolicy retention() throws IOException {
    return RetentionMark.of(Manifest.read(fs, dataDir)).policy();
  }

  /**
   * Reads every file that belongs to the store and proves every checksum.
   *
   * @param progress is told the path of each file before it is read
   * @param problem is told each problem, with file and place
   * @return how many files were read
   * @throws NoSuchFileException if there is no store
   * @throws CorruptDataException if the manifest is damaged: nothing else can be found without it
   */
  public int verify(Consumer<String> progress, Consumer<String> problem) throws IOException {
    return verify(progress, problem, receipt -> {});
  }

  /**
   * The same.
   *
   * @param receipts is told of each delete what has become of it, and of purged ones whether it is
   *     proven that nothing is left
   */
  public int verify(Consumer<String> progress, Consumer<String> problem, Consumer<String> receipts)
      throws IOException {
    ManifestState state = Manifest.read(fs, dataDir);
    Check check = new Check(progress, problem);
    for (WindowState window : state.windows().values()) {
      String folder = ChunkInfo.windowFolder(window.start());
      for (var segment : window.index()) {
        check.file(folder + "/" + segment.file(), path -> index(path, segment, problem));
      }
      for (ChunkFile chunk : window.chunks()) {
        check.file(chunk.path(), path -> chunk(chunk, problem));
      }
      for (CellsFile cells : window.cells()) {
        check.file(cells.file().path(), path -> chunk(cells.file(), problem));
      }
      for (GroupedFile grouped : window.grouped()) {
        if (grouped.isFile()) {
          check.file(grouped.path(), path -> GroupedFiles.read(fs, dataDir, grouped));
        }
      }
      String tombstones = window.tombstones();
      if (tombstones != null) {
        check.file(
            folder + "/" + tombstones, path -> TombstoneFile.read(fs, dataDir, folder, tombstones));
      }
    }
    OpenHead saved = checkpoint(state, check);
    check.progress.accept(LOG_FOLDER);
    long[] oldestSamples = {Long.MAX_VALUE};
    List<ShardLog.Damage> damages =
        Wal.verify(
            fs,
            dataDir.resolve(LOG_FOLDER),
            LOG_FOLDER,
            state.storeId(),
            new ShardLog.RecordConsumer() {
              @Override
              public void segment(long firstSequence) {}

              @Override
              public void record(long sequence, int type, byte[] payload, int offset, int length) {
                if (type == Records.WRITE || type == Records.CORRECT) {
                  oldestSamples[0] = Math.min(oldestSamples[0], sequence);
                }
              }
            });
    check.files +=
        new ReceiptCheck(fs, dataDir, state, oldestSamples[0], saved, problem)
            .check(progress, receipts);
    for (ShardLog.Damage damage : damages) {
      problem.accept(damage.file() + " at byte " + damage.offset() + ": " + damage.problem());
    }
    return check.files + fs.list(dataDir.resolve(LOG_FOLDER)).size();
  }

  /** Loads the saved head into one that is thrown away: its files only make sense in sequence. */
  private OpenHead checkpoint(ManifestState state, Check check) throws IOException {
    OpenHead scratch =
        new OpenHead(
            new Windows(state.windowMillis()),
            new SeriesTable(0, new SeriesKey.Hash(state.hashSeed()), new Tenants()));
    Map<Long, Long> everything = new HashMap<>();
    for (String file : state.checkpointFiles()) {
      check.file(
          file,
          path ->
              Checkpoint.load(
                  fs,
                  dataDir,
                  path,
                  scratch,
                  (tenant, metric, about) -> {},
                  everything,
                  Runnable::run,
                  new RecoveryProgress()));
    }
    return scratch;
  }

  private void index(String path, IndexFile expected, Consumer<String> problem) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      IndexSegment segment = IndexSegment.open(fs, dataDir, path, expected.bytes(), arena);
      boolean[] damaged = new boolean[1];
      segment.verify(
          found -> {
            damaged[0] = true;
            problem.accept(found);
          });
      if (!damaged[0] && !FileHash.of(fs, dataDir.resolve(path)).equals(expected.sha256())) {
        problem.accept(path + ": SHA-256 is not the one in the manifest");
      }
    }
  }

  private void chunk(ChunkFile chunk, Consumer<String> problem) throws IOException {
    try (Arena arena = Arena.ofConfined();
        ChunkReader reader = ChunkReader.open(fs, dataDir, chunk, arena)) {
      reader.verify(problem);
    }
  }

  /** The checking of one file. */
  private interface FileCheck {
    void run(String path) throws IOException;
  }

  /** Runs checks; tells a missing file from one that its owner replaced meanwhile. */
  private final class Check {
    final Consumer<String> progress;
    final Consumer<String> problem;
    int files;

    Check(Consumer<String> progress, Consumer<String> problem) {
      this.progress = progress;
      this.problem = problem;
    }

    void file(String path, FileCheck check) throws IOException {
      progress.accept(path);
      files++;
      try {
        check.run(path);
      } catch (CorruptDataException e) {
        problem.accept(String.valueOf(e.getMessage()));
      } catch (NoSuchFileException | java.io.FileNotFoundException e) {
        if (named(Manifest.read(fs, dataDir)).contains(path)) {
          problem.accept(path + ": the file is missing");
        }
      } catch (IOException e) {
        problem.accept(path + ": cannot be read: " + e.getMessage());
      }
    }
  }

  private static Set<String> named(ManifestState state) {
    Set<String> named = new HashSet<>();
    NamedFiles.of(state).forEach(file -> named.add(file.path()));
    return named;
  }
}
