package io.varve.engine.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of the operating system.
 *
 * <p><b>Interrupts.</b> Java closes a {@link FileChannel} when the thread that uses it is
 * interrupted, under the feet of all others. A store cannot live with that: a cancelled query would
 * take a chunk file away from its neighbours, and an interrupted fsync could not be told from a
 * failed one. So files are appended to through descriptors that do not know interrupts, readers
 * open their channel again when it was closed that way, and folders are synced on a thread that
 * nobody can interrupt. The caller's interrupt flag stays as it was.
 */
public final class RealFileSystem implements FileSystem {
  /** The one instance; it has no state. */
  public static final FileSystem INSTANCE = new RealFileSystem();

  private static final int SYNCS_AT_ONCE = 8;

  private RealFileSystem() {}

  @Override
  public AppendFile create(Path file) throws IOException {
    Files.createFile(file);
    return new RealAppendFile(file);
  }

  @Override
  public AppendFile openForAppend(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString());
    }
    return new RealAppendFile(file);
  }

  @Override
  public ReadFile open(Path file) throws IOException {
    return new RealReadFile(file);
  }

  @Override
  public byte[] readAll(Path file) throws IOException {
    return Files.readAllBytes(file);
  }

  @Override
  public void truncate(Path file, long size) throws IOException {
    if (size < 0 || size > Files.size(file)) {
      throw new IOException(file + ": cannot cut " + Files.size(file) + " bytes to " + size);
    }
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(size);
      raw.getFD().sync();
    } catch (IOException e) {
      throw new IOException(file + ": cut to " + size + " bytes: " + e.getMessage(), e);
    }
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void link(Path file, Path secondName) throws IOException {
    try {
      Files.createLink(secondName, file);
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // Another file system, or one without hard links.
      Files.copy(file, secondName);
      try (RandomAccessFile copy = new RandomAccessFile(secondName.toFile(), "rw")) {
        copy.getFD().sync();
      }
    }
  }

  @Override
  public void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  @Override
  public void deleteDirectory(Path folder) throws IOException {
    Files.deleteIfExists(folder);
  }

  @Override
  public void syncDirectory(Path folder) throws IOException {
    SyncThread thread = new SyncThread(folder);
    thread.start();
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    IOException failure = thread.failure;
    if (failure != null) {
      String message = folder + ": fsync: " + failure.getMessage();
      if (failure instanceof SyncFailedException) {
        SyncFailedException failed = new SyncFailedException(message);
        failed.initCause(failure);
        throw failed;
      }
      throw new IOException(message, failure);
    }
  }

  @Override
  public void createDirectories(Path folder) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    Path absolute = folder.toAbsolutePath();
    for (Path p = absolute; p != null && !Files.isDirectory(p); p = p.getParent()) {
      missing.push(p);
    }
    for (Path p : missing) {
      createDirectory(p);
      Path parent = p.getParent();
      if (parent != null) {
        syncDirectory(parent);
      }
    }
  }

  /** Makes a folder in one that is there. */
  private static void createDirectory(Path folder) throws IOException {
    try {
      Files.createDirectories(folder);
    } catch (NoSuchFileException e) {
      // What /proc and its like answer; the bare message would say that the folder is missing.
      FileSystemException refused =
          new FileSystemException(folder.toString(), null, "no folder can be created here");
      refused.initCause(e);
      throw refused;
    }
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> entries = new ArrayList<>();
    try (Stream<Path> found = Files.list(folder)) {
      found.forEach(entries::add);
    }
    Collections.sort(entries);
    return entries;
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path);
  }

  @Override
  public long size(Path file) throws IOException {
    return Files.size(file);
  }

  @Override
  public int syncsAtOnce() {
    return SYNCS_AT_ONCE;
  }

  @Override
  public long usableBytes(Path path) throws IOException {
    return Files.getFileStore(existing(path)).getUsableSpace();
  }

  @Override
  public long totalBytes(Path path) throws IOException {
    return Files.getFileStore(existing(path)).getTotalSpace();
  }

  /** The path, or the nearest folder above it that exists. */
  private static Path existing(Path path) throws IOException {
    Path existing = path.toAbsolutePath();
    while (!Files.exists(existing)) {
      Path parent = existing.getParent();
      if (parent == null) {
        throw new NoSuchFileException(path.toString());
      }
      existing = parent;
    }
    return existing;
  }

  @Override
  public FolderLock lock(Path folder) throws IOException {
    return RealFolderLock.take(folder);
  }

  /** Syncs one folder, out of reach of interrupts: a folder has no descriptor but a channel's. */
  private static final class SyncThread extends Thread {
    private final Path folder;
    private @Nullable IOException failure;

    SyncThread(Path folder) {
      super("varve-sync-folder");
      setDaemon(true);
      this.folder = folder;
    }

    @Override
    public void run() {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        force(channel);
      } catch (IOException e) {
        failure = e;
      } catch (RuntimeException e) {
        failure = new IOException(e);
      }
    }

    private static void force(FileChannel channel) throws SyncFailedException {
      try {
        channel.force(true);
      } catch (IOException e) {
        SyncFailedException failed = new SyncFailedException(String.valueOf(e.getMessage()));
        failed.initCause(e);
        throw failed;
      }
    }
  }
}
