package io.varve.ingest.remotewrite;

import io.varve.ingest.intake.LabelCollector;
import io.varve.ingest.protobuf.ProtoReader;

/** Parses {@code prometheus.Label} fields into a collector. Not thread-safe; reused. */
final class LabelFields {
  private static final int NAME = 1 << 3 | 2;
  private static final int VALUE = 2 << 3 | 2;

  private final ProtoReader in;

  LabelFields(String source) {
    in = new ProtoReader(source);
  }

  /**
   * Collects the labels of {@code [from, to)}, which is one label field after the other.
   *
   * @return true if every label is written as canonical bytes are: name, value, nothing else, no
   *     padded varint; then only the order of the labels is left to check
   */
  boolean collect(byte[] body, int from, int to, LabelCollector into) {
    in.on(body, from, to);
    boolean plain = true;
    while (!in.atEnd()) {
      int start = in.at();
      in.tag();
      int outer = in.enter();
      int size = in.limit() - in.at();
      plain &= in.at() - start == 1 + ProtoReader.varintBytes(size);
      int nameAt = in.at();
      int nameLength = 0;
      int valueAt = in.at();
      int valueLength = 0;
      while (!in.atEnd()) {
        int tag = in.tag();
        switch (tag >>> 3) {
          case NAME >>> 3 -> {
            in.expect(tag, ProtoReader.LENGTH_DELIMITED, "label name");
            nameLength = in.length();
            nameAt = in.at();
            in.pass(nameLength);
          }
          case VALUE >>> 3 -> {
            in.expect(tag, ProtoReader.LENGTH_DELIMITED, "label value");
            valueLength = in.length();
            valueAt = in.at();
            in.pass(valueLength);
          }
          default -> in.skip(tag);
        }
      }
      in.leave(outer);
      // Whatever else stood in the field, or was padded, has made it longer than it needs to be.
      int least =
          2
              + ProtoReader.varintBytes(nameLength)
              + nameLength
              + ProtoReader.varintBytes(valueLength)
              + valueLength;
      plain &= size == least && nameAt < valueAt;
      into.add(nameAt, nameLength, valueAt, valueLength);
    }
    return plain;
  }
}
