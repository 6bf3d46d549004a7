package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;

/**
 * What is wrong with queries, and where: each row a query and the whole message, as a Prometheus
 * 3.14 with all features on would give it (the first one, where it finds several).
 */
final class ParserErrorTest {
  private static void fails(String query, String message) {
    fails(query, ParserOptions.ALL, message);
  }

  private static void fails(String query, ParserOptions options, String message) {
    ParseException e =
        catchThrowableOfType(ParseException.class, () -> Parser.parse(query, options));
    assertThat(e).as(query).isNotNull();
    assertThat(e.getMessage())
        .as(query)
        .isEqualTo(message.replaceFirst("^([^ ]+) ", "$1: parse error: "));
  }

  @Test
  void nothing() {
    ParseException e = catchThrowableOfType(ParseException.class, () -> Parser.parse(""));
    assertThat(e).hasMessage("unknown position: parse error: no expression found in input");
    assertThat(e.reason()).isEqualTo("no expression found in input");
    fails("# just a comment\n\n", "1:1 no expression found in input");
    fails("  ", "1:1 no expression found in input");
  }

  @Test
  void placesCountLinesAndBytes() {
    fails("foo\n+\n bar baz", "3:6 unexpected identifier \"baz\"");
    fails("'ä' 'b'", "1:6 unexpected string \"'b'\"");
    fails("'😀' b", "1:8 unexpected identifier \"b\"");
    fails("# ü\nfoo{a='☺'} 1", "2:14 unexpected number \"1\"");
    ParseException e =
        catchThrowableOfType(ParseException.class, () -> Parser.parse("'ä' + foo[5m]"));
    assertThat(e.position()).isEqualTo(new Position(0, 3));
  }

  @Test
  void syntax() {
    fails("1+", "1:3 unexpected end of input");
    fails("1 /", "1:4 unexpected end of input");
    fails("*1", "1:1 unexpected <op:*>");
    fails("*test", "1:1 unexpected <op:*>");
    fails("@@", "1:1 unexpected <op:@>");
    fails("-=", "1:2 unexpected \"=\"");
    fails("++-++-+-+-<", "1:11 unexpected <op:<>");
    fails("e-+=/(0)", "1:4 unexpected \"=\"");
    fails("===", "1:1 unexpected <op:==>");
    fails("foo bar", "1:5 unexpected identifier \"bar\"");
    fails("foo a:b", "1:5 unexpected metric identifier \"a:b\"");
    fails("foo 5m", "1:5 unexpected duration \"5m\"");
    fails("foo 'a long string'", "1:5 unexpected string \"'a long st\"...");
    fails("foo 12345678901", "1:5 unexpected number \"1234567890\"...");
    fails("foo sum", "1:5 unexpected <aggr:sum>");
    fails("foo BY (x)", "1:5 unexpected <BY>");
    fails("foo start", "1:5 unexpected \"start\"");
    fails("on{}", "1:1 unexpected <on>");
    fails("bool", "1:1 unexpected <bool>");
    fails("atan2", "1:1 unexpected <op:atan2>");
    fails("a + group_left(baz) bar", "1:5 unexpected <group_left>");
    fails("a - on(b) ignoring(c) d", "1:11 unexpected <ignoring>");
    fails("a - on(b) group_left * c", "1:22 unexpected <op:*>");
    fails("()", "1:2 unexpected \")\"");
    fails("(foo bar)", "1:6 unexpected identifier \"bar\"");
    fails("foo(1", "1:6 unclosed left parenthesis");
    fails("rate(foo bar)", "1:10 unexpected identifier \"bar\"");
    fails("sum(foo bar)", "1:9 unexpected identifier \"bar\" in aggregation");
    fails("sum(rate((foo bar)))", "1:15 unexpected identifier \"bar\" in aggregation");
    fails("fill(0)", "1:5 unexpected \"(\"");
    fails("a + fill(x) b", "1:10 unexpected identifier \"x\"");
    fails("a + fill(1 b", "1:12 unexpected identifier \"b\"");
    fails("a + fill(1) fill_left(1) b", "1:22 unexpected \"(\"");
  }

  @Test
  void characters() {
    fails(".", "1:1 unexpected character: '.'");
    fails("}", "1:1 unexpected character: '}'");
    fails("some}", "1:5 unexpected character: '}'");
    fails("foo $ bar", "1:5 unexpected character: '$'");
    fails("foo ☺", "1:5 unexpected character: '☺'");
    fails("foo \u0001", "1:5 unexpected character: '\\x01'");
    fails("foo \u00a0", "1:5 unexpected character: '\\u00a0'");
    fails("1 !~ 1", "1:3 unexpected character after '!': '~'");
    fails("1 =~ 1", "1:3 unexpected character after '=': '~'");
    fails("1 !", "1:3 unexpected character after '!': '\uFFFD'");
    fails("(1))", "1:5 unexpected right parenthesis ')'");
    fails("((1)", "1:5 unclosed left parenthesis");
    fails("(", "1:2 unclosed left parenthesis");
    fails("sum(", "1:5 unclosed left parenthesis");
    fails("sum(rate(", "1:10 unclosed left parenthesis");
    fails("foo]", "1:4 unexpected right bracket ']'");
    fails("foo[5m][5m", "1:11 unclosed left bracket");
    fails("{", "1:2 unexpected end of input inside braces");
    fails("some{", "1:6 unexpected end of input inside braces");
    fails("foo{a='b'{", "1:10 unexpected left brace '{'");
    fails("foo{a*\"b\"}", "1:6 unexpected character inside braces: '*'");
    fails("foo{a>=\"b\"}", "1:6 unexpected character inside braces: '>'");
    fails("foo{1}", "1:5 unexpected character inside braces: '1'");
    fails("some_metric{a:b=\"b\"}", "1:14 unexpected character inside braces: ':'");
    fails("foo{a!'b'}", "1:6 unexpected character after '!' inside braces: '\\''");
  }

  @Test
  void numbers() {
    fails("2.5.", "1:1 bad number or duration syntax: \"2.5.\"");
    fails("100..4", "1:1 bad number or duration syntax: \"100..\"");
    fails("0deadbeef", "1:1 bad number or duration syntax: \"0de\"");
    fails("5mm", "1:1 bad number or duration syntax: \"5mm\"");
    fails("1__0", "1:1 bad number or duration syntax: \"1__\"");
    fails("1e", "1:1 bad number or duration syntax: \"1e\"");
    fails("1_", "1:1 bad number or duration syntax: \"1_\"");
    fails("0x1.5", "1:1 bad number or duration syntax: \"0x1.\"");
    fails("1.5h", "1:1 unknown unit \".\" in duration \"1.5h\"");
    fails(
        "1e999",
        "1:1 error parsing number: strconv.ParseFloat: parsing \"1e999\": value out of range");
    fails("0x", "1:1 error parsing number: strconv.ParseFloat: parsing \"0x\": invalid syntax");
    fails(".5.5", "1:1 error parsing number: strconv.ParseFloat: parsing \".5.5\": invalid syntax");
    fails(
        "0xFFFFFFFFFFFFFFFFF",
        "1:1 error parsing number: strconv.ParseFloat: parsing \"0xFFFFFFFFFFFFFFFFF\":"
            + " invalid syntax");
    fails("5y1hs", "1:1 unknown unit \"hs\" in duration \"5y1hs\"");
    fails("30m1h", "1:1 not a valid duration string: \"30m1h\"");
    fails("5m1m", "1:1 not a valid duration string: \"5m1m\"");
    fails("300y", "1:1 duration out of range");
    fails("99999999999999999999y", "1:1 not a valid duration string: \"99999999999999999999y\"");
  }

  @Test
  void strings() {
    fails("`\\``", "1:4 unterminated raw string");
    fails("\"a\nb\"", "1:1 unterminated quoted string");
    fails("'a", "1:1 unterminated quoted string");
    fails("\"\\", "1:1 escape sequence not terminated");
    fails("\"\\x1", "1:1 escape sequence not terminated");
    fails("\"\\c\"", "1:1 unknown escape sequence U+0063 'c'");
    fails("\"\\'\"", "1:1 unknown escape sequence U+0027 '''");
    fails("\"\\x.\"", "1:1 illegal character U+002E '.' in escape sequence");
    fails("\"\\089\"", "1:1 illegal character U+0038 '8' in escape sequence");
    fails("\"\\400\"", "1:1 escape sequence is an invalid Unicode code point");
    fails("\"\\ud800\"", "1:1 escape sequence is an invalid Unicode code point");
    fails("\"\\UFFFFFFFF\"", "1:1 escape sequence is an invalid Unicode code point");
    fails("some_metric{a=\"\uFFFD\"}", "1:15 invalid UTF-8 rune");
    fails("'\uD800'", "1:1 invalid UTF-8 rune");
    fails("sum by (\"foo)(some_metric{})", "1:9 unterminated quoted string");
    fails(
        "-\"string\"",
        "1:1 unary expression only allowed on expressions of type scalar or instant vector, got"
            + " \"string\"");
  }

  @Test
  void labelMatching() {
    fails(
        "some_metric{a=b}", "1:15 unexpected identifier \"b\" in label matching, expected string");
    fails(
        "foo{gibberish}",
        "1:14 unexpected \"}\" in label matching, expected label matching operator");
    fails("foo{__name__= =}", "1:15 unexpected \"=\" in label matching, expected string");
    fails("foo{__name__ == \"bar\"}", "1:15 unexpected \"=\" in label matching, expected string");
    fails("foo{,}", "1:5 unexpected \",\" in label matching, expected identifier or \"}\"");
    fails("foo{a='b',,}", "1:11 unexpected \",\" in label matching, expected identifier or \"}\"");
    fails(
        "foo{__name__=\"bar\" lol}",
        "1:20 unexpected identifier \"lol\" in label matching, expected \",\" or \"}\"");
    fails(
        "{\"foo\" \"bar\"}",
        "1:8 unexpected string \"\\\"bar\\\"\" in label matching, expected \",\" or \"}\"");
    fails("foo{\"a\"=}", "1:9 unexpected \"}\" in label matching, expected string");
    fails("foo{a=~'(b'}", "1:5 error parsing regexp: missing closing ): `(b`");
    fails("foo{a!~'*'}", "1:5 error parsing regexp: missing argument to repetition operator: `*`");
    fails("foo{a=~')('}", "1:5 error parsing regexp: unexpected ): `)(`");
  }

  @Test
  void emptySelectors() {
    String empty = " vector selector must contain at least one non-empty matcher";
    fails("{}", "1:1" + empty);
    fails("{x=\"\"}", "1:1" + empty);
    fails("{x=~\".*\"}", "1:1" + empty);
    fails("{x!~\".+\"}", "1:1" + empty);
    fails("{x!=\"a\"}", "1:1" + empty);
    fails("rate({x!=\"a\"}[5m])", "1:6" + empty);
    fails("1 + {}", "1:5" + empty);
    fails("foo{__name__=\"bar\"}", "1:1 metric name must not be set twice: \"foo\" or \"bar\"");
    fails("foo{\"bar\"}", "1:1 metric name must not be set twice: \"foo\" or \"bar\"");
  }

  @Test
  void grouping() {
    fails("sum without(==)(x)", "1:13 unexpected <op:==> in grouping opts, expected label");
    fails("sum without(,)(x)", "1:13 unexpected \",\" in grouping opts, expected label");
    fails("sum without(foo,,)(x)", "1:17 unexpected \",\" in grouping opts, expected label");
    fails(
        "sum without(foo bar)(x)",
        "1:17 unexpected identifier \"bar\" in grouping opts, expected \",\" or \")\"");
    fails("sum by (5)(x)", "1:9 unexpected number \"5\" in grouping opts, expected label");
    fails("sum by (\"\")(x)", "1:9 invalid label name for grouping: \"\"");
    fails("sum by ('\\xff')(x)", "1:9 invalid label name for grouping: \"\\xff\"");
    fails("a / on b", "1:8 unexpected identifier \"b\" in grouping opts, expected \"(\"");
    fails(
        "sum (x) by test", "1:12 unexpected identifier \"test\" in grouping opts, expected \"(\"");
    fails("sum by (a) x", "1:12 unexpected identifier \"x\" in aggregation");
    fails("sum some_metric by (test)", "1:5 unexpected identifier \"some_metric\"");
    fails("MIN keep_common (x)", "1:5 unexpected identifier \"keep_common\"");
    fails("MIN (x) keep_common", "1:9 unexpected identifier \"keep_common\"");
    fails("sum (x) without (test) by (test)", "1:24 unexpected <by>");
    fails("sum without (test) (x) by (test)", "1:24 unexpected <by>");
  }

  @Test
  void aggregations() {
    fails("sum () by (test)", "1:1 no arguments for aggregate expression provided");
    fails("1 + sum()", "1:5 no arguments for aggregate expression provided");
    fails(
        "topk(x)",
        "1:1 wrong number of arguments for aggregate expression provided, expected 2, got 1");
    fails(
        "sum(x, y)",
        "1:1 wrong number of arguments for aggregate expression provided, expected 1, got 2");
    fails("topk(x,)", "1:7 trailing commas not allowed in function call args");
    fails("topk(x, y)", "1:6 expected type scalar in aggregation parameter, got instant vector");
    fails("count_values(5, x)", "1:14 expected type string in aggregation parameter, got scalar");
    fails("sum(1)", "1:5 expected type instant vector in aggregation expression, got scalar");
    fails(
        "sum(x[5m])",
        "1:5 expected type instant vector in aggregation expression, got range vector");
    fails(
        "quantile('x', 1)",
        "1:15 expected type instant vector in aggregation expression, got scalar");
  }

  @Test
  void calls() {
    fails("floor()", "1:1 expected 1 argument(s) in call to \"floor\", got 0");
    fails("floor(x, y)", "1:1 expected 1 argument(s) in call to \"floor\", got 2");
    fails("floor(1)", "1:7 expected type instant vector in call to function \"floor\", got scalar");
    fails("time(x)", "1:1 expected 0 argument(s) in call to \"time\", got 1");
    fails("hour(x, x, x)", "1:1 expected at most 1 argument(s) in call to \"hour\", got 3");
    fails("round()", "1:1 expected at least 1 argument(s) in call to \"round\", got 0");
    fails(
        "label_join(x, 'a')",
        "1:1 expected at least 3 argument(s) in call to \"label_join\", got 2");
    fails(
        "label_join(x, 'a', '-', 5)",
        "1:25 expected type string in call to function \"label_join\", got scalar");
    fails(
        "histogram_quantiles(x, 'a', 1,1,1,1,1,1,1,1,1,1,1)",
        "1:1 expected at most 12 argument(s) in call to \"histogram_quantiles\", got 13");
    fails("nosuch()", "1:1 unknown function with name \"nosuch\"");
    fails("RATE(x[5m])", "1:1 unknown function with name \"RATE\"");
    fails("STEP()", "1:1 unknown function with name \"STEP\"");
    fails("a>b()", "1:3 unknown function with name \"b\"");
    fails("nosuch(sum())", "1:8 no arguments for aggregate expression provided");
    fails(
        "rate(x)",
        "1:6 expected type range vector in call to function \"rate\", got instant vector");
    fails(
        "rate(avg)",
        "1:6 expected type range vector in call to function \"rate\", got instant vector");
    fails(
        "abs(x[5m])",
        "1:5 expected type instant vector in call to function \"abs\", got range vector");
    fails("rate(x[5m],)", "1:11 trailing commas not allowed in function call args");
    fails("rate(,)", "1:6 unexpected \",\"");
    fails(
        "rate(x[5m]) @ 1234",
        "1:1 @ modifier must be preceded by an instant vector selector or range vector selector or"
            + " a subquery");
    fails(
        "info(x, target_info{foo=\"bar\"})",
        "1:9 expected label selectors only, got vector selector instead");
    fails("info(x, {foo=\"bar\"} == 1)", "1:9 expected label selectors only");
    fails("info(x, ({foo=\"bar\"}))", "1:9 expected label selectors only");
    fails(
        "info(x, 1)", "1:1 expected type instant vector in call to function \"info\", got scalar");
  }

  @Test
  void binaryOperators() {
    for (String operator : new String[] {"and", "or", "unless"}) {
      String message =
          "1:1 set operator \"" + operator + "\" not allowed in binary scalar expression";
      fails("1 " + operator + " 1", message);
      fails("foo " + operator + " 1", message);
      fails("1 " + operator + " foo", message);
      fails(
          "foo " + operator + " on(bar) group_left(baz) bar",
          "1:1 no grouping allowed for \"" + operator + "\" operation");
      fails(
          "foo " + operator + " fill(1) bar",
          "1:1 filling in missing series not allowed for set operators");
    }
    fails("1 == 1", "1:3 comparisons between scalars must use BOOL modifier");
    fails("(1)\n  >= 1", "2:3 comparisons between scalars must use BOOL modifier");
    fails("1 or on(bar) foo", "1:1 vector matching only allowed between instant vectors");
    fails("foo == on(bar) 10", "1:1 vector matching only allowed between instant vectors");
    fails("foo + fill(1) 10", "1:1 filling in missing series only allowed between instant vectors");
    fails(
        "foo + on(instance) group_left(job,instance) bar",
        "1:5 label \"instance\" must not occur in ON and GROUP clause at once");
    fails("foo + bool bar", "1:5 bool modifier can only be used on comparison operators");
    fails("foo and bool 10", "1:5 bool modifier can only be used on comparison operators");
    fails("foo </ bool 10", "1:5 bool modifier can only be used on comparison operators");
    String operands = " binary expression must contain only scalar and instant vector types";
    fails("foo[5m] + 1", "1:1" + operands);
    fails("1 + 'x'", "1:5" + operands);
    fails(
        "-test[5m]",
        "1:1 unary expression only allowed on expressions of type scalar or instant vector, got"
            + " \"range vector\"");
  }

  @Test
  void ranges() {
    String expected =
        " in subquery or range selector, expected number, duration, step(), or range()";
    fails("foo[]", "1:5 unexpected \"]\"" + expected);
    fails("foo[step]", "1:9 unexpected \"]\"" + expected);
    fails("foo[5m+]", "1:8 unexpected \"]\"" + expected);
    fails("foo[(5m,6m)]", "1:8 unexpected \",\"" + expected);
    fails("foo[5m,6m]", "1:7 unexpected \",\" in subquery or range, expected \":\" or \"]\"");
    fails(
        "foo[5m 5m]",
        "1:8 unexpected duration \"5m\" in subquery or range, expected \":\" or \"]\"");
    fails(
        "foo[5m:,]",
        "1:8 unexpected \",\" in subquery selector, expected number, duration, step(), range(), or"
            + " \"]\"");
    fails("foo[5m:5m 5m]", "1:11 unexpected duration \"5m\" in subquery selector, expected \"]\"");
    fails("foo[5mm]", "1:5 bad number or duration syntax: \"5mm\"");
    fails("foo[5m1]", "1:5 bad number or duration syntax: \"5m1\"");
    fails("foo[5m:1m1]", "1:8 bad number or duration syntax: \"1m1\"");
    fails("foo[5y1hs]", "1:5 unknown unit \"hs\" in duration \"5y1hs\"");
    fails("foo[5m1h]", "1:5 not a valid duration string: \"5m1h\"");
    fails("foo[0m]", "1:5 duration must be greater than 0");
    fails("foo[-1]", "1:5 duration must be greater than 0");
    fails("foo[5m:0]", "1:8 duration must be greater than 0");
    fails("foo[9.5e10]", "1:5 duration out of range");
    fails("foo[\"5m\"]", "1:5 unexpected character in duration expression: '\"'");
    fails("foo[# x\n5m]", "1:5 unexpected character in duration expression: '#'");
    fails("foo[stop()]", "1:5 unexpected character in duration expression: 's'");
    fails("foo[5s x 5s]", "1:8 unexpected character: 'x', expected ':'");
    fails("foo[5s s 5s]", "1:8 unexpected character: 's', expected ':'");
    fails("foo[5m:1m:1m]", "1:10 unexpected colon ':'");
    fails("foo[:1m]", "1:6 unexpected colon before duration in duration expression");
    fails("foo[5m[5m]]", "1:7 unexpected left bracket '['");
    fails("foo{bar=\"baz\"}[", "1:16 unexpected end of input in duration expression");
    fails("foo[step()/0d]", "1:11 division by zero");
    fails("foo[5s%0]", "1:7 modulo by zero");
    fails("1[5m]", "1:2 ranges only allowed for vector selectors");
    fails("(foo + bar)[5m]", "1:12 ranges only allowed for vector selectors");
    fails("rate(food[1m])[1h] offset 1h", "1:15 ranges only allowed for vector selectors");
    fails("foo[5m][5m]", "1:8 ranges only allowed for vector selectors");
    fails("foo OFFSET 1m[5m]", "1:14 no offset modifiers allowed before range");
    fails("foo offset step()[5m]", "1:18 no offset modifiers allowed before range");
    fails("foo @ 1234 [5m]", "1:12 no @ modifiers allowed before range");
    fails("foo @ end()[5m]", "1:12 no @ modifiers allowed before range");
    fails(
        "test[5d] OFFSET 10s [10m:5s]",
        "1:1 subquery is only allowed on instant vector, got matrix instead");
    fails("1[5m:]", "1:1 subquery is only allowed on instant vector, got scalar instead");
    fails("'x'[5m:]", "1:1 subquery is only allowed on instant vector, got string instead");
  }

  @Test
  void offsetsAndTimes() {
    String expected = " in offset, expected number, duration, step(), or range()";
    fails("foo[5m] OFFSET", "1:15 unexpected end of input" + expected);
    fails("foo offset bar", "1:12 unexpected identifier \"bar\"" + expected);
    fails("foo offset -bar", "1:13 unexpected identifier \"bar\"" + expected);
    fails("foo offset step", "1:16 unexpected end of input" + expected);
    fails("foo offset (1h) - foo", "1:19 unexpected identifier \"foo\"" + expected);
    fails("foo[5m] OFFSET 1mm", "1:16 bad number or duration syntax: \"1mm\"");
    fails("foo offset (4d/0)", "1:15 division by zero");
    fails("foo offset 9.5e10", "1:12 duration out of range");
    fails(
        "1 offset 1d",
        "1:1 offset modifier must be preceded by an instant vector selector or range vector"
            + " selector or a subquery");
    fails("foo offset 1s offset 2s", "1:1 offset may not be set multiple times");
    fails("foo[5m] offset step() offset 2s", "1:1 offset may not be set multiple times");
    fails("foo[5m:] offset 1s offset 2s", "1:1 offset may not be set multiple times");
    fails("foo[5m] @", "1:10 unexpected end of input in @, expected timestamp");
    fails("foo @ -x", "1:8 unexpected identifier \"x\" in @, expected timestamp");
    fails("foo @ start", "1:12 unexpected end of input in @, expected timestamp");
    fails("foo @ start(1)", "1:13 unexpected number \"1\" in @, expected timestamp");
    fails("foo @ (5)", "1:7 unexpected \"(\" in @, expected timestamp");
    fails("foo @ +Inf", "1:1 timestamp out of bounds for @ modifier: +Inf");
    fails("foo @ -Inf", "1:1 timestamp out of bounds for @ modifier: -Inf");
    fails("foo @ NaN", "1:1 timestamp out of bounds for @ modifier: NaN");
    fails(
        "foo @ 9223372036854775808",
        "1:1 timestamp out of bounds for @ modifier: 9223372036854775808.000000");
    fails("foo @ 1 @ 2", "1:1 @ <timestamp> may not be set multiple times");
    fails("foo[5m] @ start() @ 2", "1:1 @ <timestamp> may not be set multiple times");
  }

  @Test
  void extendedSelectors() {
    fails("foo anchored smoothed", "1:1 anchored and smoothed modifiers cannot be used together");
    fails(
        "foo[5m] smoothed anchored", "1:1 anchored and smoothed modifiers cannot be used together");
    fails("foo[5m:1m] anchored", "1:1 anchored modifier is not supported for subqueries");
    fails("(foo + bar) smoothed", "1:1 smoothed modifier not implemented");
    fails("1[5m] smoothed", "1:2 ranges only allowed for vector selectors");
  }

  @Test
  void whatPrometheusKeepsBehindFlags() {
    ParserOptions off = new ParserOptions(false, false, false, false, 1 << 20, 100);
    for (FunctionSignature f : FunctionSignature.values()) {
      if (f.experimental()) {
        fails(f.text() + "()", off, "1:1 function \"" + f.text() + "\" is not enabled");
      }
    }
    for (String name : new String[] {"limitk", "limit_ratio"}) {
      fails(
          "1 + " + name + "(1, x)",
          off,
          "1:5 "
              + name
              + "() is experimental and must be enabled with"
              + " --enable-feature=promql-experimental-functions");
    }
    String fill = " binop fill modifiers are experimental and not enabled";
    fails("a + fill(0) b", off, "1:1" + fill);
    fails("1 + (a + ignoring(x) fill_right(2) b)", off, "1:6" + fill);
    fails("1 + foo anchored", off, "1:5 anchored modifier is experimental and not enabled");
    fails("rate(foo[5m] smoothed)", off, "1:6 smoothed modifier is experimental and not enabled");
    String duration = " experimental duration expression is not enabled";
    fails("foo[5m*2]", off, "1:5" + duration);
    fails("foo[step()]", off, "1:5" + duration);
    fails("foo[1m:range()]", off, "1:8" + duration);
    fails("foo[(5m)]", off, "1:6" + duration);
    fails("foo offset -(5m)", off, "1:14" + duration);
    fails("foo offset min_of(1m, 2m)", off, "1:12" + duration);
    // What is left is the language of old.
    assertThat(Shape.of(Parser.parse("foo[5m:300] offset -1.5", off)))
        .isEqualTo("(subquery foo{__name__=foo} [300000ms:300000ms] offset -1500ms)");
    assertThat(Parser.parse("foo[5m*2]", ParserOptions.DEFAULT)).isNotNull();
    assertThat(Parser.parse("anchored + smoothed + fill + step + max_of", off)).isNotNull();
  }
}
