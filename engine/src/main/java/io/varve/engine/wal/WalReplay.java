package io.varve.engine.wal;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.FileSystem;
import io.varve.engine.log.ShardLog.Damage;
import io.varve.engine.log.ShardLog.RecordConsumer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The trip through a log that is at rest: hands out its records in order, tells a torn end from
 * damage, and finds out where the log goes on. It changes nothing; {@link Wal} cuts the torn end.
 */
final class WalReplay {
  private final FileSystem fileSystem;
  private final String relativeName;
  private final long storeId;
  private final List<Damage> damages = new ArrayList<>();

  /** First sequence number not yet handed out and not yet known to be lost. */
  private long due;

  private End end = new End(0, TailState.WHOLE, 0, false);

  WalReplay(FileSystem fileSystem, String relativeName, long storeId) {
    this.fileSystem = fileSystem;
    this.relativeName = relativeName;
    this.storeId = storeId;
  }

  /** The segments of a folder in order; other files are not the log's affair. */
  static List<Segment> segments(FileSystem fileSystem, Path folder) throws IOException {
    List<Segment> segments = new ArrayList<>();
    for (Path path : fileSystem.list(folder)) {
      OptionalLong first = WalFormat.firstSequence(path);
      if (first.isPresent()) {
        segments.add(new Segment(path, first.getAsLong(), fileSystem.size(path)));
      }
    }
    return segments;
  }

  /** Reads {@code segments} from {@code fromSequence} on. */
  void run(List<Segment> segments, long fromSequence, RecordConsumer consumer) throws IOException {
    due = Math.max(1, fromSequence);
    int i = 0;
    while (i + 1 < segments.size() && segments.get(i + 1).firstSequence() <= due) {
      i++;
    }
    for (; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      if (segment.firstSequence() > due) {
        damages.add(
            new Damage(
                source(due),
                0,
                due,
                "records " + due + " to " + (segment.firstSequence() - 1) + " are missing"));
      }
      try (SegmentReader reader =
          new SegmentReader(
              fileSystem,
              segment.path(),
              source(segment.firstSequence()),
              storeId,
              segment.firstSequence())) {
        boolean last = i + 1 == segments.size();
        long limit = last ? Long.MAX_VALUE : segments.get(i + 1).firstSequence();
        boolean refused = deliver(reader, limit, consumer);
        if (last) {
          judgeLast(reader, refused);
        } else {
          judgeInner(reader, limit, refused);
        }
        due = Math.max(due, last ? end.lastSequence() + 1 : limit);
      }
    }
    end = end.atLeast(due - 1);
  }

  private String source(long firstSequence) {
    return relativeName + "/" + WalFormat.fileName(firstSequence);
  }

  /**
   * Hands out the records before {@code limit}.
   *
   * @return true if the consumer refused one; the rest was then only checked, since it may refer
   *     back to the refused one
   */
  private boolean deliver(SegmentReader reader, long limit, RecordConsumer consumer)
      throws IOException {
    if (!reader.header()) {
      return false;
    }
    consumer.segment(reader.nextSequence());
    boolean refused = false;
    while (reader.nextSequence() < limit) {
      long at = reader.position();
      if (!reader.next()) {
        break;
      }
      if (!refused) {
        try {
          consumer.record(
              reader.sequence(),
              reader.type(),
              reader.array(),
              reader.payloadOffset(),
              reader.payloadLength());
        } catch (CorruptDataException e) {
          refused = true;
          damages.add(
              new Damage(
                  source(reader.firstSequence()),
                  at,
                  reader.sequence(),
                  "record cannot be decoded: " + e.getMessage()));
        }
      }
    }
    return refused;
  }

  /** The next segment exists, so every record before it was on stable storage once. */
  private void judgeInner(SegmentReader reader, long nextFirst, boolean refused) {
    long lost = reader.nextSequence();
    if (lost >= nextFirst || refused) {
      return;
    }
    String problem = reader.problem();
    damages.add(
        new Damage(
            source(reader.firstSequence()),
            reader.position(),
            lost,
            problem != null
                ? problem
                : "ends early: records " + lost + " to " + (nextFirst - 1) + " are missing"));
  }

  private void judgeLast(SegmentReader reader, boolean refused) throws IOException {
    long lastGood = reader.nextSequence() - 1;
    boolean empty = reader.nextSequence() == reader.firstSequence();
    String problem = reader.problem();
    if (problem == null) {
      end = new End(lastGood, TailState.WHOLE, reader.position(), empty);
      return;
    }
    SegmentReader.Behind behind = reader.behind();
    if (!reader.foreign() && behind.durable() < reader.nextSequence()) {
      end = new End(lastGood, TailState.TORN, reader.position(), empty);
      return;
    }
    if (!refused) {
      damages.add(
          new Damage(
              source(reader.firstSequence()), reader.position(), reader.nextSequence(), problem));
    }
    // At least the first number of this segment counts as used: its file name is taken.
    long used = Math.max(reader.firstSequence(), Math.max(lastGood, behind.highestSequence()));
    end = new End(used, TailState.DAMAGED, reader.position(), false);
  }

  List<Damage> damages() {
    return damages;
  }

  /** How the log ends; after {@link #run}. */
  End end() {
    return end;
  }

  /**
   * A segment file.
   *
   * @param firstSequence the sequence number in its name
   * @param bytes its size when it was last looked at
   */
  record Segment(Path path, long firstSequence, long bytes) {}

  enum TailState {
    /** Every byte is good. */
    WHOLE,
    /** A write at the end did not finish, and nobody was told that it did. */
    TORN,
    /** What was durable is not readable any more. */
    DAMAGED
  }

  /**
   * How the last segment ends.
   *
   * @param lastSequence the last sequence number in use
   * @param goodBytes size to cut it to if it is torn; 0 if not even its header is good
   * @param empty true if it holds no record
   */
  record End(long lastSequence, TailState tail, long goodBytes, boolean empty) {
    End atLeast(long sequence) {
      return sequence <= lastSequence ? this : new End(sequence, tail, goodBytes, empty);
    }
  }
}
