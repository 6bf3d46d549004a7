package io.varve.engine.log;

import io.varve.engine.format.ByteWriter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The writer of float samples as a log record's payload; the package description has the bytes.
 *
 * <p>It remembers every series' last value within the current log segment, because a value is
 * written as its difference from that one. So every encoded record must reach the segment, in this
 * order: after a record that was encoded and then could not be appended, roll the log and {@link
 * #startSegment}. One thread; 8 bytes per series id, 16 once there are start timestamps.
 */
public final class SampleRecordEncoder {
  /** Series ids are below this: bounds what damaged bytes can make a decoder allocate. */
  public static final int MAX_SERIES = 1 << 26;

  /** Samples in one record are at most this many. */
  public static final int MAX_SAMPLES = 1 << 23;

  static final int HAS_STARTS = 1;
  static final int BLOCK = 64;

  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private long[] previousBits = new long[1024];
  private long[] previousStart = new long[0];

  /** State is zero from here on. */
  private int used;

  private final long[] changes = new long[BLOCK];

  /** An encoder at the beginning of a segment. */
  public SampleRecordEncoder() {}

  /** Forgets all series: the next record is the first of a segment. */
  public void startSegment() {
    Arrays.fill(previousBits, 0, used, 0);
    Arrays.fill(previousStart, 0, Math.min(used, previousStart.length), 0);
    used = 0;
  }

  /**
   * Appends one record with the samples in rows {@code [from, to)}.
   *
   * @param ids series of each sample, {@code 0 ≤ id < MAX_SERIES}; cheapest ascending by one
   * @param times milliseconds since the epoch; cheapest in equal or evenly spaced runs
   * @param bits raw bits of the values
   * @param starts start timestamps, 0 = unset; null if no sample has one
   * @return bytes appended
   */
  public int encode(
      int[] ids,
      long[] times,
      long[] bits,
      long @Nullable [] starts,
      int from,
      int to,
      ByteWriter out) {
    int count = to - from;
    if (count < 0 || count > MAX_SAMPLES) {
      throw new IllegalArgumentException(count + " samples in one record");
    }
    int sizeBefore = out.size();
    remember(ids, from, to, starts != null);
    out.u8(starts == null ? 0 : HAS_STARTS);
    out.varint(count);
    writeIds(ids, from, to, out);
    writeTimes(times, from, to, out);
    writeValues(ids, bits, from, to, out);
    if (starts != null) {
      writeStarts(ids, starts, from, to, out);
    }
    return out.size() - sizeBefore;
  }

  /** Makes room for all ids before anything is written. */
  private void remember(int[] ids, int from, int to, boolean withStarts) {
    int highest = -1;
    int signs = 0;
    for (int i = from; i < to; i++) {
      highest = Math.max(highest, ids[i]);
      signs |= ids[i];
    }
    if (signs < 0 || highest >= MAX_SERIES) {
      throw new IllegalArgumentException("series id out of range");
    }
    used = Math.max(used, highest + 1);
    if (used > previousBits.length) {
      previousBits = Arrays.copyOf(previousBits, grown(used));
    }
    if (withStarts && used > previousStart.length) {
      previousStart = Arrays.copyOf(previousStart, grown(used));
    }
  }

  static int grown(int needed) {
    return Math.min(MAX_SERIES, needed + (needed >> 1) + 64);
  }

  private static void writeIds(int[] ids, int from, int to, ByteWriter out) {
    int expected = 0;
    int i = from;
    while (i < to) {
      int first = ids[i];
      int step = i + 1 < to && ids[i + 1] == first ? 0 : 1;
      int next = i + 1;
      int id = first + step;
      while (next < to && ids[next] == id) {
        next++;
        id += step;
      }
      out.zigzag(first - expected);
      out.varint((long) (next - i) << 1 | step);
      expected = ids[next - 1] + 1;
      i = next;
    }
  }

  private static void writeTimes(long[] times, int from, int to, ByteWriter out) {
    long expected = 0;
    int i = from;
    while (i < to) {
      long first = times[i];
      long step = i + 1 < to ? times[i + 1] - first : 0;
      int next = i + 1;
      long time = first + step;
      while (next < to && times[next] == time) {
        next++;
        time += step;
      }
      out.zigzag(first - expected);
      out.zigzag(step);
      out.varint(next - i);
      expected = times[next - 1];
      i = next;
    }
  }

  private void writeValues(int[] ids, long[] bits, int from, int to, ByteWriter out) {
    long[] previous = previousBits;
    long[] changed = changes;
    for (int block = from; block < to; block += BLOCK) {
      int end = Math.min(block + BLOCK, to);
      long mask = 0;
      int found = 0;
      // Without a branch on "changed": which series change is the one thing nobody can predict.
      for (int i = block; i < end; i++) {
        int id = ids[i];
        long value = bits[i];
        long change = value ^ previous[id];
        previous[id] = value;
        changed[found] = change;
        int differs = (int) ((change | -change) >>> 63);
        mask |= (long) differs << (i - block);
        found += differs;
      }
      byte[] to8 = out.reserve(8 + 9 * BLOCK + 8);
      int at = out.size();
      LONG.set(to8, at, mask);
      at += maskBytes(end - block);
      for (int c = 0; c < found; c++) {
        long change = changed[c];
        int trailing = Long.numberOfTrailingZeros(change) >>> 3;
        int length = 8 - trailing - (Long.numberOfLeadingZeros(change) >>> 3);
        to8[at] = (byte) (trailing << 3 | (length - 1));
        LONG.set(to8, at + 1, change >>> (trailing << 3));
        at += 1 + length;
      }
      out.advance(at - out.size());
    }
  }

  private void writeStarts(int[] ids, long[] starts, int from, int to, ByteWriter out) {
    long[] previous = previousStart;
    for (int block = from; block < to; block += BLOCK) {
      int end = Math.min(block + BLOCK, to);
      long mask = 0;
      int found = 0;
      for (int i = block; i < end; i++) {
        int id = ids[i];
        long change = starts[i] - previous[id];
        if (change != 0) {
          previous[id] = starts[i];
          mask |= 1L << (i - block);
          changes[found++] = change;
        }
      }
      byte[] to8 = out.reserve(8);
      LONG.set(to8, out.size(), mask);
      out.advance(maskBytes(end - block));
      for (int c = 0; c < found; c++) {
        out.zigzag(changes[c]);
      }
    }
  }

  /** Bytes of the mask of a block of {@code samples}. */
  static int maskBytes(int samples) {
    return (samples + 7) >>> 3;
  }
}
