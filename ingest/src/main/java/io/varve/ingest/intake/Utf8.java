package io.varve.ingest.intake;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
final class Utf8 {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long NOT_ASCII = 0x8080808080808080L;

  private Utf8() {}

  static boolean isValid(byte[] bytes, int offset, int length) {
    int p = offset;
    int end = offset + length;
    while (end - p >= 8) {
      if (((long) LONG.get(bytes, p) & NOT_ASCII) != 0) {
        break;
      }
      p += 8;
    }
    while (p < end) {
      if (bytes[p] >= 0) {
        p++;
        continue;
      }
      int n = sequence(bytes, p, end);
      if (n == 0) {
        return false;
      }
      p += n;
    }
    return true;
  }

  /** Unicode characters in bytes that are valid. */
  static int characters(byte[] bytes, int offset, int length) {
    int n = 0;
    for (int p = offset; p < offset + length; p++) {
      if ((bytes[p] & 0xC0) != 0x80) {
        n++;
      }
    }
    return n;
  }

  /** Length of the valid sequence of two to four bytes that begins at {@code p}, else 0. */
  static int sequence(byte[] bytes, int p, int end) {
    int first = bytes[p] & 0xFF;
    int n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (n == 0 || end - p < n) {
      return 0;
    }
    // The second byte carries what keeps overlong forms, surrogates and the range out.
    int second = bytes[p + 1] & 0xFF;
    int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < low || second > high) {
      return 0;
    }
    for (int i = 2; i < n; i++) {
      if ((bytes[p + i] & 0xC0) != 0x80) {
        return 0;
      }
    }
    return n;
  }
}
