package io.varve.engine;

import io.varve.engine.log.ReadableLog;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A log of which records are not trimmed before they are copied elsewhere, and which remembers at
 * which second it stood where. Both only while somebody copies it ({@link LogFeed}); else it adds
 * nothing.
 *
 * <p><b>Marks.</b> The mark of a second says which record was the last one before that second
 * began. It is made by the first append in the second, before its record is logged: so whatever was
 * acknowledged before the second began lies before the mark, and nothing that was logged in it. A
 * second without a mark had the state of the next one that has one, since nothing was logged in
 * between. The clock may jump back: then seconds stand still until it has caught up.
 */
final class HeldLog implements ShardLog {
  private static final System.Logger LOGGER = System.getLogger(Engine.class.getName());
  private static final int MOST_MARKS = 1 << 20;
  private static final long SECOND_MILLIS = 1_000;

  private final ShardLog log;
  private final InstantSource clock;

  /** Guards what follows; held briefly, but for trimming. */
  private final ReentrantLock lock = new ReentrantLock();

  private LogHold hold;
  private long heldFrom;
  private long movedAtMillis;
  private long trimTo;
  private boolean isHeld;
  private final ArrayDeque<LogFeed.Mark> marks = new ArrayDeque<>();

  /** The second of the newest mark, or in which marking began; those up to it need none. */
  private volatile long markedSecond = Long.MAX_VALUE;

  private long startPosition;

  /**
   * Around another log, which it owns.
   *
   * @param hold what is held from the beginning on, until {@link #hold} says from where
   */
  HeldLog(ShardLog log, InstantSource clock, LogHold hold) {
    this.log = log;
    this.clock = clock;
    this.hold = hold;
    movedAtMillis = clock.millis();
    isHeld = hold.mostBytes() > 0;
  }

  private boolean tellsTimes() {
    return log instanceof ReadableLog readable && readable.tellsTimes();
  }

  /** The log that can be read; null if it cannot. */
  @Nullable ReadableLog readable() {
    return log instanceof ReadableLog readable ? readable : null;
  }

  /**
   * Marks seconds from now on, unless they are marked already. The first mark is that of the second
   * that has begun, and is right only if nothing was logged in it before, by whomever.
   */
  void beginMarks() {
    if (tellsTimes()) {
      return; // whoever reads the records learns it from them
    }
    lock.lock();
    try {
      if (markedSecond == Long.MAX_VALUE) {
        startPosition = log.last();
        markedSecond = clock.millis() / SECOND_MILLIS;
        marks.add(new LogFeed.Mark(markedSecond, startPosition));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The last record when marks began. */
  long startPosition() {
    lock.lock();
    try {
      return startPosition;
    } finally {
      lock.unlock();
    }
  }

  /** Makes the mark of this second, unless it began before marks did or has one. */
  private void mark() {
    long second = clock.millis() / SECOND_MILLIS;
    if (second <= markedSecond) {
      return;
    }
    lock.lock();
    try {
      if (second > markedSecond) {
        marks.add(new LogFeed.Mark(second, log.last()));
        markedSecond = second;
        if (marks.size() > MOST_MARKS) {
          giveUp("its times take too much memory");
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** All marks that are not forgotten, with the one of this second. */
  List<LogFeed.Mark> marks() {
    mark();
    lock.lock();
    try {
      return List.copyOf(marks);
    } finally {
      lock.unlock();
    }
  }

  void forgetMarks(long second) {
    lock.lock();
    try {
      while (!marks.isEmpty() && marks.getFirst().second() <= second) {
        marks.removeFirst();
      }
    } finally {
      lock.unlock();
    }
  }

  void hold(long from, LogHold limits) throws IOException {
    long trim;
    lock.lock();
    try {
      hold = limits;
      isHeld = limits.mostBytes() > 0;
      heldFrom = from;
      movedAtMillis = clock.millis();
      trim = isHeld ? Math.min(from, trimTo) : trimTo;
      if (!isHeld) {
        marks.clear();
        markedSecond = Long.MAX_VALUE;
      }
    } finally {
      lock.unlock();
    }
    if (trim > 0) {
      log.trim(trim);
    }
  }

  boolean isHeld() {
    lock.lock();
    try {
      return isHeld;
    } finally {
      lock.unlock();
    }
  }

  private void giveUp(String why) {
    isHeld = false;
    marks.clear();
    LOGGER.log(
        System.Logger.Level.ERROR,
        "the log is no longer kept for the archive, in which a gap will be: " + why);
  }

  @Override
  public void trim(long sequence) throws IOException {
    long to = sequence;
    lock.lock();
    try {
      trimTo = Math.max(trimTo, sequence);
      if (isHeld && heldFrom < sequence) {
        long bytes = log.totalBytes();
        long millis = clock.millis() - movedAtMillis;
        if (bytes > hold.mostBytes() || millis > hold.mostMillis()) {
          giveUp(
              "it takes "
                  + bytes
                  + " bytes, and nothing was archived for "
                  + millis
                  + " ms; kept are "
                  + hold.text());
        } else {
          to = heldFrom;
        }
      }
    } finally {
      lock.unlock();
    }
    log.trim(to);
  }

  @Override
  public long append(int type, byte[] payload, int offset, int length) throws IOException {
    mark();
    return log.append(type, payload, offset, length);
  }

  @Override
  public void sync(long sequence) throws IOException {
    log.sync(sequence);
  }

  @Override
  public long durable() {
    return log.durable();
  }

  @Override
  public long last() {
    return log.last();
  }

  @Override
  public long segmentBytes() {
    return log.segmentBytes();
  }

  @Override
  public long totalBytes() {
    return log.totalBytes();
  }

  @Override
  public void roll() throws IOException {
    log.roll();
  }

  @Override
  public boolean tryRepair() {
    return log.tryRepair();
  }

  @Override
  public List<Damage> replay(long fromSequence, RecordConsumer consumer) throws IOException {
    List<Damage> damages = log.replay(fromSequence, consumer);
    if (isHeld()) {
      beginMarks();
    }
    return damages;
  }

  @Override
  public void close() throws IOException {
    log.close();
  }
}
