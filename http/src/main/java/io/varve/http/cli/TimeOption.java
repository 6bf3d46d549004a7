package io.varve.http.cli;

import io.varve.http.json.GoFloat;
import io.varve.retention.rules.Durations;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;
import java.util.OptionalDouble;

/** Times on the command line. */
final class TimeOption {
  /** Beyond it, milliseconds are no time that a store holds. */
  private static final double MOST_SECONDS = 1e12;

  private TimeOption() {}

  /**
   * Reads one: RFC 3339, or a date with or without a time of day (in UTC), seconds since the epoch,
   * {@code now}, or a duration before now ({@code -7d}).
   *
   * @return milliseconds since the epoch
   * @throws IllegalArgumentException if it is none; the message says what would be one
   */
  static long parse(String text, long nowMillis) {
    String trimmed = text.strip();
    if (trimmed.equals("now")) {
      return nowMillis;
    }
    OptionalDouble seconds = GoFloat.parse(trimmed);
    if (seconds.isPresent()) {
      double value = seconds.getAsDouble();
      if (value >= 0 && value < MOST_SECONDS) {
        return Math.round(value * 1000);
      }
      throw wrong(text);
    }
    try {
      if (trimmed.startsWith("-")) {
        return Math.subtractExact(nowMillis, Durations.millis(trimmed.substring(1)));
      }
      return date(trimmed.toUpperCase(Locale.ROOT)).toInstant().toEpochMilli();
    } catch (DateTimeException | IllegalArgumentException | ArithmeticException e) {
      throw wrong(text);
    }
  }

  private static OffsetDateTime date(String text) {
    if (text.indexOf('T') < 0) {
      return LocalDate.parse(text).atStartOfDay().atOffset(ZoneOffset.UTC);
    }
    TemporalAccessor time =
        DateTimeFormatter.ISO_DATE_TIME.parseBest(text, OffsetDateTime::from, LocalDateTime::from);
    return time instanceof LocalDateTime local
        ? local.atOffset(ZoneOffset.UTC)
        : OffsetDateTime.from(time);
  }

  private static IllegalArgumentException wrong(String text) {
    return new IllegalArgumentException(
        "\""
            + text
            + "\" is no time; give RFC 3339 (2026-01-31T12:00:00Z), seconds since the epoch, or"
            + " how long ago (-7d)");
  }
}
