package io.varve.retention.backup;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/** The operator's key for encrypted backups: 32 bytes. */
public final class BackupKey {
  private static final int HEX_DIGITS = 2 * AesSealing.KEY_BYTES;

  private final byte[] bytes;

  private BackupKey(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Reads 64 hex digits, or the same 32 bytes in Base64; white space around it does not count.
   *
   * @throws IllegalArgumentException if it is neither; the message does not repeat it
   */
  public static BackupKey parse(String text) {
    String stripped = text.strip();
    byte[] bytes;
    try {
      bytes =
          stripped.length() == HEX_DIGITS
              ? HexFormat.of().parseHex(stripped)
              : Base64.getDecoder().decode(stripped);
    } catch (IllegalArgumentException e) {
      bytes = new byte[0];
    }
    if (bytes.length != AesSealing.KEY_BYTES) {
      throw new IllegalArgumentException(
          "the key of backups is not 32 bytes as 64 hex digits or in Base64 (openssl rand -hex 32"
              + " makes one)");
    }
    return new BackupKey(bytes);
  }

  byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BackupKey key && Arrays.equals(bytes, key.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "<secret>";
  }
}
