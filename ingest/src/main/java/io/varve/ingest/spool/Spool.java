package io.varve.ingest.spool;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.io.SmallFile;
import io.varve.engine.log.ShardLog;
import io.varve.engine.wal.Wal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Write requests on their way into a cluster, in the order in which this node took them. What
 * {@link #put} has returned for outlasts the process and a loss of power, not the disk.
 *
 * <p>Any thread puts requests in. One thread takes them out: it has {@link #await} show it the
 * oldest, sees to it that the cluster has it, says so with {@link #delivered}, and calls {@link
 * #tidy} from time to time. Requests come from memory if the cluster keeps up, else from the disk.
 */
public final class Spool implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Spool.class.getName());
  private static final int REQUEST = 1;
  private static final long SEGMENT_BYTES = 8 << 20;

  /** So much of what came last is kept in memory, too. */
  private static final long RECENT_BYTES = 8 << 20;

  /** So much is read from the disk at a time. */
  private static final long READ_BYTES = 4 << 20;

  private static final String DELIVERED = "DELIVERED";
  private static final Pattern MARK = Pattern.compile("([0-9]{1,18}) ([0-9a-f]{8})\n");

  /** So often the same request is read before it counts as damaged. */
  private static final int MOST_READS = 5;

  private final Path folder;
  private final long mostBytes;
  private final Wal log;

  /** Guards what follows, and appends; not held over the fsync of a request. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition arrived = lock.newCondition();

  /** The newest requests, without a gap. */
  private final Deque<SpooledRequest> recent = new ArrayDeque<>();

  private long recentBytes;

  /** First requests of segments. */
  private final TreeSet<Long> segments = new TreeSet<>();

  private boolean beginsSegment = true;
  private boolean isTorn;
  private boolean closed;
  private long waitingBytes;
  private long delivered;

  // Of the thread that takes requests out.
  private final Deque<SpooledRequest> read = new ArrayDeque<>();
  private long told;
  private int reads;

  private volatile boolean failed;

  /** Requests that were acknowledged and cannot be read any more. */
  private volatile long lost;

  /** When the oldest request was taken that still waits, as far as is known; 0 if none does. */
  private volatile long oldestMillis;

  private Spool(Path folder, long mostBytes, Wal log) {
    this.folder = folder;
    this.mostBytes = mostBytes;
    this.log = log;
  }

  /**
   * Opens the spool in a folder, which is made if need be, and finds what was not delivered.
   *
   * @param folder of the spool alone; the caller sees to it that no other process has it open
   * @param clusterId the id that all its segments carry
   * @param mostBytes it takes nothing more as long as so much waits
   * @throws IOException if it cannot be read, or belongs to another cluster
   */
  public static Spool open(Path folder, long clusterId, long mostBytes) throws IOException {
    Wal log = Wal.open(RealFileSystem.INSTANCE, folder, folder.getFileName() + "", clusterId);
    Spool spool = new Spool(folder, mostBytes, log);
    try {
      spool.recover();
      return spool;
    } catch (IOException | RuntimeException | Error e) {
      try {
        log.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private void recover() throws IOException {
    long first = log.first();
    delivered = Math.max(readMark(), first - 1); // what was trimmed had been delivered
    List<ShardLog.Damage> damages =
        log.replay(
            Math.max(first, delivered + 1),
            new ShardLog.RecordConsumer() {
              @Override
              public void segment(long firstSequence) {
                segments.add(firstSequence);
              }

              @Override
              public void record(long sequence, int type, byte[] payload, int offset, int length) {
                if (sequence > delivered) {
                  waitingBytes += length;
                  if (oldestMillis == 0) {
                    byte[] first = Arrays.copyOfRange(payload, offset, offset + length);
                    oldestMillis = SpooledRequest.decode(sequence, first).takenMillis();
                  }
                }
              }
            });
    for (ShardLog.Damage damage : damages) {
      LOG.log(
          System.Logger.Level.ERROR,
          "requests that were acknowledged are lost: "
              + damage.file()
              + " is damaged at byte "
              + damage.offset()
              + ", from request "
              + damage.firstSequence()
              + " on: "
              + damage.problem());
    }
    // Numbers are given anew behind what a power failure has taken.
    delivered = Math.min(delivered, log.last());
    writeMark();
  }

  private long readMark() throws IOException {
    Path file = folder.resolve(DELIVERED);
    if (!Files.exists(file)) {
      return 0;
    }
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    Matcher mark = MARK.matcher(text);
    if (mark.matches() && checksum(mark.group(1)).equals(mark.group(2))) {
      return Long.parseLong(mark.group(1));
    }
    LOG.log(System.Logger.Level.WARNING, file + " is damaged: all that is kept is delivered again");
    return 0;
  }

  private void writeMark() throws IOException {
    String number = Long.toString(delivered);
    String text = number + " " + checksum(number) + "\n";
    SmallFile.write(
        RealFileSystem.INSTANCE,
        folder.resolve(DELIVERED),
        text.getBytes(StandardCharsets.US_ASCII));
    told = delivered;
  }

  private static String checksum(String number) {
    byte[] bytes = number.getBytes(StandardCharsets.US_ASCII);
    return HexFormat.of().toHexDigits(Crc32c.of(bytes, 0, bytes.length));
  }

  /**
   * Takes a request in: it is on stable storage when this returns.
   *
   * @param body the bytes {@code [offset, offset + length)}; copied
   * @throws SpoolFullException if too much waits already
   * @throws IOException if it cannot be written; it may be delivered all the same if the fsync
   *     failed
   */
  public void put(
      long takenMillis,
      String path,
      Map<String, String> headers,
      byte[] body,
      int offset,
      int length)
      throws IOException {
    byte[] record = SpooledRequest.encode(takenMillis, path, headers, body, offset, length);
    long sequence;
    lock.lock();
    try {
      if (waitingBytes + record.length > mostBytes) {
        throw new SpoolFullException(waitingBytes, mostBytes);
      }
      sequence = keep(record);
      if (oldestMillis == 0) {
        oldestMillis = takenMillis;
      }
    } finally {
      lock.unlock();
    }
    sync(sequence);
  }

  /** Not durable yet. Under the lock. */
  private long keep(byte[] record) throws IOException {
    if (isTorn && !log.tryRepair()) {
      throw new IOException("the spool of this node cannot be written");
    }
    isTorn = false;
    long sequence = append(record);
    waitingBytes += record.length;
    remember(SpooledRequest.decode(sequence, record));
    return sequence;
  }

  private void sync(long sequence) throws IOException {
    try {
      log.sync(sequence);
    } catch (IOException e) {
      failed = true; // nobody knows what the disk has; no sync of this log succeeds any more
      throw e;
    }
    lock.lock();
    try {
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** False once an fsync has failed: nothing is taken until the next start. Any thread. */
  public boolean isWritable() {
    return !failed;
  }

  /**
   * Puts the request that {@link #await} gave behind all others: it does not get through, and they
   * may.
   *
   * @throws IOException if it cannot be written; it stays where it is
   */
  public void postpone(SpooledRequest request) throws IOException {
    long sequence;
    lock.lock();
    try {
      sequence = keep(request.record());
    } finally {
      lock.unlock();
    }
    sync(sequence);
    delivered(request);
  }

  private long append(byte[] record) throws IOException {
    boolean whole = false;
    try {
      if (log.segmentBytes() >= SEGMENT_BYTES) {
        log.roll();
        beginsSegment = true;
      }
      long sequence = log.append(REQUEST, record, 0, record.length);
      if (beginsSegment) {
        segments.add(sequence);
        beginsSegment = false;
      }
      whole = true;
      return sequence;
    } finally {
      isTorn = !whole;
    }
  }

  private void remember(SpooledRequest request) {
    recent.addLast(request);
    recentBytes += request.record().length;
    while (recentBytes > RECENT_BYTES) {
      forgetFirst();
    }
  }

  private void forgetFirst() {
    recentBytes -= recent.removeFirst().record().length;
  }

  /**
   * The oldest request that was not delivered; null if none comes in time.
   *
   * @param millis to wait for one
   * @throws IOException if the disk cannot be read
   */
  public @Nullable SpooledRequest await(long millis) throws IOException, InterruptedException {
    long next;
    long left = TimeUnit.MILLISECONDS.toNanos(millis);
    lock.lock();
    try {
      while (delivered >= log.durable()) {
        if (left <= 0) {
          return null;
        }
        left = arrived.awaitNanos(left);
      }
      next = delivered + 1;
      SpooledRequest first = recent.peekFirst();
      if (first != null && first.sequence() == next) {
        return first;
      }
    } finally {
      lock.unlock();
    }
    return fromDisk(next);
  }

  /**
   * Those behind one that {@link #await} gave, in order and without a gap, as far as they are in
   * memory by now.
   *
   * @param mostBytes of their records together with its
   */
  public List<SpooledRequest> behind(SpooledRequest first, long mostBytes) {
    List<SpooledRequest> found = new ArrayList<>();
    long left = mostBytes - first.record().length;
    lock.lock();
    try {
      long durable = log.durable();
      boolean isRecent = first.equals(recent.peekFirst());
      for (SpooledRequest next : isRecent ? recent : read) {
        left -= next == first ? 0 : next.record().length;
        if (left < 0 || next.sequence() > durable) {
          break;
        }
        if (next.sequence() == first.sequence() + found.size() + 1) {
          found.add(next);
        }
      }
    } finally {
      lock.unlock();
    }
    return found;
  }

  private @Nullable SpooledRequest fromDisk(long next) throws IOException {
    while (!read.isEmpty() && read.getFirst().sequence() < next) {
      read.removeFirst();
    }
    if (read.isEmpty() || read.getFirst().sequence() != next) {
      read.clear();
      try {
        log.read(next, log.durable(), READ_BYTES, new Collector());
        reads = 0;
      } catch (CorruptDataException | NoSuchFileException e) {
        if (read.isEmpty()) {
          skip(next, firstBehind(next), String.valueOf(e.getMessage()));
          return null;
        }
      } catch (IOException e) {
        // The disk may read it once more, or never again.
        if (read.isEmpty() && ++reads < MOST_READS) {
          throw e;
        }
        reads = 0;
        if (read.isEmpty()) {
          skip(next, firstBehind(next), String.valueOf(e.getMessage()));
          return null;
        }
      }
    }
    SpooledRequest first = read.peekFirst();
    if (first != null && first.sequence() > next) {
      skip(next, first.sequence(), "they are missing in " + folder);
      return null;
    }
    return first;
  }

  /** What can be read behind a request that cannot: in memory, or with the next segment. */
  private long firstBehind(long next) {
    lock.lock();
    try {
      Long behind = segments.higher(next);
      long goOn = behind == null ? log.durable() + 1 : behind;
      SpooledRequest remembered = recent.peekFirst();
      return remembered == null || remembered.sequence() <= next
          ? goOn
          : Math.min(goOn, remembered.sequence());
    } finally {
      lock.unlock();
    }
  }

  /** Keeps what is read. */
  private final class Collector implements ShardLog.RecordConsumer {
    @Override
    public void segment(long firstSequence) {}

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      byte[] record = Arrays.copyOfRange(payload, offset, offset + length);
      read.addLast(SpooledRequest.decode(sequence, record));
    }
  }

  private void skip(long next, long goOn, String why) {
    lock.lock();
    try {
      lost += goOn - next;
      LOG.log(
          System.Logger.Level.ERROR,
          "requests "
              + next
              + " to "
              + (goOn - 1)
              + " of the spool were acknowledged and are lost: "
              + why);
      advance(goOn - 1);
    } finally {
      lock.unlock();
    }
  }

  /** The cluster has a request that {@link #await} gave, and all before it. */
  public void delivered(SpooledRequest request) {
    lock.lock();
    try {
      waitingBytes -= request.record().length;
      advance(request.sequence());
    } finally {
      lock.unlock();
    }
  }

  private void advance(long to) {
    delivered = to;
    while (!recent.isEmpty() && recent.getFirst().sequence() <= to) {
      forgetFirst();
    }
    if (to == log.last()) {
      waitingBytes = 0; // what could not be read is not waited for
      oldestMillis = 0;
    } else if (!recent.isEmpty() && recent.getFirst().sequence() == to + 1) {
      oldestMillis = recent.getFirst().takenMillis();
    } else {
      read.stream()
          .filter(request -> request.sequence() == to + 1)
          .forEach(request -> oldestMillis = request.takenMillis());
    }
  }

  /**
   * Notes on disk how far deliveries are, and deletes what is not needed any more.
   *
   * @throws IOException if that fails: then some requests are delivered again after a start
   */
  public void tidy() throws IOException {
    long to;
    lock.lock();
    try {
      if (closed || delivered == told) {
        return;
      }
      to = delivered;
      while (segments.size() > 1 && segments.higher(segments.first()) <= to + 1) {
        segments.pollFirst();
      }
    } finally {
      lock.unlock();
    }
    log.trim(to + 1); // first, as a full disk may have no room for the mark
    lock.lock();
    try {
      if (!closed) {
        writeMark();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Bytes of requests that wait. Any thread. */
  public long waitingBytes() {
    lock.lock();
    try {
      return waitingBytes;
    } finally {
      lock.unlock();
    }
  }

  /** Requests that wait. Any thread. */
  public long waiting() {
    lock.lock();
    try {
      return log.last() - delivered;
    } finally {
      lock.unlock();
    }
  }

  /** When the oldest of them was taken, about, in milliseconds since the epoch; 0 if none waits. */
  public long oldestMillis() {
    return oldestMillis;
  }

  /** Requests that were acknowledged, and damaged on the disk before they were delivered. */
  public long lost() {
    return lost;
  }

  /** How much it holds at most, in bytes. */
  public long mostBytes() {
    return mostBytes;
  }

  /** What waits is delivered after the next start. The thread that takes requests has ended. */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      writeMark();
    } finally {
      lock.unlock();
      log.close();
    }
  }
}
