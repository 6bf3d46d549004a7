package io.varve.engine;

import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.WindowState;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The files that a manifest names, in the order in which it names them. */
final class NamedFiles {
  private NamedFiles() {}

  /**
   * A file.
   *
   * @param path in the data folder, with '/'
   * @param bytes its size; −1 if the manifest does not say
   * @param sha256 of its bytes, 64 lower-case hex digits; null if the manifest does not say
   * @param window exclusive start of its window; null if it belongs to none
   * @param replicated true if every replica has it, byte for byte, at the same log position: files
   *     that each makes when it comes to it, and by its own settings, are not
   */
  record Named(
      String path,
      long bytes,
      @Nullable String sha256,
      @Nullable Long window,
      boolean replicated) {}

  static List<Named> of(ManifestState state) {
    List<Named> files = new ArrayList<>();
    for (WindowState window : state.windows().values()) {
      Long start = window.start();
      String folder = ChunkInfo.windowFolder(window.start());
      for (IndexFile segment : window.index()) {
        String path = folder + "/" + segment.file();
        files.add(new Named(path, segment.bytes(), segment.sha256(), start, true));
      }
      for (ChunkFile chunk : window.chunks()) {
        files.add(new Named(chunk.path(), chunk.bytes(), chunk.sha256(), start, true));
      }
      for (CellsFile cells : window.cells()) {
        ChunkFile file = cells.file();
        files.add(new Named(file.path(), file.bytes(), file.sha256(), start, false));
      }
      for (GroupedFile grouped : window.grouped()) {
        if (grouped.isFile()) {
          files.add(new Named(grouped.path(), grouped.bytes(), grouped.sha256(), start, false));
        }
      }
      if (window.tombstones() != null) {
        files.add(new Named(folder + "/" + window.tombstones(), -1, null, start, true));
      }
    }
    for (String file : state.checkpointFiles()) {
      files.add(new Named(file, -1, null, null, false));
    }
    for (String file : DeleteBook.files(state).values()) {
      files.add(new Named(file, -1, null, null, false));
    }
    return files;
  }
}
