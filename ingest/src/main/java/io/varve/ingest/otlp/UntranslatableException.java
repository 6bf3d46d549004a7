package io.varve.ingest.otlp;

import io.varve.ingest.intake.Reason;

/** A metric or data point that has no form in Prometheus' model; the rest of its request has. */
final class UntranslatableException extends RuntimeException {
  private static final int MOST_TEXT = 200;

  private final Reason reason;

  UntranslatableException(String message) {
    this(Reason.UNTRANSLATABLE, message);
  }

  UntranslatableException(Reason reason, String message) {
    super(message, null, false, false);
    this.reason = reason;
  }

  /** What it is counted as. */
  Reason reason() {
    return reason;
  }

  String text() {
    String message = getMessage();
    return message == null ? "" : message;
  }

  /** A sender's text in quotes, control characters escaped, of bounded length. */
  static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    int length = Math.min(text.length(), MOST_TEXT);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7F) {
            out.append(String.format("\\x%02x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append(length < text.length() ? "…\"" : "\"").toString();
  }
}
