package io.varve.engine.wal;

import io.varve.engine.format.FileHeader;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/** Names, sizes and the checksum of log segments; see the package description. */
final class WalFormat {
  static final String FORMAT = "wal";
  static final int VERSION = 1;
  static final int SEGMENT_HEADER_BYTES = FileHeader.BYTES;

  static final int CRC_AT = 0;
  static final int LENGTH_AT = 4;
  static final int SEQUENCE_AT = 8;
  static final int UNDURABLE_AT = 16;
  static final int TYPE_AT = 20;
  static final int RECORD_HEADER_BYTES = 21;

  static final int MAX_PAYLOAD_BYTES = 64 << 20;

  /** The type of the record that ends a segment which was closed in order. */
  static final int END_MARK = 0;

  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final Pattern NAME = Pattern.compile("([0-9a-f]{16})\\.wal");

  private WalFormat() {}

  static String fileName(long firstSequence) {
    return HexFormat.of().toHexDigits(firstSequence) + ".wal";
  }

  /** The first sequence number in a segment's file name; empty if it is no segment. */
  static OptionalLong firstSequence(Path file) {
    Path name = file.getFileName();
    var match = NAME.matcher(name == null ? "" : name.toString());
    if (!match.matches()) {
      return OptionalLong.empty();
    }
    long first = HexFormat.fromHexDigitsToLong(match.group(1));
    return first > 0 ? OptionalLong.of(first) : OptionalLong.empty();
  }

  /** What the checksum of every record of a segment begins with. */
  static byte[] salt(long storeId, long firstSequence) {
    byte[] salt = new byte[16];
    LONG.set(salt, 0, storeId);
    LONG.set(salt, 8, firstSequence);
    return salt;
  }

  /** The checksum of the record that stands at {@code at}. */
  static int checksum(CRC32C crc, byte[] salt, byte[] bytes, int at, int payloadLength) {
    crc.reset();
    crc.update(salt);
    crc.update(bytes, at + LENGTH_AT, RECORD_HEADER_BYTES - LENGTH_AT + payloadLength);
    return (int) crc.getValue();
  }
}
