package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.DeleteEntry;
import io.varve.engine.partition.DeleteFile;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.ManifestState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is known of deletes: those that hide samples on the disk, and the receipts of those that are
 * done with. One file each, which the manifest names by a watermark, so that it changes in the same
 * edit as what it tells of.
 *
 * <p>Two sides know different moments. The log's side (under the write lock) has decided things
 * that the files do not know yet: what may be undone is judged there. The jobs' side, in log order,
 * changes the files. Any thread may ask.
 */
final class DeleteBook {
  /** More deletes that wait for their purge are refused. */
  static final int MOST_PENDING = 10_000;

  /** So many receipts are kept, the newest ones. */
  private static final int MOST_RECEIPTS = 1_000;

  private static final String KEY = "delete/";

  private final FileSystem fs;
  private final Path dataDir;
  private final TreeMap<Long, DeleteEntry> entries = new TreeMap<>();

  /** Their files. */
  private final Map<Long, String> paths = new TreeMap<>();

  /** Logged, not in files yet: what they hide is not counted. */
  private final TreeSet<Long> unburied = new TreeSet<>();

  /** Taken back in the log, not in the files yet. */
  private final TreeSet<Long> undoing = new TreeSet<>();

  /** Merges that were logged and not carried out yet, by log position. */
  private final TreeMap<Long, Records.Merge> merges = new TreeMap<>();

  private DeleteBook(FileSystem fs, Path dataDir) {
    this.fs = fs;
    this.dataDir = dataDir;
  }

  /** Reads what the manifest names; what is damaged is reported and left out. */
  static DeleteBook open(FileSystem fs, Path dataDir, ManifestState state, DamageLog damage)
      throws IOException {
    DeleteBook book = new DeleteBook(fs, dataDir);
    for (Map.Entry<Long, String> file : files(state).entrySet()) {
      book.paths.put(file.getKey(), file.getValue());
      try {
        book.entries.put(file.getKey(), DeleteFile.read(fs, dataDir, file.getValue()));
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
      } catch (java.nio.file.NoSuchFileException | java.io.FileNotFoundException e) {
        damage.add(file.getValue() + ": the file is missing");
      }
    }
    return book;
  }

  /** The files of all deletes that a manifest names, by the delete's log position. */
  static TreeMap<Long, String> files(ManifestState state) {
    TreeMap<Long, String> files = new TreeMap<>();
    state
        .watermarks()
        .forEach(
            (key, value) -> {
              if (key.startsWith(KEY)) {
                files.put(Long.parseLong(key.substring(KEY.length())), value);
              }
            });
    return files;
  }

  /** All that is known, oldest first. */
  synchronized List<DeleteEntry> all() {
    return new ArrayList<>(entries.values());
  }

  /** The log positions of all. */
  synchronized Set<Long> ids() {
    return Set.copyOf(entries.keySet());
  }

  /** What is known of one; null if nothing is. */
  synchronized @Nullable DeleteEntry find(long id) {
    return entries.get(id);
  }

  /** True if it was taken back, be it in the log only. */
  synchronized boolean isUndone(DeleteEntry entry) {
    return entry.undone() || undoing.contains(entry.id());
  }

  /** True if it hides samples, or what it hides is not known yet. */
  private boolean isPending(DeleteEntry entry) {
    return !isUndone(entry) && (unburied.contains(entry.id()) || entry.pending());
  }

  /** How they stand at a time, beside what was counted. */
  synchronized EngineStats.Amendments amendments(
      long now, long undoMillis, EngineCounters counters) {
    long hiding = 0;
    long due = 0;
    long oldest = 0;
    long samples = 0;
    long bytes = 0;
    long receipts = 0;
    long lastReceipt = 0;
    for (DeleteEntry entry : entries.values()) {
      boolean pending = isPending(entry);
      if (pending) {
        hiding++;
        due += now - entry.atMillis() >= undoMillis ? 1 : 0;
        oldest = oldest == 0 ? entry.atMillis() : Math.min(oldest, entry.atMillis());
      } else if (entry.partlyPurged()) {
        receipts++;
      }
      for (DeleteEntry.Part part : entry.parts()) {
        if (pending && part.end() == DeleteEntry.End.HIDDEN) {
          samples += part.samples();
          bytes += part.bytes();
        } else if (part.end() == DeleteEntry.End.PURGED) {
          lastReceipt = Math.max(lastReceipt, part.endAtMillis());
        }
      }
    }
    return new EngineStats.Amendments(
        hiding,
        due,
        oldest,
        samples,
        bytes,
        receipts,
        lastReceipt,
        counters.undeletes.sum(),
        counters.purgedSamples.sum(),
        counters.purgedBytes.sum(),
        counters.purgedFiles.sum(),
        counters.corrections.sum(),
        counters.correctedSamples.sum());
  }

  /** A file was put right: what could not be read before is known again. */
  void reread(String path, DamageLog damage) throws IOException {
    Long id = null;
    synchronized (this) {
      for (Map.Entry<Long, String> file : paths.entrySet()) {
        if (file.getValue().equals(path)) {
          id = file.getKey();
        }
      }
    }
    if (id != null) {
      try {
        DeleteEntry entry = DeleteFile.read(fs, dataDir, path);
        synchronized (this) {
          entries.putIfAbsent(id, entry);
        }
      } catch (CorruptDataException e) {
        damage.add(String.valueOf(e.getMessage()));
      }
    }
  }

  // The log's side.

  /** How many deletes wait for their purge. */
  synchronized int pending() {
    int n = 0;
    for (DeleteEntry entry : entries.values()) {
      n += isPending(entry) ? 1 : 0;
    }
    return n;
  }

  /** The log position from which on deletes are not to be purged at a time; 0 if all may be. */
  synchronized long keptFrom(long now, long undoMillis) {
    for (DeleteEntry entry : entries.values()) {
      if (isPending(entry) && now - entry.atMillis() < undoMillis) {
        return entry.id();
      }
    }
    return 0;
  }

  /**
   * When the oldest delete that hides something in a window and may be purged was decided;
   * Long.MAX_VALUE if there is none.
   *
   * @param keptFrom deletes from this log position on may not be purged, 0: all may
   */
  synchronized long oldestDue(long window, long keptFrom) {
    for (DeleteEntry entry : entries.values()) {
      if (keptFrom != 0 && entry.id() >= keptFrom) {
        break;
      }
      if (isPending(entry) && entry.hides(window)) {
        return entry.atMillis();
      }
    }
    return Long.MAX_VALUE;
  }

  synchronized void logged(Delete delete) {
    unburied.add(delete.position());
    entries.put(delete.position(), delete.entry());
  }

  synchronized void mergeLogged(long position, Records.Merge merge) {
    merges.put(position, merge);
  }

  synchronized void undeleteLogged(long id) {
    undoing.add(id);
  }

  /**
   * Refuses what cannot be undone.
   *
   * @throws UndeleteException with the reason
   */
  synchronized void checkUndo(long id) {
    DeleteEntry entry = entries.get(id);
    if (entry == null) {
      throw new UndeleteException(false, "there is no delete " + id);
    }
    if (isUndone(entry)) {
      throw new UndeleteException(true, "delete " + id + " is undone already");
    }
    if (entry.partlyPurged()) {
      long gone = entry.parts().stream().filter(p -> p.end() != DeleteEntry.End.HIDDEN).count();
      throw new UndeleteException(
          true,
          "delete "
              + id
              + " cannot be undone: its samples are purged in "
              + gone
              + " of "
              + entry.parts().size()
              + " windows");
    }
    boolean buried = !unburied.contains(id);
    if (buried && entry.purged()) {
      throw new UndeleteException(
          true, "delete " + id + " cannot be undone: it hides nothing that is stored");
    }
    for (Records.Merge merge : merges.tailMap(id).values()) {
      boolean carriesOut = merge.keptFrom() == 0 || id < merge.keptFrom();
      if (carriesOut && (!buried || entry.hides(merge.start()))) {
        throw new UndeleteException(
            true, "delete " + id + " cannot be undone: its samples are being purged");
      }
    }
  }

  // The jobs' side.

  /** Entries on their way into files. */
  record Change(List<DeleteEntry> entries, Map<Long, String> paths, List<Long> forgotten) {}

  /** Writes what is known of deletes after a job, and puts it into the job's edit. */
  Change write(List<DeleteEntry> changed, long position, ManifestEdit edit) throws IOException {
    TreeMap<Long, String> written = new TreeMap<>();
    for (DeleteEntry entry : changed) {
      String path = DeleteFile.write(fs, dataDir, position, entry);
      written.put(entry.id(), path);
      edit.watermark(KEY + entry.id(), path);
    }
    List<Long> forgotten = new ArrayList<>();
    synchronized (this) {
      TreeMap<Long, DeleteEntry> after = new TreeMap<>(entries);
      changed.forEach(entry -> after.put(entry.id(), entry));
      List<Long> receipts = new ArrayList<>();
      for (DeleteEntry entry : after.values()) {
        boolean done =
            !entry.pending() && (paths.containsKey(entry.id()) || written.containsKey(entry.id()));
        if (done) {
          receipts.add(entry.id());
        }
      }
      for (int i = 0; i < receipts.size() - MOST_RECEIPTS; i++) {
        forgotten.add(receipts.get(i));
        edit.watermark(KEY + receipts.get(i), null);
      }
    }
    return new Change(changed, written, forgotten);
  }

  /** The edit counts: the files from before go. */
  void committed(Change change) throws IOException {
    List<String> obsolete = new ArrayList<>();
    synchronized (this) {
      for (DeleteEntry entry : change.entries()) {
        entries.put(entry.id(), entry);
        unburied.remove(entry.id());
        if (entry.undone()) {
          undoing.remove(entry.id());
        }
      }
      change
          .paths()
          .forEach(
              (id, path) -> {
                String before = paths.put(id, path);
                if (before != null && !before.equals(path)) {
                  obsolete.add(before);
                }
              });
      for (long id : change.forgotten()) {
        entries.remove(id);
        String before = paths.remove(id);
        if (before != null) {
          obsolete.add(before);
        }
      }
    }
    for (String path : obsolete) {
      fs.delete(dataDir.resolve(path));
    }
  }

  /** A logged merge is done, or refused to touch damaged files. */
  synchronized void mergeDone(long position) {
    merges.remove(position);
  }

  /** Those of which a merge of a window takes the hidden samples away. */
  synchronized List<DeleteEntry> endedBy(Records.Merge merge) {
    List<DeleteEntry> ended = new ArrayList<>();
    for (DeleteEntry entry : entries.values()) {
      if ((merge.keptFrom() == 0 || entry.id() < merge.keptFrom()) && entry.hides(merge.start())) {
        ended.add(entry);
      }
    }
    return ended;
  }

  /** Those that hide something in a window. */
  synchronized List<DeleteEntry> hiding(long window) {
    return entries.values().stream().filter(entry -> entry.hides(window)).toList();
  }
}
