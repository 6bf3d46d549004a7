package io.varve.http.api;

import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.json.GoStrings;
import io.varve.http.search.BestTexts;
import io.varve.http.search.SearchTerms;
import io.varve.http.search.SearchTerms.Algorithm;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a search asks for, read and checked as Prometheus 3.14 does it ({@code
 * web/api/v1/search.go}), in its order and with its errors.
 *
 * @param range in which series count
 * @param selectors of series that count; none for all
 * @param terms what the texts are to be like
 * @param order in which they are wanted
 * @param limit how many are wanted, at least 1
 * @param batch how many stand in one line of the answer, at least 1
 * @param withScore whether scores are told
 */
record SearchArguments(
    TimeRange range,
    List<List<Matcher>> selectors,
    SearchTerms terms,
    BestTexts.Order order,
    int limit,
    int batch,
    boolean withScore) {
  private static final long HOUR = 3_600_000;
  private static final int MOST_TERMS = 32;

  /** A longer one would keep a search from noticing that its time is over. */
  private static final int MOST_CHARACTERS = 4_096;

  private static final int DEFAULT_LIMIT = 100;
  private static final int DEFAULT_BATCH = 100;

  /**
   * Reads them.
   *
   * @param path the endpoint's last part, for errors
   * @param now the time to which a search goes by default, from an hour before
   * @param most how many results may be asked for; 0 for any number
   */
  static SearchArguments of(Arguments arguments, String path, long now, int most) {
    long start = time(arguments, "start", now - HOUR);
    long end = time(arguments, "end", now);
    if (end < start) {
      throw ApiException.badData("end timestamp must not be before start timestamp");
    }
    List<List<Matcher>> selectors = arguments.matchersOfLabels();
    List<String> searches = arguments.all("search[]");
    if (searches.size() > MOST_TERMS) {
      throw ApiException.badData(
          "too many search[] terms: got " + searches.size() + ", maximum is " + MOST_TERMS);
    }
    for (String search : searches) {
      if (search.length() > MOST_CHARACTERS) {
        throw ApiException.badData(
            "a search[] term has more than " + MOST_CHARACTERS + " characters");
      }
    }
    int threshold = threshold(arguments);
    Algorithm algorithm = algorithm(arguments);
    boolean caseSensitive = flag(arguments, "case_sensitive", true);
    boolean withScore = flag(arguments, "include_score", false);
    String sortBy = arguments.text("sort_by");
    boolean descending = descending(arguments, sortBy);
    if (sortBy.equals("score") && searches.isEmpty()) {
      throw ApiException.badData("sort_by=score requires search[] to be set");
    }
    int limit = limit(arguments, most);
    int batch = (int) Math.min(count(arguments, "batch_size", DEFAULT_BATCH), Integer.MAX_VALUE);
    BestTexts.Order order =
        switch (sortBy) {
          case "" -> BestTexts.Order.ASCENDING;
          case "alpha" -> descending ? BestTexts.Order.DESCENDING : BestTexts.Order.ASCENDING;
          case "score" -> BestTexts.Order.SCORE;
          default ->
              throw ApiException.badData(
                  "invalid sort_by "
                      + GoStrings.quote(sortBy)
                      + " for "
                      + path
                      + ": must be \"alpha\" or \"score\"");
        };
    return new SearchArguments(
        TimeRange.closed(start, end),
        selectors,
        new SearchTerms(searches, algorithm, threshold / 100.0, caseSensitive),
        order,
        limit,
        batch,
        withScore);
  }

  private static long time(Arguments arguments, String name, long otherwise) {
    String text = arguments.text(name);
    try {
      return text.isEmpty() ? otherwise : Arguments.parseTime(text);
    } catch (IllegalArgumentException e) {
      throw ApiException.badData("invalid time value for '" + name + "': " + e.getMessage());
    }
  }

  private static int threshold(Arguments arguments) {
    String text = arguments.text("fuzz_threshold");
    if (text.isEmpty()) {
      return 0;
    }
    OptionalLong threshold = whole(text);
    if (threshold.isEmpty() || threshold.getAsLong() < 0 || threshold.getAsLong() > 100) {
      throw ApiException.badData(
          "invalid fuzz_threshold " + GoStrings.quote(text) + ": must be 0-100");
    }
    return (int) threshold.getAsLong();
  }

  private static Algorithm algorithm(Arguments arguments) {
    String text = arguments.text("fuzz_alg");
    if (text.isEmpty()) {
      return Algorithm.SUBSEQUENCE;
    }
    Algorithm algorithm = Algorithm.of(text);
    if (algorithm == null) {
      List<String> known = Arrays.stream(Algorithm.values()).map(Algorithm::parameter).toList();
      throw ApiException.badData(
          "unsupported fuzz_alg "
              + GoStrings.quote(text)
              + ": must be one of ["
              + String.join(" ", known)
              + "]");
    }
    return algorithm;
  }

  private static boolean descending(Arguments arguments, String sortBy) {
    String direction = arguments.text("sort_dir");
    if (!direction.isEmpty() && sortBy.isEmpty()) {
      throw ApiException.badData("sort_dir is only valid when sort_by is set");
    }
    if (!direction.isEmpty() && sortBy.equals("score")) {
      throw ApiException.badData("sort_dir is not supported for sort_by=score");
    }
    return switch (direction) {
      case "", "asc" -> false;
      case "dsc" -> true;
      default ->
          throw ApiException.badData(
              "invalid sort_dir " + GoStrings.quote(direction) + ": must be \"asc\" or \"dsc\"");
    };
  }

  private static int limit(Arguments arguments, int most) {
    long otherwise = most == 0 ? DEFAULT_LIMIT : Math.min(most, DEFAULT_LIMIT);
    long limit = count(arguments, "limit", otherwise);
    if (most > 0 && limit > most) {
      throw ApiException.badData(
          "limit "
              + limit
              + " exceeds the configured maximum ("
              + most
              + ", see http.search_max_limit)");
    }
    return (int) Math.min(limit, Integer.MAX_VALUE - 1); // one more is looked for
  }

  /** A count, of which 0 stands for the default. */
  private static long count(Arguments arguments, String name, long otherwise) {
    String text = arguments.text(name);
    if (text.isEmpty()) {
      return otherwise;
    }
    OptionalLong count = whole(text);
    if (count.isEmpty() || count.getAsLong() < 0) {
      throw ApiException.badData(
          "invalid " + name + " " + GoStrings.quote(text) + ": must be non-negative integer");
    }
    return count.getAsLong() == 0 ? otherwise : count.getAsLong();
  }

  private static OptionalLong whole(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /** A parameter that is on or off, in the spellings that Go's {@code ParseBool} knows. */
  static boolean flag(Arguments arguments, String name, boolean otherwise) {
    String text = arguments.text(name);
    return switch (text) {
      case "" -> otherwise;
      case "1", "t", "T", "true", "TRUE", "True" -> true;
      case "0", "f", "F", "false", "FALSE", "False" -> false;
      default ->
          throw ApiException.badData(
              "invalid " + name + " " + GoStrings.quote(text) + ": must be boolean");
    };
  }
}
