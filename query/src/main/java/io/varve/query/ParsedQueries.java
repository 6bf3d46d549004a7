package io.varve.query;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import io.varve.query.promql.Printer;

/**
 * Queries as they were parsed, by their text: dashboards and rules ask the same ones again, and to
 * parse and print a small query takes a fifth of the time that it takes as a whole. Bounded; long
 * texts are not kept. Thread-safe.
 */
final class ParsedQueries {
  private static final int LONGEST_CHARS = 1 << 12;

  /** A character of text becomes about so many bytes of expression. */
  private static final int BYTES_PER_CHAR = 32;

  private static final long MOST_BYTES = 4 << 20;

  private final ParserOptions language;
  private final Cache<String, Parsed> known =
      Caffeine.newBuilder()
          .maximumWeight(MOST_BYTES)
          .weigher((String text, Parsed parsed) -> 256 + BYTES_PER_CHAR * text.length())
          .executor(Runnable::run)
          .build();

  /**
   * A query.
   *
   * @param expr as it was parsed; never changed
   * @param canonical as it is printed: the same for texts that differ in spaces and comments only
   */
  record Parsed(Expr expr, String canonical) {}

  ParsedQueries(ParserOptions language) {
    this.language = language;
  }

  /**
   * Parses, or remembers.
   *
   * @throws ParseException if it is no query in this language
   */
  Parsed parse(String text) {
    Parsed parsed = known.getIfPresent(text);
    if (parsed == null) {
      Expr expr = Parser.parse(text, language);
      parsed = new Parsed(expr, canonical(text, expr));
      if (text.length() <= LONGEST_CHARS) {
        known.put(text, parsed);
      }
    }
    return parsed;
  }

  private static String canonical(String text, Expr expr) {
    try {
      return Printer.print(expr);
    } catch (StackOverflowError e) {
      return text; // too deep to be printed, which evaluating it may not be
    }
  }
}
