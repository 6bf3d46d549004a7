package io.varve.engine.head;

import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.TimeColumnEncoder;
import io.varve.engine.model.TimeRange;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Full tails, packed: immutable records that form a chain per series, newest first. A record is
 * {@code previous u32 | times u32 | samples u16 | bytes of values u16 | values}, where {@code
 * times} is the address of {@code bytes u16 | times}: the series of a scrape target have theirs in
 * common. An address is a multiple of 8. Written by the writer, read by anyone who has an address
 * from a series' version-checked state; memory goes with the head.
 */
final class PackedTails {
  /** The end of a chain. */
  static final int NONE = -1;

  private static final AtomicLong NUMBERS = new AtomicLong();
  private static final int BLOCK_BITS = 18;
  private static final int BLOCK_BYTES = 1 << BLOCK_BITS;
  private static final int HEADER = 12;
  private static final int TIMES_HEADER = 2;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private final long number = NUMBERS.incrementAndGet();
  private final FloatBlockEncoder values = new FloatBlockEncoder();
  private final TimeColumnEncoder times = new TimeColumnEncoder();
  private final RecentTimes recent = new RecentTimes();
  private volatile byte[][] blocks = new byte[0][];
  private int end = BLOCK_BYTES;

  /** Packs samples and returns the record's address. */
  int pack(int previous, long[] time, double[] value, int n) {
    int shared = sharedTimes(time, n);
    byte[] block = blockWith(HEADER + values.maxBytes(n));
    int start = end;
    int valuesEnd = values.encodeFast(value, 0, n, block, start + HEADER);
    return header(previous, shared, n, block, start, valuesEnd);
  }

  /** The same for values that are encoded already. */
  int keep(int previous, long[] time, int n, byte[] encoded, int offset, int length) {
    int shared = sharedTimes(time, n);
    byte[] block = blockWith(HEADER + length);
    int start = end;
    System.arraycopy(encoded, offset, block, start + HEADER, length);
    return header(previous, shared, n, block, start, start + HEADER + length);
  }

  private int header(int previous, int shared, int n, byte[] block, int start, int valuesEnd) {
    INT.set(block, start, previous);
    INT.set(block, start + 4, shared);
    SHORT.set(block, start + 8, (short) n);
    SHORT.set(block, start + 10, (short) (valuesEnd - start - HEADER));
    return taken(start, valuesEnd);
  }

  private int sharedTimes(long[] time, int n) {
    int shared = recent.find(time, n);
    if (shared == NONE) {
      shared = packTimes(time, n);
      recent.add(time, n, shared);
    }
    return shared;
  }

  private int packTimes(long[] time, int n) {
    byte[] block = blockWith(TIMES_HEADER + times.maxBytes(n));
    int start = end;
    int timesEnd = times.encodeFast(time, 0, n, block, start + TIMES_HEADER);
    SHORT.set(block, start, (short) (timesEnd - start - TIMES_HEADER));
    return taken(start, timesEnd);
  }

  private byte[] blockWith(int most) {
    if (end + most > BLOCK_BYTES) {
      byte[][] more = Arrays.copyOf(blocks, blocks.length + 1);
      more[blocks.length] = new byte[BLOCK_BYTES];
      blocks = more;
      end = 0;
    }
    return blocks[blocks.length - 1];
  }

  private int taken(int start, int until) {
    end = (until + 7) & -8;
    // Addresses are in units of 8 bytes: 31 bits reach 16 GiB.
    return (blocks.length - 1) << (BLOCK_BITS - 3) | start >>> 3;
  }

  private byte[] block(int address) {
    return blocks[address >>> (BLOCK_BITS - 3)];
  }

  private static int offset(int address) {
    return (address & ((1 << (BLOCK_BITS - 3)) - 1)) << 3;
  }

  int previous(int address) {
    return (int) INT.get(block(address), offset(address));
  }

  int samples(int address) {
    return Short.toUnsignedInt((short) SHORT.get(block(address), offset(address) + 8));
  }

  /** Appends the record's samples to the scratch columns from row {@code at} on. */
  void unpack(int address, long[] time, double[] value, int at, HeadScratch scratch) {
    byte[] block = block(address);
    int start = offset(address);
    int n = samples(address);
    System.arraycopy(times(address, scratch), 0, time, at, n);
    int valueBytes = Short.toUnsignedInt((short) SHORT.get(block, start + 10));
    scratch.values.decode(block, start + HEADER, valueBytes, n, value, at);
  }

  /** The time of a record's first sample. */
  long firstTime(int address, HeadScratch scratch) {
    return times(address, scratch)[0];
  }

  /** The time of a record's last sample. */
  long lastTime(int address, HeadScratch scratch) {
    return times(address, scratch)[samples(address) - 1];
  }

  /** True if a record has a sample in a range. */
  boolean anyIn(int address, TimeRange range, HeadScratch scratch) {
    return range.meets(times(address, scratch), samples(address));
  }

  /** The times of a record, in an array of the scratch that the next call may change. */
  private long[] times(int address, HeadScratch scratch) {
    int shared = (int) INT.get(block(address), offset(address) + 4);
    long[] known = scratch.unpacked.find(number, shared);
    if (known != null) {
      return known;
    }
    int n = samples(address);
    long[] column = scratch.unpacked.room(number, shared, n);
    byte[] block = block(shared);
    int start = offset(shared);
    int bytes = Short.toUnsignedInt((short) SHORT.get(block, start));
    scratch.times.decode(block, start + TIMES_HEADER, bytes, n, column, 0);
    scratch.unpacked.keep(number, shared);
    return column;
  }

  /** Bytes of memory held. */
  long bytes() {
    return (long) blocks.length * BLOCK_BYTES;
  }
}
