package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.Tombstones;
import io.varve.engine.partition.WindowState;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Opens the files of windows, taking over what an earlier view of the window has open already. */
final class WindowFiles {
  private final FileSystem fs;
  private final Path dataDir;
  private final long windowMillis;

  WindowFiles(FileSystem fs, Path dataDir, long windowMillis) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.windowMillis = windowMillis;
  }

  /**
   * The window as the manifest has it. Files that the earlier view holds are shared with it; those
   * opened here belong to the caller until {@link #handOver}.
   *
   * @param damage is told what cannot be read; the rest is opened. Null: a problem is thrown
   */
  WindowView open(
      WindowState state, @Nullable WindowView earlier, @Nullable Consumer<String> damage)
      throws IOException {
    String folder = ChunkInfo.windowFolder(state.start());
    Map<String, Shared<WindowView.IndexResource>> openIndex = new HashMap<>();
    Map<String, Shared<ChunkReader>> openChunks = new HashMap<>();
    if (earlier != null) {
      int at = 0; // damaged segments are not among those that are open
      for (IndexFile segment : earlier.state().index()) {
        if (at < earlier.index().size()
            && earlier.index().get(at).get().segment().firstId() == segment.firstId()) {
          openIndex.put(segment.file(), earlier.index().get(at++));
        }
      }
      for (Shared<ChunkReader> chunk : earlier.chunks()) {
        openChunks.put(chunk.get().file().path(), chunk);
      }
      for (Shared<ChunkReader> cells : earlier.cells()) {
        openChunks.put(cells.get().file().path(), cells);
      }
    }
    List<Shared<WindowView.IndexResource>> index = new ArrayList<>();
    List<Shared<ChunkReader>> chunks = new ArrayList<>();
    List<Shared<ChunkReader>> cells = new ArrayList<>();
    Tombstones tombstones = Tombstones.NONE;
    boolean whole = false;
    try {
      for (IndexFile segment : state.index()) {
        Shared<WindowView.IndexResource> known = openIndex.get(segment.file());
        if (known != null) {
          known.retain();
          index.add(known);
          continue;
        }
        String path = folder + "/" + segment.file();
        Arena arena = Arena.ofShared();
        try {
          IndexSegment opened = IndexSegment.open(fs, dataDir, path, segment.bytes(), arena);
          if (opened.firstId() != segment.firstId() || opened.count() != segment.count()) {
            throw new CorruptDataException(
                path, 0, "holds other series than the manifest says: another file's bytes");
          }
          index.add(new Shared<>(new WindowView.IndexResource(opened), arena::close));
        } catch (IOException | RuntimeException e) {
          arena.close();
          report(e, path, damage);
        }
      }
      for (ChunkFile chunk : state.chunks()) {
        open(chunk, openChunks, chunks, damage);
      }
      for (CellsFile file : state.cells()) {
        open(file.file(), openChunks, cells, damage);
      }
      if (state.tombstones() != null) {
        String path = folder + "/" + state.tombstones();
        try {
          tombstones = TombstoneFile.read(fs, dataDir, folder, state.tombstones());
        } catch (IOException | RuntimeException e) {
          report(e, path, damage);
        }
      }
      WindowView view = new WindowView(state, windowMillis, index, chunks, cells, tombstones);
      whole = true;
      return view;
    } finally {
      if (!whole) {
        index.forEach(Shared::release);
        chunks.forEach(Shared::release);
        cells.forEach(Shared::release);
      }
    }
  }

  private void open(
      ChunkFile file,
      Map<String, Shared<ChunkReader>> open,
      List<Shared<ChunkReader>> into,
      @Nullable Consumer<String> damage)
      throws IOException {
    Shared<ChunkReader> known = open.get(file.path());
    if (known != null) {
      known.retain();
      into.add(known);
      return;
    }
    Arena arena = Arena.ofShared();
    try {
      into.add(new Shared<>(ChunkReader.open(fs, dataDir, file, arena), arena::close));
    } catch (IOException | RuntimeException e) {
      arena.close();
      report(e, file.path(), damage);
    }
  }

  /** After a view was published: it holds the files by itself. */
  static void handOver(WindowView window) {
    window.eachResource(Shared::release);
  }

  private static void report(Exception e, String path, @Nullable Consumer<String> damage)
      throws IOException {
    if (damage != null
        && (e instanceof CorruptDataException
            || e instanceof java.nio.file.NoSuchFileException
            || e instanceof java.io.EOFException)) {
      damage.accept(
          e instanceof CorruptDataException ? String.valueOf(e.getMessage()) : path + ": " + e);
      return;
    }
    if (e instanceof IOException io) {
      throw io;
    }
    throw (RuntimeException) e;
  }
}
