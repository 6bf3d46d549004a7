package io.varve.engine;

import io.varve.engine.io.FileSystem;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.ManifestState;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What other nodes may fetch of an open store. A {@link StoreListing} comes with a hold on its
 * files: second names in the folder {@code ship}, so that merges and drops do not take them away
 * while they are pulled. A hold ends when it is let go, or when nobody asked for its files for ten
 * minutes; none outlives the engine.
 *
 * <p>Files are asked for by SHA-256 and found in what is held and what the manifest names. No name
 * that a client sends ever becomes a path.
 *
 * <p>Any thread. Taking a listing keeps background work waiting while second names are given, and
 * reads those files of which the manifest has no SHA-256 (the saved head, deletes), each once.
 */
public final class Shipping {
  static final String FOLDER = "ship";

  private static final long HOLD_MILLIS = Duration.ofMinutes(10).toMillis();
  private static final int MOST_HOLDS = 64;
  private static final String NO_HOLD = "0".repeat(16);
  private static final int PEEKS = 20;

  private final FileSystem fs;
  private final Path dataDir;
  private final Manifest manifest;
  private final ReentrantLock background;
  private final DamageLog damage;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();
  private final ReentrantLock taking = new ReentrantLock();

  /** Guarded by this object. */
  private final Map<String, Hold> holds = new HashMap<>();

  /** Hashes by path that had to be computed, of files that never change. Guarded by taking. */
  private Map<String, Known> computed = new HashMap<>();

  /** Paths by hash of what the manifest named when somebody looked. */
  private volatile @Nullable Lookup lookup;

  /** Position of a listing that is being made; Long.MAX_VALUE while none is. */
  private volatile long comingPosition = Long.MAX_VALUE;

  private volatile boolean closed;

  private record Known(long bytes, String sha256) {}

  private record Lookup(ManifestState state, Map<String, String> paths) {}

  /** Files that are held. */
  private static final class Hold {
    final StoreListing listing;
    final Path folder;
    final Map<String, Path> byHash;
    int holders = 1;
    long untilMillis;

    Hold(StoreListing listing, Path folder, Map<String, Path> byHash) {
      this.listing = listing;
      this.folder = folder;
      this.byHash = byHash;
    }
  }

  /**
   * Over an open store.
   *
   * @param background held by whoever changes files
   */
  Shipping(
      FileSystem fs,
      Path dataDir,
      Manifest manifest,
      ReentrantLock background,
      DamageLog damage,
      InstantSource clock) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.manifest = manifest;
    this.background = background;
    this.damage = damage;
    this.clock = clock;
  }

  /** Deletes what a process that was killed has left in a data folder. */
  static void cleanUp(FileSystem fs, Path dataDir) throws IOException {
    Path all = dataDir.resolve(FOLDER);
    if (!fs.exists(all)) {
      return;
    }
    for (Path hold : fs.list(all)) {
      deleteHold(fs, hold);
    }
    fs.deleteDirectory(all);
  }

  private static void deleteHold(FileSystem fs, Path folder) throws IOException {
    for (Path file : fs.list(folder)) {
      fs.delete(file);
    }
    fs.deleteDirectory(folder);
  }

  /**
   * The store as it is now, with a hold on its files, which the caller lets go of with {@link
   * #release}.
   *
   * @throws IOException if a file is missing or cannot be read (it is reported as damage), if the
   *     disk cannot be used, or if too many listings are held
   */
  public StoreListing take() throws IOException {
    taking.lock();
    try {
      checkOpen();
      expire();
      StoreListing shared = share(manifest.state());
      if (shared != null) {
        return shared;
      }
      synchronized (this) {
        if (holds.size() >= MOST_HOLDS) {
          throw new IOException(MOST_HOLDS + " listings are held already");
        }
      }
      String id = HexFormat.of().toHexDigits(random.nextLong());
      Path folder = dataDir.resolve(FOLDER).resolve(id);
      Hold hold = null;
      try {
        hold = hold(id, folder);
      } finally {
        if (hold == null) {
          comingPosition = Long.MAX_VALUE;
          deleteHold(fs, folder);
        }
      }
      synchronized (this) {
        hold.untilMillis = clock.millis() + HOLD_MILLIS;
        holds.put(id, hold);
        comingPosition = Long.MAX_VALUE;
      }
      return hold.listing;
    } finally {
      taking.unlock();
    }
  }

  /** A listing of the same state that somebody holds. */
  private synchronized @Nullable StoreListing share(ManifestState state) {
    for (Hold hold : holds.values()) {
      if (isSame(hold.listing.state(), state)) {
        hold.holders++;
        hold.untilMillis = clock.millis() + HOLD_MILLIS;
        return hold.listing;
      }
    }
    return null;
  }

  /** A state is replaced, never changed; to compare two of many files would take long. */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(ManifestState a, ManifestState b) {
    return a == b;
  }

  private Hold hold(String id, Path folder) throws IOException {
    fs.createDirectories(folder);
    ManifestState state;
    List<NamedFiles.Named> named;
    List<Path> links = new ArrayList<>();
    background.lock();
    try {
      state = manifest.state();
      comingPosition = state.checkpointSequence(); // nothing is trimmed before the lock is free
      named = NamedFiles.of(state);
      for (NamedFiles.Named file : named) {
        Path link = folder.resolve(Integer.toString(links.size()));
        link(file.path(), link);
        links.add(link);
      }
    } finally {
      background.unlock();
    }
    List<StoreListing.Entry> entries = entries(named, links);
    Map<String, Path> byHash = new HashMap<>();
    for (int i = 0; i < links.size(); i++) {
      byHash.put(entries.get(i).sha256(), links.get(i));
    }
    return new Hold(new StoreListing(id, state, entries), folder, byHash);
  }

  /** Files with their hashes, which are read where the manifest does not have them. */
  private List<StoreListing.Entry> entries(List<NamedFiles.Named> named, List<Path> paths)
      throws IOException {
    List<StoreListing.Entry> entries = new ArrayList<>();
    Map<String, Known> stillNamed = new HashMap<>();
    for (int i = 0; i < paths.size(); i++) {
      NamedFiles.Named file = named.get(i);
      String sha256 = file.sha256();
      long bytes = file.bytes();
      if (sha256 == null) {
        Known known = computed.get(file.path());
        if (known == null) {
          known = new Known(fs.size(paths.get(i)), FileHash.of(fs, paths.get(i)));
        }
        stillNamed.put(file.path(), known);
        sha256 = known.sha256;
        bytes = known.bytes;
      }
      entries.add(new StoreListing.Entry(file.path(), bytes, sha256));
    }
    computed = stillNamed;
    return entries;
  }

  /**
   * The store as it is now, to be compared: nothing is held, and the id means nothing.
   *
   * @throws IOException if a file cannot be read
   */
  public StoreListing peek() throws IOException {
    taking.lock();
    try {
      checkOpen();
      for (int attempt = 1; ; attempt++) {
        ManifestState state = manifest.state();
        List<NamedFiles.Named> named = NamedFiles.of(state);
        try {
          List<Path> paths = named.stream().map(file -> dataDir.resolve(file.path())).toList();
          return new StoreListing(NO_HOLD, state, entries(named, paths));
        } catch (NoSuchFileException e) {
          if (attempt == PEEKS || isSame(state, manifest.state())) {
            throw e;
          }
        }
      }
    } finally {
      taking.unlock();
    }
  }

  private void link(String path, Path second) throws IOException {
    try {
      fs.link(dataDir.resolve(path), second);
    } catch (NoSuchFileException e) {
      damage.add(path + ": the file is missing");
      throw e;
    } catch (FileAlreadyExistsException e) {
      throw new IOException("BUG: " + second + " exists", e);
    }
  }

  /** Lets go of a listing; nothing happens if it is not held. */
  public void release(String id) throws IOException {
    Hold ended = null;
    synchronized (this) {
      Hold hold = holds.get(id);
      if (hold != null && --hold.holders == 0) {
        holds.remove(id);
        ended = hold;
      }
    }
    if (ended != null) {
      deleteHold(fs, ended.folder);
    }
  }

  /**
   * Opens a file, which the caller closes.
   *
   * @param sha256 of the file; may be any text
   * @return null if there is none
   */
  public FileSystem.@Nullable ReadFile open(String sha256) throws IOException {
    checkOpen();
    if (!StoreListing.isSha256(sha256)) {
      return null;
    }
    Path path = null;
    synchronized (this) {
      for (Hold hold : holds.values()) {
        Path held = hold.byHash.get(sha256);
        if (held != null) {
          hold.untilMillis = clock.millis() + HOLD_MILLIS;
          path = held;
        }
      }
    }
    if (path == null) {
      String named = lookup().get(sha256);
      if (named == null) {
        return null;
      }
      path = dataDir.resolve(named);
    }
    try {
      return fs.open(path);
    } catch (NoSuchFileException e) {
      return null; // it went in between, or is damaged in the worst way
    }
  }

  private Map<String, String> lookup() {
    ManifestState state = manifest.state();
    Lookup known = lookup;
    if (known == null || !isSame(known.state, state)) {
      Map<String, String> paths = new HashMap<>();
      for (NamedFiles.Named file : NamedFiles.of(state)) {
        if (file.sha256() != null) {
          paths.put(file.sha256(), file.path());
        }
      }
      known = new Lookup(state, paths);
      lookup = known;
    }
    return known.paths;
  }

  /**
   * The smallest position of a listing that is held: whoever installs it needs the log behind that.
   * {@code Long.MAX_VALUE} if none is.
   */
  public synchronized long heldPosition() {
    long now = clock.millis();
    long least = comingPosition;
    for (Hold hold : holds.values()) {
      if (hold.untilMillis > now) {
        least = Math.min(least, hold.listing.position());
      }
    }
    return least;
  }

  /** The log position up to which everything is in files. */
  public long flushedTo() {
    return manifest.state().flushedSequence();
  }

  /** Lets go of what nobody asked for, for long. */
  void expire() throws IOException {
    List<Hold> ended = new ArrayList<>();
    synchronized (this) {
      long now = clock.millis();
      holds.values().stream().filter(hold -> hold.untilMillis <= now).forEach(ended::add);
      ended.forEach(hold -> holds.remove(hold.listing.id()));
    }
    for (Hold hold : ended) {
      deleteHold(fs, hold.folder);
    }
  }

  private void checkOpen() throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
  }

  /** Lets go of everything. */
  void close() throws IOException {
    closed = true;
    taking.lock();
    try {
      synchronized (this) {
        holds.clear();
      }
      cleanUp(fs, dataDir);
    } finally {
      taking.unlock();
    }
  }
}
