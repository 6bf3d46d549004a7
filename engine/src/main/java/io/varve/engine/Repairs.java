package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.TimeRange;
import io.varve.engine.partition.CellsFile;
import io.varve.engine.partition.DeleteFile;
import io.varve.engine.partition.GroupedFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.TombstoneFile;
import io.varve.engine.partition.WindowState;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Damaged files of an open store, and what takes their place: the same file, as another replica has
 * it. A file that was put right is read from at once. Any thread; one at a time puts files right.
 */
public final class Repairs {
  private static final String FOLDER = "repair";
  private static final Pattern WORD_ENDS = Pattern.compile("[ :;,()]+");

  private final FileSystem fs;
  private final Path dataDir;
  private final Manifest manifest;
  private final Exclusive exclusive;
  private final Catalog catalog;
  private final WindowFiles windowFiles;
  private final Windows windows;
  private final DamageLog damage;
  private final DeleteBook deletes;
  private final PulledFiles pulled;

  /** Runs what changes files, with background work waiting. */
  interface Exclusive {
    /** False if it failed; that is reported. */
    boolean run(Change change);
  }

  /** A change of files; false if there is nothing to change. */
  interface Change {
    boolean run() throws IOException;
  }

  /** How a file is. */
  public enum State {
    /** Every byte is as it was written. */
    WHOLE,
    /** It is not what it was, or cannot be read. */
    DAMAGED,
    /** The store names it, and it is not there. */
    MISSING,
    /** The store does not name it any more. */
    GONE
  }

  /**
   * A file that the store names.
   *
   * @param path in the data folder, with '/'
   * @param bytes its size; −1 if the manifest does not say
   * @param sha256 of its bytes; null if the manifest does not say, and another replica may have
   *     others: a receipt tells of files that each makes for itself
   */
  public record StoredFile(String path, long bytes, @Nullable String sha256) {}

  Repairs(
      FileSystem fs,
      Path dataDir,
      Manifest manifest,
      Exclusive exclusive,
      Catalog catalog,
      WindowFiles windowFiles,
      Windows windows,
      DamageLog damage,
      DeleteBook deletes) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.manifest = manifest;
    this.exclusive = exclusive;
    this.catalog = catalog;
    this.windowFiles = windowFiles;
    this.windows = windows;
    this.damage = damage;
    this.deletes = deletes;
    this.pulled = new PulledFiles(fs, dataDir.resolve(FOLDER));
  }

  /** All files that the store names now. */
  public List<StoredFile> files() {
    List<StoredFile> files = new ArrayList<>();
    for (NamedFiles.Named file : NamedFiles.of(manifest.state())) {
      files.add(new StoredFile(file.path(), file.bytes(), file.sha256()));
    }
    return files;
  }

  /** Files that the store names and that were found damaged: by a reader, or when it was opened. */
  public List<StoredFile> suspects() {
    Set<String> words = new HashSet<>(); // paths have neither spaces nor colons
    for (String problem : damage.all()) {
      words.addAll(Arrays.asList(WORD_ENDS.split(problem)));
    }
    List<StoredFile> suspects = new ArrayList<>();
    if (!words.isEmpty()) {
      for (StoredFile file : files()) {
        if (words.contains(file.path)) {
          suspects.add(file);
        }
      }
    }
    return suspects;
  }

  /**
   * Reads a file, all of it.
   *
   * @param pace is told how much was read
   * @throws IOException if the pace says so; what is wrong with the file is in the answer
   */
  public State prove(StoredFile file, ReadPace pace) throws IOException {
    State state = look(file, pace);
    if (state == State.WHOLE) {
      return state;
    }
    // A merge or a drop may have taken it away meanwhile, or put another one in its place.
    return files().contains(file) ? state : State.GONE;
  }

  private State look(StoredFile file, ReadPace pace) throws IOException {
    Path path = dataDir.resolve(file.path);
    String[] paced = {""};
    try {
      if (file.sha256 == null) {
        return lookInside(file, path, pace);
      }
      MessageDigest digest = Sha256.digest();
      long bytes =
          FileHash.update(
              fs,
              path,
              digest,
              read -> {
                paced[0] = "pace";
                pace.read(read);
                paced[0] = "";
              });
      return bytes == file.bytes && Sha256.hex(digest).equals(file.sha256)
          ? State.WHOLE
          : State.DAMAGED;
    } catch (NoSuchFileException | FileNotFoundException e) {
      return State.MISSING;
    } catch (CorruptDataException e) {
      return State.DAMAGED;
    } catch (IOException e) {
      if (!paced[0].isEmpty()) {
        throw e;
      }
      return State.DAMAGED; // the disk cannot read it
    }
  }

  /** Files that prove themselves. A saved head is only read: it is replaced before long. */
  private State lookInside(StoredFile file, Path path, ReadPace pace) throws IOException {
    String name = file.path.substring(file.path.lastIndexOf('/') + 1);
    if (file.path.startsWith(DeleteFile.FOLDER + "/")) {
      DeleteFile.read(fs, dataDir, file.path);
    } else if (file.path.startsWith("w=")) {
      String folder = file.path.substring(0, file.path.lastIndexOf('/'));
      TombstoneFile.read(fs, dataDir, folder, name);
    } else {
      FileHash.update(fs, path, Sha256.digest(), pace);
    }
    return State.WHOLE;
  }

  /** Where files come from other replicas; what is not wanted any more is deleted. */
  public PulledFiles pulled() throws IOException {
    pulled.create();
    return pulled;
  }

  /** Deletes what was pulled and not used. */
  public void clear() throws IOException {
    if (fs.exists(dataDir.resolve(FOLDER))) {
      pulled.delete();
    }
  }

  /**
   * Puts a pulled file in place of a damaged or missing one; from now on it is read.
   *
   * @param file what is damaged
   * @param replacement of the same path, pulled whole
   * @return false if the store does not name the file any more, names another one of that path than
   *     the replacement, or cannot change it now; nothing has changed then
   */
  public boolean replace(StoredFile file, StoreListing.Entry replacement) {
    if (!file.path.equals(replacement.path())
        || (file.sha256 != null && !file.sha256.equals(replacement.sha256()))) {
      return false;
    }
    return exclusive.run(
        () -> {
          if (!files().contains(file) || !pulled.has(replacement)) {
            return false;
          }
          Path target = dataDir.resolve(file.path);
          Path folder = target.resolveSibling("");
          fs.createDirectories(folder);
          fs.rename(pulled.path(replacement), target);
          fs.syncDirectory(folder);
          damage.repaired(file.path);
          deletes.reread(file.path, damage);
          reopen(file.path);
          return true;
        });
  }

  /**
   * Forgets a damaged file that the store makes anew from its samples: cells of continuous
   * aggregates, and tables of grouped ones.
   *
   * @return false if it is another file, or its samples are gone
   */
  public boolean remake(StoredFile file) {
    return exclusive.run(
        () -> {
          for (WindowState window : manifest.state().windows().values()) {
            ManifestEdit edit = new ManifestEdit();
            for (CellsFile cells : window.cells()) {
              boolean hasSource =
                  window.chunks().stream().anyMatch(chunk -> chunk.path().equals(cells.source()));
              if (cells.file().path().equals(file.path) && hasSource) {
                edit.removeCells(cells);
              }
            }
            for (GroupedFile grouped : window.grouped()) {
              if (grouped.path().equals(file.path) && !grouped.samplesGone()) {
                edit.removeGrouped(grouped);
              }
            }
            if (!edit.isEmpty()) {
              manifest.commit(edit);
              reopen(window.start());
              fs.delete(dataDir.resolve(file.path));
              damage.repaired(file.path);
              return true;
            }
          }
          return false;
        });
  }

  private void reopen(String path) throws IOException {
    for (NamedFiles.Named named : NamedFiles.of(manifest.state())) {
      if (named.window() != null && named.path().equals(path)) {
        reopen(named.window());
        return;
      }
    }
  }

  /** Opens the files of a window anew: its views hold what they have opened. */
  private void reopen(long start) throws IOException {
    WindowState state = manifest.state().window(start);
    if (state != null) {
      WindowView opened = windowFiles.open(state, null, damage::add);
      catalog.merged(opened);
      WindowFiles.handOver(opened);
      catalog.versions().changed(new TimeRange(start, start + windows.width()));
    }
  }
}
