package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.index.IndexSegment;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.partition.ChunkInfo;
import io.varve.engine.partition.ChunkScratch;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.Tombstone;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.Tombstones;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.roaringbitmap.RoaringBitmap;

/**
 * What deletes, undeletes, merges and drops make of tombstones and of the book of deletes: the part
 * of {@link JobRunner} that writes these files and says what is in the edit. One thread.
 */
final class Deletions {
  private final FileSystem fs;
  private final Path dataDir;
  private final Compactor compactor;
  private final DuplicatePolicy policy;
  private final EngineCounters counters;
  private final DamageLog damage;
  private final DeleteBook book;

  Deletions(
      FileSystem fs,
      Path dataDir,
      Compactor compactor,
      DuplicatePolicy policy,
      EngineCounters counters,
      DamageLog damage,
      DeleteBook book) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.compactor = compactor;
    this.policy = policy;
    this.counters = counters;
    this.damage = damage;
    this.book = book;
  }

  /**
   * What an edit brings besides.
   *
   * @param change of the book, after the commit
   * @param obsolete files that are no longer named after the commit
   * @param purged what left the disk
   */
  record Step(DeleteBook.Change change, List<String> obsolete, Purged purged) {
    Step(DeleteBook.Change change, List<String> obsolete) {
      this(change, obsolete, Purged.NOTHING);
    }
  }

  /** Deleted samples that left the disk, what they took of it, and the files that they were in. */
  private record Purged(long samples, long bytes, long files) {
    static final Purged NOTHING = new Purged(0, 0, 0);
  }

  /** The edit is committed. */
  void committed(Step step) throws IOException {
    book.committed(step.change());
    counters.purgedSamples.add(step.purged.samples);
    counters.purgedBytes.add(step.purged.bytes);
    counters.purgedFiles.add(step.purged.files);
    for (String file : step.obsolete()) {
      fs.delete(dataDir.resolve(file));
    }
  }

  /** Puts a delete into the tombstones of the windows in which it hides something. */
  Step bury(Delete delete, Iterable<WindowView> windows, ManifestEdit edit) throws IOException {
    List<String> obsolete = new ArrayList<>();
    List<DeleteEntry.Part> parts = new ArrayList<>();
    for (WindowView window : windows) {
      if (window.start() >= delete.range().endInclusive()
          || window.end() <= delete.range().startExclusive()) {
        continue;
      }
      RoaringBitmap ids = matching(window, delete.tenant(), delete.matchers());
      if (ids.isEmpty()) {
        continue;
      }
      HiddenSamples hidden = new HiddenSamples(policy, counters);
      hidden.count(window, ids, compactor.buckets(window), delete.range());
      if (hidden.ids.isEmpty()) {
        continue;
      }
      parts.add(
          DeleteEntry.Part.hidden(
              window.start(), hidden.ids.getLongCardinality(), hidden.samples, hidden.bytes));
      Tombstone entry =
          new Tombstone(
              hidden.ids,
              delete.range().startExclusive(),
              delete.range().endInclusive(),
              delete.position());
      replace(window, window.tombstones().with(entry), delete.position(), edit, obsolete);
    }
    DeleteEntry known = delete.entry();
    DeleteEntry entry =
        new DeleteEntry(
            known.id(),
            known.tenant(),
            known.matchers(),
            known.range(),
            known.atMillis(),
            0,
            0,
            parts);
    return new Step(book.write(List.of(entry), delete.position(), edit), obsolete);
  }

  private RoaringBitmap matching(WindowView window, String tenant, List<Matcher> matchers) {
    RoaringBitmap ids = new RoaringBitmap();
    for (Shared<WindowView.IndexResource> resource : window.index()) {
      IndexSegment segment = resource.get().segment();
      try {
        ids.or(segment.select(tenant, matchers));
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage())); // its series are not served either
      }
    }
    return ids;
  }

  private void replace(
      WindowView window, Tombstones next, long position, ManifestEdit edit, List<String> obsolete)
      throws IOException {
    String folder = ChunkInfo.windowFolder(window.start());
    String before = window.state().tombstones();
    String name = null;
    if (next.any()) {
      fs.delete(dataDir.resolve(folder).resolve(TombstoneFile.fileName(position)));
      name = TombstoneFile.write(fs, dataDir, folder, position, next);
    }
    edit.tombstones(window.start(), name);
    if (before != null && !before.equals(name)) {
      obsolete.add(folder + "/" + before);
    }
  }

  /** Takes a delete out of the tombstones of all windows. */
  Step exhume(
      long id, long position, long atMillis, Iterable<WindowView> windows, ManifestEdit edit)
      throws IOException {
    List<String> obsolete = new ArrayList<>();
    for (WindowView window : windows) {
      Tombstones left = window.tombstones().without(Set.of(id));
      if (left != window.tombstones()) {
        replace(window, left, position, edit, obsolete);
      }
    }
    DeleteEntry entry = book.find(id);
    List<DeleteEntry> changed =
        entry == null ? List.of() : List.of(entry.undone(position, atMillis));
    return new Step(book.write(changed, position, edit), obsolete);
  }

  /** Writes the receipts of what a merge has taken off the disk. */
  Step receipts(Jobs.MergeJob job, WindowView before, ManifestEdit edit) throws IOException {
    List<DeleteEntry.Trace> written = edit.files();
    Set<String> paths = new HashSet<>();
    written.forEach(file -> paths.add(file.path()));
    List<DeleteEntry.Trace> removed = new ArrayList<>(before.state().files());
    removed.removeIf(file -> paths.contains(file.path()));
    List<DeleteEntry> changed = new ArrayList<>();
    long samples = 0;
    long bytes = 0;
    for (DeleteEntry entry : book.endedBy(job.merge())) {
      for (DeleteEntry.Part part : entry.parts()) {
        if (part.window() == before.start() && part.end() == DeleteEntry.End.HIDDEN) {
          samples += part.samples();
          bytes += part.bytes();
          changed.add(
              entry.with(
                  part.ended(
                      DeleteEntry.End.PURGED,
                      job.position(),
                      job.merge().atMillis(),
                      writtenLater(before, entry, job.merge().keptFrom()),
                      removed,
                      written)));
        }
      }
    }
    Purged purged = changed.isEmpty() ? Purged.NOTHING : new Purged(samples, bytes, removed.size());
    return new Step(book.write(changed, job.position(), edit), List.of(), purged);
  }

  /** Samples of a delete's series in its range that a merge leaves: they were logged after it. */
  private long writtenLater(WindowView window, DeleteEntry entry, long keptFrom) {
    RoaringBitmap ids = matching(window, entry.tenant(), entry.matchers());
    if (ids.isEmpty()) {
      return 0;
    }
    int[] buckets = compactor.buckets(window);
    Tombstones carriedOut =
        keptFrom == 0 ? window.tombstones() : window.tombstones().before(keptFrom);
    WindowView after = window.with(window.chunks(), carriedOut);
    WindowRows rows =
        new WindowRows(new RowMerge(policy), new ChunkScratch(), counters, new DamageLog());
    SampleColumns columns = new SampleColumns();
    long[] later = new long[1];
    ids.forEach(
        (int id) -> {
          columns.clear();
          Compactor.readAll(after, id, buckets[id], rows, columns, entry.range());
          RowMerge.trim(columns, entry.range().startExclusive(), entry.range().endInclusive());
          later[0] += columns.size;
        });
    return later[0];
  }

  /** Notes that hidden samples went with their windows. */
  Step dropped(List<Long> gone, long position, ManifestEdit edit) throws IOException {
    Set<Long> starts = new HashSet<>(gone);
    List<DeleteEntry> changed = new ArrayList<>();
    for (DeleteEntry entry : book.all()) {
      DeleteEntry after = entry;
      for (DeleteEntry.Part part : entry.parts()) {
        if (entry.hides(part.window()) && starts.contains(part.window())) {
          after =
              after.with(part.ended(DeleteEntry.End.DROPPED, position, 0, 0, List.of(), List.of()));
        }
      }
      if (after != entry) {
        changed.add(after);
      }
    }
    return new Step(book.write(changed, position, edit), List.of());
  }
}
