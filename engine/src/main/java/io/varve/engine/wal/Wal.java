package io.varve.engine.wal;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ReadableLog;
import io.varve.engine.wal.WalReplay.Segment;
import java.io.IOException;
import java.io.SyncFailedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The local write-ahead log of one shard: a folder of segments.
 *
 * <p><b>Group commit.</b> {@link #append} hands bytes to the operating system and syncs nothing.
 * Whoever calls {@link #sync} when no sync is in flight becomes the leader and syncs all that is
 * written by then; the others wait, and one of those that are not satisfied leads the next. So
 * there is no timer, one writer alone waits for exactly one fsync, and many share it. Appends go on
 * beside a sync. Waiting is by lock and condition, so virtual threads may wait in any number.
 *
 * <p><b>Failures.</b> After a failed append the log refuses appends until {@link #tryRepair} has
 * cut the torn record off. After a failed fsync nobody can know which bytes the disk has, and a
 * second fsync would claim success: every call fails from then on, until the process starts anew.
 *
 * <p><b>Start.</b> On a folder that has segments {@link #replay} comes first; it cuts a torn end
 * off and syncs what it found, since it may have read bytes that only the operating system had.
 * Segments with records are never appended to again: the first roll or append after a start begins
 * a new one.
 *
 * <p><b>Trim.</b> {@link #roll} creates the next segment at once, so that every older one may go:
 * the log's position lives in the name of the newest, which {@link #trim} syncs before it deletes
 * what else holds the position.
 *
 * <p>See the package description for the bytes.
 */
public final class Wal implements ReadableLog {
  private final FileSystem fileSystem;
  private final Path folder;
  private final String relativeName;
  private final long storeId;

  /** Guards all state below; never held during a write, nor during the fsync of a group commit. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  /** One trim at a time; taken before {@link #lock}. */
  private final ReentrantLock trimLock = new ReentrantLock();

  /** Closed segments, and the open one last; never emptied once a segment has been there. */
  private final Deque<Segment> segments = new ArrayDeque<>();

  /** The open segment; null before the first append, and after a roll that could not begin it. */
  private volatile @Nullable SegmentWriter writer;

  private volatile long last;
  private volatile long durable;

  /** An fsync is in flight; its leader has let go of the lock. */
  private boolean syncing;

  /** Where the log goes on is known: it was replayed, or there was nothing to replay. */
  private boolean positioned;

  private boolean replayed;
  private volatile boolean closed;

  /** The failed write that stands at the end of the open segment. */
  private volatile @Nullable Throwable torn;

  /** The failed fsync that ended this log. */
  private volatile @Nullable Throwable poison;

  private Wal(FileSystem fileSystem, Path folder, String relativeName, long storeId) {
    this.fileSystem = fileSystem;
    this.folder = folder;
    this.relativeName = relativeName;
    this.storeId = storeId;
  }

  /**
   * Opens the log in a folder, creating the folder if need be. The folder is the log's alone; the
   * caller holds the lock of the data folder. Reads no segment yet.
   *
   * @param relativeName the folder's path relative to the data folder, to name files in messages
   * @param storeId the id that all segments of this store carry
   */
  public static Wal open(FileSystem fileSystem, Path folder, String relativeName, long storeId)
      throws IOException {
    fileSystem.createDirectories(folder);
    Wal wal = new Wal(fileSystem, folder, relativeName, storeId);
    wal.segments.addAll(WalReplay.segments(fileSystem, folder));
    wal.positioned = wal.segments.isEmpty();
    return wal;
  }

  /** The files of a log, oldest first; none if there is no folder. */
  public static List<Path> segmentFiles(FileSystem fileSystem, Path folder) throws IOException {
    return WalReplay.segments(fileSystem, folder).stream().map(Segment::path).toList();
  }

  /**
   * Checks every segment of a log without changing anything; may run beside the process that writes
   * it. An unfinished record at the end is not damage.
   */
  public static List<Damage> verify(
      FileSystem fileSystem,
      Path folder,
      String relativeName,
      long storeId,
      RecordConsumer consumer)
      throws IOException {
    List<Segment> segments = WalReplay.segments(fileSystem, folder);
    // The writer may trim meanwhile: what it took away from the front is not missed.
    while (!segments.isEmpty() && !fileSystem.exists(segments.getFirst().path())) {
      segments = segments.subList(1, segments.size());
    }
    WalReplay replay = new WalReplay(fileSystem, relativeName, storeId);
    if (!segments.isEmpty()) {
      replay.run(segments, segments.getFirst().firstSequence(), consumer);
    }
    return replay.damages();
  }

  @Override
  public List<Damage> replay(long fromSequence, RecordConsumer consumer) throws IOException {
    WalReplay replay = new WalReplay(fileSystem, relativeName, storeId);
    lock.lock();
    try {
      if (replayed || last != 0) {
        throw new IllegalStateException("replay comes once, before the first append");
      }
      replay.run(List.copyOf(segments), fromSequence, consumer);
      if (!segments.isEmpty()) {
        settle(replay.end());
      }
      last = replay.end().lastSequence();
      durable = last;
      replayed = true;
      positioned = true;
    } finally {
      lock.unlock();
    }
    return replay.damages();
  }

  @Override
  public long read(long first, long last, long mostBytes, RecordConsumer consumer)
      throws IOException {
    if (first < 1 || last > durable) {
      throw new IllegalArgumentException(
          "records "
              + first
              + " to "
              + last
              + ", of which those up to "
              + durable
              + " are durable");
    }
    List<Segment> all;
    lock.lock();
    try {
      all = List.copyOf(segments);
    } finally {
      lock.unlock();
    }
    int i = all.size() - 1;
    while (i >= 0 && all.get(i).firstSequence() > first) {
      i--;
    }
    long at = first - 1;
    for (long left = mostBytes; at < last && left > 0; i++) {
      if (i < 0 || i == all.size()) {
        throw new NoSuchFileException(relativeName + ": record " + (at + 1));
      }
      Segment segment = all.get(i);
      try (SegmentReader reader =
          new SegmentReader(
              fileSystem,
              segment.path(),
              relativeName + "/" + WalFormat.fileName(segment.firstSequence()),
              storeId,
              segment.firstSequence())) {
        boolean begins = at < segment.firstSequence();
        reader.header();
        while (at < last && left > 0 && reader.next()) {
          if (reader.sequence() <= at) {
            continue;
          }
          if (begins) {
            consumer.segment(reader.sequence());
            begins = false;
          }
          consumer.record(
              reader.sequence(),
              reader.type(),
              reader.array(),
              reader.payloadOffset(),
              reader.payloadLength());
          at = reader.sequence();
          left -= Math.max(1, reader.payloadLength());
        }
        String problem = reader.problem();
        if (problem != null) {
          throw new CorruptDataException(segment.path().toString(), reader.position(), problem);
        }
      }
    }
    return at;
  }

  /** Cuts a torn end off and makes durable what was read. */
  private void settle(WalReplay.End end) throws IOException {
    Segment segment = segments.getLast();
    switch (end.tail()) {
      case TORN -> {
        segments.removeLast();
        if (end.goodBytes() == 0) {
          fileSystem.delete(segment.path());
        } else {
          fileSystem.truncate(segment.path(), end.goodBytes());
          segments.add(new Segment(segment.path(), segment.firstSequence(), end.goodBytes()));
        }
      }
      case WHOLE, DAMAGED -> {
        try (FileSystem.AppendFile file = fileSystem.openForAppend(segment.path())) {
          file.sync();
        }
      }
    }
    fileSystem.syncDirectory(folder);
    boolean headed = end.empty() && end.goodBytes() > 0;
    if (headed && segment.firstSequence() == end.lastSequence() + 1) {
      writer = SegmentWriter.reopen(fileSystem, segment.path(), storeId, segment.firstSequence());
    }
  }

  @Override
  public long append(int type, byte[] payload, int offset, int length) throws IOException {
    if (type < 1 || type > 255) {
      throw new IllegalArgumentException("record type " + type);
    }
    if (length > WalFormat.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("record of " + length + " bytes");
    }
    Objects.checkFromIndexSize(offset, length, payload.length);
    check();
    Throwable failed = torn;
    if (failed != null) {
      throw new IOException(
          relativeName + ": refuses appends after a failed write: " + failed.getMessage(), failed);
    }
    long sequence = last + 1;
    SegmentWriter open = writer;
    if (open == null) {
      open = begin(sequence);
    }
    boolean whole = false;
    try {
      open.append(type, sequence, durable, payload, offset, length);
      whole = true;
    } catch (IOException e) {
      torn = e;
      throw e;
    } finally {
      if (!whole && torn == null) {
        torn = new IOException("an append ended in an unexpected way");
      }
    }
    last = sequence;
    return sequence;
  }

  /**
   * Creates the next segment. Its name must last before any of its records may be called durable.
   */
  private SegmentWriter begin(long firstSequence) throws IOException {
    if (!positioned) {
      throw new IllegalStateException("the log has records; replay comes first");
    }
    SegmentWriter begun;
    try {
      begun = SegmentWriter.create(fileSystem, folder, storeId, firstSequence);
    } catch (IOException e) {
      torn = e;
      throw e;
    }
    try {
      fileSystem.syncDirectory(folder);
    } catch (IOException e) {
      begun.close();
      throw poisonedBy(e);
    }
    lock.lock();
    try {
      segments.add(new Segment(begun.path(), firstSequence, begun.bytes()));
      writer = begun;
    } finally {
      lock.unlock();
    }
    return begun;
  }

  @Override
  public void sync(long sequence) throws IOException {
    if (durable >= sequence && poison == null) {
      return;
    }
    lock.lock();
    try {
      if (sequence > last) {
        throw new IllegalArgumentException("sync of " + sequence + ", last is " + last);
      }
      while (true) {
        checkPoison();
        if (durable >= sequence) {
          return;
        }
        check();
        if (syncing) {
          changed.awaitUninterruptibly();
        } else {
          lead();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Syncs the open segment, without the lock meanwhile; the lock is held before and after. */
  private void lead() throws IOException {
    SegmentWriter open = writer;
    if (open == null) {
      throw new IllegalStateException(
          "BUG: no segment is open, yet only " + durable + " of " + last + " records are durable");
    }
    // Read after the segment and before the fsync: these records are in this segment or before it.
    long target = last;
    syncing = true;
    IOException failure = null;
    lock.unlock();
    try {
      open.sync();
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      poison = e;
      throw e;
    } finally {
      lock.lock();
      syncing = false;
      changed.signalAll();
    }
    if (failure != null) {
      throw poisonedBy(failure);
    }
    open.headerIsDurable();
    durable = Math.max(durable, target);
  }

  /** Makes all records durable; without appends beside it, and with no sync in flight. */
  private void syncOpen() throws IOException {
    if (durable < last) {
      lead();
    }
  }

  private void awaitNoSync() {
    while (syncing) {
      changed.awaitUninterruptibly();
    }
  }

  private IOException poisonedBy(Throwable failure) {
    if (poison == null) {
      poison = failure;
    }
    return poisoned(failure);
  }

  private IOException poisoned(Throwable cause) {
    SyncFailedException failure =
        new SyncFailedException(
            relativeName
                + ": stopped after a failed fsync ("
                + cause.getMessage()
                + "); what the disk holds is unknown: restart the process");
    failure.initCause(cause);
    return failure;
  }

  private void checkPoison() throws IOException {
    Throwable cause = poison;
    if (cause != null) {
      throw poisoned(cause);
    }
  }

  private void check() throws IOException {
    checkPoison();
    if (closed) {
      throw new IOException(relativeName + ": is closed");
    }
  }

  @Override
  public void roll() throws IOException {
    lock.lock();
    try {
      awaitNoSync();
      check();
      Throwable failed = torn;
      if (failed != null) {
        throw new IOException(
            relativeName + ": cannot roll after a failed write: " + failed.getMessage(), failed);
      }
      SegmentWriter open = writer;
      if (open == null && segments.isEmpty()) {
        return;
      }
      if (open != null) {
        if (last < open.firstSequence()) {
          return;
        }
        syncOpen();
        finish(open);
      }
      beginNext();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Begins the next segment. That the disk does not take it (as when it is full) is no failure of
   * the roll: the next append tells, and nothing can be trimmed until a segment could be begun.
   */
  private void beginNext() throws IOException {
    try {
      begin(last + 1);
    } catch (IOException e) {
      if (poison != null) {
        throw e;
      }
    }
  }

  /** Leaves a segment whose records are all synced. */
  private void finish(SegmentWriter open) throws IOException {
    try {
      open.endMark(last);
    } catch (IOException e) {
      // A convenience for recovery. What is left of it stands behind the last record, and is either
      // cut off as a torn end or ignored because the next segment follows.
    }
    segments.removeLast();
    segments.add(new Segment(open.path(), open.firstSequence(), open.bytes()));
    writer = null;
    open.close();
  }

  @Override
  public boolean tryRepair() {
    lock.lock();
    try {
      awaitNoSync();
      if (closed || poison != null) {
        return false;
      }
      if (torn == null) {
        return true;
      }
      SegmentWriter open = writer;
      if (open == null) {
        begin(last + 1);
      } else {
        // First the good part, through the descriptor that wrote it: the cut below syncs too, but a
        // failure there could not be told from a failure to cut, and would have to be final.
        syncOpen();
        open.cutBack();
        open.probe();
      }
      torn = null;
      return true;
    } catch (IOException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void trim(long sequence) throws IOException {
    trimLock.lock();
    try {
      check();
      boolean deleted = false;
      for (Segment first = trimmable(sequence); first != null; first = trimmable(sequence)) {
        fileSystem.delete(first.path());
        deleted = true;
        lock.lock();
        try {
          segments.removeFirst();
        } finally {
          lock.unlock();
        }
      }
      if (deleted) {
        fileSystem.syncDirectory(folder);
      }
    } finally {
      trimLock.unlock();
    }
  }

  /**
   * The first segment if it may go. The newest never does, nor the one before it until the newest
   * is on stable storage: the log's position lives in its file names.
   */
  private @Nullable Segment trimmable(long sequence) throws IOException {
    lock.lock();
    try {
      if (segments.size() < 2) {
        return null;
      }
      Iterator<Segment> oldest = segments.iterator();
      Segment first = oldest.next();
      long next = oldest.next().firstSequence();
      if (next > sequence) {
        return null;
      }
      return next <= durable || hasDurableHeader(next) ? first : null;
    } finally {
      lock.unlock();
    }
  }

  /** True if the open segment is this one, after its header was synced if need be. */
  private boolean hasDurableHeader(long firstSequence) throws IOException {
    awaitNoSync();
    check();
    SegmentWriter open = writer;
    if (open == null || open.firstSequence() != firstSequence) {
      return durable >= firstSequence;
    }
    if (!open.isHeaderDurable()) {
      lead();
    }
    return true;
  }

  @Override
  public long durable() {
    return durable;
  }

  @Override
  public long last() {
    return last;
  }

  /**
   * The first record that the segments may hold: those before it were trimmed. 1 if none is there.
   */
  public long first() {
    lock.lock();
    try {
      return segments.isEmpty() ? 1 : segments.getFirst().firstSequence();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long segmentBytes() {
    SegmentWriter open = writer;
    return open == null ? 0 : open.bytes();
  }

  @Override
  public long totalBytes() {
    lock.lock();
    try {
      long total = 0;
      for (Segment segment : segments) {
        total += segment.bytes();
      }
      SegmentWriter open = writer;
      return open == null ? total : total - segments.getLast().bytes() + open.bytes();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      awaitNoSync();
      if (closed) {
        return;
      }
      SegmentWriter open = writer;
      if (open == null) {
        closed = true;
        checkPoison();
        return;
      }
      try {
        checkPoison();
        syncOpen();
        if (torn == null) {
          open.endMark(last);
          open.sync();
        } else {
          open.cutBack();
        }
      } finally {
        closed = true;
        writer = null;
        changed.signalAll();
        open.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
