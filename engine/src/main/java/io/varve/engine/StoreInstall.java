package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The taking over of a store from another node, in two steps.
 *
 * <p><b>Pulling.</b> The files of a {@link StoreListing} come into the folder {@code install} of
 * the data folder, those that are in place already by a second name. Nothing else changes: an
 * engine may have the data folder open meanwhile, and answer. What came stays over restarts and
 * further listings, as far as these want it.
 *
 * <p><b>Switching</b>, with no engine in the folder: the listing is written into a file {@code
 * INSTALLING}, which is the moment at which the new store counts; then its files get their places,
 * the manifest follows, {@code INSTALLING} goes. All of it is local and may be done again from its
 * beginning, and whoever opens a folder with that file in it does so. So after a power cut at any
 * moment the folder holds the old store or the new one, and no mixture.
 *
 * <p>Files that the new store does not name are deleted by the engine that opens it; a local log
 * goes with the switch, because its positions are those of the old store.
 */
public final class StoreInstall {
  static final String FOLDER = "install";
  static final String MARKER = "INSTALLING";

  private static final String MARKER_TMP = "INSTALLING.tmp";
  private static final String LOGS = "wal";

  /** So much of the disk stays free beside what is pulled. */
  private static final long RESERVE_BYTES = 8 << 20;

  private final FileSystem fs;
  private final Path dataDir;
  private final PulledFiles files;

  /** Into a data folder, which is created when it is needed. */
  public StoreInstall(Path dataDir) {
    this(RealFileSystem.INSTANCE, dataDir);
  }

  /** The same by way of another file system. */
  public StoreInstall(FileSystem fs, Path dataDir) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.files = new PulledFiles(fs, dataDir.resolve(FOLDER));
  }

  /** Where pulled files go. */
  public PulledFiles files() {
    return files;
  }

  /**
   * Takes over what is here already of a listing, and forgets what earlier listings left.
   *
   * @return the files that are missing, or of which a part is; each content once
   * @throws IOException if the disk has no room for them, or cannot be used
   */
  public List<StoreListing.Entry> begin(StoreListing listing, ReadPace pace) throws IOException {
    files.create();
    Set<String> wanted = new HashSet<>();
    listing.files().forEach(file -> wanted.add(file.sha256()));
    files.retain(wanted);
    Map<String, StoreListing.Entry> missing = new HashMap<>();
    List<StoreListing.Entry> order = new ArrayList<>();
    for (StoreListing.Entry file : listing.files()) {
      if (files.has(file) && fs.size(files.path(file)) == file.bytes()) {
        continue;
      }
      if (adopt(file, pace)) {
        missing.remove(file.sha256());
      } else if (missing.put(file.sha256(), file) == null) {
        order.add(file);
      }
    }
    order.removeIf(file -> !missing.containsKey(file.sha256()));
    long needed = 0;
    for (StoreListing.Entry file : order) {
      needed += file.bytes() - files.bytes(file);
    }
    long free = fs.usableBytes(dataDir);
    if (needed > 0 && free < needed + RESERVE_BYTES) {
      throw new IOException(
          dataDir + ": " + needed + " bytes are to be pulled, and " + free + " are free");
    }
    return order;
  }

  private boolean adopt(StoreListing.Entry file, ReadPace pace) throws IOException {
    try {
      return files.adopt(file, dataDir.resolve(file.path()), pace);
    } catch (NoSuchFileException e) {
      return false; // an engine that has the folder open took it away
    }
  }

  /**
   * Puts the store in place of the one that is there. No engine has the folder open.
   *
   * @throws IOException if a file is missing, if the folder holds another store's data, or if the
   *     disk cannot be used: then, once {@link #begin}'s files are all there, the next start of an
   *     engine goes on
   */
  public void install(StoreListing listing) throws IOException {
    fs.createDirectories(dataDir);
    try (FileSystem.FolderLock _ = fs.lock(dataDir)) {
      for (StoreListing.Entry file : listing.files()) {
        if (!files.has(file)) {
          throw new IOException(file.path() + " has not been pulled");
        }
      }
      requireSameStore(listing.state());
      files.create();
      files.sync(); // names first: the marker says that they are all there
      Path temporary = dataDir.resolve(MARKER_TMP);
      fs.delete(temporary);
      byte[] bytes = listing.encode();
      try (FileSystem.AppendFile out = fs.create(temporary)) {
        out.write(bytes, 0, bytes.length);
        out.sync();
      }
      fs.rename(temporary, dataDir.resolve(MARKER));
      fs.syncDirectory(dataDir);
      finish(fs, dataDir);
    }
  }

  /** A folder of another cluster must not be overwritten by mistake. */
  private void requireSameStore(ManifestState wanted) throws IOException {
    ManifestState there;
    try {
      there = Manifest.read(fs, dataDir);
    } catch (NoSuchFileException | CorruptDataException e) {
      return; // nothing, or nothing that can be read: why another node's store is taken
    }
    boolean isEmpty = there.windows().isEmpty() && there.flushedSequence() == 0;
    if (!isEmpty && there.storeId() != wanted.storeId()) {
      throw new IOException(
          dataDir
              + " holds the store "
              + Long.toHexString(there.storeId())
              + ", not "
              + Long.toHexString(wanted.storeId())
              + ": delete it if that is right");
    }
  }

  /**
   * Goes on with a switch that was begun. The caller holds the folder's lock.
   *
   * @return false if none was
   */
  static boolean finish(FileSystem fs, Path dataDir) throws IOException {
    Path marker = dataDir.resolve(MARKER);
    if (!fs.exists(marker)) {
      return false;
    }
    StoreListing listing = StoreListing.decode(fs.readAll(marker), MARKER);
    PulledFiles files = new PulledFiles(fs, dataDir.resolve(FOLDER));
    // The manifest alone does not tell: it is the same where only files are damaged.
    // But what was pulled goes only when all is in its place.
    if (listing.files().stream().allMatch(files::has) || !isInPlace(fs, dataDir, listing)) {
      place(fs, dataDir, files, listing);
      Manifest.replace(fs, dataDir, listing.state());
    }
    files.delete();
    fs.delete(marker);
    fs.syncDirectory(dataDir);
    return true;
  }

  private static boolean isInPlace(FileSystem fs, Path dataDir, StoreListing listing)
      throws IOException {
    try {
      return Manifest.read(fs, dataDir).equals(listing.state());
    } catch (NoSuchFileException | CorruptDataException e) {
      return false;
    }
  }

  private static void place(FileSystem fs, Path dataDir, PulledFiles files, StoreListing listing)
      throws IOException {
    TreeSet<Path> folders = new TreeSet<>();
    for (StoreListing.Entry file : listing.files()) {
      Path target = dataDir.resolve(file.path());
      Path folder = target.resolveSibling("");
      if (folders.add(folder)) {
        fs.createDirectories(folder);
      }
      fs.delete(target);
      fs.link(files.path(file), target);
    }
    for (Path log : fs.list(dataDir.resolve(LOGS))) {
      for (Path segment : fs.list(log)) {
        fs.delete(segment);
      }
      folders.add(log);
    }
    for (Path folder : folders) {
      fs.syncDirectory(folder);
    }
  }
}
