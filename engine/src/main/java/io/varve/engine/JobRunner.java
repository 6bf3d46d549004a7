package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ShardLog;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.IndexFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.WindowState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Carries out {@link Jobs} in log order: writes files, commits the manifest edit that makes them
 * count, publishes the new view, deletes what is not needed any more. The only place that commits
 * edits; one thread at a time.
 */
final class JobRunner {
  /** Watermark of a window: its late samples logged up to this position are in files. */
  private static final String LATE = "late/";

  private final FileSystem fs;
  private final Path dataDir;
  private final Manifest manifest;
  private final ShardLog log;
  private final Catalog catalog;
  private final Sealer sealer;
  private final Compactor compactor;
  private final WindowFiles files;
  private final EngineCounters counters;
  private final DamageLog damage;
  private final MetadataBook metadata;
  private final CellMaker cells;
  private final CellAudit audit;
  private final GroupedFiles grouped;
  private final DuplicatePolicy policy;
  private final LongSupplier heldPosition;

  /** Null until somebody says which there are: then nothing is too many. */
  private volatile @Nullable AggregateRules aggregates;

  private final Expirer expirer;
  private final DeleteBook deletes;
  private final Deletions deletions;

  /** The head as the newest checkpoint has it. */
  private Checkpoint.Image saved;

  JobRunner(
      FileSystem fs,
      Path dataDir,
      Manifest manifest,
      ShardLog log,
      Catalog catalog,
      Sealer sealer,
      Compactor compactor,
      WindowFiles files,
      EngineCounters counters,
      DamageLog damage,
      MetadataBook metadata,
      Checkpoint.Image saved,
      DeleteBook deletes,
      GroupedFiles grouped,
      DuplicatePolicy policy,
      LongSupplier heldPosition) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.manifest = manifest;
    this.log = log;
    this.catalog = catalog;
    this.sealer = sealer;
    this.compactor = compactor;
    this.files = files;
    this.counters = counters;
    this.damage = damage;
    this.metadata = metadata;
    this.saved = saved;
    this.deletes = deletes;
    this.deletions = new Deletions(fs, dataDir, compactor, policy, counters, damage, deletes);
    this.cells = new CellMaker(fs, dataDir, counters);
    this.audit = new CellAudit(new Random(), counters);
    this.grouped = grouped;
    this.policy = policy;
    this.heldPosition = heldPosition;
    this.expirer = new Expirer(fs, dataDir, damage, policy);
  }

  void run(Jobs.Job job) throws IOException {
    switch (job) {
      case Jobs.FlushJob flush -> flush(flush);
      case Jobs.DeleteJob delete -> delete(delete);
      case Jobs.UndeleteJob undelete -> undelete(undelete);
      case Jobs.CorrectJob correct -> correct(correct);
      case Jobs.MergeJob merge -> merge(merge);
      case Jobs.DropJob drop -> drop(drop);
      case Jobs.ExpireJob expire -> expire(expire);
      case Jobs.DeclareJob declare -> declare(declare);
      case Jobs.CheckpointJob checkpoint -> checkpoint(checkpoint);
    }
  }

  /** The windows as they are, on the side of the jobs; nobody else changes them. */
  private NavigableMap<Long, WindowView> windowsNow() {
    return catalog.peek().windows();
  }

  private void flush(Jobs.FlushJob job) throws IOException {
    // Files count only with what they hold in the log on stable storage.
    log.sync(job.position());
    ManifestEdit edit = sealer.seal(job.frozen(), windowsNow());
    if (job.image() == null) {
      for (long start : job.frozen().late().keySet()) {
        edit.watermark(LATE + start, Long.toString(job.position()));
      }
    } else {
      base(job.position(), job.image(), edit);
    }
    edit.flushed(job.position());
    List<String> obsolete = obsoleteCheckpoints(job.image() != null);
    manifest.commit(edit);
    publish(job.frozen());
    metadata.written(job.frozen());
    if (job.image() != null) {
      saved = job.image().asSaved();
      afterBase(job.position(), obsolete);
    }
    counters.flushes.increment();
  }

  private void declare(Jobs.DeclareJob job) throws IOException {
    log.sync(job.position());
    ManifestEdit edit = new ManifestEdit();
    job.declared().into(edit);
    edit.flushed(job.position());
    manifest.commit(edit);
  }

  private void correct(Jobs.CorrectJob job) throws IOException {
    log.sync(job.position());
    ManifestEdit edit = sealer.seal(job.frozen(), windowsNow());
    edit.flushed(job.position());
    manifest.commit(edit);
    publish(job.frozen());
  }

  /** Saves the head as it began after a flush of everything. */
  private void base(long position, Checkpoint.Image image, ManifestEdit edit) throws IOException {
    fs.delete(dataDir.resolve(Checkpoint.fileName(position)));
    counters.bytesWritten.add(Checkpoint.writeBase(fs, dataDir, position, image));
    edit.checkpoint(position, List.of(Checkpoint.fileName(position)));
    for (String key : manifest.state().watermarks().keySet()) {
      if (key.startsWith(LATE)) {
        edit.watermark(key, null);
      }
    }
  }

  private List<String> obsoleteCheckpoints(boolean newBase) {
    return newBase ? manifest.state().checkpointFiles() : List.of();
  }

  private void afterBase(long position, List<String> obsolete) throws IOException {
    for (String file : obsolete) {
      if (!file.equals(Checkpoint.fileName(position))) {
        fs.delete(dataDir.resolve(file));
      }
    }
    trimTo(position);
  }

  /** Lets the log go that a saved head covers; not what a copy of an earlier one needs. */
  private void trimTo(long position) throws IOException {
    log.trim(Math.min(position, heldPosition.getAsLong()) + 1);
  }

  /** Shows the windows as the manifest has them now, in place of the frozen samples. */
  private void publish(Frozen frozen) throws IOException {
    List<WindowView> changed = changedWindows();
    catalog.sealed(frozen, changed);
    changed.forEach(WindowFiles::handOver);
  }

  private List<WindowView> changedWindows() throws IOException {
    List<WindowView> changed = new ArrayList<>();
    NavigableMap<Long, WindowView> before = windowsNow();
    for (WindowState state : manifest.state().windows().values()) {
      WindowView earlier = before.get(state.start());
      if (earlier == null || !earlier.state().equals(state)) {
        changed.add(files.open(state, earlier, damage::add));
      }
    }
    return changed;
  }

  private void delete(Jobs.DeleteJob job) throws IOException {
    log.sync(job.position());
    Delete delete = job.delete();
    ManifestEdit edit = new ManifestEdit();
    Deletions.Step step = deletions.bury(delete, windowsNow().values(), edit);
    edit.flushed(job.position());
    manifest.commit(edit);
    List<WindowView> changed = changedWindows();
    catalog.buried(delete, changed);
    changed.forEach(WindowFiles::handOver);
    deletions.committed(step);
    counters.deletes.increment();
    job.done().complete(null);
  }

  private void undelete(Jobs.UndeleteJob job) throws IOException {
    log.sync(job.position());
    ManifestEdit edit = new ManifestEdit();
    Deletions.Step step =
        deletions.exhume(job.id(), job.position(), job.atMillis(), windowsNow().values(), edit);
    edit.flushed(job.position());
    manifest.commit(edit);
    List<WindowView> changed = changedWindows();
    catalog.exhumed(job.id(), changed);
    changed.forEach(WindowFiles::handOver);
    deletions.committed(step);
    job.done().complete(null);
  }

  private void merge(Jobs.MergeJob job) throws IOException {
    log.sync(job.position());
    WindowView window = windowsNow().get(job.windowStart());
    ManifestEdit edit = new ManifestEdit();
    Deletions.Step step = null;
    WindowState before = null;
    // Grouped aggregates of lost samples hold for the files as they are, until a delete is to go.
    if (window != null
        && isWhole(window)
        && (!window.hasLostGroups() || !deletes.endedBy(job.merge()).isEmpty())) {
      try {
        edit = compactor.merge(window, job.position(), job.merge().keptFrom(), job.policy());
        window.state().cells().forEach(edit::removeCells); // made anew from what is merged
        window.state().grouped().forEach(edit::removeGrouped);
        step = deletions.receipts(job, window, edit);
        before = window.state();
        counters.merges.increment();
      } catch (CorruptDataException e) {
        // What cannot be read must not be replaced: the files stay as they are, and are reported.
        damage.add("window is not merged: " + e.getMessage());
        edit = new ManifestEdit();
        step = null;
      }
    }
    edit.flushed(job.position());
    manifest.commit(edit);
    if (before != null && step != null) {
      for (WindowView changed : changedWindows()) {
        catalog.merged(changed);
        WindowFiles.handOver(changed);
      }
      deleteFilesOf(before);
      deletions.committed(step);
    }
    // Not before the book knows what was purged: one of both must stand against an undelete.
    deletes.mergeDone(job.position());
  }

  /** True if everything that the manifest names is open. */
  static boolean isWhole(WindowView window) {
    return window.index().size() == window.state().index().size()
        && window.chunks().size() == window.state().chunks().size()
        && window.cells().size() == window.state().cells().size();
  }

  private void drop(Jobs.DropJob job) throws IOException {
    log.sync(job.position());
    ManifestEdit edit = new ManifestEdit();
    List<WindowState> gone =
        new ArrayList<>(manifest.state().windows().headMap(job.windowStart(), true).values());
    for (WindowState window : gone) {
      edit.dropWindow(window.start());
    }
    List<Long> starts = gone.stream().map(WindowState::start).toList();
    Deletions.Step step = deletions.dropped(starts, job.position(), edit);
    edit.flushed(job.position());
    manifest.commit(edit);
    catalog.dropped(starts);
    for (WindowState window : gone) {
      deleteFilesOf(window);
      counters.dropped(
          job.reason(),
          true,
          bytes(window.chunks())
              + cellBytes(window.cells())
              + groupedBytes(window.grouped())
              + indexBytes(window));
    }
    deletions.committed(step);
  }

  /**
   * Brings the cells of one chunk file to what continuous aggregates want, newest windows first.
   *
   * @return false if there is nothing to do
   */
  boolean makeCells() throws IOException {
    AggregateRules rules = aggregates;
    if (rules == null) {
      return false;
    }
    for (WindowView window : windowsNow().descendingMap().values()) {
      if (!isWhole(window)) {
        continue;
      }
      for (Shared<ChunkReader> shared : window.chunks()) {
        ChunkReader chunk = shared.get();
        ManifestEdit outdated = outdatedCells(window, chunk, rules);
        if (!outdated.isEmpty()) {
          commitCells(window, outdated); // their names are free again when the next ones come
          return true;
        }
        if (makeCells(window, chunk.file())) {
          return true;
        }
      }
      ManifestEdit unwanted = unwantedGrouped(window, rules);
      if (!unwanted.isEmpty()) {
        commitCells(window, unwanted);
        return true;
      }
    }
    return false;
  }

  /** Takes away grouped aggregates of rules that are not there any more. */
  private static ManifestEdit unwantedGrouped(WindowView window, AggregateRules rules) {
    ManifestEdit edit = new ManifestEdit();
    for (GroupedFile file : window.state().grouped()) {
      if (rules.groupedBy(file.rule(), file.stepMillis()) == null) {
        edit.removeGrouped(file);
      }
    }
    return edit;
  }

  /**
   * Keeps tables that were derived of a window.
   *
   * @return false if the window has changed since, or they are not wanted any more
   */
  boolean keepGrouped(GroupedWork work, List<GroupedTable> tables) throws IOException {
    WindowView window = windowsNow().get(work.window().startExclusive());
    AggregateRules rules = aggregates;
    if (window == null || rules == null || !window.groupedState(policy).equals(work.state())) {
      return false;
    }
    ManifestEdit edit = new ManifestEdit();
    for (GroupedWork.Wanted wanted : work.tables()) {
      if (rules.groupedBy(wanted.digest(), wanted.stepMillis()) == null) {
        return false;
      }
      for (GroupedFile file : window.state().grouped()) {
        if (GroupedView.isOf(file, wanted.digest(), wanted.stepMillis())) {
          if (file.state().equals(work.state()) && !grouped.isUnreadable(file)) {
            return false; // somebody else was quicker
          }
          edit.removeGrouped(file);
        }
      }
    }
    grouped.write(work, tables, edit);
    commitCells(window, edit);
    counters.groupedFilesMade.add(tables.size());
    return true;
  }

  /** Forgets tables of a window, whatever state they were derived from; false if there are none. */
  boolean forgetGrouped(GroupedWork work) throws IOException {
    WindowView window = windowsNow().get(work.window().startExclusive());
    if (window == null) {
      return false;
    }
    ManifestEdit edit = new ManifestEdit();
    for (GroupedWork.Wanted wanted : work.tables()) {
      for (GroupedFile file : window.state().grouped()) {
        if (GroupedView.isOf(file, wanted.digest(), wanted.stepMillis())) {
          edit.removeGrouped(file);
        }
      }
    }
    if (edit.isEmpty()) {
      return false;
    }
    commitCells(window, edit);
    return true;
  }

  /** Looks at some cells; those of a file that is wrong go, and are made anew. */
  void auditCells() throws IOException {
    CellAudit.Mismatch wrong = audit.look(catalog.peek());
    if (wrong != null) {
      counters.cellFilesWrong.increment();
      damage.add(
          wrong.file().file().path()
              + " does not hold what its samples are ("
              + wrong.problem()
              + "); it is made anew");
      commitCells(wrong.window(), new ManifestEdit().removeCells(wrong.file()));
    }
  }

  /** Samples do not go before their cells are made; true if any were. */
  private boolean makeCellsOf(List<Expirer.Loss> losses) throws IOException {
    boolean any = false;
    for (Expirer.Loss loss : losses) {
      for (ChunkFile file :
          loss.isWhole() && loss.told().isEmpty() ? List.<ChunkFile>of() : loss.files()) {
        WindowView window = windowsNow().get(loss.window().start());
        any |= window != null && makeCells(window, file);
      }
    }
    return any;
  }

  private boolean makeCells(WindowView window, ChunkFile file) throws IOException {
    AggregateRules wanted = rules();
    SortedMap<Long, String> missing = CellMaker.missing(window, file, wanted);
    if (missing.isEmpty()) {
      return false;
    }
    for (Shared<ChunkReader> chunk : window.chunks()) {
      if (chunk.get().file().equals(file) && outdatedCells(window, chunk.get(), wanted).isEmpty()) {
        commitCells(window, cells.make(window, chunk.get(), missing, wanted));
        counters.cellFilesMade.add(missing.size());
        return true;
      }
    }
    return false;
  }

  private AggregateRules rules() {
    AggregateRules known = aggregates;
    return known == null ? AggregateRules.NONE : known;
  }

  /** Which continuous aggregates there are from now on; any thread. */
  void aggregate(AggregateRules rules) {
    aggregates = rules;
  }

  /** True if somebody has said which continuous aggregates there are; any thread. */
  boolean knowsAggregates() {
    return aggregates != null;
  }

  private void commitCells(WindowView window, ManifestEdit edit) throws IOException {
    WindowState before = window.state();
    manifest.commit(edit);
    for (WindowView changed : changedWindows()) {
      catalog.merged(changed);
      WindowFiles.handOver(changed);
    }
    deleteFilesOf(before);
  }

  /** Takes away the cells of a chunk file that are not wanted, or not of these series. */
  private static ManifestEdit outdatedCells(
      WindowView window, ChunkReader chunk, AggregateRules rules) {
    ManifestEdit edit = new ManifestEdit();
    for (CellsFile file : window.state().cells()) {
      if (file.source().equals(chunk.file().path())
          && !file.rule().equals(rules.digests().get(file.file().info().cellMillis()))) {
        edit.removeCells(file);
      }
    }
    return edit;
  }

  private void expire(Jobs.ExpireJob job) throws IOException {
    log.sync(job.position());
    Expiry expiry = job.expiry();
    ManifestEdit edit = new ManifestEdit();
    List<Expirer.Loss> losses =
        expirer.losses(windowsNow().values(), expiry, deletes.ids(), rules());
    if (makeCellsOf(losses)) {
      // The windows are others now.
      losses = expirer.losses(windowsNow().values(), expiry, deletes.ids(), rules());
    }
    List<Long> gone = new ArrayList<>();
    for (Expirer.Loss loss : losses) {
      expirer.apply(loss, toldOf(loss, job.position()), job.position(), edit);
      if (loss.isWhole()) {
        gone.add(loss.window().start());
      }
    }
    Deletions.Step step = deletions.dropped(gone, job.position(), edit);
    RetentionMark mark = new RetentionMark(expiry.atMillis(), expiry.policy());
    mark.into(edit);
    edit.flushed(job.position());
    manifest.commit(edit);
    List<WindowView> changed = changedWindows();
    catalog.carriedOut(expiry, changed, gone);
    catalog.silent(SilentSeries.of(catalog.peek().head().table(), mark, expiry.windows()));
    changed.forEach(WindowFiles::handOver);
    for (Expirer.Loss loss : losses) {
      deleteFilesOf(loss.window().state());
      long bytes = bytes(loss.files()) + cellBytes(loss.cells()) + groupedBytes(loss.grouped());
      if (loss.isWhole()) {
        bytes += indexBytes(loss.window().state());
      }
      counters.dropped(DropReason.AGE, loss.isWhole(), bytes);
    }
    deletions.committed(step);
    job.done().complete(null);
  }

  /** The cells of what is let go and would not be told of otherwise. */
  private List<CellsFile> toldOf(Expirer.Loss loss, long position) throws IOException {
    if (loss.told().values().stream().allMatch(RoaringBitmap::isEmpty)) {
      return List.of();
    }
    WindowView window = loss.window();
    DamageLog unread = new DamageLog();
    WindowRows rows = new WindowRows(new RowMerge(policy), new ChunkScratch(), counters, unread);
    List<CellsFile> made =
        new LostSamples(fs, dataDir, counters)
            .tell(window, loss.told(), compactor.buckets(window), rules(), rows, position);
    unread.all().forEach(damage::add);
    return made;
  }

  private static long bytes(List<ChunkFile> files) {
    return files.stream().mapToLong(ChunkFile::bytes).sum();
  }

  private static long cellBytes(List<CellsFile> files) {
    return files.stream().mapToLong(cells -> cells.file().bytes()).sum();
  }

  private static long groupedBytes(List<GroupedFile> files) {
    return files.stream().mapToLong(GroupedFile::bytes).sum();
  }

  private static long indexBytes(WindowState window) {
    return window.index().stream().mapToLong(IndexFile::bytes).sum();
  }

  /** Deletes the files that a window had and has no more. */
  private void deleteFilesOf(WindowState before) throws IOException {
    WindowState now = manifest.state().window(before.start());
    Path folder = dataDir.resolve(ChunkInfo.windowFolder(before.start()));
    for (ChunkFile chunk : before.chunks()) {
      if (now == null || !now.chunks().contains(chunk)) {
        fs.delete(dataDir.resolve(chunk.path()));
      }
    }
    for (CellsFile cells : before.cells()) {
      if (now == null || !now.cells().contains(cells)) {
        fs.delete(dataDir.resolve(cells.file().path()));
      }
    }
    for (GroupedFile file : before.grouped()) {
      if (file.isFile()
          && (now == null || now.grouped().stream().noneMatch(f -> f.path().equals(file.path())))) {
        fs.delete(dataDir.resolve(file.path()));
      }
    }
    for (IndexFile segment : before.index()) {
      if (now == null || !now.index().contains(segment)) {
        fs.delete(folder.resolve(segment.file()));
      }
    }
    String tombstones = before.tombstones();
    if (tombstones != null && (now == null || !tombstones.equals(now.tombstones()))) {
      fs.delete(folder.resolve(tombstones));
    }
    if (now == null) {
      for (Path bucket : fs.list(folder)) {
        fs.deleteDirectory(bucket);
      }
      fs.deleteDirectory(folder);
    }
  }

  private void checkpoint(Jobs.CheckpointJob job) throws IOException {
    ManifestState state = manifest.state();
    if (saved.head != job.image().head || job.position() <= state.checkpointSequence()) {
      return; // a flush came in between and has saved more
    }
    log.sync(job.position());
    fs.delete(dataDir.resolve(Checkpoint.fileName(job.position())));
    counters.bytesWritten.add(
        Checkpoint.writeDelta(fs, dataDir, job.position(), saved, job.image()));
    List<String> all = new ArrayList<>(state.checkpointFiles());
    all.add(Checkpoint.fileName(job.position()));
    manifest.commit(new ManifestEdit().checkpoint(job.position(), all));
    saved = job.image();
    trimTo(job.position());
    counters.checkpoints.increment();
  }

  /** Log position per window up to which its late samples are in files. */
  static TreeMap<Long, Long> lateFlushed(ManifestState state) {
    TreeMap<Long, Long> flushed = new TreeMap<>();
    state
        .watermarks()
        .forEach(
            (key, value) -> {
              if (key.startsWith(LATE)) {
                flushed.put(Long.parseLong(key.substring(LATE.length())), Long.parseLong(value));
              }
            });
    return flushed;
  }
}
