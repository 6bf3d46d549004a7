package io.varve.engine.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The lock on {@code folder/LOCK}. The operating system keeps other processes out; a set of held
 * folders keeps other engines of this process out, because closing any descriptor of a file gives
 * up the process' lock on it, so a second engine must not even open the file. The holder's process
 * id stands in the file for people to read.
 */
final class RealFolderLock implements FileSystem.FolderLock {
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final RandomAccessFile file;
  private boolean released;

  private RealFolderLock(Path folder, RandomAccessFile file) {
    this.folder = folder;
    this.file = file;
  }

  static FileSystem.FolderLock take(Path folder) throws IOException {
    Path real = folder.toRealPath();
    if (!HELD.add(real)) {
      throw new IOException(folder + " is in use by another engine in this process");
    }
    RandomAccessFile file = null;
    boolean taken = false;
    try {
      file = new RandomAccessFile(real.resolve("LOCK").toFile(), "rw");
      FileLock lock = file.getChannel().tryLock();
      if (lock == null) {
        throw new IOException(folder + " is in use by another process" + holder(file));
      }
      file.setLength(0);
      file.write((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII));
      taken = true;
      return new RealFolderLock(real, file);
    } finally {
      if (!taken) {
        closeQuietly(file);
        HELD.remove(real);
      }
    }
  }

  private static String holder(RandomAccessFile file) {
    try {
      String pid = file.readLine();
      return pid == null || pid.isBlank() ? "" : " (process " + pid.strip() + ")";
    } catch (IOException e) {
      return "";
    }
  }

  private static void closeQuietly(@Nullable RandomAccessFile file) {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        // The reason why the lock was not taken is on its way; this one adds nothing to it.
      }
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (released) {
      return;
    }
    released = true;
    // The file stays: deleting it would let two others lock two different files of the same name.
    try {
      file.close();
    } finally {
      HELD.remove(folder);
    }
  }
}
