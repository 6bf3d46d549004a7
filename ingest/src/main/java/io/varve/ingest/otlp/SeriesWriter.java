package io.varve.ingest.otlp;

import io.varve.engine.format.ByteWriter;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.LabelCollector;
import io.varve.ingest.intake.RequestTooLargeException;
import io.varve.ingest.protobuf.ProtoReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes label sets as canonical bytes and finds the rows of their series, and does the same for
 * the labels of exemplars. Not thread-safe; reused.
 */
final class SeriesWriter {
  private static final int MOST_LABEL_BYTES = 64 << 20;
  private static final int LARGE = 2 << 20;

  private final Intake intake;
  private final LabelCollector labels;
  private final ByteWriter written = new ByteWriter(4_096);
  private final ByteWriter exemplar = new ByteWriter(256);
  private int[] slices = new int[128]; // offset and length of name and value in turn
  private int sliceCount;

  SeriesWriter(Intake intake) {
    this.intake = intake;
    this.labels = intake.labels;
  }

  /** Begins a request. */
  void begin() {
    written.reset();
  }

  /** True if an unusual request has made the buffers so large that keeping them is waste. */
  boolean isLarge() {
    return written.array().length > LARGE;
  }

  /** The row of the series, or −1 if its labels are refused, which is told. */
  int row(LabelSet set) {
    int from = written.size();
    sliceCount = 0;
    for (int i = 0; i < set.size(); i++) {
      write(written, set.name(i), set.value(i));
    }
    int length = written.size() - from;
    if (written.size() > MOST_LABEL_BYTES) {
      throw new RequestTooLargeException(
          "the labels of the request's series take more than "
              + MOST_LABEL_BYTES
              + " bytes; send smaller requests");
    }
    byte[] bytes = written.array();
    int predicted = intake.series.predictedLength(bytes, from, from + length);
    if (predicted == length) {
      return intake.series.addPredicted(bytes, from, length);
    }
    int row = intake.series.addKnown(bytes, from, length);
    if (row < 0) {
      collect(bytes);
      row = intake.addCollected(bytes, from, length);
      if (row < 0) {
        written.truncate(from);
      }
    }
    return row;
  }

  /** Begins the labels of an exemplar. */
  void beginExemplar() {
    exemplar.reset();
    sliceCount = 0;
  }

  /** Adds a label of the exemplar. */
  void exemplarLabel(String name, String value) {
    write(exemplar, name, value);
  }

  /** Adds the exemplar to a row, or leaves it out if its labels cannot be stored. */
  void addExemplar(int row, long time, long bits) {
    collect(exemplar.array());
    intake.addExemplar(row, time, bits);
  }

  private void collect(byte[] bytes) {
    labels.begin(bytes);
    for (int i = 0; i < sliceCount; i += 4) {
      labels.add(slices[i], slices[i + 1], slices[i + 2], slices[i + 3]);
    }
  }

  private void write(ByteWriter out, String name, String value) {
    byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
    byte[] valueBytes = value.getBytes(StandardCharsets.UTF_8);
    out.u8(0x0A);
    out.varint(
        2L
            + ProtoReader.varintBytes(nameBytes.length)
            + nameBytes.length
            + ProtoReader.varintBytes(valueBytes.length)
            + valueBytes.length);
    out.u8(0x0A);
    out.varint(nameBytes.length);
    slice(out, nameBytes);
    out.u8(0x12);
    out.varint(valueBytes.length);
    slice(out, valueBytes);
  }

  private void slice(ByteWriter out, byte[] bytes) {
    if (sliceCount + 2 > slices.length) {
      slices = Arrays.copyOf(slices, sliceCount * 2);
    }
    slices[sliceCount++] = out.size();
    slices[sliceCount++] = bytes.length;
    out.bytes(bytes);
  }
}
