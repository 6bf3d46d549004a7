package io.varve.ingest.intake;

import java.nio.charset.StandardCharsets;

/**
 * Label names and values of hostile origin as text for messages: quoted, control characters and
 * bytes that are not UTF-8 escaped, and never longer than an operator wants to read.
 */
final class LabelText {
  private static final int MOST_BYTES = 200;

  private LabelText() {}

  /** Appends a name: plain if it is an identifier, else quoted. */
  static void name(StringBuilder out, byte[] bytes, int offset, int length) {
    if (isIdentifier(bytes, offset, length)) {
      plain(out, bytes, offset, length);
    } else {
      quoted(out, bytes, offset, length);
    }
  }

  static void quoted(StringBuilder out, byte[] bytes, int offset, int length) {
    out.append('"');
    int end = offset + Math.min(length, MOST_BYTES);
    int p = offset;
    while (p < end) {
      int b = bytes[p] & 0xFF;
      if (b < 0x80) {
        switch (b) {
          case '"' -> out.append("\\\"");
          case '\\' -> out.append("\\\\");
          case '\n' -> out.append("\\n");
          case '\r' -> out.append("\\r");
          case '\t' -> out.append("\\t");
          default -> {
            if (b < 0x20 || b == 0x7F) {
              hex(out, b);
            } else {
              out.append((char) b);
            }
          }
        }
        p++;
        continue;
      }
      int n = Utf8.sequence(bytes, p, offset + length);
      if (n == 0) {
        hex(out, b);
        p++;
      } else {
        out.append(new String(bytes, p, n, StandardCharsets.UTF_8));
        p += n;
      }
    }
    if (length > MOST_BYTES) {
      out.append('…');
    }
    out.append('"');
  }

  private static void plain(StringBuilder out, byte[] bytes, int offset, int length) {
    int n = Math.min(length, MOST_BYTES);
    out.append(new String(bytes, offset, n, StandardCharsets.US_ASCII));
    if (length > n) {
      out.append('…');
    }
  }

  private static void hex(StringBuilder out, int b) {
    out.append("\\x").append(Character.forDigit(b >> 4, 16)).append(Character.forDigit(b & 15, 16));
  }

  private static boolean isIdentifier(byte[] bytes, int offset, int length) {
    for (int i = 0; i < length; i++) {
      byte b = bytes[offset + i];
      boolean letter = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_';
      if (!letter && (i == 0 || b < '0' || b > '9')) {
        return false;
      }
    }
    return length > 0;
  }
}
