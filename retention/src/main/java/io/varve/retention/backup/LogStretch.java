package io.varve.retention.backup;

import io.varve.engine.LogFeed;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Some records of the log that follow one another, and at which second the log stood where; the
 * package's description shows the bytes. First it is filled, by one thread, then it is stored by
 * {@link LogArchive#put}.
 */
public final class LogStretch implements ShardLog.RecordConsumer {
  /** Larger objects are refused; it is far more than the largest record. */
  static final int MOST_BYTES = 1 << 28;

  private static final byte[] MAGIC = "VARVELOG".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;
  private static final int MOST_SHARDS = 4096;
  private static final int MOST_MARKS = 1 << 22;
  private static final int MOST_PREVIOUS_BYTES = 512;
  private static final int SUM_BYTES = 32;
  private static final int SEGMENT = 1;

  private final long after;
  private final ByteWriter records = new ByteWriter(1 << 16);
  private long last;
  private int count;
  private boolean segmentBegins;

  /**
   * Nothing is in it yet.
   *
   * @param after position of the record before its first one
   */
  public LogStretch(long after) {
    this.after = after;
    this.last = after;
  }

  @Override
  public void segment(long firstSequence) {
    segmentBegins = true;
  }

  @Override
  public void record(long sequence, int type, byte[] payload, int offset, int length) {
    if (sequence <= last) {
      throw new IllegalArgumentException("record " + sequence + " behind " + last);
    }
    records.u8(segmentBegins ? SEGMENT : 0);
    records.u8(type);
    records.varint(sequence - last);
    records.varint(length);
    records.bytes(payload, offset, length);
    segmentBegins = false;
    last = sequence;
    count++;
  }

  /** Position of the record before its first one. */
  public long after() {
    return after;
  }

  /** Position of its last record; as {@link #after} if it has none. */
  public long last() {
    return last;
  }

  /** True if it has no record. */
  public boolean isEmpty() {
    return count == 0;
  }

  /** Its bytes. */
  byte[] encode(long storeId, String previous, List<LogFeed.Mark> marks) {
    ByteWriter out = new ByteWriter(records.size() + 256 + 8 * marks.size());
    out.bytes(MAGIC);
    out.u8(VERSION);
    out.fixed64(storeId);
    out.varint(0);
    out.string(previous);
    out.varint(after);
    out.varint(count);
    out.varint(marks.size());
    long second = 0;
    long position = 0;
    for (LogFeed.Mark mark : marks) {
      out.varint(mark.second() - second);
      out.varint(mark.position() - position);
      second = mark.second();
      position = mark.position();
    }
    out.bytes(records.array(), 0, records.size());
    MessageDigest digest = Sha256.digest();
    digest.update(out.array(), 0, out.size());
    out.bytes(digest.digest());
    return out.toByteArray();
  }

  /**
   * What an object holds, proven as a whole.
   *
   * @param storeId number of the store whose log it is
   * @param shard of the store
   * @param previous name of the object before it on its timeline, "" for the first
   * @param after position of the record before its first one
   * @param last position of its last one
   * @param marks where the log stood when, oldest first
   */
  record Content(
      long storeId,
      int shard,
      String previous,
      long after,
      long last,
      List<LogFeed.Mark> marks,
      byte[] bytes,
      int recordsAt,
      int count,
      String source) {

    /**
     * The position at a second, of which the stretch tells: of the first mark at or behind it; −1
     * if it has none.
     */
    long positionAt(long second) {
      for (LogFeed.Mark mark : marks) {
        if (mark.second() >= second) {
          return mark.position();
        }
      }
      return -1;
    }

    /** Hands out the records up to a position. */
    void records(long upTo, ShardLog.RecordConsumer consumer) throws IOException {
      ByteReader in = new ByteReader();
      in.on(bytes, recordsAt, bytes.length - SUM_BYTES - recordsAt, source, 0);
      long at = after;
      for (int i = 0; i < count; i++) {
        int flags = in.u8();
        int type = in.u8();
        at += in.varint();
        int length = in.count(in.remaining());
        int from = in.skip(length);
        if (at > upTo) {
          return;
        }
        if ((flags & SEGMENT) != 0) {
          consumer.segment(at);
        }
        consumer.record(at, type, bytes, from, length);
      }
    }
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @param source for messages
   * @throws CorruptDataException if it is anything else
   */
  static Content decode(byte[] bytes, String source) {
    int end = bytes.length - SUM_BYTES;
    if (end < MAGIC.length + 1 || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new CorruptDataException(source, 0, "is no stretch of a log");
    }
    MessageDigest digest = Sha256.digest();
    digest.update(bytes, 0, end);
    if (!MessageDigest.isEqual(digest.digest(), Arrays.copyOfRange(bytes, end, bytes.length))) {
      throw new CorruptDataException(source, end, "the checksum does not match");
    }
    ByteReader in = new ByteReader();
    in.on(bytes, MAGIC.length, end - MAGIC.length, source, 0);
    int version = in.u8();
    if (version != VERSION) {
      throw in.corrupt("is of version " + version + "; this program knows version " + VERSION);
    }
    long storeId = in.fixed64();
    int shard = in.count(MOST_SHARDS);
    String previous = in.string();
    if (previous.length() > MOST_PREVIOUS_BYTES) {
      throw in.corrupt("a name of " + previous.length() + " characters");
    }
    long after = in.varint();
    int count = in.count(in.remaining());
    int marked = in.count(Math.min(MOST_MARKS, in.remaining() / 2));
    List<LogFeed.Mark> marks = new ArrayList<>(marked);
    long second = 0;
    long position = 0;
    for (int i = 0; i < marked; i++) {
      long step = in.varint();
      second += step;
      position += in.varint();
      if (second < 0 || second > StretchName.MOST_SECONDS || position < 0 || (i > 0 && step == 0)) {
        throw in.corrupt("times are not in order");
      }
      marks.add(new LogFeed.Mark(second, position));
    }
    int recordsAt = in.position();
    long last = after;
    for (int i = 0; i < count; i++) {
      int flags = in.u8();
      int type = in.u8();
      long step = in.varint();
      last += step;
      in.skip(in.count(in.remaining()));
      if (flags > SEGMENT || type == 0 || step <= 0 || last <= 0) {
        throw in.corrupt("a record that cannot be");
      }
    }
    if (!in.atEnd() || after < 0 || (!marks.isEmpty() && position > last)) {
      throw in.corrupt("it does not fit together");
    }
    return new Content(
        storeId, shard, previous, after, last, marks, bytes, recordsAt, count, source);
  }
}
