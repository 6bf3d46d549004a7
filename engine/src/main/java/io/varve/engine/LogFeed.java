package io.varve.engine;

import io.varve.engine.log.ReadableLog;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * An engine's log for whoever copies it elsewhere: its records as they were logged, and at which
 * second it stood where. What is not copied yet is held back from trimming, within limits. One
 * copier at a time; any thread, until the engine is closed.
 */
public final class LogFeed {
  private final HeldLog held;
  private final ReadableLog log;
  private final LongConsumer sync;
  private final @Nullable ReadTimes times;

  /** Of a log; see {@link Engine#logFeed}. */
  LogFeed(HeldLog held, ReadableLog log, LongConsumer sync, InstantSource clock) {
    this.held = held;
    this.log = log;
    this.sync = sync;
    this.times = log.tellsTimes() ? new ReadTimes(clock) : null;
    held.beginMarks();
  }

  /**
   * Where the log stood when a second began. What was acknowledged before lies at {@code position}
   * or before it; what was logged in that second or later lies behind it. A second without a mark
   * had the position of the next one that has one.
   *
   * @param second since the epoch
   * @param position of the last record before it
   */
  public record Mark(long second, long position) {}

  /** The last record that was logged. */
  public long last() {
    return times == null ? log.last() : times.look(log::last);
  }

  /**
   * True if times come from the records themselves, as those of a log that several write: they are
   * known when the records are read, whoever logged them.
   */
  public boolean tellsTimes() {
    return times != null;
  }

  /**
   * The last record when marks began: which second the ones before it belong to is not known here.
   * The first mark is that of the second in which they began, and says this position, too: whoever
   * does not know that nothing was logged earlier in that second passes over it.
   */
  public long startPosition() {
    return held.startPosition();
  }

  /**
   * Returns when all records up to one are on stable storage.
   *
   * @throws StorageStoppedException if they cannot be made so
   */
  public void sync(long position) {
    sync.accept(position);
  }

  /** Reads records; see {@link ReadableLog#read}. */
  public long read(long first, long last, long mostBytes, ShardLog.RecordConsumer consumer)
      throws IOException {
    return times == null
        ? log.read(first, last, mostBytes, consumer)
        : times.read(log, first, last, mostBytes, consumer);
  }

  /**
   * The marks that are not forgotten, oldest first, made up to this second: of a second that is not
   * over no mark will be made any more. Where records tell their times, made up to the last {@link
   * #last}, if all was read up to there.
   */
  public List<Mark> marks() {
    return times == null ? held.marks() : times.marks();
  }

  /** Forgets marks, up to that of a second. */
  public void forgetMarks(long second) {
    if (times == null) {
      held.forgetMarks(second);
    } else {
      times.forget(second);
    }
  }

  /** Lets records before one be trimmed, and holds it and all that follow. */
  public void hold(long from, LogHold limits) throws IOException {
    held.hold(from, limits);
    if (times == null) {
      held.beginMarks();
    } else {
      times.startAt(from - 1);
    }
  }

  /** False if records that were held were let go, since they were too many. */
  public boolean isHeld() {
    return held.isHeld();
  }

  /** Lets everything be trimmed, and makes no marks any more. */
  public void release() throws IOException {
    held.hold(0, LogHold.NONE);
  }

  /** Bytes of log that are there. */
  public long logBytes() {
    return log.totalBytes();
  }
}
