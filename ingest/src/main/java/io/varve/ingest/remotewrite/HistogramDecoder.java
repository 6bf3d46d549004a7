package io.varve.ingest.remotewrite;

import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.NativeHistogram;
import io.varve.ingest.protobuf.ProtoReader;

/**
 * Reads the native histograms of remote write, whose fields both versions number alike. Not
 * thread-safe; reused.
 */
final class HistogramDecoder {
  private final NativeHistogram histogram = new NativeHistogram();

  /** Reads the message in which the reader stands, to its end. */
  void decode(ProtoReader in, boolean withStart) {
    histogram.clear();
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag >>> 3) {
        case 1 -> {
          histogram.countBits = varint(in, tag, "count_int");
          histogram.floatCount = false;
        }
        case 2 -> {
          histogram.countBits = bits(in, tag, "count_float");
          histogram.floatCount = true;
        }
        case 3 -> histogram.sumBits = bits(in, tag, "sum");
        case 4 -> histogram.schema = (int) unzigzag(varint(in, tag, "schema"));
        case 5 -> histogram.zeroThresholdBits = bits(in, tag, "zero_threshold");
        case 6 -> {
          histogram.zeroCountInt = varint(in, tag, "zero_count_int");
          histogram.zeroCountFloatBits = 0;
        }
        case 7 -> {
          histogram.zeroCountFloatBits = bits(in, tag, "zero_count_float");
          histogram.zeroCountInt = 0;
        }
        case 8 -> span(in, tag, histogram.negative);
        case 9 -> deltas(in, tag, histogram.negative);
        case 10 -> counts(in, tag, histogram.negative);
        case 11 -> span(in, tag, histogram.positive);
        case 12 -> deltas(in, tag, histogram.positive);
        case 13 -> counts(in, tag, histogram.positive);
        case 14 -> {
          long hint = varint(in, tag, "reset_hint");
          histogram.resetHint = hint >= 0 && hint <= 3 ? (int) hint : 0;
        }
        case 15 -> histogram.time = varint(in, tag, "timestamp");
        case 16 -> customValues(in, tag);
        case 17 -> {
          if (withStart) {
            histogram.start = varint(in, tag, "start_timestamp");
          } else {
            in.skip(tag);
          }
        }
        default -> in.skip(tag);
      }
    }
  }

  private static long varint(ProtoReader in, int tag, String field) {
    in.expect(tag, ProtoReader.VARINT, field);
    return in.varint();
  }

  private static long bits(ProtoReader in, int tag, String field) {
    in.expect(tag, ProtoReader.FIXED64, field);
    return in.fixed64();
  }

  private static long unzigzag(long v) {
    return (v >>> 1) ^ -(v & 1);
  }

  private static void span(ProtoReader in, int tag, NativeHistogram.Buckets side) {
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "spans");
    int outer = in.enter();
    int offset = 0;
    int length = 0;
    while (!in.atEnd()) {
      int t = in.tag();
      switch (t >>> 3) {
        case 1 -> offset = (int) unzigzag(varint(in, t, "span offset"));
        case 2 -> length = (int) varint(in, t, "span length");
        default -> in.skip(t);
      }
    }
    in.leave(outer);
    side.span(offset, length);
  }

  /** Repeated sint64, packed or one by one. */
  private static void deltas(ProtoReader in, int tag, NativeHistogram.Buckets side) {
    if ((tag & 7) == ProtoReader.VARINT) {
      side.delta(in.zigzag());
      return;
    }
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "bucket deltas");
    int outer = in.enter();
    while (!in.atEnd()) {
      side.delta(in.zigzag());
    }
    in.leave(outer);
  }

  /** Repeated double, packed or one by one. */
  private static void counts(ProtoReader in, int tag, NativeHistogram.Buckets side) {
    if ((tag & 7) == ProtoReader.FIXED64) {
      side.count(in.fixed64());
      return;
    }
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "bucket counts");
    int outer = in.enter();
    while (!in.atEnd()) {
      side.count(in.fixed64());
    }
    in.leave(outer);
  }

  private void customValues(ProtoReader in, int tag) {
    if ((tag & 7) == ProtoReader.FIXED64) {
      histogram.customValue(in.fixed64());
      return;
    }
    in.expect(tag, ProtoReader.LENGTH_DELIMITED, "custom_values");
    int outer = in.enter();
    while (!in.atEnd()) {
      histogram.customValue(in.fixed64());
    }
    in.leave(outer);
  }

  /** Adds the histogram to a row, or refuses it; the row −1 is that of a refused series. */
  void addTo(Intake intake, int row) {
    histogram.addTo(intake, row);
  }
}
