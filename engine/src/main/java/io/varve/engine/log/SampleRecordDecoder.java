package io.varve.engine.log;

import static io.varve.engine.log.SampleRecordEncoder.BLOCK;
import static io.varve.engine.log.SampleRecordEncoder.LONG;
import static io.varve.engine.log.SampleRecordEncoder.MAX_SAMPLES;
import static io.varve.engine.log.SampleRecordEncoder.MAX_SERIES;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.CorruptDataException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The reader of what {@link SampleRecordEncoder} wrote: give it all sample records of a segment in
 * order. The columns of the last record stay valid until the next call. One thread.
 *
 * <p>Bytes that the encoder cannot have written end in {@link CorruptDataException}; the rest of
 * the segment cannot be decoded then. They never make it allocate more than the arrays of {@link
 * SampleRecordEncoder#MAX_SAMPLES} samples and {@link SampleRecordEncoder#MAX_SERIES} series.
 */
public final class SampleRecordDecoder {
  /** Samples in the record that was decoded last: the valid rows of the columns. */
  public int count;

  /** Series ids, below {@link SampleRecordEncoder#MAX_SERIES}. */
  public int[] ids = new int[0];

  /** Milliseconds since the epoch. */
  public long[] times = new long[0];

  /** Raw bits of the values. */
  public long[] bits = new long[0];

  /** Start timestamps, 0 = unset; null if the record has none. */
  public long @Nullable [] starts;

  private long[] startColumn = new long[0];
  private long[] previousBits = new long[1024];
  private long[] previousStart = new long[0];

  /** State is zero from here on. */
  private int used;

  private final long[] changes = new long[BLOCK];
  private final ByteReader in = new ByteReader();

  /** A decoder at the beginning of a segment. */
  public SampleRecordDecoder() {}

  /** Forgets all series: the next record is the first of a segment. */
  public void startSegment() {
    Arrays.fill(previousBits, 0, used, 0);
    Arrays.fill(previousStart, 0, Math.min(used, previousStart.length), 0);
    used = 0;
  }

  /**
   * Decodes one record into the columns.
   *
   * @return {@link #count}
   */
  public int decode(byte[] payload, int offset, int length) {
    count = 0;
    starts = null;
    in.on(payload, offset, length, "sample record", -offset);
    int flags = in.u8();
    if ((flags & ~SampleRecordEncoder.HAS_STARTS) != 0) {
      throw in.corrupt("unknown flags " + flags);
    }
    boolean withStarts = flags != 0;
    // Every sample has a bit in a mask, so the bytes themselves bound the count.
    int samples = in.count((int) Math.min(MAX_SAMPLES, 8L * in.remaining()));
    if (samples > ids.length) {
      int capacity = Math.min(MAX_SAMPLES, samples + (samples >> 2) + 64);
      ids = new int[capacity];
      times = new long[capacity];
      bits = new long[capacity];
    }
    readIds(samples, withStarts);
    readTimes(samples);
    readValues(samples);
    if (withStarts) {
      readStarts(samples);
    }
    if (!in.atEnd()) {
      throw in.corrupt(in.remaining() + " bytes too many");
    }
    count = samples;
    return samples;
  }

  private void readIds(int samples, boolean withStarts) {
    int expected = 0;
    int i = 0;
    int highest = -1;
    while (i < samples) {
      long first = expected + in.zigzag();
      long run = in.varint();
      long length = run >>> 1;
      int step = (int) run & 1;
      if (first < 0 || first >= MAX_SERIES) {
        throw in.corrupt("series id " + first + " is out of range");
      }
      if (length < 1 || length > samples - i) {
        throw in.corrupt("run of " + length + " ids, " + (samples - i) + " samples left");
      }
      long end = first + (length - 1) * step;
      if (end >= MAX_SERIES) {
        throw in.corrupt("series id " + end + " is out of range");
      }
      int to = i + (int) length;
      int id = (int) first;
      for (; i < to; i++) {
        ids[i] = id;
        id += step;
      }
      expected = (int) end + 1;
      highest = Math.max(highest, (int) end);
    }
    used = Math.max(used, highest + 1);
    if (used > previousBits.length) {
      previousBits = Arrays.copyOf(previousBits, SampleRecordEncoder.grown(used));
    }
    if (withStarts && used > previousStart.length) {
      previousStart = Arrays.copyOf(previousStart, SampleRecordEncoder.grown(used));
    }
  }

  private void readTimes(int samples) {
    long expected = 0;
    int i = 0;
    while (i < samples) {
      long time = expected + in.zigzag();
      long step = in.zigzag();
      long length = in.varint();
      if (length < 1 || length > samples - i) {
        throw in.corrupt("run of " + length + " times, " + (samples - i) + " samples left");
      }
      int to = i + (int) length;
      for (; i < to; i++) {
        times[i] = time;
        time += step;
      }
      expected = time - step;
    }
  }

  private void readValues(int samples) {
    byte[] bytes = in.array();
    int limit = in.position() + in.remaining();
    long[] previous = previousBits;
    long[] changed = changes;
    for (int block = 0; block < samples; block += BLOCK) {
      int size = Math.min(BLOCK, samples - block);
      long mask = readMask(size);
      int at = in.position();
      int begin = at;
      Arrays.fill(changed, 0);
      for (long left = mask; left != 0; left &= left - 1) {
        if (at >= limit) {
          throw in.corrupt("values are cut off");
        }
        int control = bytes[at++];
        int length = (control & 7) + 1;
        int trailing = control >>> 3;
        if (control < 0 || trailing + length > 8) {
          throw in.corrupt("value control byte " + (control & 0xFF));
        }
        if (length > limit - at) {
          throw in.corrupt("values are cut off");
        }
        long change = at + 8 <= bytes.length ? (long) LONG.get(bytes, at) : shortLong(bytes, at);
        change &= -1L >>> (64 - (length << 3));
        changed[Long.numberOfTrailingZeros(left)] = change << (trailing << 3);
        at += length;
      }
      in.skip(at - begin);
      for (int i = 0; i < size; i++) {
        int id = ids[block + i];
        long value = previous[id] ^ changed[i];
        previous[id] = value;
        bits[block + i] = value;
      }
    }
  }

  private void readStarts(int samples) {
    if (startColumn.length < samples) {
      startColumn = new long[ids.length];
    }
    for (int block = 0; block < samples; block += BLOCK) {
      int size = Math.min(BLOCK, samples - block);
      long mask = readMask(size);
      for (int i = 0; i < size; i++) {
        int id = ids[block + i];
        if ((mask >>> i & 1) != 0) {
          previousStart[id] += in.zigzag();
        }
        startColumn[block + i] = previousStart[id];
      }
    }
    starts = startColumn;
  }

  private long readMask(int samples) {
    long mask;
    if (samples == BLOCK) {
      mask = in.fixed64();
    } else {
      int length = SampleRecordEncoder.maskBytes(samples);
      int at = in.skip(length);
      mask = 0;
      for (int i = 0; i < length; i++) {
        mask |= (in.array()[at + i] & 0xFFL) << (i << 3);
      }
      if (mask >>> samples != 0) {
        throw in.corrupt("mask has bits beyond the last sample");
      }
    }
    return mask;
  }

  /** The eight bytes at {@code at}, zeros behind the end of the array. */
  private static long shortLong(byte[] bytes, int at) {
    long value = 0;
    for (int i = 0; at + i < bytes.length; i++) {
      value |= (bytes[at + i] & 0xFFL) << (i << 3);
    }
    return value;
  }
}
