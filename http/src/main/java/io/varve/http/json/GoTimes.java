package io.varve.http.json;

import java.time.Instant;

/** Times as Go writes them in JSON: RFC 3339, with as many digits of a second as needed. */
public final class GoTimes {
  private static final String ZERO = "0001-01-01T00:00:00Z";

  private GoTimes() {}

  /**
   * A time in milliseconds since the epoch.
   *
   * @param millis 0 stands for none, which Go writes as the first second of the first year
   */
  public static String text(long millis) {
    if (millis == 0) {
      return ZERO;
    }
    String text = Instant.ofEpochMilli(millis).toString();
    // Java writes three digits of the fraction or none, Go none at its end that are zero.
    int dot = text.indexOf('.');
    if (dot < 0) {
      return text;
    }
    int end = text.length() - 1;
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return text.substring(0, end) + "Z";
  }
}
