package io.varve.engine.io;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * The only door to files. The real one is {@link RealFileSystem}; tests put a simulated one in its
 * place that loses unsynced writes, tears them, fills up or fails a sync.
 *
 * <p>Durability rules that callers rely on: bytes of a file survive a power cut after {@link
 * AppendFile#sync}; a created, renamed or deleted name survives after {@link #syncDirectory} of its
 * folder. All methods may be called from any thread; a single {@link AppendFile} by one at a time,
 * except that {@link AppendFile#sync} may run beside a write (it then covers the writes before it).
 */
public interface FileSystem {

  /** A file that is only ever appended to. Its owner closes it. */
  interface AppendFile extends Closeable {
    /** Hands the bytes to the operating system, all of them, or throws. */
    void write(byte[] bytes, int offset, int length) throws IOException;

    /**
     * Returns when all written bytes are on stable storage.
     *
     * @throws java.io.SyncFailedException if they may not be; final, never retried
     */
    void sync() throws IOException;

    /** Bytes in the file, those of this writer included. */
    long size();
  }

  /** A file open for positional reads from any number of threads. Its owner closes it. */
  interface ReadFile extends Closeable {
    /** Bytes in the file when it was opened. */
    long size();

    /** Fills {@code into[offset, offset + length)} from {@code position}; EOFException if short. */
    void readFully(long position, byte[] into, int offset, int length) throws IOException;

    /** Maps the whole file read-only; the mapping lives as long as the arena. */
    MemorySegment map(Arena arena) throws IOException;
  }

  /** An exclusive hold on a folder; released by close or by the end of the process. */
  interface FolderLock extends Closeable {}

  /** Creates a new file for appending; fails if the name exists. */
  AppendFile create(Path file) throws IOException;

  /** Opens an existing file for appending at its end. */
  AppendFile openForAppend(Path file) throws IOException;

  /** Opens an existing file for reading. */
  ReadFile open(Path file) throws IOException;

  /** Reads a whole (small) file. */
  byte[] readAll(Path file) throws IOException;

  /** Cuts a file to {@code size} bytes and syncs it. */
  void truncate(Path file, long size) throws IOException;

  /** Renames within one file system, atomically, replacing the target. */
  void rename(Path from, Path to) throws IOException;

  /**
   * Gives a file that will not change any more a second name: a hard link, or a durable copy where
   * there are none. Fails if the second name exists.
   */
  void link(Path file, Path secondName) throws IOException;

  /** Deletes a file; no error if it is not there. */
  void delete(Path file) throws IOException;

  /** Deletes an empty folder; no error if it is not there. */
  void deleteDirectory(Path folder) throws IOException;

  /** Makes names created, renamed or deleted in a folder durable. */
  void syncDirectory(Path folder) throws IOException;

  /** Creates a folder and its parents, durably. */
  void createDirectories(Path folder) throws IOException;

  /** The entries of a folder, sorted by name; empty if it does not exist. */
  List<Path> list(Path folder) throws IOException;

  /** True if a file or folder of this name exists. */
  boolean exists(Path path);

  /** Size of a file in bytes. */
  long size(Path file) throws IOException;

  /** How many syncs are worth having in flight at once; 1 where their order is to be the same. */
  default int syncsAtOnce() {
    return 1;
  }

  /** Bytes that can still be written to the disk that holds this path. */
  long usableBytes(Path path) throws IOException;

  /** Size of the disk that holds this path, in bytes; 0 if nobody says. */
  default long totalBytes(Path path) throws IOException {
    return 0;
  }

  /**
   * Locks {@code folder/LOCK} exclusively.
   *
   * @throws IOException naming the folder if another process or engine holds it
   */
  FolderLock lock(Path folder) throws IOException;
}
