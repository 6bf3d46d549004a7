package io.varve.ingest.cluster.raft;

import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ReadableLog;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * The log of an engine that is one of several replicas. What the leader appends gets its place in
 * Raft's log at once; it is durable when a majority has it and it has come back through Raft.
 *
 * <p>A record's encoding may refer to earlier ones of its segment, so it is worth something only
 * under the lead under which its segment was begun: every append is bound to the term of the last
 * {@link #roll}, and refused in any other.
 */
final class ReplicatedLog implements ReadableLog {
  /** No lead. */
  static final long NONE = -1;

  private final Appender appender;
  private final RaftSettings settings;
  private final ClientId client = ClientId.randomId();
  private final ByteString clientBytes = client.toByteString();

  /**
   * Held from before a record goes to Raft until {@link #last} tells of it: whoever compares what
   * came through Raft with {@code last} takes it first.
   */
  private final ReentrantLock appending = new ReentrantLock();

  private final Waiters waiters;
  private volatile long durable;
  private volatile long last;
  private final AtomicLong segmentBytes = new AtomicLong();
  private volatile long ledTerm = NONE;
  private volatile boolean closed;
  private volatile boolean diverged;
  private long appendedTerm = NONE;
  private long segmentTerm = NONE;
  private boolean begins = true;
  private long calls;

  /** Puts entries into Raft's log, and knows about its files. */
  interface Appender {
    /**
     * Puts an entry into Raft's log, if this replica leads in the given term.
     *
     * @return its index
     * @throws NotLeaderException if it does not; nothing of the entry will ever be in the log
     */
    long append(ClientId client, long call, byte[] entry, long term) throws IOException;

    NotLeaderException notLeading();

    void trim(long index);

    /** An entry of the log, null if it is not there any more, or not yet. */
    @Nullable LogEntryProto entry(long index) throws IOException;

    long bytes() throws IOException;

    long millis();

    void closed(ReplicatedLog log);
  }

  ReplicatedLog(Appender appender, RaftSettings settings, long savedTo) {
    this.appender = appender;
    this.settings = settings;
    this.waiters = new Waiters(savedTo);
    this.durable = savedTo;
    this.last = savedTo;
  }

  @Override
  public long append(int type, byte[] payload, int offset, int length) throws IOException {
    if (type < 1 || type > 255) {
      throw new IllegalArgumentException("type " + type + " is not in 1 to 255");
    }
    appending.lock();
    try {
      refuseIfClosed();
      long term = segmentTerm;
      if (term == NONE || term != ledTerm) {
        throw appender.notLeading();
      }
      long millis = appender.millis();
      int part = settings.partBytes();
      long index = 0;
      int done = 0;
      do {
        int size = Math.min(part, length - done);
        LogEntry entry =
            new LogEntry(begins && done == 0, done + size < length, done > 0, type, millis);
        index = appender.append(client, ++calls, entry.encode(payload, offset + done, size), term);
        done += size;
        appendedTerm = term;
        last = index; // also of a part: that index is taken
      } while (done < length);
      begins = false;
      segmentBytes.addAndGet(LogEntry.HEADER + length);
      return index;
    } catch (NotLeaderException e) {
      // Its engine takes itself for deposed now. If it is not, it is told again: see Feed#remind.
      if (ledTerm == segmentTerm) {
        ledTerm = NONE;
      }
      throw e;
    } finally {
      appending.unlock();
    }
  }

  @Override
  public void sync(long sequence) throws IOException {
    if (sequence <= durable) {
      return;
    }
    if (sequence > last) {
      throw new IllegalArgumentException(
          "record " + sequence + " was not appended, the last one is " + last);
    }
    CompletableFuture<Void> future = waiters.await(sequence);
    if (ledTerm == NONE) {
      // What is known when the lead goes is known to all who wait; nobody is to come after.
      waiters.fail(whyNot());
    }
    try {
      future.get(settings.syncMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      future.cancel(false);
      throw new ReplicationTimeoutException(
          "no majority of the replicas has confirmed record "
              + sequence
              + " within "
              + settings.syncMillis()
              + " ms; it may still come to be stored");
    } catch (ExecutionException e) {
      // Anew for everybody who waited, with a stack of its own.
      Throwable cause = e.getCause();
      String message = cause == null ? e.toString() : String.valueOf(cause.getMessage());
      throw cause instanceof NotLeaderException
          ? new NotLeaderException(message)
          : new IOException(message, e);
    } catch (InterruptedException e) {
      future.cancel(false);
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for record " + sequence, e);
    }
  }

  private NotLeaderException whyNot() {
    return diverged
        ? new NotLeaderException("the record did not become part of the log: another replica leads")
        : appender.notLeading();
  }

  @Override
  public long durable() {
    return durable;
  }

  @Override
  public long last() {
    return last;
  }

  @Override
  public long segmentBytes() {
    return segmentBytes.get();
  }

  @Override
  public long totalBytes() {
    try {
      return appender.bytes();
    } catch (IOException e) {
      return 0;
    }
  }

  @Override
  public void roll() throws IOException {
    appending.lock();
    try {
      refuseIfClosed();
      begins = true;
      segmentBytes.set(0);
      segmentTerm = ledTerm;
    } finally {
      appending.unlock();
    }
  }

  @Override
  public boolean tryRepair() {
    return !closed;
  }

  @Override
  public void trim(long sequence) {
    appender.trim(sequence - 1);
  }

  /** Every record has the time at which the node that led appended it. */
  @Override
  public boolean tellsTimes() {
    return true;
  }

  /**
   * Reads what a majority has. The numbers of parts of a record but its last one, and those of
   * Raft's own entries, are nobody's.
   */
  @Override
  public long read(long first, long last, long mostBytes, RecordConsumer consumer)
      throws IOException {
    Assembly assembly = new Assembly();
    long bytes = 0;
    for (long index = first; index <= last; index++) {
      LogEntryProto entry = appender.entry(index);
      if (entry == null) {
        throw new NoSuchFileException("entry " + index + " of the replicated log");
      }
      if (!entry.hasStateMachineLogEntry()
          || !assembly.add(index, entry.getStateMachineLogEntry().getLogData().toByteArray())) {
        continue;
      }
      if (assembly.begins()) {
        consumer.segment(index);
      }
      consumer.loggedAt(assembly.millis());
      consumer.record(
          index, assembly.type(), assembly.bytes(), assembly.offset(), assembly.length());
      bytes += assembly.length();
      if (bytes >= mostBytes) {
        return index;
      }
    }
    return last;
  }

  @Override
  public List<Damage> replay(long fromSequence, RecordConsumer consumer) {
    return List.of();
  }

  @Override
  public void close() throws IOException {
    if (!closed && ledTerm != NONE) {
      try {
        sync(last);
      } catch (NotLeaderException | ReplicationTimeoutException e) {
        // Nobody was told that it is stored.
      }
    }
    closed = true;
    ledTerm = NONE;
    waiters.fail(new IOException("the log was closed"));
    appender.closed(this);
  }

  private void refuseIfClosed() throws IOException {
    if (closed) {
      throw new IOException("the log is closed");
    }
  }

  /** True for entries that this log appended. */
  boolean isOwn(ByteString clientOfEntry) {
    return clientBytes.equals(clientOfEntry);
  }

  /** This replica leads in a term, and has all records. */
  void lead(long term) {
    ledTerm = term;
  }

  /** It leads no more. Never waits. */
  void follow() {
    ledTerm = NONE;
    waiters.fail(appender.notLeading());
  }

  /** True if a place in the log that is another's was taken for one of this log's records. */
  boolean contradicts(long term, long index, boolean isRecord) {
    appending.lock();
    try {
      return index <= last && (isRecord || term != appendedTerm);
    } finally {
      appending.unlock();
    }
  }

  /** All up to there is in the log, and in the engine. */
  void committed(long index) {
    durable = index;
    waiters.reached(index);
  }

  /** Another's record was taken in. */
  void takenIn(long index, boolean beginsSegment, int bytes) {
    if (beginsSegment) {
      segmentBytes.set(0);
    }
    segmentBytes.addAndGet(LogEntry.HEADER + bytes);
    last = Math.max(last, index);
    committed(index);
  }

  /** Some of its records are not in the log, and never will be. */
  void diverge() {
    diverged = true;
    ledTerm = NONE;
    waiters.fail(whyNot());
  }

  boolean leads() {
    return ledTerm != NONE;
  }

  boolean isClosed() {
    return closed;
  }
}
