package io.varve.ingest.otlp;

/**
 * Estimates what a JSON text takes in memory once it is parsed, before it is: it counts what stands
 * between the values. It does not check the text; it only keeps the parser from taking more than it
 * may.
 */
final class JsonCensus {
  private static final int MOST_DEPTH = 400;
  private static final long TOKEN_BYTES = 96;
  private static final long CHARACTER_BYTES = 3; // as text, in the tree, in the message

  /** Reading digits takes time that grows with their square. */
  private static final int MOST_DIGITS = 1_000;

  private JsonCensus() {}

  /**
   * The estimate for the text {@code [0, length)} of an array, in bytes.
   *
   * @throws OtlpFormatException if it is nested too deeply
   */
  static long estimate(byte[] text, int length) {
    long tokens = 1;
    int depth = 0;
    boolean quoted = false;
    int digits = 0; // since the last byte that no number has, a quotation mark included
    for (int i = 0; i < length; i++) {
      byte c = text[i];
      if (!isPartOfNumber(c) && !(quoted && isPartOfEscape(c))) {
        digits = 0;
      } else if (++digits > MOST_DIGITS && (!quoted || endsString(text, i + 1, length))) {
        throw new OtlpFormatException("the request has a number of more than 1000 digits");
      }
      if (quoted) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          quoted = false;
        }
        continue;
      }
      switch (c) {
        case '"' -> quoted = true;
        case ',', ':' -> tokens++;
        case '[', '{' -> {
          tokens++;
          if (++depth > MOST_DEPTH) {
            throw MessageCensus.tooDeep();
          }
        }
        case ']', '}' -> depth--;
        default -> {}
      }
    }
    return tokens * TOKEN_BYTES + length * CHARACTER_BYTES;
  }

  private static boolean isPartOfNumber(byte c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
  }

  /** Digits and signs may be escaped: a backslash, u and four hexadecimal digits. */
  private static boolean isPartOfEscape(byte c) {
    return c == '\\' || c == 'u' || c == 'b' || c == 'B' || c == 'd' || c == 'D';
  }

  /** True if a quoted number, which is allowed for those of 64 bits, ends here. */
  private static boolean endsString(byte[] text, int at, int length) {
    return at < length && text[at] == '"';
  }
}
