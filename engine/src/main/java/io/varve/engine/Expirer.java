package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.Tombstones;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Finds what an {@link Expiry} does to the files: windows of which nothing is left go as they are,
 * files of which nothing is left go, and of the others the series that went are written down as
 * deleted, for the next merge. No sample is read or written.
 */
final class Expirer {
  private final FileSystem fs;
  private final Path dataDir;
  private final DamageLog damage;
  private final DuplicatePolicy duplicates;

  Expirer(FileSystem fs, Path dataDir, DamageLog damage, DuplicatePolicy duplicates) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.damage = damage;
    this.duplicates = duplicates;
  }

  /**
   * What is to be done to one window.
   *
   * @param isWhole true if the window goes as a whole
   * @param files chunk files that go
   * @param cells files of cells that go
   * @param grouped files of grouped aggregates that go
   * @param kept those that hold in the state after it, too
   * @param series series to be hidden in what stays of the files, by window id
   * @param told the widths of which cells are kept, and of which of these series new cells are to
   *     tell what is visible now
   * @param rest true if some of them have rows in files that stay
   */
  record Loss(
      WindowView window,
      boolean isWhole,
      List<ChunkFile> files,
      List<CellsFile> cells,
      List<GroupedFile> grouped,
      List<GroupedFile> kept,
      RoaringBitmap series,
      SortedMap<Long, RoaringBitmap> told,
      boolean rest) {}

  /**
   * What an expiry does, oldest window first; windows to which it does nothing are left out.
   *
   * @param deletes log positions of those that may be undone: what they hide is to go all the same
   */
  static List<Loss> losses(
      Collection<WindowView> windows,
      Expiry expiry,
      Set<Long> deletes,
      AggregateRules rules,
      DuplicatePolicy duplicates,
      DamageLog damage) {
    List<Loss> losses = new ArrayList<>();
    for (WindowView window : windows) {
      Loss loss = loss(window, expiry, deletes, rules, duplicates, damage);
      if (loss != null) {
        losses.add(loss);
      }
    }
    return losses;
  }

  private static @Nullable Loss loss(
      WindowView window,
      Expiry expiry,
      Set<Long> deletes,
      AggregateRules rules,
      DuplicatePolicy duplicates,
      DamageLog damage) {
    RetentionPolicy policy = expiry.policy();
    WindowState state = window.state();
    if (window.end() <= expiry.horizon(policy.longestOfAllMillis())) {
      return new Loss(
          window,
          true,
          state.chunks(),
          state.cells(),
          state.grouped(),
          List.of(),
          new RoaringBitmap(),
          new TreeMap<>(),
          false);
    }
    List<ChunkFile> files = new ArrayList<>();
    RoaringBitmap gone = new RoaringBitmap();
    boolean rest = false;
    if (window.end() <= expiry.latestHorizon()) {
      gone = RetentionClasses.of(window, policy, damage).goneAt(window.end(), expiry);
      boolean allGone = window.end() <= expiry.earliestHorizon();
      for (Shared<ChunkReader> resource :
          gone.isEmpty() ? List.<Shared<ChunkReader>>of() : window.chunks()) {
        ChunkReader chunk = resource.get();
        long rows = rowsIn(gone, chunk);
        if (rows > 0 && rows == chunk.seriesCount()) {
          files.add(chunk.file());
        } else {
          rest |= rows > 0;
        }
      }
      if (allGone) {
        files = state.chunks(); // those that cannot be read, too
      }
    }
    List<CellsFile> cells = cells(window, expiry, damage);
    WindowView forGood = window.without(deletes);
    SortedMap<Long, RoaringBitmap> told = told(window, gone, expiry, rules, damage);
    if (told.isEmpty() && cells.size() == state.cells().size()) {
      gone.andNot(forGood.gone());
    } else {
      RoaringBitmap bare = RoaringBitmap.andNot(gone, rowsOf(window, cells));
      bare.andNot(forGood.gone());
      // Of the others the cells that were made from their files tell the truth.
      gone.and(torn(window, forGood, files, told));
      RoaringBitmap torn = gone.clone();
      told.values().forEach(ids -> ids.and(torn));
      gone.or(bare);
    }
    List<GroupedFile> grouped = new ArrayList<>();
    List<GroupedFile> kept = new ArrayList<>();
    divide(window, expiry, rules, duplicates, damage, grouped, kept);
    boolean samplesGo = !files.isEmpty() || !cells.isEmpty() || !gone.isEmpty();
    if (!samplesGo && grouped.isEmpty()) {
      return null;
    }
    if (!samplesGo) {
      kept.clear(); // they stay as they are
    }
    boolean isWhole =
        files.size() == state.chunks().size()
            && cells.size() == state.cells().size()
            && grouped.size() == state.grouped().size()
            && told.values().stream().allMatch(RoaringBitmap::isEmpty);
    return new Loss(window, isWhole, files, cells, grouped, kept, gone, told, rest);
  }

  /** Of each width of which cells are kept, the series that are to have some. */
  private static SortedMap<Long, RoaringBitmap> told(
      WindowView window,
      RoaringBitmap gone,
      Expiry expiry,
      AggregateRules rules,
      DamageLog damage) {
    TreeMap<Long, RoaringBitmap> told = new TreeMap<>();
    for (long width : rules.digests().keySet()) {
      boolean none = window.end() <= expiry.horizon(expiry.policy().keeps(width)[0]);
      if (gone.isEmpty() || none || (window.end() - window.start()) % width != 0) {
        continue;
      }
      RoaringBitmap kept = gone.clone();
      kept.andNot(
          RetentionClasses.of(window, expiry.policy(), width, damage).goneAt(window.end(), expiry));
      AggregateRules.Wanted wanted = rules.wanted(window, width);
      RoaringBitmap ids = new RoaringBitmap();
      kept.forEach(
          (int id) -> {
            if (wanted.contains(id)) {
              ids.add(id);
            }
          });
      told.put(width, ids);
    }
    return told;
  }

  /**
   * Series of which the cells of files do not say what their samples are: because some of them are
   * in files that stay, or came late, or are deleted.
   */
  private static RoaringBitmap torn(
      WindowView window,
      WindowView forGood,
      List<ChunkFile> files,
      SortedMap<Long, RoaringBitmap> told) {
    RoaringBitmap wanted = new RoaringBitmap();
    told.values().forEach(wanted::or);
    RoaringBitmap torn = new RoaringBitmap();
    for (Shared<ChunkReader> resource : window.chunks()) {
      ChunkReader chunk = resource.get();
      boolean stays = !files.contains(chunk.file());
      for (int row = 0; row < chunk.seriesCount(); row++) {
        int id = chunk.windowIdAt(row);
        boolean isTorn =
            stays
                || (wanted.contains(id)
                    && (chunk.file().info().late()
                        || window.lost().contains(id)
                        || window.tombstones().ranges(id, Long.MIN_VALUE) != null));
        if (isTorn && !forGood.hides(id, chunk)) {
          torn.add(id);
        }
      }
    }
    return torn;
  }

  /** Divides the files of grouped aggregates into those that go and those that hold on. */
  private static void divide(
      WindowView window,
      Expiry expiry,
      AggregateRules rules,
      DuplicatePolicy duplicates,
      DamageLog damage,
      List<GroupedFile> go,
      List<GroupedFile> hold) {
    for (GroupedFile file : window.state().grouped()) {
      if (!file.state().equals(window.groupedState(duplicates))) {
        if (window.end() <= expiry.latestHorizon()) {
          go.add(file); // it does not count, and must not keep the window
        }
        continue;
      }
      AggregateRule rule = rules.groupedBy(file.rule(), file.stepMillis());
      switch (GroupedFate.of(window, rule, file.stepMillis(), expiry, damage)) {
        case UNTOUCHED -> hold.add(file);
        case KEPT -> hold.add(file.in(file.state(), true));
        case OUTDATED, LET_GO -> go.add(file);
      }
    }
  }

  /** Series that have rows in the files of cells that stay. */
  private static RoaringBitmap rowsOf(WindowView window, List<CellsFile> going) {
    Set<String> paths = new HashSet<>();
    going.forEach(file -> paths.add(file.file().path()));
    RoaringBitmap series = new RoaringBitmap();
    for (Shared<ChunkReader> resource : window.cells()) {
      ChunkReader cells = resource.get();
      if (!paths.contains(cells.file().path())) {
        for (int row = 0; row < cells.seriesCount(); row++) {
          series.add(cells.windowIdAt(row));
        }
      }
    }
    return series;
  }

  private static long rowsIn(RoaringBitmap series, ChunkReader chunk) {
    long found = 0;
    for (int row = 0, rows = chunk.seriesCount(); row < rows; row++) {
      found += series.contains(chunk.windowIdAt(row)) ? 1 : 0;
    }
    return found;
  }

  /** Files of cells of which nothing is left. */
  private static List<CellsFile> cells(WindowView window, Expiry expiry, DamageLog damage) {
    Map<Long, RoaringBitmap> goneByWidth = new HashMap<>();
    Map<String, ChunkReader> open = new HashMap<>();
    window.cells().forEach(cells -> open.put(cells.get().file().path(), cells.get()));
    List<CellsFile> found = new ArrayList<>();
    for (CellsFile file : window.state().cells()) {
      long width = file.file().info().cellMillis();
      long[] keeps = expiry.policy().keeps(width);
      if (window.end() > expiry.horizon(keeps[keeps.length - 1])) {
        continue;
      }
      ChunkReader reader = open.get(file.file().path());
      boolean allGone = window.end() <= expiry.horizon(keeps[0]);
      if (!allGone && reader != null) {
        RoaringBitmap gone =
            goneByWidth.computeIfAbsent(
                width,
                w ->
                    RetentionClasses.of(window, expiry.policy(), w, damage)
                        .goneAt(window.end(), expiry));
        allGone = rowsIn(gone, reader) == reader.seriesCount();
      }
      if (allGone) {
        found.add(file);
      }
    }
    return found;
  }

  /**
   * Carries a loss into an edit; the tombstones of the window are written.
   *
   * @param made new files of cells of what goes
   */
  void apply(Loss loss, List<CellsFile> made, long position, ManifestEdit edit) throws IOException {
    WindowView window = loss.window();
    if (loss.isWhole()) {
      edit.dropWindow(window.start());
      return;
    }
    loss.files().forEach(edit::removeChunk);
    loss.cells().forEach(edit::removeCells);
    made.forEach(edit::addCells);
    loss.grouped().forEach(edit::removeGrouped);
    String tombstones = window.state().tombstones();
    if (!loss.series().isEmpty()) {
      Tombstones next =
          window
              .tombstones()
              .with(new Tombstone(loss.series(), window.start(), window.end(), position));
      String folder = ChunkInfo.windowFolder(window.start());
      fs.delete(dataDir.resolve(folder).resolve(TombstoneFile.fileName(position)));
      tombstones = TombstoneFile.write(fs, dataDir, folder, position, next);
      edit.tombstones(window.start(), tombstones);
    }
    if (!loss.kept().isEmpty()) {
      List<ChunkFile> chunks = new ArrayList<>(window.state().chunks());
      chunks.removeAll(loss.files());
      List<CellsFile> cells = new ArrayList<>(window.state().cells());
      cells.removeAll(loss.cells());
      cells.addAll(made);
      String state =
          WindowView.groupedState(window.state().index(), chunks, cells, tombstones, duplicates);
      for (GroupedFile file : loss.kept()) {
        edit.removeGrouped(file);
        edit.addGrouped(file.in(state, false));
      }
    }
  }

  List<Loss> losses(
      Collection<WindowView> windows, Expiry expiry, Set<Long> deletes, AggregateRules rules) {
    return losses(windows, expiry, deletes, rules, duplicates, damage);
  }
}
