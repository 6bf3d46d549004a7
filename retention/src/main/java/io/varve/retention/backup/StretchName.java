package io.varve.retention.backup;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of an object with a stretch of the log; it says all that has to be known to find one.
 *
 * @param timeline that it is of
 * @param begin second (since the epoch) from which on it tells where the log stood
 * @param end second up to which it does (inclusive); the same as {@code begin} if it tells none
 * @param after position of the last record before it
 * @param last position of its last record; the same as {@code after} if it has none
 */
record StretchName(String timeline, long begin, long end, long after, long last) {
  /** The order in which they were made. */
  static final Comparator<StretchName> ORDER =
      Comparator.comparing(StretchName::timeline)
          .thenComparingLong(StretchName::last)
          .thenComparingLong(StretchName::end);

  static final long MOST_SECONDS = 253_402_300_799L;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final Pattern FORM =
      Pattern.compile(
          "log/([0-9]{8}T[0-9]{6}\\.[0-9]{3}Z-[0-9a-f]{8})/([0-9]{8})/([0-9]{8}T[0-9]{6}Z)-"
              + "([0-9]{8}T[0-9]{6}Z)-([0-9a-f]{16})-([0-9a-f]{16})");

  /** The name of the object. */
  String object() {
    HexFormat hex = HexFormat.of();
    String until = time(end);
    return Repository.LOG
        + timeline
        + "/"
        + until.substring(0, 8)
        + "/"
        + time(begin)
        + "-"
        + until
        + "-"
        + hex.toHexDigits(after)
        + "-"
        + hex.toHexDigits(last);
  }

  private static String time(long second) {
    return TIME.format(Instant.ofEpochSecond(second));
  }

  /** Null if it is no such name. */
  static @Nullable StretchName parse(String object) {
    Matcher name = FORM.matcher(object);
    if (!name.matches()) {
      return null;
    }
    try {
      StretchName stretch =
          new StretchName(
              name.group(1),
              TIME.parse(name.group(3), Instant::from).getEpochSecond(),
              TIME.parse(name.group(4), Instant::from).getEpochSecond(),
              HexFormat.fromHexDigitsToLong(name.group(5)),
              HexFormat.fromHexDigitsToLong(name.group(6)));
      boolean isSound =
          stretch.begin <= stretch.end
              && stretch.after >= 0
              && stretch.after <= stretch.last
              && stretch.object().equals(object);
      return isSound ? stretch : null;
    } catch (java.time.DateTimeException e) {
      return null;
    }
  }
}
