package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ShardLog;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.DeleteFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.WindowState;
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
 * Brings the head back: the checkpoint, then the log behind it, which {@link LogApplier} applies.
 *
 * <p>One thread applies. Beside it one unpacks what comes next, and one computes the keys of series
 * and builds the table by which they are found: nobody looks for a series before all is there.
 */
final class Recovery implements AutoCloseable {
  /** So many series are worth a turn of the thread that makes them findable. */
  private static final int MANY_SERIES = 4096;

  private final ManifestState state;
  private final OpenHead open;
  private final LogApplier applier;
  private final WriteRecord.MetadataSink metadata;
  private final DamageLog damage;
  private final RecoveryProgress progress;

  private final ExecutorService unpacking = thread("varve-recovery-unpack");
  private final ExecutorService finding = thread("varve-recovery-series");
  private Future<?> found = CompletableFuture.completedFuture(null);

  Recovery(
      ManifestState state,
      OpenHead open,
      LogApplier applier,
      WriteRecord.MetadataSink metadata,
      DamageLog damage,
      RecoveryProgress progress) {
    this.state = state;
    this.open = open;
    this.applier = applier;
    this.metadata = metadata;
    this.damage = damage;
    this.progress = progress;
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
                applier.segment();
              }

              @Override
              public void record(long sequence, int type, byte[] payload, int offset, int length) {
                applier.apply(sequence, type, payload, offset, length);
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
    if (applier.lostSamples() > 0) {
      damage.add(
          "the log holds "
              + applier.lostSamples()
              + " samples of series whose names were lost by damage");
    }
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
