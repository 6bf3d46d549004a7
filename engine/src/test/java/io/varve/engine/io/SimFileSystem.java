package io.varve.engine.io;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * A file system in memory that fails as real ones do, on demand and deterministically by seed: a
 * fixture for crash tests.
 *
 * <p><b>What survives a power cut.</b> Of a file, the bytes up to the last {@code sync}; what was
 * appended after it is lost, kept, cut to a random prefix, or torn: some 512-byte sectors kept, the
 * others zero. Of a folder, the names as of its last {@code syncDirectory}; each later creation,
 * rename and deletion is lost or kept on its own. A file is gone if its name is, however often its
 * bytes were synced. {@code createDirectories} and {@code truncate} are durable when they return.
 *
 * <p>A typical test counts the operations of a scenario once, then repeats it with the power cut at
 * each of them:
 *
 * <pre>{@code
 * SimFileSystem counting = new SimFileSystem(seed);
 * scenario(counting);
 * for (long n = 1; n <= counting.operations(); n++) {
 *   SimFileSystem fs = new SimFileSystem(seed + n);
 *   fs.cutPowerAt(n);
 *   try {
 *     scenario(fs);
 *   } catch (PowerCutException e) {
 *     // as intended
 *   }
 *   SimFileSystem after = fs.restart();
 *   // open again on `after`: all that was acknowledged is there, nothing is invented
 * }
 * }</pre>
 *
 * <p>{@link #restart} returns a new object; the old one, with all its open files, stays dead, so
 * that threads of the engine that was cut cannot reach the survivors. Operations that change
 * something are counted, reads are not: a cut between reads is the same as one before the next
 * change. Closing never fails. All methods are thread-safe; with several threads the outcome
 * depends on their order too.
 */
@NullMarked
public final class SimFileSystem implements FileSystem {
  /** What can be made to fail. */
  public enum Operation {
    CREATE,
    WRITE,
    SYNC,
    TRUNCATE,
    RENAME,
    DELETE,
    SYNC_DIRECTORY,
    CREATE_DIRECTORY
  }

  private static final int SECTOR_BYTES = 512;

  private final Random random;

  /** Names as a running process sees them. */
  private final TreeMap<Path, Node> names = new TreeMap<>();

  /** Names that survive for certain. */
  private final TreeMap<Path, Node> durableNames = new TreeMap<>();

  /** Changes of names that no {@code syncDirectory} has covered, in order. */
  private final List<NameChange> pending = new ArrayList<>();

  private final Set<Path> locked = new HashSet<>();
  private final Map<Operation, Integer> failures = new EnumMap<>(Operation.class);

  private long operations;
  private long cutAt = Long.MAX_VALUE;
  private long freeBytes = Long.MAX_VALUE;
  private long syncs;
  private long bytesWritten;
  private boolean dead;
  private volatile Runnable beforeSync = () -> {};
  private volatile Runnable beforeDelete = () -> {};
  private volatile int syncsAtOnce = 1;

  /** An empty disk. */
  public SimFileSystem(long seed) {
    random = new Random(seed);
  }

  // What a test does to the disk.

  /** Cuts the power at the {@code operation}-th change, counted from 1 by {@link #operations}. */
  public synchronized void cutPowerAt(long operation) {
    cutAt = operation;
  }

  /** Changes so far: creations, writes, syncs, truncations, renames, deletions, folders. */
  public synchronized long operations() {
    return operations;
  }

  /** Successful syncs of files so far. */
  public synchronized long syncs() {
    return syncs;
  }

  /** Bytes written to files so far. */
  public synchronized long bytesWritten() {
    return bytesWritten;
  }

  /** True after a cut, a restart or a kill: this object serves nobody any more. */
  public synchronized boolean isDead() {
    return dead;
  }

  /**
   * Power comes back, after a cut, or after one at this moment if there was none yet: a new file
   * system with what survived.
   */
  public synchronized SimFileSystem restart() {
    dead = true;
    SimFileSystem after = new SimFileSystem(random.nextLong());
    TreeMap<Path, Node> survivors = new TreeMap<>(durableNames);
    int fate = random.nextInt(4);
    for (NameChange change : pending) {
      boolean kept = fate == 0 || (fate != 1 && random.nextBoolean());
      if (kept) {
        change.apply(survivors);
      }
    }
    IdentityHashMap<Node, Node> torn = new IdentityHashMap<>();
    survivors.forEach(
        (path, node) -> {
          Node file = node.folder ? node : torn.computeIfAbsent(node, n -> n.afterCut(random));
          after.addFolders(path.getParent());
          after.names.put(path, file);
          after.durableNames.put(path, file);
        });
    return after;
  }

  /**
   * The process is killed, the machine goes on: a new file system with every byte and name that was
   * written. What was not synced still is not.
   */
  public synchronized SimFileSystem kill() {
    dead = true;
    SimFileSystem after = new SimFileSystem(random.nextLong());
    after.names.putAll(names);
    after.durableNames.putAll(durableNames);
    after.pending.addAll(pending);
    after.freeBytes = freeBytes;
    return after;
  }

  /** Lets the next {@code times} operations of a kind fail with an IOException. */
  public synchronized void failNext(Operation operation, int times) {
    failures.put(operation, times);
  }

  /** Runs something before each sync of a file, without holding the disk: to make syncs slow. */
  public void beforeSync(Runnable action) {
    beforeSync = action;
  }

  /** Runs something before each file is deleted. */
  public void beforeDelete(Runnable action) {
    beforeDelete = action;
  }

  /** Has writers of many files sync them from so many threads; 1 at first, for the same order. */
  public void setSyncsAtOnce(int syncs) {
    syncsAtOnce = syncs;
  }

  @Override
  public int syncsAtOnce() {
    return syncsAtOnce;
  }

  /**
   * Leaves room for this many bytes; a write that needs more writes what fits and throws "No space
   * left on device". Deleting and truncating give room back. {@code Long.MAX_VALUE} is no limit.
   */
  public synchronized void setFreeBytes(long bytes) {
    freeBytes = bytes;
  }

  /** Turns one bit of a file over, on the disk and for all who read it from now on. */
  public synchronized void flipBit(Path file, long bit) {
    Node node = names.get(key(file));
    if (node == null || bit < 0 || bit >> 3 >= node.size) {
      throw new IllegalArgumentException("no bit " + bit + " in " + file);
    }
    node.bytes[(int) (bit >> 3)] ^= (byte) (1 << (bit & 7));
  }

  /** Puts a file there with these bytes, durably; replaces what has the name. */
  public synchronized void put(Path file, byte[] bytes) {
    Node node = new Node(false);
    node.append(bytes, 0, bytes.length);
    node.syncedSize = node.size;
    addFolders(key(file).getParent());
    names.put(key(file), node);
    durableNames.put(key(file), node);
  }

  /** All files, in order of their paths. */
  public synchronized List<Path> files() {
    return names.entrySet().stream()
        .filter(e -> !e.getValue().folder)
        .map(Map.Entry::getKey)
        .toList();
  }

  // What the code under test sees.

  @Override
  public synchronized AppendFile create(Path file) throws IOException {
    Path key = key(file);
    alive();
    if (names.containsKey(key)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    requireFolder(key.getParent(), file);
    Node node = new Node(false);
    perform(Operation.CREATE, file, () -> change(new Bind(key, node)));
    return new Appender(file, node);
  }

  @Override
  public synchronized AppendFile openForAppend(Path file) throws IOException {
    return new Appender(file, file(file));
  }

  @Override
  public synchronized ReadFile open(Path file) throws IOException {
    return new Reader(file, file(file));
  }

  @Override
  public synchronized byte[] readAll(Path file) throws IOException {
    Node node = file(file);
    return Arrays.copyOf(node.bytes, node.size);
  }

  @Override
  public synchronized void truncate(Path file, long size) throws IOException {
    Node node = file(file);
    if (size < 0 || size > node.size) {
      throw new IOException(file + ": cannot cut " + node.size + " bytes to " + size);
    }
    perform(
        Operation.TRUNCATE,
        file,
        () -> {
          free(node.size - size);
          node.cut((int) size);
          node.syncedSize = node.size;
        });
  }

  /** As on a disk without hard links: by a copy. */
  @Override
  public synchronized void link(Path file, Path secondName) throws IOException {
    byte[] bytes = readAll(file);
    try (AppendFile copy = create(secondName)) {
      copy.write(bytes, 0, bytes.length);
      copy.sync();
    }
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    Node node = file(from);
    Path target = key(to);
    requireFolder(target.getParent(), to);
    Node replaced = names.get(target);
    if (replaced != null && replaced.folder) {
      throw new IOException(to + " is a folder");
    }
    perform(
        Operation.RENAME,
        from,
        () -> {
          if (replaced != null) {
            free(replaced.size);
          }
          change(new Move(key(from), target, node));
        });
  }

  @Override
  public synchronized void delete(Path file) throws IOException {
    alive();
    beforeDelete.run();
    Node node = names.get(key(file));
    if (node == null) {
      return;
    }
    if (node.folder) {
      throw new IOException(file + " is a folder");
    }
    perform(
        Operation.DELETE,
        file,
        () -> {
          free(node.size);
          change(new Unbind(key(file), node));
        });
  }

  @Override
  public synchronized void deleteDirectory(Path folder) throws IOException {
    alive();
    Path key = key(folder);
    Node node = names.get(key);
    if (node == null) {
      return;
    }
    if (!node.folder) {
      throw new IOException(folder + " is not a folder");
    }
    if (!list(folder).isEmpty()) {
      throw new DirectoryNotEmptyException(folder.toString());
    }
    perform(Operation.DELETE, folder, () -> change(new Unbind(key, node)));
  }

  @Override
  public synchronized void syncDirectory(Path folder) throws IOException {
    alive();
    Path key = key(folder);
    requireFolder(key, /* asked= */ folder);
    perform(
        Operation.SYNC_DIRECTORY,
        folder,
        () ->
            pending.removeIf(
                change -> {
                  boolean covered = change.touches(key);
                  if (covered) {
                    change.apply(durableNames);
                  }
                  return covered;
                }));
  }

  @Override
  public synchronized void createDirectories(Path folder) throws IOException {
    alive();
    Path key = key(folder);
    for (Path p = key; p != null; p = p.getParent()) {
      Node node = names.get(p);
      if (node != null && !node.folder) {
        throw new FileAlreadyExistsException(p.toString());
      }
    }
    if (!names.containsKey(key)) {
      perform(Operation.CREATE_DIRECTORY, folder, () -> addFolders(key));
    }
  }

  @Override
  public synchronized List<Path> list(Path folder) throws IOException {
    alive();
    Path key = key(folder);
    List<Path> entries = new ArrayList<>();
    for (Path p : names.tailMap(key, false).keySet()) {
      if (key.equals(p.getParent())) {
        entries.add(folder.resolve(key.relativize(p)));
      }
    }
    return entries;
  }

  @Override
  public synchronized boolean exists(Path path) {
    alive();
    return names.containsKey(key(path));
  }

  @Override
  public synchronized long size(Path file) throws IOException {
    return file(file).size;
  }

  @Override
  public synchronized long usableBytes(Path path) {
    alive();
    return freeBytes;
  }

  @Override
  public synchronized FolderLock lock(Path folder) throws IOException {
    alive();
    Path key = key(folder);
    requireFolder(key, /* asked= */ folder);
    if (!locked.add(key)) {
      throw new IOException(folder + " is in use by another engine");
    }
    Path file = key.resolve("LOCK");
    Node node = names.computeIfAbsent(file, p -> new Node(false));
    durableNames.put(file, node);
    return () -> {
      synchronized (SimFileSystem.this) {
        locked.remove(key);
      }
    };
  }

  // Inside.

  private interface Change {
    void run();
  }

  /** Counts and carries out one change, unless it is told to fail or the power goes. */
  private void perform(Operation operation, Path path, Change change) throws IOException {
    count(operation, path, change);
    change.run();
  }

  private void count(Operation operation, Path path, Change beforeCut) throws IOException {
    alive();
    operations++;
    if (operations >= cutAt) {
      // The cut may find the change done or not.
      if (random.nextBoolean()) {
        beforeCut.run();
      }
      dead = true;
      throw new PowerCutException(operations);
    }
    if (failsNow(operation)) {
      String message = path + ": Input/output error";
      throw operation == Operation.SYNC
          ? new java.io.SyncFailedException(message)
          : new IOException(message);
    }
  }

  private boolean failsNow(Operation operation) {
    int left = failures.getOrDefault(operation, 0);
    failures.put(operation, Math.max(0, left - 1));
    return left > 0;
  }

  private void alive() {
    if (dead) {
      throw new PowerCutException(operations);
    }
  }

  private static Path key(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private Node file(Path file) throws IOException {
    alive();
    Node node = names.get(key(file));
    if (node == null) {
      throw new NoSuchFileException(file.toString());
    }
    if (node.folder) {
      throw new IOException(file + " is a folder");
    }
    return node;
  }

  private void requireFolder(@Nullable Path folder, Path asked) throws IOException {
    Node node = folder == null ? null : names.get(folder);
    if (node == null || !node.folder) {
      throw new NoSuchFileException(asked.toString(), null, "folder does not exist");
    }
  }

  private void addFolders(@Nullable Path folder) {
    for (Path p = folder; p != null; p = p.getParent()) {
      Node node = names.computeIfAbsent(p, q -> new Node(true));
      durableNames.putIfAbsent(p, node);
    }
  }

  private void change(NameChange change) {
    change.apply(names);
    pending.add(change);
  }

  private void free(long bytes) {
    if (freeBytes != Long.MAX_VALUE) {
      freeBytes += bytes;
    }
  }

  /** A file or a folder, whatever its names. */
  private static final class Node {
    final boolean folder;
    byte[] bytes = new byte[0];
    int size;

    /** Bytes before this survive a power cut, but for doubtful ones. */
    int syncedSize;

    /**
     * Ranges whose sync failed: the system dropped them, and later syncs do not bring them back.
     */
    final List<int[]> doubtful = new ArrayList<>();

    Node(boolean folder) {
      this.folder = folder;
    }

    void append(byte[] from, int offset, int length) {
      if (size + length > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(size + length, bytes.length * 2));
      }
      System.arraycopy(from, offset, bytes, size, length);
      size += length;
    }

    void cut(int to) {
      size = to;
      doubtful.removeIf(range -> range[0] >= to);
      doubtful.forEach(range -> range[1] = Math.min(range[1], to));
    }

    Node afterCut(Random random) {
      Node after = new Node(false);
      after.append(bytes, 0, size);
      int end =
          switch (random.nextInt(4)) {
            case 0 -> syncedSize;
            case 1 -> size;
            case 2 -> syncedSize + random.nextInt(size - syncedSize + 1);
            default -> {
              int kept =
                  random.nextBoolean() ? size : syncedSize + random.nextInt(size - syncedSize + 1);
              after.tear(syncedSize, kept, random);
              yield kept;
            }
          };
      for (int[] range : doubtful) {
        after.tear(range[0], Math.min(range[1], end), random);
      }
      after.size = end;
      after.syncedSize = end;
      return after;
    }

    /** Zeroes some of the sectors in a range, never a byte outside it. */
    private void tear(int from, int to, Random random) {
      int at = from;
      while (at < to) {
        int next = Math.min(to, (at / SECTOR_BYTES + 1) * SECTOR_BYTES);
        if (random.nextBoolean()) {
          Arrays.fill(bytes, at, next, (byte) 0);
        }
        at = next;
      }
    }
  }

  private sealed interface NameChange {
    void apply(Map<Path, Node> names);

    boolean touches(Path folder);
  }

  private record Bind(Path name, Node node) implements NameChange {
    @Override
    public void apply(Map<Path, Node> names) {
      names.put(name, node);
    }

    @Override
    public boolean touches(Path folder) {
      return folder.equals(name.getParent());
    }
  }

  private record Unbind(Path name, Node node) implements NameChange {
    @Override
    public void apply(Map<Path, Node> names) {
      names.remove(name, node);
    }

    @Override
    public boolean touches(Path folder) {
      return folder.equals(name.getParent());
    }
  }

  private record Move(Path from, Path to, Node node) implements NameChange {
    @Override
    public void apply(Map<Path, Node> names) {
      names.remove(from, node);
      names.put(to, node);
    }

    @Override
    public boolean touches(Path folder) {
      return folder.equals(from.getParent()) || folder.equals(to.getParent());
    }
  }

  private final class Appender implements AppendFile {
    private final Path path;
    private final Node node;
    private boolean closed;

    Appender(Path path, Node node) {
      this.path = path;
      this.node = node;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      synchronized (SimFileSystem.this) {
        open();
        int torn = length == 0 ? 0 : random.nextInt(length);
        try {
          count(Operation.WRITE, path, () -> node.append(bytes, offset, torn));
        } catch (IOException e) {
          node.append(bytes, offset, torn);
          throw e;
        }
        if (length > freeBytes) {
          node.append(bytes, offset, (int) freeBytes);
          bytesWritten += freeBytes;
          freeBytes = 0;
          throw new IOException(path + ": No space left on device");
        }
        node.append(bytes, offset, length);
        bytesWritten += length;
        free(-length);
      }
    }

    @Override
    public void sync() throws IOException {
      beforeSync.run();
      synchronized (SimFileSystem.this) {
        open();
        Change makeDurable = () -> node.syncedSize = node.size;
        try {
          perform(Operation.SYNC, path, makeDurable);
        } catch (IOException e) {
          node.doubtful.add(new int[] {node.syncedSize, node.size});
          throw e;
        }
        syncs++;
      }
    }

    private void open() throws IOException {
      alive();
      if (closed) {
        throw new IOException(path + " is closed");
      }
    }

    @Override
    public long size() {
      synchronized (SimFileSystem.this) {
        alive();
        return node.size;
      }
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private final class Reader implements ReadFile {
    private final Path path;
    private final Node node;
    private final long size;
    private boolean closed;

    Reader(Path path, Node node) {
      this.path = path;
      this.node = node;
      this.size = node.size;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public void readFully(long position, byte[] into, int offset, int length) throws IOException {
      synchronized (SimFileSystem.this) {
        open();
        if (position + length > node.size) {
          throw new EOFException(path + ": ends at byte " + node.size);
        }
        System.arraycopy(node.bytes, (int) position, into, offset, length);
      }
    }

    @Override
    public MemorySegment map(Arena arena) throws IOException {
      synchronized (SimFileSystem.this) {
        open();
        MemorySegment copy = arena.allocate(size, 8);
        MemorySegment.copy(node.bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, (int) size);
        return copy.asReadOnly();
      }
    }

    private void open() throws IOException {
      alive();
      if (closed) {
        throw new IOException(path + " is closed");
      }
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
