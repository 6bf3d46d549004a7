package io.varve.engine.partition;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The record of what exists in a data folder: {@code CURRENT} names the live {@code MANIFEST-n}, a
 * text file to which every {@link #commit} appends one line. An edit counts when its line is on
 * stable storage; a line that was torn by a crash never counted and is cut off at the next open.
 * When the file has grown, the state is written into {@code MANIFEST-(n+1)} and {@code CURRENT} is
 * replaced.
 *
 * <p><b>Failures.</b> After a failed write or sync the manifest refuses all further edits, so that
 * the owner stops. Whether the edit that failed will be there after the next open is not known: the
 * owner must not delete a file that it adds. A failed write (a full disk) can be undone by {@link
 * #tryRepair}; a failed sync is final.
 *
 * <p>Any thread may call; edits take turns. The owner holds the folder's lock and closes the
 * manifest. The format is described in the package's documentation.
 */
public final class Manifest implements AutoCloseable {
  /** A manifest is not rewritten before it has this size and is 4 times as long as a fresh one. */
  private static final long ROLL_BYTES = 256 << 10;

  private static final String CURRENT_TMP = ManifestFile.CURRENT + ".tmp";

  private final FileSystem fs;
  private final Path dataDir;
  private final long rollBytes;
  private volatile ManifestState state;
  private volatile @Nullable String problem;
  private boolean repairable;
  private long number;
  private FileSystem.AppendFile file;
  private long goodBytes;
  private int chain;
  private long rollAt;

  private Manifest(
      FileSystem fs,
      Path dataDir,
      long rollBytes,
      ManifestFile content,
      FileSystem.AppendFile file) {
    this.fs = fs;
    this.dataDir = dataDir;
    this.rollBytes = rollBytes;
    this.state = content.state();
    this.number = content.number();
    this.file = file;
    this.goodBytes = content.goodBytes();
    this.chain = content.chain();
    this.rollAt = Math.max(rollBytes, 4 * content.snapshotBytes());
  }

  /**
   * Opens the manifest of a data folder, or makes the first one.
   *
   * @param initial the state of a new store, asked only if there is none
   * @throws CorruptDataException if a line that counted is damaged, or if manifests are there but
   *     {@code CURRENT} is not
   */
  public static Manifest open(FileSystem fs, Path dataDir, Supplier<ManifestState> initial)
      throws IOException {
    return open(fs, dataDir, initial, ROLL_BYTES);
  }

  static Manifest open(FileSystem fs, Path dataDir, Supplier<ManifestState> initial, long rollBytes)
      throws IOException {
    long number = ManifestFile.readCurrent(fs, dataDir);
    if (number < 0) {
      requireNew(fs, dataDir);
      number = 1;
      create(fs, dataDir, initial.get());
    }
    ManifestFile content = ManifestFile.load(fs, dataDir, number);
    Path path = path(dataDir, number);
    if (content.totalBytes() > content.goodBytes()) {
      fs.truncate(path, content.goodBytes());
    }
    FileSystem.AppendFile file = fs.openForAppend(path);
    try {
      // A process that was killed may have left an edit, or the name of a manifest, that only the
      // operating system has: whoever follows it deletes what it replaced.
      file.sync();
      fs.syncDirectory(dataDir);
      for (long other : ManifestFile.numbers(fs, dataDir)) {
        if (other != number) {
          fs.delete(path(dataDir, other)); // left by a crash between two manifests
        }
      }
      return new Manifest(fs, dataDir, rollBytes, content, file);
    } catch (IOException | RuntimeException e) {
      closeQuietly(file);
      throw e;
    }
  }

  /**
   * The state of a data folder, read beside a running owner; changes nothing.
   *
   * @throws NoSuchFileException if the folder has no manifest
   */
  public static ManifestState read(FileSystem fs, Path dataDir) throws IOException {
    while (true) {
      long number = ManifestFile.readCurrent(fs, dataDir);
      if (number < 0) {
        throw new NoSuchFileException(dataDir.resolve(ManifestFile.CURRENT).toString());
      }
      try {
        return ManifestFile.load(fs, dataDir, number).state();
      } catch (IOException e) {
        // The owner may have gone on to the next manifest in between.
        if (ManifestFile.readCurrent(fs, dataDir) == number) {
          throw e;
        }
      }
    }
  }

  /** Without CURRENT, all that may be there is what a crash left while the store was created. */
  private static void requireNew(FileSystem fs, Path dataDir) throws IOException {
    for (long number : ManifestFile.numbers(fs, dataDir)) {
      boolean used = number != 1;
      if (!used) {
        try {
          ManifestFile content = ManifestFile.load(fs, dataDir, number);
          used = content.lines() > content.snapshotLines();
        } catch (CorruptDataException e) {
          used = false; // torn while it was created
        }
      }
      if (used) {
        throw new CorruptDataException(
            ManifestFile.CURRENT,
            -1,
            "is missing, but " + path(dataDir, number).getFileName() + " is there");
      }
    }
  }

  /** Writes the manifest of a new store in a folder that has none. */
  public static void create(FileSystem fs, Path dataDir, ManifestState initial) throws IOException {
    fs.createDirectories(dataDir);
    Path path = path(dataDir, 1);
    fs.delete(path);
    write(fs, path, ManifestFile.snapshot(1, initial));
    fs.syncDirectory(dataDir);
    fs.delete(dataDir.resolve(CURRENT_TMP));
    write(fs, dataDir.resolve(CURRENT_TMP), ManifestFile.current(1));
    fs.rename(dataDir.resolve(CURRENT_TMP), dataDir.resolve(ManifestFile.CURRENT));
    fs.syncDirectory(dataDir);
  }

  /**
   * Puts another state in place of what a folder has, at once: after a power cut it has the one or
   * the other. Nobody has the folder open; manifests from before are deleted by the next open.
   */
  public static void replace(FileSystem fs, Path dataDir, ManifestState state) throws IOException {
    List<Long> there = ManifestFile.numbers(fs, dataDir);
    if (there.isEmpty() && !fs.exists(dataDir.resolve(ManifestFile.CURRENT))) {
      create(fs, dataDir, state);
      return;
    }
    long next = there.isEmpty() ? 1 : there.getLast() + 1;
    write(fs, path(dataDir, next), ManifestFile.snapshot(next, state));
    fs.syncDirectory(dataDir);
    fs.delete(dataDir.resolve(CURRENT_TMP));
    write(fs, dataDir.resolve(CURRENT_TMP), ManifestFile.current(next));
    fs.rename(dataDir.resolve(CURRENT_TMP), dataDir.resolve(ManifestFile.CURRENT));
    fs.syncDirectory(dataDir);
  }

  /** The bytes with which a manifest of this state would begin. */
  public static byte[] encode(ManifestState state) {
    return ManifestFile.snapshot(1, state);
  }

  /**
   * Reads what {@link #encode} gave.
   *
   * @param source for messages
   * @throws CorruptDataException if it is anything else
   */
  public static ManifestState decode(byte[] bytes, String source) {
    ManifestFile content = ManifestFile.parse(bytes, source, 1);
    if (content.goodBytes() != bytes.length) {
      throw new CorruptDataException(source, content.goodBytes(), "ends in the middle of a line");
    }
    return content.state();
  }

  private static void write(FileSystem fs, Path path, byte[] bytes) throws IOException {
    try (FileSystem.AppendFile out = fs.create(path)) {
      out.write(bytes, 0, bytes.length);
      out.sync();
    }
  }

  private static Path path(Path dataDir, long number) {
    return dataDir.resolve(ManifestFile.PREFIX + number);
  }

  /** What exists now. */
  public ManifestState state() {
    return state;
  }

  /** Why no more edits are taken, null as long as they are. */
  public @Nullable String problem() {
    return problem;
  }

  /** Size of the live manifest in bytes. */
  public synchronized long bytes() {
    return goodBytes;
  }

  /**
   * Takes an edit over: when this returns, it is on stable storage and {@link #state} has it.
   *
   * @throws IllegalArgumentException if the edit does not fit the state; nothing was written
   * @throws IOException if it could not be written or synced, now or earlier; no further edit is
   *     taken
   */
  public synchronized void commit(ManifestEdit edit) throws IOException {
    if (problem != null) {
      throw new IOException("the manifest takes no more edits: " + problem);
    }
    if (edit.isEmpty()) {
      return;
    }
    ManifestState next = state.with(edit.ops());
    byte[] line = ManifestFile.line(chain, ManifestText.print(edit.ops()));
    try {
      file.write(line, 0, line.length);
    } catch (IOException e) {
      stop(e, true);
      throw e;
    }
    try {
      file.sync();
    } catch (IOException e) {
      stop(e, false);
      throw e;
    }
    goodBytes += line.length;
    chain = ManifestFile.checksumOf(line);
    state = next;
    if (goodBytes > rollAt) {
      roll();
    }
  }

  private void stop(IOException cause, boolean canBeRepaired) {
    problem = String.valueOf(cause.getMessage());
    repairable = canBeRepaired;
  }

  /**
   * After a failed write: cuts the torn line off and takes edits again if that works. After a
   * failed sync nothing helps but a new start of the process.
   *
   * @return true if edits are taken
   */
  public synchronized boolean tryRepair() {
    if (problem == null) {
      return true;
    }
    if (!repairable) {
      return false;
    }
    try {
      file.close();
      fs.truncate(path(dataDir, number), goodBytes);
      file = fs.openForAppend(path(dataDir, number));
    } catch (IOException e) {
      stop(e, false);
      return false;
    }
    problem = null;
    return true;
  }

  /**
   * Goes on in a fresh file that begins with the whole state. The edit that led here is safe
   * already, so nothing is thrown: a disk too full for the new file is tried again later, a failed
   * sync or rename ends the taking of edits.
   */
  private void roll() {
    long next = number + 1;
    byte[] snapshot = ManifestFile.snapshot(next, state);
    Path currentTmp = dataDir.resolve(CURRENT_TMP);
    FileSystem.AppendFile fresh = null;
    FileSystem.AppendFile current = null;
    try {
      fs.delete(path(dataDir, next));
      fs.delete(currentTmp);
      fresh = fs.create(path(dataDir, next));
      fresh.write(snapshot, 0, snapshot.length);
      byte[] name = ManifestFile.current(next);
      current = fs.create(currentTmp);
      current.write(name, 0, name.length);
    } catch (IOException e) {
      closeQuietly(fresh);
      closeQuietly(current);
      deleteQuietly(path(dataDir, next));
      deleteQuietly(currentTmp);
      rollAt = goodBytes + Math.max(rollBytes, goodBytes / 4);
      return;
    }
    try (FileSystem.AppendFile named = current) {
      fresh.sync();
      fs.syncDirectory(dataDir);
      named.sync();
      fs.rename(currentTmp, dataDir.resolve(ManifestFile.CURRENT));
      fs.syncDirectory(dataDir);
    } catch (IOException e) {
      closeQuietly(fresh);
      stop(e, false);
      return;
    }
    closeQuietly(file);
    deleteQuietly(path(dataDir, number));
    number = next;
    file = fresh;
    goodBytes = snapshot.length;
    chain = ManifestFile.lastChecksum(snapshot);
    rollAt = Math.max(rollBytes, 4L * snapshot.length);
  }

  private static void closeQuietly(FileSystem.@Nullable AppendFile file) {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        // Everything in it that counts is synced.
      }
    }
  }

  private void deleteQuietly(Path path) {
    try {
      fs.delete(path);
    } catch (IOException e) {
      // The next open deletes it.
    }
  }

  /** Ends the taking of edits. */
  @Override
  public synchronized void close() throws IOException {
    if (problem == null) {
      problem = "it is closed";
      repairable = false;
    }
    file.close();
  }
}
