package io.varve.engine;

import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.Tombstones;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;

/**
 * What a merge may join of a window's files. Without deletes that are kept, everything becomes one
 * layer. A delete that is kept (it may still be undone) hides what was logged before it, by file:
 * so no file may mix samples from before and after it, and the files before, between and after such
 * deletes become layers of their own. Above the lowest layer corrections and other samples do not
 * mix either, because corrections take the place of what lies below whatever the duplicate policy.
 *
 * <p>Files above the lowest layer count as late: they may overlap those below, and are read after
 * them.
 */
final class Layers {
  private Layers() {}

  /**
   * One layer: the files of a window that become one.
   *
   * @param window with these files only, and with the deletes that are carried out
   * @param lowest true if nothing lies below
   * @param last true if no delete that is kept concerns the files
   * @param correction true if the files are corrections
   * @param logTo the last log position whose samples may be in the files
   */
  record Layer(WindowView window, boolean lowest, boolean last, boolean correction, long logTo) {
    /** What a file of this layer is, given what it would be if all were one layer. */
    ChunkInfo info(ChunkInfo merged) {
      long to = last ? merged.logTo() : logTo;
      ChunkInfo info =
          new ChunkInfo(
              merged.windowStart(),
              merged.windowMillis(),
              merged.bucket(),
              merged.buckets(),
              merged.level(),
              !lowest,
              merged.retentionClass(),
              Math.min(merged.logFrom(), to),
              to);
      return correction ? info.asCorrection() : info;
    }

    /** The name of such a file; the merge's position tells it from that of an earlier merge. */
    String fileName(ChunkInfo info, long position) {
      String name = info.fileName();
      return last
          ? name
          : name.substring(0, name.length() - ".tch".length())
              + "-m"
              + HexFormat.of().toHexDigits(position)
              + ".tch";
    }
  }

  /**
   * The layers of a window, lowest first.
   *
   * @param kept deletes that are not carried out
   * @param carriedOut those that are
   */
  static List<Layer> of(WindowView window, Tombstones kept, Tombstones carriedOut) {
    if (!kept.any()) {
      return List.of(
          new Layer(
              window.with(window.chunks(), carriedOut), true, true, false, logTo(window.chunks())));
    }
    TreeSet<Long> cuts = new TreeSet<>();
    for (Tombstone tombstone : kept.entries()) {
      cuts.add(tombstone.position());
    }
    List<Shared<ChunkReader>> files = new ArrayList<>(window.chunks());
    files.sort(Comparator.comparingInt(file -> era(file, cuts))); // stable
    List<Layer> layers = new ArrayList<>();
    for (int from = 0; from < files.size(); ) {
      boolean lowest = from == 0;
      int era = era(files.get(from), cuts);
      boolean correction = isCorrection(files.get(from));
      int to = from + 1;
      while (to < files.size()
          && era(files.get(to), cuts) == era
          && (lowest || isCorrection(files.get(to)) == correction)) {
        to++;
      }
      List<Shared<ChunkReader>> some = files.subList(from, to);
      boolean last = to == files.size() && era == cuts.size();
      long logTo = logTo(some);
      if (to < files.size()) {
        // Files with samples in order come first whatever their position, but layers are told apart
        // by theirs. That of the next file lies behind the delete that begins the era, if any.
        logTo = Math.min(logTo, files.get(to).get().file().info().logTo() - 1);
      }
      layers.add(
          new Layer(window.with(some, carriedOut), lowest, last, !lowest && correction, logTo));
      from = to;
    }
    return layers;
  }

  private static boolean isCorrection(Shared<ChunkReader> file) {
    return file.get().file().info().correction();
  }

  /** How many of the deletes were logged before the file's samples. */
  private static int era(Shared<ChunkReader> file, TreeSet<Long> cuts) {
    return cuts.headSet(file.get().file().info().logTo(), true).size();
  }

  private static long logTo(List<Shared<ChunkReader>> files) {
    long last = 0;
    for (Shared<ChunkReader> file : files) {
      last = Math.max(last, file.get().file().info().logTo());
    }
    return last;
  }
}
