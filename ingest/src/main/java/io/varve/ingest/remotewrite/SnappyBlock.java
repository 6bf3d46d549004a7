package io.varve.ingest.remotewrite;

import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import org.xerial.snappy.Snappy;

/**
 * The snappy block format that wraps every remote write body: a varint with the decoded length,
 * then the compressed elements. The length is what a sender claims, so it is read and judged before
 * any memory is taken for it.
 */
public final class SnappyBlock {
  private static final String SOURCE = "snappy block";

  private SnappyBlock() {}

  /**
   * The decoded length that the block declares, 0 to 2^32 − 1.
   *
   * @throws CorruptDataException if the block does not begin with a length
   */
  public static long declaredLength(byte[] block, int offset, int length) {
    long value = 0;
    for (int i = 0; i < 5; i++) {
      if (i == length) {
        throw new CorruptDataException(SOURCE, i, "the declared length is cut off");
      }
      byte b = block[offset + i];
      value |= (long) (b & 0x7F) << (7 * i);
      if (b >= 0) {
        if (value >>> 32 != 0) {
          break;
        }
        return value;
      }
    }
    throw new CorruptDataException(SOURCE, 0, "the declared length is over 32 bits");
  }

  /**
   * Decodes a block into {@code into}, which has room for its declared length.
   *
   * @return the decoded length
   * @throws CorruptDataException if it is not a snappy block
   */
  public static int decode(byte[] block, int offset, int length, byte[] into) {
    long declared = declaredLength(block, offset, length);
    if (declared > into.length) {
      throw new IllegalArgumentException("no room for " + declared + " bytes");
    }
    int decoded;
    try {
      decoded = Snappy.uncompress(block, offset, length, into, 0);
    } catch (IOException e) {
      throw new CorruptDataException(SOURCE, -1, "the compressed bytes are corrupt");
    }
    if (decoded != declared) {
      throw new CorruptDataException(
          SOURCE, -1, decoded + " bytes decoded, " + declared + " declared");
    }
    return decoded;
  }
}
