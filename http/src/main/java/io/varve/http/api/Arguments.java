package io.varve.http.api;

import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.config.Durations;
import io.varve.http.json.GoFloat;
import io.varve.http.json.GoStrings;
import io.varve.http.net.Params;
import io.varve.http.net.Request;
import io.varve.ingest.InvalidTenantException;
import io.varve.ingest.Tenants;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/** The parameters of an API request, read and checked as Prometheus does it, errors included. */
final class Arguments {
  /** Times beyond are moved here: 36 million years, far from any overflow in what follows. */
  static final long MOST_MILLIS = 1L << 60;

  /** Each costs a look at every index. */
  private static final int MOST_SELECTORS = 10_000;

  private static final Pattern RFC3339 =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d([.,]\\d+)?(Z|[+-]\\d\\d:\\d\\d)");
  private static final String MIN_TIME = "-292273086-05-16T16:47:06Z";
  private static final String MAX_TIME = "292277025-08-18T07:12:54.999999999Z";
  private static final double NANOS = 1e9;

  private final Request request;
  private final Params params;

  Arguments(Request request) {
    this.request = request;
    try {
      params = request.params();
    } catch (IllegalArgumentException e) {
      throw ApiException.badData("error parsing form values: " + e.getMessage());
    }
  }

  /** Whose data is asked for. */
  String tenant() {
    return tenantOf(request);
  }

  /** Whose data a request is about. */
  static String tenantOf(Request request) {
    try {
      return Tenants.parse(request.header(Tenants.HEADER));
    } catch (InvalidTenantException e) {
      throw ApiException.badData(String.valueOf(e.getMessage()));
    }
  }

  /** The first value, "" if there is none. */
  String text(String name) {
    return params.get(name);
  }

  /** A time in milliseconds since the epoch, {@code otherwise} if it is not given. */
  long time(String name, long otherwise) {
    String text = params.get(name);
    return text.isEmpty() ? otherwise : time(name);
  }

  /** A time in milliseconds since the epoch. */
  long time(String name) {
    try {
      return parseTime(params.get(name));
    } catch (IllegalArgumentException e) {
      throw ApiException.badParameter(name, String.valueOf(e.getMessage()));
    }
  }

  /** A duration in milliseconds; a fraction of one is dropped. */
  long duration(String name) {
    try {
      return parseDuration(params.get(name));
    } catch (IllegalArgumentException e) {
      throw ApiException.badParameter(name, String.valueOf(e.getMessage()));
    }
  }

  /** How many results are wanted, 0 for all. */
  int limit() {
    String text = params.get("limit");
    if (text.isEmpty()) {
      return 0;
    }
    int limit;
    try {
      limit = parseInt(text);
    } catch (IllegalArgumentException e) {
      throw ApiException.badParameter("limit", String.valueOf(e.getMessage()));
    }
    if (limit < 0) {
      throw ApiException.badParameter("limit", "limit must be non-negative");
    }
    return limit;
  }

  /** A whole number whose errors come without the words "invalid parameter". */
  int numberOr(String name, int otherwise) {
    String text = params.get(name);
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      return parseInt(text);
    } catch (IllegalArgumentException e) {
      throw ApiException.badData(name + " must be a number");
    }
  }

  /** The span between {@code start} and {@code end}, both included; all of time by default. */
  TimeRange range() {
    long start = time("start", Long.MIN_VALUE);
    long end = time("end", Long.MAX_VALUE);
    return TimeRange.closed(start, end);
  }

  /**
   * A parameter that is on or off: {@code 1}, {@code true}, {@code t} or {@code 0}, {@code false},
   * {@code f}; off if it is not given.
   */
  boolean flag(String name) {
    String text = params.get(name);
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "", "0", "f", "false" -> false;
      case "1", "t", "true" -> true;
      default -> throw ApiException.badParameter(name, "unable to parse boolean: \"" + text + '"');
    };
  }

  /** All values, in order. */
  List<String> all(String name) {
    return params.all(name);
  }

  /** True if a parameter is given at all. */
  boolean has(String name) {
    return !params.all(name).isEmpty();
  }

  /**
   * The selectors in {@code match[]}, which may select everything.
   *
   * @throws IllegalArgumentException or ParseException if one is none
   */
  List<List<Matcher>> anyMatchers() {
    List<String> texts = params.all("match[]");
    if (texts.size() > MOST_SELECTORS) {
      throw new IllegalArgumentException(
          "at most " + MOST_SELECTORS + " match[] parameters, not " + texts.size());
    }
    return Parser.parseSelectors(texts);
  }

  /**
   * The selectors in {@code match[]}.
   *
   * @throws IllegalArgumentException or ParseException if one is none, or selects everything
   */
  List<List<Matcher>> matchers() {
    List<List<Matcher>> sets = anyMatchers();
    for (List<Matcher> set : sets) {
      if (set.stream().allMatch(Matcher::matchesEmpty)) {
        throw new IllegalArgumentException("match[] must contain at least one non-empty matcher");
      }
    }
    return sets;
  }

  /** The selectors in {@code match[]}; errors come without the parameter's name. */
  List<List<Matcher>> matchersOfLabels() {
    try {
      return matchers();
    } catch (IllegalArgumentException | ParseException e) {
      throw ApiException.badData(String.valueOf(e.getMessage()));
    }
  }

  /**
   * A whole number of 64 bits as Go reads it; one that is no {@code int} is the nearest that is.
   */
  static int parseInt(String text) {
    String quoted = GoStrings.quote(text);
    if (!text.matches("[+-]?\\d+")) {
      throw new IllegalArgumentException("strconv.Atoi: parsing " + quoted + ": invalid syntax");
    }
    try {
      return Math.clamp(Long.parseLong(text), Integer.MIN_VALUE, Integer.MAX_VALUE);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "strconv.Atoi: parsing " + quoted + ": value out of range", e);
    }
  }

  static long parseTime(String text) {
    OptionalDouble seconds = GoFloat.parse(text);
    if (seconds.isPresent()) {
      double value = seconds.getAsDouble();
      if (Double.isNaN(value)) {
        throw cannotParse(text, "timestamp");
      }
      if (Math.abs(value) >= MOST_MILLIS / 1000.0) {
        return value > 0 ? MOST_MILLIS : -MOST_MILLIS;
      }
      // Rounded to milliseconds as Prometheus does it: the fraction apart from the whole seconds.
      long whole = (long) value;
      double fraction = roundHalfAway((value - whole) * 1000) / 1000;
      return whole * 1000 + Math.floorDiv((long) (fraction * NANOS), 1_000_000L);
    }
    if (RFC3339.matcher(text).matches()) {
      try {
        return OffsetDateTime.parse(nanos(text)).toInstant().toEpochMilli();
      } catch (DateTimeException e) {
        throw cannotParse(text, "timestamp");
      }
    }
    if (text.equals(MIN_TIME)) {
      return -MOST_MILLIS;
    }
    if (text.equals(MAX_TIME)) {
      return MOST_MILLIS;
    }
    throw cannotParse(text, "timestamp");
  }

  private static double roundHalfAway(double value) {
    return Math.copySign(Math.floor(Math.abs(value) + 0.5), value);
  }

  /** Java reads at most nine digits of a fraction, and no comma. */
  private static String nanos(String rfc3339) {
    String text = rfc3339.replace(',', '.');
    int dot = text.indexOf('.');
    if (dot < 0) {
      return text;
    }
    int end = dot + 1;
    while (Character.isDigit(text.charAt(end))) {
      end++;
    }
    return text.substring(0, Math.min(end, dot + 10)) + text.substring(end);
  }

  static long parseDuration(String text) {
    OptionalDouble seconds = GoFloat.parse(text);
    if (seconds.isPresent()) {
      double nanos = seconds.getAsDouble() * NANOS;
      if (!(nanos <= (double) Long.MAX_VALUE && nanos >= (double) Long.MIN_VALUE)) {
        throw new IllegalArgumentException(
            "cannot parse " + GoStrings.quote(text) + " to a valid duration. It overflows int64");
      }
      return (long) nanos / 1_000_000;
    }
    try {
      return Durations.parseMillis(text);
    } catch (IllegalArgumentException e) {
      throw cannotParse(text, "duration");
    }
  }

  private static IllegalArgumentException cannotParse(String text, String what) {
    return new IllegalArgumentException(
        "cannot parse " + GoStrings.quote(text) + " to a valid " + what);
  }
}
