package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;

/**
 * The engine's log records other than writes ({@link WriteRecord}): every decision that changes
 * state, with all that is needed to carry it out again.
 *
 * <pre>
 * FLUSH   flags u8 (bit 0: in-order samples and all late windows, else some late windows;
 *         bit 1: silent series leave the table), buckets varint,
 *         late windows varint, then start zigzag each
 * DELETE  tenant, start zigzag, end zigzag, matchers varint, then type u8, name, value each;
 *         when zigzag, ms since the epoch (nothing: not known)
 * MERGE   window start zigzag, then nothing or: kept varint (deletes at this log position and
 *         later are not carried out yet; 0: all are), when zigzag
 * DROP    window start zigzag: this window and all before it; then, unless it is for their age,
 *         reason u8 (1 size of the store, 2 free disk)
 * POLICY  time zigzag, then a retention policy (package policy) to the end: it is in force from here
 *         on, and what it does not keep at that time goes
 * EXPIRE  time zigzag: what the policy in force does not keep at that time goes
 * AGGREGATES  n varint, then of each: name, definition: all continuous aggregates that are declared
 *         from here on
 * SHARED  as AGGREGATES: all settings that the replicas have in common from here on
 * UNDELETE  log position of the delete varint, when zigzag
 * SEALED  position of a decision varint, n varint, then of each chunk file that the leader made of
 *         it: path, SHA-256 (32 bytes); in replicated logs only
 * NOTHING nothing: a number that is no record's in the shared log from which this one was restored
 * CORRECT buckets of windows that begin with it varint, then as WRITE; the samples take the place of those at the same times, whatever the policy
 * </pre>
 *
 * Texts are a varint length and UTF-8; matcher types are 0 {@code =}, 1 {@code !=}, 2 {@code =~}, 3
 * {@code !~}. The version is that of the log segment.
 *
 * <p>Example: the DELETE of tenant "a" with {@code {job="x",i!~"y+"}} in (−1, 1000] is
 *
 * <pre>
 * 01 61                       tenant
 * 01 D0 0F                    start, end
 * 02                          matchers
 * 00  03 6A 6F 62  01 78      = job x
 * 03  01 69        02 79 2B   !~ i y+
 * </pre>
 *
 * <p>The AGGREGATES of "a", which is "xy", and "b", which is empty: {@code 02 01 61 02 78 79 01 62
 * 00}.
 */
final class Records {
  /** Samples and all that comes with them. */
  static final int WRITE = 1;

  /** Open samples become files. */
  static final int FLUSH = 2;

  /** Samples are deleted. */
  static final int DELETE = 3;

  /** A window's files become final files. */
  static final int MERGE = 4;

  /** Windows are dropped. */
  static final int DROP = 5;

  /** A delete is taken back. */
  static final int UNDELETE = 6;

  /** Samples take the place of others. */
  static final int CORRECT = 7;

  /** The retention policy is another one. */
  static final int POLICY = 8;

  /** What the retention policy does not keep goes. */
  static final int EXPIRE = 9;

  /** Other continuous aggregates are declared. */
  static final int AGGREGATES = 10;

  /** What the leader of a replicated log has made of a decision. */
  static final int SEALED = 11;

  /** Other settings are in common. */
  static final int SHARED = 12;

  /** No record; in logs alone that were restored from a shared one. */
  static final int NOTHING = 13;

  private static final int MOST_MATCHERS = 1 << 12;
  private static final int MOST_WINDOWS = 1 << 20;

  private Records() {}

  /**
   * Open samples become files.
   *
   * @param everything true: samples in order and all late windows; false: only {@code lateWindows}
   * @param compact true if silent series leave the table: ids behind this record are other ids
   * @param buckets bucket count of windows that have no files yet
   */
  record Flush(boolean everything, boolean compact, int buckets, List<Long> lateWindows) {
    void encode(ByteWriter out) {
      out.u8((everything ? 1 : 0) | (compact ? 2 : 0));
      out.varint(buckets);
      out.varint(lateWindows.size());
      for (long start : lateWindows) {
        out.zigzag(start);
      }
    }

    static Flush decode(ByteReader in) {
      int flags = in.u8();
      int buckets = in.count(1024);
      int n = in.count(MOST_WINDOWS);
      List<Long> windows = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        windows.add(in.zigzag());
      }
      return new Flush((flags & 1) != 0, (flags & 2) != 0, buckets, windows);
    }
  }

  static void encodeDrop(long start, DropReason reason, ByteWriter out) {
    encodeWindow(start, out);
    if (reason != DropReason.AGE) {
      out.u8(number(reason));
    }
  }

  private static int number(DropReason reason) {
    return switch (reason) {
      case AGE -> 0;
      case SIZE -> 1;
      case FREE_DISK -> 2;
    };
  }

  /** The reason of a DROP, behind its window. */
  static DropReason decodeReason(ByteReader in) {
    int number = in.atEnd() ? 0 : in.u8();
    for (DropReason reason : DropReason.values()) {
      if (number(reason) == number) {
        return reason;
      }
    }
    throw in.corrupt("windows that are dropped for reason " + number);
  }

  /** How the payloads of MERGE and DROP begin. */
  static void encodeWindow(long start, ByteWriter out) {
    out.zigzag(start);
  }

  static long decodeWindow(ByteReader in) {
    return in.zigzag();
  }

  /** The payload of EXPIRE, and how that of POLICY begins. */
  static void encodeTime(long millis, ByteWriter out) {
    out.zigzag(millis);
  }

  static long decodeTime(ByteReader in) {
    long millis = in.zigzag();
    if (millis < -Windows.MOST_MILLIS || millis > Windows.MOST_MILLIS) {
      throw in.corrupt("a time of " + millis + " ms");
    }
    return millis;
  }

  /**
   * A window's files become final files.
   *
   * @param start of the window
   * @param keptFrom deletes at this log position and later are carried over, 0: none
   * @param atMillis when it was decided, 0 if that is not known
   */
  record Merge(long start, long keptFrom, long atMillis) {
    void encode(ByteWriter out) {
      out.zigzag(start);
      if (keptFrom != 0 || atMillis != 0) {
        out.varint(keptFrom);
        out.zigzag(atMillis);
      }
    }

    static Merge decode(ByteReader in) {
      long start = in.zigzag();
      return in.atEnd() ? new Merge(start, 0, 0) : new Merge(start, in.varint(), in.zigzag());
    }
  }

  /**
   * A delete is taken back.
   *
   * @param id log position of the delete
   * @param atMillis when it was decided
   */
  record Undelete(long id, long atMillis) {
    void encode(ByteWriter out) {
      out.varint(id);
      out.zigzag(atMillis);
    }

    static Undelete decode(ByteReader in) {
      return new Undelete(in.varint(), in.zigzag());
    }
  }

  static void encodeDelete(
      String tenant, List<Matcher> matchers, TimeRange range, long atMillis, ByteWriter out) {
    out.string(tenant);
    out.zigzag(range.startExclusive());
    out.zigzag(range.endInclusive());
    out.varint(matchers.size());
    for (Matcher matcher : matchers) {
      out.u8(matcher.type().ordinal());
      out.string(matcher.name());
      out.string(matcher.value());
    }
    if (atMillis != 0) {
      out.zigzag(atMillis);
    }
  }

  static Delete decodeDelete(long position, ByteReader in) {
    String tenant = in.string();
    TimeRange range = new TimeRange(in.zigzag(), in.zigzag());
    int n = in.count(MOST_MATCHERS);
    List<Matcher> matchers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int type = in.u8();
      if (type >= Matcher.Type.values().length) {
        throw in.corrupt("unknown matcher type " + type);
      }
      matchers.add(new Matcher(Matcher.Type.values()[type], in.string(), in.string()));
    }
    return new Delete(position, tenant, matchers, range, in.atEnd() ? 0 : in.zigzag());
  }
}
