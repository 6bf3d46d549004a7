package io.varve.engine.partition;

import io.varve.engine.io.FileSystem;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * Files in memory, with what a power cut does to them: names that were not synced with their folder
 * come or go, bytes that were not synced are lost or torn. The n-th change can be made to fail.
 */
@NullMarked
final class MemoryFileSystem implements FileSystem {
  private static final class Node {
    private byte[] bytes = {};
    private int synced;
  }

  private final TreeMap<Path, Node> names = new TreeMap<>();
  private final TreeMap<Path, Node> durableNames = new TreeMap<>();
  private final Set<Path> folders = new HashSet<>();

  /** Changes so far. */
  int changes;

  /** The change that fails; all after it fail, too, if {@link #dies}. */
  int failAt = Integer.MAX_VALUE;

  /** True if nothing works after the change that fails. */
  boolean dies = true;

  /** How much of the write that fails is done. */
  double partOfFailedWrite;

  /** True counts all changes, false only writes: a full disk. */
  boolean onlyWritesFail;

  private boolean fails(boolean write) {
    if (onlyWritesFail && !write) {
      return false;
    }
    changes++;
    return changes == failAt || (dies && changes > failAt);
  }

  private void change() throws IOException {
    if (fails(false)) {
      throw new IOException("injected failure");
    }
  }

  private Node node(Path file) throws NoSuchFileException {
    Node node = names.get(file);
    if (node == null) {
      throw new NoSuchFileException(file.toString());
    }
    return node;
  }

  /** The bytes of a file, to be damaged. */
  byte[] bytes(Path file) {
    Node node = names.get(file);
    return node == null ? new byte[0] : node.bytes;
  }

  /** Replaces a file's content. */
  void put(Path file, byte[] bytes) {
    Node node = new Node();
    node.bytes = bytes;
    node.synced = bytes.length;
    names.put(file, node);
    durableNames.put(file, node);
  }

  /** What a power cut leaves. */
  MemoryFileSystem afterPowerCut(Random random) {
    MemoryFileSystem left = new MemoryFileSystem();
    left.folders.addAll(folders);
    Map<Path, Boolean> synced = new TreeMap<>();
    Set<Path> all = new HashSet<>(names.keySet());
    all.addAll(durableNames.keySet());
    for (Path file : all) {
      Path folder = String.valueOf(file.getParent()).isEmpty() ? file : file.getParent();
      boolean old = synced.computeIfAbsent(folder, any -> random.nextBoolean());
      Node node = old ? durableNames.get(file) : names.get(file);
      if (node == null) {
        continue;
      }
      int kept = node.synced + random.nextInt(node.bytes.length - node.synced + 1);
      byte[] bytes = Arrays.copyOf(node.bytes, kept);
      if (kept > node.synced && random.nextInt(3) == 0) {
        bytes[node.synced + random.nextInt(kept - node.synced)] = 0; // torn
      }
      left.put(file, bytes);
    }
    return left;
  }

  @Override
  public AppendFile create(Path file) throws IOException {
    change();
    if (names.containsKey(file)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    names.put(file, new Node());
    return openForAppend(file);
  }

  @Override
  public AppendFile openForAppend(Path file) throws IOException {
    Node node = node(file);
    return new AppendFile() {
      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        boolean failed = fails(true);
        int part = failed ? (int) (length * partOfFailedWrite) : length;
        if (failed && dies && changes > failAt) {
          part = 0;
        }
        int size = node.bytes.length;
        node.bytes = Arrays.copyOf(node.bytes, size + part);
        System.arraycopy(bytes, offset, node.bytes, size, part);
        if (failed) {
          throw new IOException("injected failure");
        }
      }

      @Override
      public void sync() throws IOException {
        change();
        node.synced = node.bytes.length;
      }

      @Override
      public long size() {
        return node.bytes.length;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public ReadFile open(Path file) throws IOException {
    Node node = node(file);
    return new ReadFile() {
      @Override
      public long size() {
        return node.bytes.length;
      }

      @Override
      public void readFully(long position, byte[] into, int offset, int length) throws IOException {
        if (position + length > node.bytes.length) {
          throw new EOFException(file.toString());
        }
        System.arraycopy(node.bytes, (int) position, into, offset, length);
      }

      @Override
      public MemorySegment map(Arena arena) {
        MemorySegment segment = arena.allocate(node.bytes.length);
        MemorySegment.copy(node.bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, node.bytes.length);
        return segment;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public byte[] readAll(Path file) throws IOException {
    return node(file).bytes.clone();
  }

  @Override
  public void truncate(Path file, long size) throws IOException {
    change();
    Node node = node(file);
    node.bytes = Arrays.copyOf(node.bytes, (int) size);
    node.synced = (int) size;
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    change();
    names.put(to, node(from));
    names.remove(from);
  }

  @Override
  public void link(Path file, Path secondName) throws IOException {
    change();
    if (names.putIfAbsent(secondName, node(file)) != null) {
      throw new FileAlreadyExistsException(secondName.toString());
    }
  }

  @Override
  public void delete(Path file) throws IOException {
    if (names.containsKey(file)) {
      change();
      names.remove(file);
    }
  }

  @Override
  public void deleteDirectory(Path folder) {
    folders.remove(folder);
  }

  @Override
  public void syncDirectory(Path folder) throws IOException {
    change();
    durableNames.keySet().removeIf(file -> folder.equals(file.getParent()));
    names.forEach(
        (file, node) -> {
          if (folder.equals(file.getParent())) {
            durableNames.put(file, node);
          }
        });
  }

  @Override
  public void createDirectories(Path folder) {
    folders.add(folder);
  }

  @Override
  public List<Path> list(Path folder) {
    List<Path> found = new ArrayList<>();
    names.keySet().stream().filter(file -> folder.equals(file.getParent())).forEach(found::add);
    return found;
  }

  @Override
  public boolean exists(Path path) {
    return names.containsKey(path) || folders.contains(path);
  }

  @Override
  public long size(Path file) throws IOException {
    return node(file).bytes.length;
  }

  @Override
  public long usableBytes(Path path) {
    return 1L << 40;
  }

  @Override
  public FolderLock lock(Path folder) {
    return () -> {};
  }

  /** The node of a name, for tests that look whether a file is there. */
  @Nullable Object find(Path file) {
    return names.get(file);
  }
}
