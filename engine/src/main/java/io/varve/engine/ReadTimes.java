package io.varve.engine;

import io.varve.engine.log.ReadableLog;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * At which second a log stood where, learned from its records while they are read: for logs that
 * several nodes write, one after the other, each by its own clock. Where a clock is behind what was
 * said already, seconds stand still until it has caught up. One thread.
 */
final class ReadTimes {
  private static final long SECOND_MILLIS = 1_000;

  private final InstantSource clock;
  private final ArrayDeque<LogFeed.Mark> marks = new ArrayDeque<>();
  private long marked;
  private long lookedAt;
  private long lookedTo;
  private long reached;
  private long lastRecord = -1;

  ReadTimes(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * The log's last record, and with it the time: what is logged behind it is not acknowledged
   * before.
   */
  long look(LongSupplier last) {
    lookedAt = clock.millis() / SECOND_MILLIS; // first: what comes between counts as later
    lookedTo = last.getAsLong();
    return lookedTo;
  }

  /** All up to there was read in an earlier life. */
  void startAt(long position) {
    if (lastRecord < 0) {
      lastRecord = position;
      reached = position;
    }
  }

  /** Reads records on behalf of {@link LogFeed#read}. */
  long read(
      ReadableLog log, long first, long last, long mostBytes, ShardLog.RecordConsumer consumer)
      throws IOException {
    if (first != reached + 1) {
      lastRecord = first - 1;
    }
    reached =
        log.read(
            first,
            last,
            mostBytes,
            new ShardLog.RecordConsumer() {
              @Override
              public void segment(long firstSequence) throws IOException {
                consumer.segment(firstSequence);
              }

              @Override
              public void loggedAt(long millis) {
                mark(millis / SECOND_MILLIS);
              }

              @Override
              public void record(long sequence, int type, byte[] payload, int offset, int length)
                  throws IOException {
                consumer.record(sequence, type, payload, offset, length);
                lastRecord = sequence;
              }
            });
    return reached;
  }

  private void mark(long second) {
    if (second > marked) {
      marks.add(new LogFeed.Mark(second, lastRecord));
      marked = second;
    }
  }

  /** All that are not forgotten, up to the last look if all was read up to there. */
  List<LogFeed.Mark> marks() {
    List<LogFeed.Mark> all = new ArrayList<>(marks);
    if (lookedAt > marked && lastRecord >= 0 && reached >= lookedTo) {
      all.add(new LogFeed.Mark(lookedAt, lastRecord));
    }
    return all;
  }

  void forget(long second) {
    while (!marks.isEmpty() && marks.getFirst().second() <= second) {
      marks.removeFirst();
    }
  }
}
