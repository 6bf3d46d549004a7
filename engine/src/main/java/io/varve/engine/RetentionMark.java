package io.varve.engine;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.partition.ManifestEdit;
import io.varve.engine.partition.ManifestState;
import io.varve.engine.policy.RetentionPolicy;
import java.util.HexFormat;

/**
 * The policy that was last logged, and the time up to which it was applied. The manifest keeps it
 * for what has left the log, as the watermark {@code retention}: the time, a slash, the policy in
 * hexadecimal.
 *
 * @param atMillis the smallest possible time if none was ever logged
 */
record RetentionMark(long atMillis, RetentionPolicy policy) {
  private static final String KEY = "retention";

  /** As long as none is logged, everything is kept. */
  static final RetentionMark NONE = new RetentionMark(Long.MIN_VALUE, RetentionPolicy.KEEP_ALL);

  /**
   * What a manifest says.
   *
   * @throws CorruptDataException if it cannot be understood
   */
  static RetentionMark of(ManifestState state) {
    String text = state.watermarks().get(KEY);
    if (text == null) {
      return NONE;
    }
    int slash = text.indexOf('/');
    try {
      byte[] policy = HexFormat.of().parseHex(text, slash + 1, text.length());
      return new RetentionMark(
          Long.parseLong(text, 0, Math.max(0, slash), 10),
          RetentionPolicy.decode(new ByteReader(policy, "watermark " + KEY)));
    } catch (IllegalArgumentException e) {
      throw new CorruptDataException("MANIFEST", -1, "watermark " + KEY + " is " + text);
    }
  }

  /** Lets an edit say so. */
  void into(ManifestEdit edit) {
    ByteWriter out = new ByteWriter(64);
    policy.encode(out);
    edit.watermark(KEY, atMillis + "/" + HexFormat.of().formatHex(out.toByteArray()));
  }
}
