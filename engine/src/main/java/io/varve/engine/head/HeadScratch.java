package io.varve.engine.head;

import io.varve.engine.codec.FloatBlockDecoder;
import io.varve.engine.codec.TimeColumnDecoder;

/** What one thread needs to read heads: decoders and buffers, reused from series to series. */
public final class HeadScratch {
  final FloatBlockDecoder values = new FloatBlockDecoder();
  final TimeColumnDecoder times = new TimeColumnDecoder();
  final long[] tailTimes = new long[64];
  final double[] tailValues = new double[64];
  final UnpackedTimes unpacked = new UnpackedTimes();
  int[] chain = new int[16];

  /** New buffers. */
  public HeadScratch() {}
}
