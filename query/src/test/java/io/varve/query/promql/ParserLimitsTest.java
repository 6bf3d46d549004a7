package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Hostile queries end in an error, at once, and on a small stack. */
final class ParserLimitsTest {
  private static final String TOO_DEEP = "expression is nested deeper than";

  private static void refused(String query, String reason) {
    ParseException e = onSmallStack(query);
    assertThat(e).as(query.substring(0, Math.min(40, query.length()))).isNotNull();
    assertThat(e.reason()).contains(reason);
  }

  /** Parses on a thread with three quarters of a common stack; null if that succeeds. */
  private static ParseException onSmallStack(String query) {
    return Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          ParseException[] caught = new ParseException[1];
          Throwable[] other = new Throwable[1];
          Thread thread =
              new Thread(
                  null,
                  () -> {
                    try {
                      Expr expr = Parser.parse(query, ParserOptions.ALL);
                      assertThat(expr.toString()).isNotEmpty();
                      assertThat(expr.canonical().hashCode())
                          .isEqualTo(expr.canonical().hashCode());
                      assertThat(DurationResolver.resolve(expr, 1000, 1000)).isNotNull();
                    } catch (ParseException e) {
                      caught[0] = e;
                    } catch (Throwable e) {
                      other[0] = e;
                    }
                  },
                  "small",
                  768 << 10);
          thread.start();
          thread.join();
          assertThat(other[0]).isNull();
          return caught[0];
        });
  }

  @Test
  void nesting() {
    int n = 50_000;
    refused("(".repeat(n), TOO_DEEP);
    refused("-".repeat(n) + "1", TOO_DEEP);
    refused("- +".repeat(n) + "foo", TOO_DEEP);
    refused("sum(".repeat(n), TOO_DEEP);
    refused("abs(".repeat(n), TOO_DEEP);
    refused("sum by (a) (".repeat(n), TOO_DEEP);
    refused("1^".repeat(n) + "1", TOO_DEEP);
    refused("1+".repeat(n) + "1", TOO_DEEP);
    refused("foo or ".repeat(n) + "foo", TOO_DEEP);
    refused("foo" + "[1m:]".repeat(n), TOO_DEEP);
    refused("foo[" + "(".repeat(n), TOO_DEEP);
    refused("foo[" + "-".repeat(n), TOO_DEEP);
    refused("foo[" + "1^".repeat(n) + "1]", TOO_DEEP);
    refused("foo[" + "1+".repeat(n) + "1]", TOO_DEEP);
    refused("foo[" + "max_of(1,".repeat(n), TOO_DEEP);
    String chains = "(".repeat(150) + "1" + ("+1".repeat(150) + ")").repeat(150);
    refused(chains, TOO_DEEP);
    refused("foo[" + chains + "]", TOO_DEEP);
    refused("foo offset " + chains, TOO_DEEP);
    refused("foo offset " + "(".repeat(n), TOO_DEEP);
    refused("foo offset (1)" + "+1".repeat(n), TOO_DEEP);
    refused("(" + "-{}-1".repeat(10_000) + ")" + "[1m:]".repeat(1000), TOO_DEEP);
  }

  @Test
  void whatIsJustWithinTheDepthParses() {
    int n = ParserOptions.ALL.mostDepth() - 1;
    assertThat(onSmallStack("(".repeat(n) + "1" + ")".repeat(n))).isNull();
    assertThat(onSmallStack("foo" + " or foo".repeat(2 * n))).isNull();
    assertThat(onSmallStack("-".repeat(n) + "foo")).isNull();
    assertThat(onSmallStack("2 ^ ".repeat(n) + "2")).isNull();
    assertThat(onSmallStack("abs(".repeat(n) + "foo" + ")".repeat(n))).isNull();
    assertThat(onSmallStack("foo[" + "(".repeat(n - 1) + "1" + ")".repeat(n - 1) + "]")).isNull();
    assertThat(onSmallStack("foo[1" + " + 1".repeat(n - 1) + "]")).isNull();
    refused("(".repeat(n + 1) + "1" + ")".repeat(n + 1), TOO_DEEP);
    refused("foo" + " or foo".repeat(2 * n + 2), TOO_DEEP);
  }

  @Test
  void width() {
    assertThat(onSmallStack("foo{" + "a='b',".repeat(50_000) + "}")).isNull();
    assertThat(onSmallStack("sum by (" + "a,".repeat(100_000) + ") (foo)")).isNull();
    assertThat(onSmallStack("label_join(a, 'b', 'c'" + ", 'd'".repeat(50_000) + ")")).isNull();
    assertThat(onSmallStack("'" + "x".repeat(1_000_000) + "'")).isNull();
    assertThat(onSmallStack("#" + "x".repeat(1_000_000) + "\n1")).isNull();
    String labels = "a,".repeat(100_000) + "b";
    refused(
        "x * on(" + labels + ") group_left(" + labels.replace('a', 'c') + ") y",
        "must not occur in ON and GROUP clause at once");
    assertThat(onSmallStack("foo" + " anchored".repeat(100_000))).isNull();
    refused("1" + "0".repeat(1_000_000), "value out of range");
    refused("1m".repeat(300_000), "not a valid duration string");
    refused("1_".repeat(300_000), "bad number or duration syntax");
  }

  @Test
  void length() {
    ParserOptions small = new ParserOptions(false, true, false, false, 10, 100);
    assertThat(Parser.parse("1234567890", small)).isNotNull();
    assertThat(Parser.parse("'ääää'", small)).isNotNull();
    assertThatThrownBy(() -> Parser.parse("12345678901", small))
        .hasMessage("1:1: parse error: query is longer than 10 bytes");
    assertThatThrownBy(() -> Parser.parse("'ääääx'", small))
        .hasMessage("1:1: parse error: query is longer than 10 bytes");
    refused(" ".repeat(1 << 20) + "1", "query is longer than 1048576 bytes");
  }

  @Test
  void regularExpressions() {
    String large = "error parsing regexp: expression too large";
    refused("{a=~'" + "(".repeat(10_000) + "'}", "expression nests too deeply");
    refused(
        "{a=~'" + "(".repeat(251) + "x" + ")".repeat(251) + "'}", "expression nests too deeply");
    refused("{a=~'((a{1000}){1000}){1000}'}", large);
    refused("{a=~'(((x{99}){99}){99}){99}'}", large);
    refused("{a=~'(?:[a-z]{1000}){1000}'}", large);
    refused("{a=~'(\\\\pL{1000}){100}'}", large);
    refused("{" + "a=~'(x{999}){99}',".repeat(100) + "}", large);
    refused("label_replace(x, 'a', 'b', 'c', (('((a{1000}){1000}){1000}')))", large);
    refused("{a=~'x{1001}'}", "invalid repeat count");
    refused("{a=~'x**'}", "invalid nested repetition operator");
    refused("{a=~'" + "x*".repeat(300_000) + "'}", large);
    refused("{a=~'x" + "{".repeat(600_000) + "'}", large);
    refused("{a=~'" + "x{1".repeat(300_000) + "'}", large);
    refused("{a=~'[" + "[:".repeat(300_000) + "'}", large);
    refused("{a=~'" + "\\\\p{".repeat(100_000) + "'}", large);
    refused("{a=~'x*" + "x".repeat(100_000) + "'}", large);
    refused("{a=~'x" + "|host-[0-9]+".repeat(3000) + "'}", large);
    refused("{" + ("a=~'x*" + "x".repeat(8000) + "',").repeat(10) + "}", large);
    assertThat(onSmallStack("{a=~'x" + "{".repeat(10_000) + "'}")).isNull();
    assertThat(onSmallStack("{a=~'" + "(x{100}|y){1000}".repeat(2) + "'}")).isNull();
    assertThat(onSmallStack("{a=~'" + "(".repeat(250) + "x" + ")".repeat(250) + "'}")).isNull();
    assertThat(onSmallStack("{a=~'(?:[a-z]+){100}(x|y{1,50}){20}'}")).isNull();
    assertThat(onSmallStack("{a=~'x" + "|host-[0-9]+".repeat(1000) + "'}")).isNull();
    assertThat(onSmallStack("{a=~'[(((((((((({[:alpha:]({{]{2}[^]]{3}'}")).isNull();
    assertThat(onSmallStack("{a=~'host-1" + "|host-2".repeat(15_000) + "'}")).isNull();
    assertThat(onSmallStack("{a=~'host-1" + "|host-2.example.com".repeat(3_000) + "'}")).isNull();
  }

  @Test
  void theDepthIsAnOption() {
    ParserOptions flat = new ParserOptions(false, true, false, false, 1 << 20, 3);
    assertThat(Parser.parse("abs(abs(foo))", flat)).isNotNull();
    ParseException e =
        catchThrowableOfType(ParseException.class, () -> Parser.parse("abs(abs(abs(foo)))", flat));
    assertThat(e).hasMessage("1:13: parse error: expression is nested deeper than 3 levels");
    assertThat(Parser.parse("1 + 2 + 3 + 4 + 5 + 6", flat)).isNotNull();
    e =
        catchThrowableOfType(
            ParseException.class, () -> Parser.parse("1 + 2 + 3 + 4 + 5 + 6 + 7", flat));
    assertThat(e).hasMessage("1:1: parse error: expression is nested deeper than 6 levels");
  }
}
