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
    for (int i = 0; i < length; i++) {
      byte c = text[i];
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
}
