package io.varve.http.net;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The parameters of a request: those of a form body first, then those of the URL, so that a body
 * wins where one value is asked for. Immutable.
 */
public final class Params {
  private final List<String> names = new ArrayList<>();
  private final List<String> values = new ArrayList<>();

  Params() {}

  /**
   * Adds pairs in the encoding of forms and query strings.
   *
   * @throws IllegalArgumentException if an escape is not one
   */
  void parse(byte[] bytes, int length) {
    int from = 0;
    for (int i = 0; i <= length; i++) {
      if (i == length || bytes[i] == '&') {
        if (i > from) {
          int equals = from;
          while (equals < i && bytes[equals] != '=') {
            equals++;
          }
          names.add(decode(bytes, from, equals));
          values.add(equals == i ? "" : decode(bytes, equals + 1, i));
        }
        from = i + 1;
      }
    }
  }

  /** The first value of a parameter, "" if there is none. */
  public String get(String name) {
    int i = names.indexOf(name);
    return i < 0 ? "" : values.get(i);
  }

  /** All values of a parameter, in order. */
  public List<String> all(String name) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equals(name)) {
        all.add(values.get(i));
      }
    }
    return all;
  }

  /** Decodes percent escapes; a plus sign is a space. */
  static String decode(byte[] bytes, int from, int to) {
    return decode(bytes, from, to, true);
  }

  /** Decodes the percent escapes of a path segment. */
  static String decodeSegment(String segment) {
    if (segment.indexOf('%') < 0) {
      return segment;
    }
    byte[] bytes = segment.getBytes(StandardCharsets.UTF_8);
    return decode(bytes, 0, bytes.length, false);
  }

  private static String decode(byte[] bytes, int from, int to, boolean plusIsSpace) {
    byte[] out = new byte[to - from];
    int size = 0;
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      if (b == '+' && plusIsSpace) {
        out[size++] = ' ';
      } else if (b == '%') {
        int high = hex(bytes, i + 1, to);
        int low = hex(bytes, i + 2, to);
        if (high < 0 || low < 0) {
          String escape = new String(bytes, i, Math.min(3, to - i), StandardCharsets.UTF_8);
          throw new IllegalArgumentException("invalid URL escape \"" + escape + '"');
        }
        out[size++] = (byte) (high << 4 | low);
        i += 2;
      } else {
        out[size++] = b;
      }
    }
    return new String(out, 0, size, StandardCharsets.UTF_8);
  }

  private static int hex(byte[] bytes, int at, int to) {
    return at < to ? Character.digit(bytes[at], 16) : -1;
  }
}
