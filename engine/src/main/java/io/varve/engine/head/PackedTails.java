package io.varve.engine.head;

import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.TimeColumnEncoder;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Full tails, packed: immutable records that form a chain per series, newest first. A record is
 * {@code previous u32 | samples u16 | bytes of times u16 | bytes of values u16 | times | values},
 * at an address that is a multiple of 8. Written by the writer, read by anyone who has an address
 * from a series' version-checked state; memory goes with the head.
 */
final class PackedTails {
  /** The end of a chain. */
  static final int NONE = -1;

  private static final int BLOCK_BITS = 18;
  private static final int BLOCK_BYTES = 1 << BLOCK_BITS;
  private static final int HEADER = 10;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private final FloatBlockEncoder values = new FloatBlockEncoder();
  private final TimeColumnEncoder times = new TimeColumnEncoder();
  private volatile byte[][] blocks = new byte[0][];
  private int end = BLOCK_BYTES;

  /** Packs samples and returns the record's address. */
  int pack(int previous, long[] time, double[] value, int n) {
    int most = HEADER + times.maxBytes(n) + values.maxBytes(n);
    if (end + most > BLOCK_BYTES) {
      byte[][] more = Arrays.copyOf(blocks, blocks.length + 1);
      more[blocks.length] = new byte[BLOCK_BYTES];
      blocks = more;
      end = 0;
    }
    byte[] block = blocks[blocks.length - 1];
    int start = end;
    int timesEnd = times.encodeFast(time, 0, n, block, start + HEADER);
    int valuesEnd = values.encodeFast(value, 0, n, block, timesEnd);
    INT.set(block, start, previous);
    SHORT.set(block, start + 4, (short) n);
    SHORT.set(block, start + 6, (short) (timesEnd - start - HEADER));
    SHORT.set(block, start + 8, (short) (valuesEnd - timesEnd));
    end = (valuesEnd + 7) & -8;
    // Addresses are in units of 8 bytes: 31 bits reach 16 GiB.
    return (blocks.length - 1) << (BLOCK_BITS - 3) | start >>> 3;
  }

  byte[] block(int address) {
    return blocks[address >>> (BLOCK_BITS - 3)];
  }

  static int offset(int address) {
    return (address & ((1 << (BLOCK_BITS - 3)) - 1)) << 3;
  }

  int previous(int address) {
    return (int) INT.get(block(address), offset(address));
  }

  int samples(int address) {
    return Short.toUnsignedInt((short) SHORT.get(block(address), offset(address) + 4));
  }

  /** Appends the record's samples to the scratch columns from row {@code at} on. */
  void unpack(int address, long[] time, double[] value, int at, HeadScratch scratch) {
    byte[] block = block(address);
    int start = offset(address);
    int n = samples(address);
    int timeBytes = Short.toUnsignedInt((short) SHORT.get(block, start + 6));
    int valueBytes = Short.toUnsignedInt((short) SHORT.get(block, start + 8));
    scratch.times.decode(block, start + HEADER, timeBytes, n, time, at);
    scratch.values.decode(block, start + HEADER + timeBytes, valueBytes, n, value, at);
  }

  /** The time of a record's first sample. */
  long firstTime(int address, HeadScratch scratch) {
    byte[] block = block(address);
    int start = offset(address);
    int n = samples(address);
    if (scratch.recordTimes.length < n) {
      scratch.recordTimes = new long[n];
    }
    int timeBytes = Short.toUnsignedInt((short) SHORT.get(block, start + 6));
    scratch.times.decode(block, start + HEADER, timeBytes, n, scratch.recordTimes, 0);
    return scratch.recordTimes[0];
  }

  /** Bytes of memory held. */
  long bytes() {
    return (long) blocks.length * BLOCK_BYTES;
  }
}
