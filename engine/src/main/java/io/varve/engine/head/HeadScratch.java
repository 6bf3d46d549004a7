package io.varve.engine.head;

import io.varve.engine.codec.FloatBlockDecoder;
import io.varve.engine.codec.TimeColumnDecoder;
import java.util.Arrays;

/** What one thread needs to read heads: decoders and buffers, reused from series to series. */
public final class HeadScratch {
  final FloatBlockDecoder values = new FloatBlockDecoder();
  final TimeColumnDecoder times = new TimeColumnDecoder();
  final long[] tailTimes = new long[64];
  final double[] tailValues = new double[64];
  final UnpackedTimes unpacked = new UnpackedTimes();
  private int[] records = new int[16];

  /** New buffers. */
  public HeadScratch() {}

  /** A record that was noted. */
  int record(int number) {
    return records[number];
  }

  /** Notes a record. */
  void record(int number, int address) {
    if (number == records.length) {
      records = Arrays.copyOf(records, 2 * number);
    }
    records[number] = address;
  }
}
