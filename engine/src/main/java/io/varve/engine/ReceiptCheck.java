package io.varve.engine;

import static java.util.stream.Collectors.joining;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.partition.DeleteFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.WindowState;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * Proves the receipts of a data folder: that of what a delete hid, and a merge purged, nothing is
 * left. Reads only; beside a running engine, too.
 *
 * <p>In each purged window: the files that the receipt says were removed are gone; no tombstone of
 * the delete is left; a series of the index has samples or exemplars, so that no label stands there
 * of something that is gone; and in the files that took their place exactly those samples of the
 * delete's series in its range stand that had been written after it (mostly none). Files that came
 * still later hold only what was written or left later: what they have in the range is counted and
 * told, not judged. The log has no samples that were logged before the delete, and the saved head
 * no samples of its series in its range, nor their newest one, unless that was written after it;
 * what is left there goes with the next flush of everything, and until then nothing is proven.
 */
final class ReceiptCheck {
  private static final Pattern PLAIN_METRIC = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");

  private final FileSystem fs;
  private final Path dataDir;
  private final ManifestState state;
  private final Consumer<String> problem;
  private final SeriesKey.Hash hash;
  private final long oldestLogged;
  private final OpenHead saved;

  /**
   * A check of the receipts that a manifest names.
   *
   * @param oldestLogged log position of the first record with samples that the log still has;
   *     Long.MAX_VALUE if it has none
   * @param saved the saved head
   */
  ReceiptCheck(
      FileSystem fs,
      Path dataDir,
      ManifestState state,
      long oldestLogged,
      OpenHead saved,
      Consumer<String> problem) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.state = state;
    this.oldestLogged = oldestLogged;
    this.saved = saved;
    this.problem = problem;
    this.hash = new SeriesKey.Hash(state.hashSeed());
  }

  /** Checks every receipt; tells of each what it is and what was found. */
  int check(Consumer<String> progress, Consumer<String> told) throws IOException {
    int files = 0;
    for (Map.Entry<Long, String> file : DeleteBook.files(state).entrySet()) {
      progress.accept(file.getValue());
      files++;
      try {
        DeleteEntry entry = DeleteFile.read(fs, dataDir, file.getValue());
        if (entry.id() != file.getKey()) {
          problem.accept(file.getValue() + ": is of delete " + entry.id());
        } else {
          told.accept(check(entry));
        }
      } catch (CorruptDataException e) {
        problem.accept(String.valueOf(e.getMessage()));
      } catch (NoSuchFileException | java.io.FileNotFoundException e) {
        if (DeleteBook.files(Manifest.read(fs, dataDir)).containsValue(file.getValue())) {
          problem.accept(file.getValue() + ": the file is missing");
        }
      }
    }
    return files;
  }

  /** As PromQL writes it, the metric in front. */
  private static String selector(DeleteEntry entry) {
    List<Matcher> others = new ArrayList<>(entry.matchers());
    String metric = "";
    for (Matcher matcher : entry.matchers()) {
      if (metric.isEmpty() && isMetric(matcher)) {
        metric = matcher.value();
        others.remove(matcher);
      }
    }
    if (others.isEmpty() && !metric.isEmpty()) {
      return metric;
    }
    return metric + others.stream().map(Matcher::toString).collect(joining(", ", "{", "}"));
  }

  /** True if the matcher names a metric that needs no quotes. */
  private static boolean isMetric(Matcher matcher) {
    return matcher.name().equals(Labels.METRIC_NAME)
        && matcher.type() == Matcher.Type.EQ
        && PLAIN_METRIC.matcher(matcher.value()).matches();
  }

  private static String times(TimeRange range) {
    boolean isFromStart = range.startExclusive() == TimeRange.ALL.startExclusive();
    boolean isToEnd = range.endInclusive() == TimeRange.ALL.endInclusive();
    if (isFromStart && isToEnd) {
      return "all times";
    }
    return (isFromStart
            ? "from the beginning"
            : "from " + Instant.ofEpochMilli(range.startExclusive() + 1))
        + (isToEnd ? " on" : " to " + Instant.ofEpochMilli(range.endInclusive()));
  }

  private String check(DeleteEntry entry) throws IOException {
    String what = "delete " + entry.id() + " of " + selector(entry) + ", " + times(entry.range());
    if (entry.undone()) {
      return what + ": undone";
    }
    long left = 0;
    long purged = 0;
    long dropped = 0;
    long samples = 0;
    int removed = 0;
    int written = 0;
    int problems = 0;
    for (DeleteEntry.Part part : entry.parts()) {
      switch (part.end()) {
        case HIDDEN -> left++;
        case DROPPED -> dropped++;
        case PURGED -> {
          purged++;
          samples += part.samples();
          removed += part.removed().size();
          written += part.written().size();
          problems += checkPurged(entry, part);
        }
      }
    }
    String elsewhere = purged == 0 ? "" : outsideOfFiles(entry);
    return what
        + ": "
        + (left > 0 ? left + " windows still hidden, " : "")
        + purged
        + " windows purged of "
        + samples
        + " samples, "
        + removed
        + " files removed, "
        + written
        + " written in their place"
        + (dropped > 0 ? ", " + dropped + " windows dropped by retention" : "")
        + (purged == 0
            ? ""
            : problems > 0
                ? "; NOT proven, see the problems"
                : elsewhere.isEmpty()
                    ? "; proven: nothing of it is left"
                    : "; not proven yet: " + elsewhere + ", until the next flush");
  }

  /** What of a delete may be left in the log and in the saved head; empty if nothing. */
  private String outsideOfFiles(DeleteEntry entry) throws IOException {
    List<String> places = new ArrayList<>();
    if (oldestLogged < entry.id()) {
      places.add("the log has samples from before the delete");
    }
    SeriesTable table = saved.table();
    RoaringBitmap ids = table.index().select(entry.tenant(), entry.matchers(), () -> {});
    SampleColumns columns = new SampleColumns();
    long series = 0;
    for (PeekableIntIterator it = ids.getIntIterator(); it.hasNext(); ) {
      int id = it.next();
      boolean left =
          saved.head().sampleCount(id) == 0
              && table.lastTime(id) != SeriesTable.NO_TIME
              && entry.range().contains(table.lastTime(id))
              && !isStored(entry.tenant(), table.labels(id), table.lastTime(id));
      if (state.checkpointSequence() < entry.id()) {
        columns.clear();
        saved.head().readIn(id, entry.range(), columns, new HeadScratch());
        RowMerge.trim(columns, entry.range().startExclusive(), entry.range().endInclusive());
        left |= columns.size > 0;
      }
      series += left ? 1 : 0;
    }
    if (series > 0) {
      places.add("the saved head has samples of " + series + " of its series");
    }
    return String.join(" and ", places);
  }

  /** True if files have a sample of a series at a time: then it was written after the delete. */
  private boolean isStored(String tenant, Labels labels, long time) throws IOException {
    WindowState window = state.window(new Windows(state.windowMillis()).start(time));
    if (window == null) {
      return false;
    }
    WindowView view =
        new WindowFiles(fs, dataDir, state.windowMillis()).open(window, null, ignored -> {});
    try {
      WindowRows rows =
          new WindowRows(
              new RowMerge(DuplicatePolicy.LAST),
              new ChunkScratch(),
              new EngineCounters(),
              new DamageLog());
      SampleColumns columns = new SampleColumns();
      int[] buckets = Compactor.buckets(view, hash);
      RoaringBitmap ids = new RoaringBitmap();
      for (Shared<WindowView.IndexResource> resource : view.index()) {
        IndexSegment segment = resource.get().segment();
        segment
            .select(tenant, List.of(Matcher.equal("__name__", labels.get("__name__"))))
            .forEach(
                (int id) -> {
                  if (segment.labels(id).equals(labels)) {
                    ids.add(id);
                  }
                });
      }
      ids.forEach(
          (int id) ->
              Compactor.readAll(
                  view, id, buckets[id], rows, columns, new TimeRange(time - 1, time)));
      RowMerge.trim(columns, time - 1, time);
      return columns.size > 0;
    } catch (CorruptDataException e) {
      return false; // whoever checks the files reports it
    } finally {
      WindowFiles.handOver(view);
    }
  }

  private int checkPurged(DeleteEntry entry, DeleteEntry.Part part) throws IOException {
    WindowState window = state.window(part.window());
    List<String> problems = new ArrayList<>();
    checkRemoved(entry, part, window, problems::add);
    if (window != null) {
      checkWindow(entry, part, window, problems::add);
    }
    if (!problems.isEmpty()) {
      WindowState now = Manifest.read(fs, dataDir).window(part.window());
      if (!Objects.equals(window, now)) {
        return 0; // its owner has rewritten the window meanwhile
      }
    }
    problems.forEach(problem);
    return problems.size();
  }

  private void checkRemoved(
      DeleteEntry entry,
      DeleteEntry.Part part,
      @Nullable WindowState window,
      Consumer<String> problem)
      throws IOException {
    Map<String, String> named = new HashMap<>(); // a name may be another file's by now
    if (window != null) {
      window.files().forEach(file -> named.put(file.path(), file.sha256()));
    }
    for (DeleteEntry.Trace file : part.removed()) {
      String digest = named.getOrDefault(file.path(), file.sha256());
      if (digest.equals(file.sha256()) && fs.exists(dataDir.resolve(file.path()))) {
        problem.accept(
            "delete " + entry.id() + ": " + file.path() + " should be gone, and is there");
      }
    }
  }

  private void checkWindow(
      DeleteEntry entry, DeleteEntry.Part part, WindowState window, Consumer<String> problem)
      throws IOException {
    String what = "delete " + entry.id() + ": ";
    String folder = ChunkInfo.windowFolder(window.start());
    WindowFiles files = new WindowFiles(fs, dataDir, state.windowMillis());
    WindowView view = files.open(window, null, problem);
    try {
      for (Tombstone tombstone : view.tombstones().entries()) {
        if (tombstone.position() == entry.id()) {
          problem.accept(what + folder + " still has a tombstone of it");
        }
      }
      RoaringBitmap ids = new RoaringBitmap();
      for (Shared<WindowView.IndexResource> resource : view.index()) {
        ids.or(resource.get().segment().select(entry.tenant(), entry.matchers()));
      }
      checkLabels(what, view, ids, problem);
      checkSamples(what, entry, part, view, ids, problem);
    } catch (CorruptDataException e) {
      problem.accept(what + "cannot be proven: " + e.getMessage());
    } finally {
      WindowFiles.handOver(view);
    }
  }

  /**
   * Every matching series in the index must have something in the files, unless all of it went
   * since, by the retention or another delete: that is not shown, and the next merge takes it out.
   */
  private static void checkLabels(
      String what, WindowView view, RoaringBitmap ids, Consumer<String> problem) {
    RoaringBitmap bare = RoaringBitmap.andNot(ids, view.gone());
    for (List<Shared<ChunkReader>> readers : List.of(view.chunks(), view.cells())) {
      for (Shared<ChunkReader> resource : readers) {
        ChunkReader chunk = resource.get();
        for (int row = 0; row < chunk.seriesCount(); row++) {
          bare.remove(chunk.windowIdAt(row));
        }
        chunk.exemplars(
            bare::contains,
            TimeRange.ALL,
            (id, time, value, labels, offset, length) -> bare.remove(id));
      }
    }
    bare.forEach(
        (int id) ->
            problem.accept(
                what
                    + ChunkInfo.windowFolder(view.start())
                    + " still has the labels of "
                    + view.segmentOf(id).labels(id)
                    + ", which has no samples"));
  }

  private void checkSamples(
      String what,
      DeleteEntry entry,
      DeleteEntry.Part part,
      WindowView view,
      RoaringBitmap ids,
      Consumer<String> problem) {
    Set<String> written = new HashSet<>();
    part.written().forEach(file -> written.add(file.path() + " " + file.sha256()));
    List<Shared<ChunkReader>> proven =
        view.chunks().stream().filter(chunk -> written.remove(name(chunk.get().file()))).toList();
    for (Shared<ChunkReader> resource : view.cells()) {
      ChunkReader cells = resource.get();
      boolean isWritten = written.remove(name(cells.file()));
      if (!isWritten || cells.file().info().logTo() > entry.id()) {
        continue; // made anew, or of samples that the delete does not hide
      }
      ids.forEach(
          (int id) -> {
            if (LostSamples.haveOneIn(cells, id, entry.range())) {
              problem.accept(what + cells.file().path() + " has aggregates of it");
            }
          });
    }
    boolean all = written.stream().noneMatch(name -> name.contains(".tch "));
    if (!all) {
      return; // rewritten since: what is in the range now may have been written later
    }
    DamageLog damage = new DamageLog();
    WindowRows rows =
        new WindowRows(
            new RowMerge(DuplicatePolicy.LAST), new ChunkScratch(), new EngineCounters(), damage);
    WindowView then = view.with(proven, view.tombstones());
    int[] buckets = Compactor.buckets(view, hash);
    SampleColumns columns = new SampleColumns();
    long[] found = new long[1];
    ids.forEach(
        (int id) -> {
          columns.clear();
          Compactor.readAll(then, id, buckets[id], rows, columns, entry.range());
          RowMerge.trim(columns, entry.range().startExclusive(), entry.range().endInclusive());
          found[0] += columns.size;
        });
    damage.all().forEach(problem);
    if (found[0] > part.later() || !damage.all().isEmpty()) {
      problem.accept(
          what
              + ChunkInfo.windowFolder(view.start())
              + " has "
              + found[0]
              + " samples of it in files of the purge, where "
              + part.later()
              + " were written after it");
    }
  }

  private static String name(ChunkFile file) {
    return file.path() + " " + file.sha256();
  }
}
