package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ShardLog;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.partition.DeleteFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Brings the head back: the checkpoint, then the log behind it. Every record is applied as it was
 * when it was written; decisions whose files are there already are only followed, the others become
 * jobs again.
 *
 * <p>One thread applies. Beside it one unpacks what comes next, and one computes the keys of series
 * and builds the table by which they are found: nobody looks for a series before all is there.
 */
final class Recovery implements AutoCloseable {
  /** So many series are worth a turn of the thread that makes them findable. */
  private static final int MANY_SERIES = 4096;

  private final ManifestState state;
  private final OpenHead open;
  private final Catalog catalog;
  private final Jobs jobs;
  private final WriteRecord.MetadataSink metadata;
  private final DamageLog damage;
  private final RecoveryProgress progress;
  private final DeleteBook deletes;
  private final WriteRecord.Decoder decoder = new WriteRecord.Decoder();

  private final ExecutorService unpacking = thread("varve-recovery-unpack");
  private final ExecutorService finding = thread("varve-recovery-series");
  private Future<?> found = CompletableFuture.completedFuture(null);

  private RetentionPolicy policy;
  private Declared declared;
  private long expiredAtMillis;
  private long records;
  private long lostSamples;
  private long replayedBytes;

  Recovery(
      ManifestState state,
      OpenHead open,
      Catalog catalog,
      Jobs jobs,
      WriteRecord.MetadataSink metadata,
      DamageLog damage,
      RecoveryProgress progress,
      DeleteBook deletes) {
    this.state = state;
    this.open = open;
    this.catalog = catalog;
    this.jobs = jobs;
    this.metadata = metadata;
    this.damage = damage;
    this.progress = progress;
    this.deletes = deletes;
    RetentionMark mark = RetentionMark.of(state);
    this.policy = mark.policy();
    this.expiredAtMillis = mark.atMillis();
    this.declared = Declared.of(state);
  }

  private static ExecutorService thread(String name) {
    return Executors.newSingleThreadExecutor(Thread.ofPlatform().name(name).daemon().factory());
  }

  /** Lets the series that came so far be found, beside what this thread goes on with. */
  private void findBeside() {
    SeriesTable table = open.table();
    if (found.isDone() && table.restored() >= MANY_SERIES) {
      found = finding.submit(table::findRestored);
    }
  }

  /** Ends the threads; all that was asked of them is done. */
  @Override
  public void close() {
    unpacking.close();
    finding.close();
  }

  /** Finds out how much there is to read. */
  void begin(FileSystem fs, Path dataDir, ShardLog log) throws IOException {
    long bytes = log.totalBytes();
    for (String file : state.checkpointFiles()) {
      Path path = dataDir.resolve(file);
      bytes += fs.exists(path) ? fs.size(path) : 0;
    }
    progress.begin(bytes);
  }

  /** Reads the checkpoint files. A damaged one is reported; what it held is lost. */
  void loadCheckpoint(FileSystem fs, Path dataDir) throws IOException {
    Map<Long, Long> skipLate = JobRunner.lateFlushed(state);
    List<String> files = state.checkpointFiles();
    SavedFrames next = files.isEmpty() ? null : read(fs, dataDir, files.getFirst());
    for (int i = 0; i < files.size(); i++) {
      SavedFrames frames = next;
      next = i + 1 < files.size() ? read(fs, dataDir, files.get(i + 1)) : null;
      if (frames != null) {
        try {
          Checkpoint.load(frames, open, metadata, skipLate, progress);
        } catch (CorruptDataException e) {
          damage.add(String.valueOf(e.getMessage()));
        }
        findBeside();
      }
    }
  }

  /** A saved file, some of which is being unpacked already; null if it is damaged or missing. */
  private @Nullable SavedFrames read(FileSystem fs, Path dataDir, String file) throws IOException {
    try {
      return Checkpoint.read(fs, dataDir, file, unpacking);
    } catch (CorruptDataException e) {
      damage.add(String.valueOf(e.getMessage()));
    } catch (java.nio.file.NoSuchFileException | java.io.FileNotFoundException e) {
      damage.add(file + ": the file is missing");
    }
    return null;
  }

  /** Replays the log behind the checkpoint. */
  void replay(ShardLog log) throws IOException {
    List<ShardLog.Damage> lost =
        log.replay(
            state.checkpointSequence() + 1,
            new ShardLog.RecordConsumer() {
              @Override
              public void segment(long firstSequence) {
                findBeside();
                decoder.startSegment();
              }

              @Override
              public void record(long sequence, int type, byte[] payload, int offset, int length) {
                apply(sequence, type, payload, offset, length);
                progress.advance(length);
              }
            });
    open.table().findRestored();
    progress.end();
    for (ShardLog.Damage stretch : lost) {
      damage.add(
          stretch.file()
              + " at byte "
              + stretch.offset()
              + ": records from "
              + stretch.firstSequence()
              + " on are lost in this segment: "
              + stretch.problem());
    }
    if (lostSamples > 0) {
      damage.add(
          "the log holds " + lostSamples + " samples of series whose names were lost by damage");
    }
  }

  private void apply(long sequence, int type, byte[] payload, int offset, int length) {
    String source = "log record " + sequence;
    boolean isSaved = sequence <= state.checkpointSequence();
    if (type == Records.WRITE) {
      long lost =
          decoder.decode(payload, offset, length, source, 0, isSaved ? null : open, metadata);
      if (!isSaved) {
        lostSamples += lost;
        records++;
        replayedBytes += length;
      }
      return;
    }
    boolean inFiles = sequence <= state.flushedSequence();
    if (type == Records.CORRECT) {
      correct(sequence, payload, offset, length, source, isSaved, inFiles);
      return;
    }
    if (isSaved) {
      return;
    }
    ByteReader in = new ByteReader().on(payload, offset, length, source, 0);
    switch (type) {
      case Records.FLUSH -> {
        Records.Flush flush = Records.Flush.decode(in);
        Frozen frozen =
            flush.everything()
                ? open.freeze(sequence, flush.buckets(), flush.compact())
                : open.freezeLate(sequence, flush.buckets(), flush.lateWindows());
        decoder.renumbered(flush.compact());
        catalog.froze(frozen, open);
        if (inFiles) {
          catalog.sealed(frozen, List.of());
        } else {
          jobs.add(
              new Jobs.FlushJob(
                  sequence, frozen, flush.everything() ? Checkpoint.Image.ofStart(open) : null));
        }
      }
      case Records.DELETE -> {
        Delete delete = Records.decodeDelete(sequence, in);
        if (!inFiles) {
          deletes.logged(delete);
          catalog.deleted(delete);
          jobs.add(new Jobs.DeleteJob(sequence, delete));
        }
      }
      case Records.UNDELETE -> {
        if (!inFiles) {
          Records.Undelete undelete = Records.Undelete.decode(in);
          deletes.undeleteLogged(undelete.id());
          DeleteEntry entry = deletes.find(undelete.id());
          catalog.undeleted(undelete.id(), entry == null ? TimeRange.ALL : entry.range());
          jobs.add(new Jobs.UndeleteJob(sequence, undelete.id(), undelete.atMillis()));
        }
      }
      case Records.MERGE -> {
        if (!inFiles) {
          Records.Merge merge = Records.Merge.decode(in);
          deletes.mergeLogged(sequence, merge);
          jobs.add(new Jobs.MergeJob(sequence, merge, policy));
        }
      }
      case Records.DROP -> {
        if (!inFiles) {
          long start = Records.decodeWindow(in);
          jobs.add(new Jobs.DropJob(sequence, start, Records.decodeReason(in)));
        }
      }
      case Records.POLICY -> {
        if (!inFiles) {
          long atMillis = Records.decodeTime(in);
          policy = RetentionPolicy.decode(in);
          expire(sequence, atMillis);
        }
      }
      case Records.EXPIRE -> {
        if (!inFiles) {
          expire(sequence, Records.decodeTime(in));
        }
      }
      case Records.AGGREGATES -> {
        if (!inFiles) {
          declared = Declared.decode(in);
          jobs.add(new Jobs.DeclareJob(sequence, declared));
        }
      }
      default -> throw new CorruptDataException(source, 0, "unknown record type " + type);
    }
  }

  private void expire(long sequence, long atMillis) {
    expiredAtMillis = atMillis;
    Expiry expiry = new Expiry(sequence, atMillis, policy, new Windows(state.windowMillis()));
    catalog.expired(expiry);
    jobs.add(new Jobs.ExpireJob(expiry));
  }

  /** The declared aggregates as the log leaves them. */
  Declared declared() {
    return declared;
  }

  /** The retention as the log leaves it. */
  RetentionMark retention() {
    return new RetentionMark(expiredAtMillis, policy);
  }

  /** The samples of a correction that are in order go into the head, the others into files. */
  private void correct(
      long sequence,
      byte[] payload,
      int offset,
      int length,
      String source,
      boolean isSaved,
      boolean inFiles) {
    ByteReader in = new ByteReader().on(payload, offset, length, source, 0);
    int buckets = in.count(ChunkInfo.MOST_BUCKETS);
    int prefix = length - in.remaining();
    if (!isSaved) {
      open.beginCorrection();
    }
    long lost =
        decoder.decode(
            payload,
            offset + prefix,
            length - prefix,
            source,
            prefix,
            isSaved ? null : open,
            metadata);
    if (isSaved) {
      return;
    }
    lostSamples += lost;
    records++;
    replayedBytes += length;
    Frozen corrections = open.endCorrection(sequence, buckets);
    if (!inFiles) {
      catalog.froze(corrections, open);
      jobs.add(new Jobs.CorrectJob(sequence, corrections));
    }
  }

  long records() {
    return records;
  }

  long replayedBytes() {
    return replayedBytes;
  }

  /** Deletes files in window folders that the manifest does not name: left by a crash. */
  static int deleteOrphans(FileSystem fs, Path dataDir, Manifest manifest) throws IOException {
    ManifestState state = manifest.state();
    Set<Path> named = new HashSet<>();
    for (WindowState window : state.windows().values()) {
      Path folder = dataDir.resolve(ChunkInfo.windowFolder(window.start()));
      window.index().forEach(segment -> named.add(folder.resolve(segment.file())));
      window.chunks().forEach(chunk -> named.add(dataDir.resolve(chunk.path())));
      window.cells().forEach(cells -> named.add(dataDir.resolve(cells.file().path())));
      window.grouped().forEach(file -> named.add(dataDir.resolve(file.path())));
      if (window.tombstones() != null) {
        named.add(folder.resolve(window.tombstones()));
      }
    }
    state.checkpointFiles().forEach(file -> named.add(dataDir.resolve(file)));
    DeleteBook.files(state).values().forEach(file -> named.add(dataDir.resolve(file)));
    int deleted = 0;
    for (Path entry : fs.list(dataDir)) {
      String name = entry.getFileName().toString();
      if (!name.startsWith("w=") && !name.equals("checkpoint") && !name.equals(DeleteFile.FOLDER)) {
        continue;
      }
      boolean window = name.startsWith("w=");
      for (Path inner : fs.list(entry)) {
        if (window && inner.getFileName().toString().startsWith("b=")) {
          for (Path file : fs.list(inner)) {
            deleted += deleteUnnamed(fs, file, named);
          }
          if (fs.list(inner).isEmpty()) {
            fs.deleteDirectory(inner);
          }
        } else {
          deleted += deleteUnnamed(fs, inner, named);
        }
      }
      if (window && fs.list(entry).isEmpty()) {
        fs.deleteDirectory(entry);
      }
    }
    return deleted;
  }

  private static int deleteUnnamed(FileSystem fs, Path file, Set<Path> named) throws IOException {
    if (named.contains(file)) {
      return 0;
    }
    fs.delete(file);
    return 1;
  }
}
