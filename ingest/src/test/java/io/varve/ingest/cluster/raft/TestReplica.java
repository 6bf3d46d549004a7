package io.varve.ingest.cluster.raft;

import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What an engine is to its log, and nothing else: it remembers the records, as a leader at once, as
 * a follower when they come, and can be opened again with what it had saved.
 */
class TestReplica implements LogFollower {
  /** A record, and whether a segment began with it. */
  record Line(long sequence, int type, String text, boolean begins) {}

  private final ReentrantLock lock = new ReentrantLock(true);
  private final List<Line> lines = new ArrayList<>();
  private final ShardLog log;
  private final long savedTo;
  private volatile boolean leads;
  private boolean isTorn = true;
  private boolean begins;

  TestReplica(ShardLog log, List<Line> saved, long savedTo) {
    this.log = log;
    this.savedTo = savedTo;
    lines.addAll(saved);
  }

  ShardLog log() {
    return log;
  }

  /** Appends as the engine does, acknowledged by the caller's sync. */
  long append(String text) throws IOException {
    lock.lock();
    try {
      if (!leads) {
        throw new NotLeaderException("does not lead");
      }
      boolean first = isTorn;
      if (isTorn) {
        log.roll();
        isTorn = false;
      }
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      long sequence;
      try {
        sequence = log.append(7, bytes, 0, bytes.length);
      } catch (NotLeaderException e) {
        leads = false;
        isTorn = true;
        throw e;
      } catch (IOException e) {
        isTorn = true;
        throw e;
      }
      lines.add(new Line(sequence, 7, text, first));
      return sequence;
    } finally {
      lock.unlock();
    }
  }

  /** The next record begins a segment. */
  void roll() {
    lock.lock();
    try {
      isTorn = true;
    } finally {
      lock.unlock();
    }
  }

  boolean leads() {
    return leads;
  }

  List<Line> lines() {
    lock.lock();
    try {
      return List.copyOf(lines);
    } finally {
      lock.unlock();
    }
  }

  /** The records up to one. */
  List<Line> linesTo(long sequence) {
    return lines().stream().filter(line -> line.sequence <= sequence).toList();
  }

  @Override
  public long savedTo() {
    return savedTo;
  }

  @Override
  public void segment(long firstSequence) {
    begins = true;
  }

  @Override
  public void record(long sequence, int type, byte[] payload, int offset, int length) {
    lock.lock();
    try {
      long last = lines.isEmpty() ? 0 : lines.getLast().sequence;
      if (sequence <= last || leads) {
        throw new IllegalStateException(sequence + " comes behind " + last + ", leads: " + leads);
      }
      String text = new String(payload, offset, length, StandardCharsets.ISO_8859_1);
      lines.add(new Line(sequence, type, text, begins));
      begins = false;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void lead() {
    lock.lock();
    try {
      leads = true;
      isTorn = true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void follow() {
    leads = false;
  }
}
