package io.varve.query.function;

import io.varve.engine.model.Labels;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a series lies between 0 and 1 by the hash of its labels, as Prometheus has it: so {@code
 * limit_ratio} chooses the same series.
 */
public final class LabelHash {
  private LabelHash() {}

  /** The place of a label set, from 0 on, below or equal to 1. */
  public static double place(Labels labels) {
    byte[] bytes = encoded(labels);
    return unsigned(XxHash64.hash(bytes, bytes.length)) / 0x1p64; // MaxUint64 rounds to 2^64
  }

  /** Names and values in order, each after its length: one byte, or 255 and three. */
  private static byte[] encoded(Labels labels) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < labels.size(); i++) {
      write(labels.name(i), out);
      write(labels.value(i), out);
    }
    return out.toByteArray();
  }

  private static void write(String text, ByteArrayOutputStream out) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length < 255) {
      out.write(bytes.length);
    } else {
      out.write(255);
      out.write(bytes.length);
      out.write(bytes.length >>> 8);
      out.write(bytes.length >>> 16);
    }
    out.writeBytes(bytes);
  }

  private static double unsigned(long bits) {
    return bits >= 0 ? bits : (double) ((bits >>> 1) | (bits & 1)) * 2;
  }
}
