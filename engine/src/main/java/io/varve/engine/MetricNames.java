package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.model.Labels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the metric's name in canonical label bytes ({@link Labels}). Series of one metric often
 * come one after the other, so the name of the last is compared before anything is decoded. One
 * thread.
 */
final class MetricNames {
  private static final byte[] NAME = "__name__".getBytes(StandardCharsets.US_ASCII);

  private final ByteReader in = new ByteReader();
  private byte[] last = new byte[0];
  private @Nullable String lastName;

  /** The metric's name, null if the series has none; the same object as long as it is the same. */
  @Nullable String of(byte[] labels, int offset, int length) {
    in.on(labels, offset, length, "labels", 0);
    while (!in.atEnd()) {
      in.u8();
      in.varint();
      in.u8();
      int nameLength = in.count(in.remaining());
      int nameAt = in.skip(nameLength);
      in.u8();
      int valueLength = in.count(in.remaining());
      int valueAt = in.skip(valueLength);
      if (Arrays.equals(labels, nameAt, nameAt + nameLength, NAME, 0, NAME.length)) {
        if (lastName == null
            || !Arrays.equals(labels, valueAt, valueAt + valueLength, last, 0, last.length)) {
          last = Arrays.copyOfRange(labels, valueAt, valueAt + valueLength);
          lastName = new String(last, StandardCharsets.UTF_8);
        }
        return lastName;
      }
    }
    return null;
  }
}
