package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;

/**
 * A block's bytes, copied to where eight-byte loads past its end are harmless: decoders neither
 * read outside the range they were given nor check every load. Memory is reused.
 */
final class PaddedInput {
  private final ByteReader reader = new ByteReader();
  private byte[] bytes = new byte[1024];

  /** A reader on a copy; errors count bytes from the start of the block. */
  ByteReader on(byte[] in, int offset, int length, String source) {
    if (bytes.length < length + BitPacking.SLACK) {
      bytes = new byte[length + length / 2 + BitPacking.SLACK];
    }
    System.arraycopy(in, offset, bytes, 0, length);
    BitPacking.LONG.set(bytes, length, 0L);
    BitPacking.LONG.set(bytes, length + 8, 0L);
    return reader.on(bytes, 0, length, source, 0);
  }
}
