package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.FuzzTime;
import io.varve.engine.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/**
 * Whatever the text, a parse ends in a tree or in a {@link ParseException} with a place inside of
 * the text, soon; and a tree prints as a text that parses to the same tree.
 */
final class ParserFuzzTest {
  private static final String[] PIECES = {
    "foo",
    "bar:baz",
    "sum",
    "topk",
    "count_values",
    "quantile",
    "limitk",
    "rate",
    "info",
    "time",
    "label_replace",
    "step",
    "range",
    "start",
    "end",
    "max_of",
    "min_of",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "fill",
    "fill_left",
    "fill_right",
    "offset",
    "anchored",
    "smoothed",
    "and",
    "or",
    "unless",
    "atan2",
    "inf",
    "NaN",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "=",
    "==",
    "!=",
    "=~",
    "!~",
    "<",
    "<=",
    ">",
    ">=",
    "</",
    ">/",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "@",
    "1",
    "0x1f",
    "1_0",
    ".5",
    "5m",
    "1h30m",
    "0s",
    "1e3",
    "'x'",
    "\"a\\x41\"",
    "`r`",
    "'.*'",
    "'('",
    "# c\n",
    "\n",
    " ",
    "\t",
    "ä",
    "😀",
    "\uFFFD",
    "\uD800",
    "\\",
    "$",
    "'",
    "\"",
    "`",
    "!",
    "~",
    ";",
    "a{b='c'}",
    "[5m]",
    "[5m:1m]",
    "(foo)",
    "sum(foo)",
    "rate(foo[5m])",
    "{}",
    "offset 5m",
    "@ 5",
    "@ end()",
    "on(a)",
    "by (a, 'b')",
    "step()",
    "-",
    "'x',",
  };

  private static final String[] SEEDS = {
    "sum by (job, \"ä\") (rate(foo{a=~'b.*', \"c.d\"!='e'}[5m] offset -1h @ end())) > bool 5",
    "a / on(x) group_left(y) fill(0) b unless c[5m:1m] offset (step() * 2)",
    "histogram_quantile(0.9, sum without () (x{le=~`.+`})) # comment\n + -2 ^ 3",
    "label_replace(up, 'a', \"$1\\n\\x41\", `b`, '(.*)') or topk(5, foo smoothed)",
    "max_over_time(foo[max_of(step(), 5s) + range() / 2:(1m)] @ 1.5e3)",
  };

  @Test
  void randomTokens() {
    fuzz(
        20_000,
        random -> {
          StringBuilder query = new StringBuilder();
          for (int left = random.nextInt(1, 16); left > 0; left--) {
            query.append(PIECES[random.nextInt(PIECES.length)]);
            query.append(random.nextInt(3) == 0 ? "" : " ");
          }
          return query.toString();
        });
  }

  @Test
  void mutatedQueries() {
    List<String> seeds = new ArrayList<>(List.of(SEEDS));
    try {
      QueryCorpus.scripts().forEach(c -> seeds.add(c.query()));
    } catch (TestAbortedException e) {
      // The seeds at hand must do.
    }
    fuzz(20_000, random -> mutated(seeds.get(random.nextInt(seeds.size())), seeds, random));
  }

  private static String mutated(String seed, List<String> seeds, SplittableRandom random) {
    StringBuilder query = new StringBuilder(seed);
    for (int left = random.nextInt(1, 4); left > 0; left--) {
      int at = random.nextInt(query.length() + 1);
      int to = Math.min(query.length(), at + random.nextInt(1, 6));
      switch (random.nextInt(5)) {
        case 0 -> query.delete(at, to);
        case 1 -> query.insert(at, PIECES[random.nextInt(PIECES.length)]);
        case 2 -> query.replace(at, to, PIECES[random.nextInt(PIECES.length)]);
        case 3 -> query.insert(at, (char) random.nextInt(1, 0x250));
        default -> {
          String other = seeds.get(random.nextInt(seeds.size()));
          query.replace(at, query.length(), other.substring(random.nextInt(other.length())));
        }
      }
    }
    return query.toString();
  }

  private interface Source {
    String next(SplittableRandom random);
  }

  private static void fuzz(int rounds, Source source) {
    long seed = Seeds.usual(1);
    SplittableRandom random = new SplittableRandom(seed);
    int parsed = 0;
    long end = System.nanoTime() + FuzzTime.nanos(0);
    for (int i = 0; i < rounds || System.nanoTime() < end; i++) {
      String query = source.next(random);
      try {
        if (isSound(query)) {
          parsed++;
        }
      } catch (RuntimeException | StackOverflowError | AssertionError e) {
        throw new AssertionError("seed " + seed + ", query " + GoText.quote(query), e);
      }
    }
    assertThat(parsed).as("parsed with seed " + seed).isPositive();
  }

  private static boolean isSound(String query) {
    Expr expr;
    try {
      expr = Parser.parse(query, ParserOptions.ALL);
    } catch (ParseException e) {
      assertThat(e.getMessage()).matches("(?s)(\\d+:\\d+|unknown position): parse error: .+");
      assertThat(e.position().start()).isBetween(0, query.length());
      assertThat(e.position().end()).isBetween(e.position().start(), query.length());
      return false;
    }
    checkPlaces(expr, 0, query.length());
    String text = expr.toString();
    // Canonical text writes an infinite base with its sign, as Prometheus does, where the sign then
    // applies to the whole power: another tree of the same value.
    String again = text.replace("+Inf ^", "Inf ^");
    assertThat(Parser.parse(again, ParserOptions.ALL).canonical()).isEqualTo(expr.canonical());
    return true;
  }

  private static void checkPlaces(Expr expr, int start, int end) {
    assertThat(expr.position().start()).as("start of %s", expr).isGreaterThanOrEqualTo(start);
    assertThat(expr.position().end()).as("end of %s", expr).isLessThanOrEqualTo(end);
    for (Expr child : expr.children()) {
      checkPlaces(child, expr.position().start(), expr.position().end());
    }
  }
}
