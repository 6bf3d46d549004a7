package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Canonical text: that of Prometheus, and one that parses to the same tree again. */
final class PrinterTest {
  private static String printed(String query) {
    Expr expr = Parser.parse(query, ParserOptions.ALL);
    String text = expr.toString();
    Expr again = Parser.parse(text, ParserOptions.ALL);
    assertThat(again.canonical()).as(text).isEqualTo(expr.canonical());
    return text;
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '^',
      value = {
        "sum by() (a:b{job=\"s\"}) => sum(a:b{job=\"s\"})",
        "sum by(code) (x) => sum by (code) (x)",
        "sum without() (x) => sum without () (x)",
        "sum(x) without(instance) => sum without (instance) (x)",
        "sum by(\"foo.bar\", a:b, 'c') (x) => sum by (\"foo.bar\", \"a:b\", c) (x)",
        "SUM by(\"üüü\") (foo) => sum by (\"üüü\") (foo)",
        "a - on() c => a - on () c",
        "a - on(b) group_left(x, y) c => a - on (b) group_left (x, y) c",
        "a - on(b) group_left c => a - on (b) group_left () c",
        "a - on(b) group_left() (c) => a - on (b) group_left () (c)",
        "a - ignoring(b) c => a - ignoring (b) c",
        "a - ignoring() c => a - c",
        "a - ignoring() group_left(m) c => a - ignoring () group_left (m) c",
        "a / on(legacy, \"ä\") group_right(\"ö\") b => a / on (legacy, \"ä\") group_right (\"ö\")"
            + " b",
        "a + fill(-23) b => a + fill (-23) b",
        "a + fill_left(5) fill_right(5) b => a + fill (5) b",
        "a + fill_right(42) fill_left(1e6) b => a + fill_left (1e+06) fill_right (42) b",
        "a + fill(1e-5) b => a + fill (1e-05) b",
        "a + fill(NaN) b => a + fill (NaN) b",
        "a + on(b) group_left fill(0.5) c => a + on (b) group_left () fill (0.5) c",
        "a OFFSET 60 => a offset 1m",
        "a{c=\"d\"}[300] offset 1m => a{c=\"d\"}[5m] offset 1m",
        "a[5m] offset 1m @ 5 anchored => a[5m] anchored @ 5.000 offset 1m",
        "a offset 1m smoothed @ start() => a @ start() smoothed offset 1m",
        "a @ 10 => a @ 10.000",
        "a @ -1.5 => a @ -1.500",
        "a[1h:300] offset 1m => a[1h:5m] offset 1m",
        "a[1h:] @ end() => a[1h:] @ end()",
        "{b='1', a='2', \"m\"} => {__name__=\"m\",a=\"2\",b=\"1\"}",
        "{\"_0\"=\"1\"} => {_0=\"1\"}",
        "{``=\"0\"} => {\"\"=\"0\"}",
        "0x10 => 16",
        "1e3 => 1000",
        "1.50 => 1.5",
        "5m => 5m",
        "-90m => -1h30m",
        "inf => +Inf",
        "-Inf => -Inf",
        "nan => NaN",
        "-0 => -0",
        "-0s => -0s",
        "1e-7 => 0.0000001",
        "'a\"b' => \"a\\\"b\"",
        "foo offset +(5) => foo offset (5)",
        "foo offset +min_of(10s, 20s) => foo offset min_of(10s, 20s)",
        "foo offset -min_of(10s, +max_of(step()^2, 2)) => foo offset -min_of(10s, max_of(step() ^"
            + " 2, 2))",
        "foo[200-min_of(-step()^+step(),1)] => foo[200 - min_of(-step() ^ step(), 1)]",
        "foo offset + -2 * 2 => foo offset +-2 * 2",
        "foo offset ++2 - 1 => foo offset ++2 - 1",
        "foo offset + -(5) ^ 2 => foo offset +-(5) ^ 2",
        "foo offset - -step() ^ 2 => foo offset --step() ^ 2",
        "foo offset (5) * 2 => foo offset (5) * 2",
        "foo[STEP()+300] => foo[step() + 300]",
        "- foo+-bar => -foo + -bar",
        "((foo)) => ((foo))",
        "round( foo , 5 ) => round(foo, 5)",
      })
  void canonicalText(String query, String text) {
    assertThat(printed(query)).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topk(5, x)",
        "count_values(\"value\", x)",
        "up > bool 0",
        "a offset -7m",
        "a anchored",
        "a{b=\"c\"}[5m] smoothed @ start() offset 1m",
        "{__name__=\"a\"}",
        "a{b!=\"c\"}[1m]",
        "a{b=~\"c\"}[1m]",
        "a{b!~\"c\"}[1m]",
        "{__name__=\"\",a=\"x\"}",
        "{\"a.b\"=\"c\"}",
        "{\"0\"=\"1\"}",
        "1048576",
        "foo[-step()]",
        "foo[-(step())]",
        "foo offset -(step())",
        "foo offset (5m)",
        "foo[(5m):(1m)]",
        "foo[max_of(range(), 5s)]",
        "foo[200 - min_of(step() + 10s, -max_of(step() ^ 2, 3))]",
        "predict_linear(foo[1h], 3000)",
        "a </ b",
        "a >/ 5",
        "rate(x[5m] anchored)",
        "-1 ^ 2",
        "sum(a) + sum by (b) (c)",
        "{a=\"☺\\t\\n\\\\\\x00\\u00ad\"}",
        "info(x, {})",
      })
  void textThatIsCanonicalAlready(String query) {
    assertThat(printed(query)).isEqualTo(query);
  }

  @Test
  void durations() {
    assertThat(Durations.format(0)).isEqualTo("0s");
    assertThat(Durations.format(1)).isEqualTo("1ms");
    assertThat(Durations.format(999)).isEqualTo("999ms");
    assertThat(Durations.format(-61_001)).isEqualTo("-1m1s1ms");
    assertThat(Durations.format(86_400_000L * 8)).isEqualTo("8d");
    assertThat(Durations.format(86_400_000L * 14)).isEqualTo("2w");
    assertThat(Durations.format(86_400_000L * 365 * 2)).isEqualTo("2y");
    assertThat(Durations.format(86_400_000L * 366)).isEqualTo("366d");
    assertThat(printed("foo[0.0009]")).isEqualTo("foo[0.0001]");
  }

  @Test
  void invariantsPrintAsWhatTheyWrap() {
    Expr expr = Parser.parse("foo @ 5 + 1");
    assertThat(new Expr.StepInvariant(expr)).hasToString("foo @ 5.000 + 1");
  }
}
