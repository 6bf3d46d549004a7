package io.varve.ingest.cluster.raft;

import static java.util.Objects.requireNonNull;

import io.varve.ingest.cluster.LogPosition;
import java.io.IOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Hands what is committed to the engine, in order and each record once, whichever engine that is at
 * the moment.
 *
 * <p>Raft's thread brings the entries. While no engine is attached it waits here, so that nothing
 * passes by. An engine that is attached has saved less than Raft has brought so far, as a rule;
 * what is between is read from Raft's log once more, by the thread that attaches it, before Raft's
 * goes on.
 *
 * <p>The engine that leads has its own records already. Should another's record, or an entry of
 * another's lead, come for a place that was given to one of them, then the engine holds what the
 * log does not: it is let go, and its owner told.
 */
final class Feed {
  private final ShardOwner owner;
  private final Raft raft;
  private final Waiters waiters = new Waiters(0);
  private final LogSizes sizes = new LogSizes();
  private final Assembly assembly = new Assembly();

  /** Held while entries are handed over. The engine's own locks are taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  private volatile @Nullable ReplicatedLog log;
  private volatile @Nullable LogFollower follower;
  private volatile LogPosition reached = new LogPosition(0, -1);
  private boolean closed;
  private long fedTo;

  /** Raft's side. */
  interface Raft {
    /** An entry of the log, null if it is not there any more. */
    @Nullable LogEntryProto entry(long index) throws IOException;

    /** The term in which this replica leads and has applied all before it; else {@code NONE}. */
    long leads();
  }

  Feed(ShardOwner owner, Raft raft) {
    this.owner = owner;
    this.raft = raft;
  }

  /** The last entry that Raft has brought, and that an attached engine has. */
  LogPosition reached() {
    return reached;
  }

  /** The engine's log; null if none is attached. */
  @Nullable ReplicatedLog log() {
    return log;
  }

  /** How large the records are that were brought. */
  LogSizes sizes() {
    return sizes;
  }

  Waiters waiters() {
    return waiters;
  }

  /** The last entry whose records a snapshot of the engine may see. */
  long visible() {
    ReplicatedLog now = log;
    return now == null ? reached.index() : Math.max(reached.index(), now.last());
  }

  /** The last entry whose records a snapshot of the engine certainly sees. */
  long shown() {
    ReplicatedLog now = log;
    // Others' records are in the log before they are in the engine: see takeIn.
    return now == null || !now.leads() ? reached.index() : Math.max(reached.index(), now.last());
  }

  /** Begins behind a position that is in the saved state. */
  void startAt(LogPosition position) {
    lock.lock();
    try {
      if (position.index() > reached.index()) {
        reached = position;
        waiters.reached(position.index());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Feeds an engine from what it has saved on.
   *
   * @throws IOException if the log does not reach back to there
   */
  void attach(LogFollower next, ReplicatedLog itsLog) throws IOException {
    lock.lock();
    try {
      if (follower != null) {
        throw new IllegalStateException("an engine is attached already");
      }
      fedTo = next.savedTo();
      assembly.drop();
      for (long index = fedTo + 1; index <= reached.index(); index++) {
        LogEntryProto entry = raft.entry(index);
        if (entry == null) {
          throw new IOException(
              "the store ends at record " + (index - 1) + ", and the log begins behind it");
        }
        if (entry.hasStateMachineLogEntry()) {
          takeIn(next, itsLog, index, entry.getStateMachineLogEntry().getLogData());
        }
        fedTo = index;
      }
      itsLog.committed(Math.max(fedTo, reached.index()));
      log = itsLog;
      follower = next;
      long term = raft.leads();
      if (term != ReplicatedLog.NONE) {
        lead(term, next, itsLog);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Feeds an engine no more. */
  void detach(ReplicatedLog itsLog) {
    lock.lock();
    try {
      if (log == itsLog) {
        letGo();
      }
    } finally {
      lock.unlock();
    }
  }

  private void letGo() {
    follower = null;
    log = null;
    waiters.fail(new IOException("the store of this replica is being closed"));
  }

  /** Entries are let through from now on without being handed to anybody. */
  void close() {
    lock.lock();
    try {
      closed = true;
      waiters.fail(new IOException("this replica is being stopped"));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** An entry with a record, or a part of one. Raft's thread. */
  void record(long term, long index, StateMachineLogEntryProto entry) {
    lock.lock();
    try {
      if (!awaitFollower()) {
        return;
      }
      sizes.add(index, entry.getLogData().size());
      if (index > fedTo) {
        LogFollower now = requireNonNull(follower);
        ReplicatedLog itsLog = requireNonNull(log);
        if (itsLog.isOwn(entry.getClientId())) {
          assembly.drop();
          itsLog.committed(index);
        } else if (itsLog.contradicts(term, index, true)) {
          diverged(itsLog, now);
        } else {
          try {
            takeIn(now, itsLog, index, entry.getLogData());
            itsLog.committed(index);
          } catch (IOException | RuntimeException e) {
            failed(itsLog, now, e);
          }
        }
        fedTo = index;
      }
      passed(term, index);
    } finally {
      lock.unlock();
    }
  }

  /** An entry of Raft's own. Raft's thread. */
  void other(long term, long index) {
    lock.lock();
    try {
      if (index <= reached.index() || !awaitFollower()) {
        return;
      }
      if (index > fedTo) {
        ReplicatedLog itsLog = requireNonNull(log);
        if (itsLog.contradicts(term, index, false)) {
          diverged(itsLog, requireNonNull(follower));
        } else {
          itsLog.committed(index);
        }
        fedTo = index;
      }
      passed(term, index);
    } finally {
      lock.unlock();
    }
  }

  /** This replica leads, and everything that there was has been handed over. Raft's thread. */
  void leaderReady() {
    lock.lock();
    try {
      if (!awaitFollower()) {
        return;
      }
      long term = raft.leads();
      if (term != ReplicatedLog.NONE) {
        lead(term, requireNonNull(follower), requireNonNull(log));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Tells an engine once more that it leads, if an append was refused for another reason than that
   * it was deposed: as while the lead was to be handed over, and then was not. From time to time.
   */
  void remind() {
    ReplicatedLog itsLog = log;
    if (itsLog == null || itsLog.leads() || raft.leads() == ReplicatedLog.NONE) {
      return;
    }
    lock.lock();
    try {
      LogFollower now = follower;
      long term = raft.leads();
      if (now != null && log == itsLog && !itsLog.leads() && term != ReplicatedLog.NONE) {
        lead(term, now, itsLog);
      }
    } finally {
      lock.unlock();
    }
  }

  private void lead(long term, LogFollower now, ReplicatedLog itsLog) {
    itsLog.lead(term);
    now.lead();
    if (raft.leads() != term) {
      // The end of the lead may have been told before its begin.
      itsLog.follow();
      now.follow();
    }
  }

  /** This replica leads no more. Never waits: Raft's locks are held. */
  void notLeader() {
    ReplicatedLog itsLog = log;
    LogFollower now = follower;
    if (itsLog != null) {
      itsLog.follow();
    }
    if (now != null) {
      now.follow();
    }
  }

  private boolean awaitFollower() {
    while (follower == null && !closed) {
      changed.awaitUninterruptibly();
    }
    return !closed;
  }

  private void passed(long term, long index) {
    reached = new LogPosition(term, index);
    if (follower != null) {
      waiters.reached(index);
    }
  }

  private void takeIn(LogFollower to, ReplicatedLog itsLog, long index, ByteString data)
      throws IOException {
    if (!assembly.add(index, data.toByteArray())) {
      return;
    }
    // First of all: what the engine makes of a record may ask whether it is durable.
    itsLog.takenIn(index, assembly.begins(), assembly.length());
    if (assembly.begins()) {
      to.segment(index);
    }
    to.record(index, assembly.type(), assembly.bytes(), assembly.offset(), assembly.length());
  }

  private void diverged(ReplicatedLog itsLog, LogFollower now) {
    itsLog.diverge();
    now.follow();
    letGo();
    owner.diverged();
  }

  private void failed(ReplicatedLog itsLog, LogFollower now, Exception e) {
    itsLog.diverge();
    now.follow();
    letGo();
    owner.failed(e);
  }
}
