package io.varve.engine;

import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A replicated log in one thread's memory: one member appends, what is committed the others are
 * given when they ask for it, and what is not committed is lost with a change of the leader.
 */
final class SharedLog {
  /** Nothing can be committed while it is true. */
  boolean isCut;

  private final List<Entry> entries = new ArrayList<>();
  private int committed;
  private int term;
  private @Nullable Member leader;

  private record Entry(int term, boolean begins, int type, byte[] payload) {}

  /** Another member leads, without what was not committed. Its replica is told. */
  void elect(Member next) {
    if (leader != null && leader != next) {
      leader.replica().follow();
    }
    entries.subList(committed, entries.size()).clear();
    entries.add(new Entry(++term, false, 0, new byte[0])); // as Raft does: numbers have gaps
    committed = entries.size();
    leader = next;
    next.deliver(committed);
    next.replica().lead();
  }

  int committed() {
    return committed;
  }

  /** Hands out what is committed behind a record, as an archive has it. */
  void read(long behind, ShardLog.RecordConsumer consumer) throws IOException {
    for (int i = (int) behind; i < committed; i++) {
      Entry entry = entries.get(i);
      if (entry.type != 0) {
        if (entry.begins) {
          consumer.segment(i + 1L);
        }
        consumer.record(i + 1L, entry.type, entry.payload, 0, entry.payload.length);
      }
    }
  }

  /** Flips a bit so many bytes before the end of the newest record of a type. */
  void changeLast(int type, int before) {
    for (Entry entry : entries.reversed()) {
      if (entry.type == type) {
        entry.payload[entry.payload.length - before] ^= 1;
        return;
      }
    }
    throw new AssertionError("no record of type " + type);
  }

  @Nullable Member leader() {
    return leader;
  }

  /** The log as one replica has it. */
  final class Member implements LogSource {
    private @Nullable Engine engine;
    private int delivered;
    private int appendedTerm;
    private boolean diverged;
    private boolean begins;
    private long segmentBytes;
    long trimmedTo;

    void attach(Engine opened) {
      engine = opened;
      delivered = (int) opened.replica().savedTo();
      diverged = false;
    }

    Replica replica() {
      return java.util.Objects.requireNonNull(engine).replica();
    }

    /** True if it holds what the log does not: its engine has to be opened anew. */
    boolean isDiverged() {
      return diverged || (leader != this && replica().appliedTo() > delivered);
    }

    /** Hands over what is committed up to there. */
    void deliver(int to) {
      for (; delivered < Math.min(to, committed); delivered++) {
        Entry entry = entries.get(delivered);
        long index = delivered + 1L;
        if (index <= replica().appliedTo()) {
          diverged |= entry.term != appendedTerm && entry.type != 0;
        } else if (entry.type != 0) {
          if (entry.begins) {
            replica().segment(index);
          }
          replica().record(index, entry.type, entry.payload, 0, entry.payload.length);
        }
      }
    }

    @Override
    public Identity identity() {
      return new Identity(4711, 12);
    }

    @Override
    public ShardLog open(long savedTo) {
      return new Log();
    }

    private final class Log implements ShardLog {
      private long last;

      @Override
      public long append(int type, byte[] payload, int offset, int length) throws IOException {
        if (leader != Member.this) {
          throw new NotLeaderException("another one leads");
        }
        entries.add(
            new Entry(term, begins, type, Arrays.copyOfRange(payload, offset, offset + length)));
        begins = false;
        segmentBytes += length;
        appendedTerm = term;
        last = entries.size();
        return last;
      }

      @Override
      public void sync(long sequence) throws IOException {
        if (leader == Member.this && !isCut) {
          committed = entries.size();
          delivered = committed;
        }
        if (sequence > delivered) {
          throw new IOException("not replicated in time");
        }
      }

      @Override
      public long durable() {
        return delivered;
      }

      @Override
      public long last() {
        return last;
      }

      @Override
      public long segmentBytes() {
        return segmentBytes;
      }

      @Override
      public long totalBytes() {
        return 0;
      }

      @Override
      public void roll() {
        begins = true;
        segmentBytes = 0;
      }

      @Override
      public boolean tryRepair() {
        return true;
      }

      @Override
      public void trim(long sequence) {
        trimmedTo = sequence;
      }

      @Override
      public List<Damage> replay(long fromSequence, RecordConsumer consumer) {
        last = fromSequence - 1;
        return List.of();
      }

      @Override
      public void close() {}
    }
  }
}
