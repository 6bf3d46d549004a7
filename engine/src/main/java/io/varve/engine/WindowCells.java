package io.varve.engine;

import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.WindowState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The files of cells of one window, by the chunk file that they were made from. Immutable. */
final class WindowCells {
  private static final Comparator<ChunkReader> WIDEST_FIRST =
      Comparator.comparingLong((ChunkReader c) -> c.file().info().cellMillis()).reversed();

  private final Map<String, List<ChunkReader>> bySource = new HashMap<>();
  private final List<List<List<ChunkReader>>> sourceless = new ArrayList<>(); // by bucket
  private final TreeSet<Long> widths = new TreeSet<>();
  private boolean isSourceless;

  WindowCells(WindowState state, List<Shared<ChunkReader>> open) {
    Map<String, ChunkReader> byPath = new HashMap<>();
    open.forEach(cells -> byPath.put(cells.get().file().path(), cells.get()));
    Set<String> sources = new HashSet<>();
    for (ChunkFile chunk : state.chunks()) {
      sources.add(chunk.path());
    }
    for (CellsFile file : state.cells()) {
      ChunkReader reader = byPath.get(file.file().path());
      if (reader != null) {
        bySource.computeIfAbsent(file.source(), source -> new ArrayList<>()).add(reader);
        widths.add(file.file().info().cellMillis());
      }
    }
    bySource.values().forEach(readers -> readers.sort(WIDEST_FIRST));
    for (int bucket = 0; bucket < state.buckets(); bucket++) {
      sourceless.add(List.of());
    }
    bySource.forEach(
        (source, readers) -> {
          if (!sources.contains(source)) {
            isSourceless = true;
            int bucket = readers.getFirst().file().info().bucket();
            List<List<ChunkReader>> all = new ArrayList<>(sourceless.get(bucket));
            all.add(readers);
            sourceless.set(bucket, all);
          }
        });
    // As their samples came: of each series earlier cells before later ones.
    sourceless.replaceAll(
        files ->
            files.stream()
                .sorted(Comparator.comparingLong(s -> s.getFirst().file().info().logTo()))
                .toList());
  }

  /** The widths of cells that there are, ascending. */
  TreeSet<Long> widths() {
    return widths;
  }

  /** The cells that were made from a chunk file, widest first. */
  List<ChunkReader> of(ChunkReader source) {
    return bySource.isEmpty() ? List.of() : bySource.getOrDefault(source.file().path(), List.of());
  }

  /**
   * Of each chunk file of a bucket that is gone, the cells that were made from it, widest first.
   */
  List<List<ChunkReader>> sourceless(int bucket) {
    return sourceless.get(bucket);
  }

  /** The narrowest cells of which there are some for all that is gone; 0 if nothing is gone. */
  long sourcelessMillis() {
    long narrowest = 0;
    for (List<List<ChunkReader>> sources : sourceless) {
      for (List<ChunkReader> widestFirst : sources) {
        narrowest = Math.max(narrowest, widestFirst.getLast().file().info().cellMillis());
      }
    }
    return narrowest;
  }

  /** True if any chunk file is gone of which there are cells. */
  boolean isSourceless() {
    return isSourceless;
  }

  /** The widest of these that make up cells of a width; null if there are none. */
  static @org.jspecify.annotations.Nullable ChunkReader within(
      List<ChunkReader> widestFirst, long cellMillis) {
    for (int i = 0; i < widestFirst.size(); i++) {
      long width = widestFirst.get(i).file().info().cellMillis();
      if (width <= cellMillis && cellMillis % width == 0) {
        return widestFirst.get(i);
      }
    }
    return null;
  }

  /** The finest of these that have a series; null if none has. */
  static @org.jspecify.annotations.Nullable ChunkReader finest(
      List<ChunkReader> widestFirst, int windowId) {
    for (int i = widestFirst.size() - 1; i >= 0; i--) {
      if (widestFirst.get(i).rowOf(windowId) >= 0) {
        return widestFirst.get(i);
      }
    }
    return null;
  }
}
