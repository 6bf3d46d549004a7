package io.varve.ingest.remotewrite;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which message a remote write request carries, told by its Content-Type alone: a message read by
 * the wrong schema does not fail, it is empty.
 */
public enum MessageType {
  /** Remote write 1.0. */
  V1("prometheus.WriteRequest"),
  /** Remote write 2.0. */
  V2("io.prometheus.write.v2.Request");

  private static final String MEDIA_TYPE = "application/x-protobuf";

  private final String message;

  MessageType(String message) {
    this.message = message;
  }

  /** The message's full name. */
  public String message() {
    return message;
  }

  /**
   * Reads a Content-Type header; without one, and without a {@code proto} parameter, it is 1.0.
   *
   * @throws UnsupportedContentException if it names something else
   */
  public static MessageType of(@Nullable String contentType) {
    if (contentType == null || contentType.isBlank()) {
      return V1;
    }
    int end = contentType.indexOf(';');
    String media = (end < 0 ? contentType : contentType.substring(0, end)).strip();
    if (!media.toLowerCase(Locale.ROOT).equals(MEDIA_TYPE)) {
      throw unsupported("content type " + media);
    }
    while (end >= 0) {
      int start = end + 1;
      end = contentType.indexOf(';', start);
      String parameter = contentType.substring(start, end < 0 ? contentType.length() : end).strip();
      int equals = parameter.indexOf('=');
      if (equals < 0) {
        if (parameter.isEmpty()) {
          continue;
        }
        throw unsupported("content type parameter " + parameter + " without a value");
      }
      if (parameter.substring(0, equals).strip().toLowerCase(Locale.ROOT).equals("proto")) {
        return named(unquoted(parameter.substring(equals + 1).strip()));
      }
    }
    return V1;
  }

  private static MessageType named(String message) {
    for (MessageType type : values()) {
      if (type.message.equals(message)) {
        return type;
      }
    }
    throw unsupported("message " + message);
  }

  private static String unquoted(String value) {
    boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  /** Refuses any Content-Encoding but snappy; none at all is read as snappy. */
  public static void checkEncoding(@Nullable String contentEncoding) {
    if (contentEncoding != null
        && !contentEncoding.isBlank()
        && !contentEncoding.strip().toLowerCase(Locale.ROOT).equals("snappy")) {
      throw new UnsupportedContentException(
          "content encoding "
              + shown(contentEncoding.strip())
              + " is not supported; use snappy (block format)");
    }
  }

  private static UnsupportedContentException unsupported(String what) {
    return new UnsupportedContentException(
        shown(what)
            + " is not supported; use "
            + MEDIA_TYPE
            + " with proto="
            + V2.message
            + " or proto="
            + V1.message);
  }

  private static String shown(String text) {
    return text.length() > 200 ? text.substring(0, 200) + "…" : text;
  }
}
