package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.varve.engine.model.Matcher;
import io.varve.query.promql.Expr.NumberLiteral;
import io.varve.query.promql.Expr.StringLiteral;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What queries mean: each row a query and the shape of its tree. The cases are those that
 * Prometheus 3.14's own parser tests settle, and those of the traps that re-implementations fall
 * into.
 */
final class ParserTest {
  private static String shape(String query) {
    return Shape.of(Parser.parse(query, ParserOptions.ALL));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      value = {
        "1 => 1.0",
        "+Inf => Infinity",
        "-inf => -Infinity",
        "NaN => NaN",
        "nan => NaN",
        ".5 => 0.5",
        "5. => 5.0",
        "123.4567 => 123.4567",
        "5e-3 => 0.005",
        "5E3 => 5000.0",
        "0xc => 12.0",
        "0X_1F => 31.0",
        "0xdeadbeef => 3.735928559E9",
        "0755 => 493.0",
        "089 => 89.0",
        "-0755 => -493.0",
        "+5.5e-3 => 0.0055",
        "1_000_000 => 1000000.0",
        ".123_456_789 => 0.123456789",
        "0x_53_AB_F3_82 => 1.403777922E9",
        "9223372036854775807 => 9.223372036854775807E18",
        "9223372036854775808 => 9.223372036854775808E18",
        "5m => 300.0s",
        "-2h => -7200.0s",
        "1h30m => 5400.0s",
        "12h34m56s => 45296.0s",
        "54s321ms => 54.321s",
        "1ms => 0.001s",
        "0s => 0.0s",
        "1y2w3d => 3.3004800E7s",
        "- - 1 => 1.0",
      })
  void numbers(String query, String shape) {
    NumberLiteral number = (NumberLiteral) Parser.parse(query);
    assertThat(number.value()).isEqualTo(Double.valueOf(shape.replace("s", "")));
    assertThat(number.duration()).isEqualTo(shape.endsWith("s"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '^',
      value = {
        "1 + 1 => (+ 1.0 1.0)",
        "1 < bool 2 - 1 * 2 => (< bool 1.0 (- 2.0 (* 1.0 2.0)))",
        "-1*2 => (* -1.0 2.0)",
        "-1+2 => (+ -1.0 2.0)",
        "+1 + -2 * 1 => (+ 1.0 (* -2.0 1.0))",
        "1 + 2/(3*1) => (+ 1.0 (/ 2.0 (paren (* 3.0 1.0))))",
        "2 * 3 % 2 => (% (* 2.0 3.0) 2.0)",
        "1 - 2 - 3 => (- (- 1.0 2.0) 3.0)",
        "6 atan2 4 / 2 => (/ (atan2 6.0 4.0) 2.0)",
        "1 + 6 ATAN2 4 => (+ 1.0 (atan2 6.0 4.0))",
        "1 == bool 2 != bool 3 => (!= bool (== bool 1.0 2.0) 3.0)",
        "1 >= bool 2 <= bool 3 > bool 4 => (> bool (<= bool (>= bool 1.0 2.0) 3.0) 4.0)",
      })
  void arithmetic(String query, String shape) {
    assertThat(shape(query)).isEqualTo(shape);
  }

  @Test
  void comments() {
    assertThat(shape("# zero\n1 # one\n + # and\r 2 # two")).isEqualTo("(+ 1.0 2.0)");
  }

  @Test
  void powersAssociateToTheRightAndBindTighterThanSigns() {
    assertThat(shape("2^3^2")).isEqualTo("(^ 2.0 (^ 3.0 2.0))");
    assertThat(shape("-1^2")).isEqualTo("(unary- (^ 1.0 2.0))");
    assertThat(shape("-1^-2")).isEqualTo("(unary- (^ 1.0 -2.0))");
    assertThat(shape("2 ^ -3 ^ 2")).isEqualTo("(^ 2.0 (unary- (^ 3.0 2.0)))");
    assertThat(shape("2 ^ -3 * 4")).isEqualTo("(* (^ 2.0 -3.0) 4.0)");
    assertThat(shape("-a^2")).isEqualTo("(unary- (^ a{__name__=a} 2.0))");
  }

  @Test
  void signsBeforeVectors() {
    assertThat(shape(" +some")).isEqualTo("(unary+ some{__name__=some})");
    assertThat(shape("--some")).isEqualTo("(unary- (unary- some{__name__=some}))");
    assertThat(shape("-some offset 1m")).isEqualTo("(unary- some{__name__=some} offset 60000ms)");
    assertThat(shape("-(1)")).isEqualTo("(unary- (paren 1.0))");
  }

  @Test
  void vectorsInBinaryOperations() {
    assertThat(shape("foo * bar")).isEqualTo("(* <1:1> foo{__name__=foo} bar{__name__=bar})");
    assertThat(shape("foo == 1")).isEqualTo("(== foo{__name__=foo} 1.0)");
    assertThat(shape("foo == bool 1")).isEqualTo("(== bool foo{__name__=foo} 1.0)");
    assertThat(shape("a </ 1")).isEqualTo("(</ a{__name__=a} 1.0)");
    assertThat(shape("a >/ b")).isEqualTo("(>/ <1:1> a{__name__=a} b{__name__=b})");
    assertThat(shape("a - b </ c"))
        .isEqualTo("(</ <1:1> (- <1:1> a{__name__=a} b{__name__=b}) c{__name__=c})");
    assertThat(shape("foo and bar")).isEqualTo("(and <n:n> foo{__name__=foo} bar{__name__=bar})");
    assertThat(shape("a and b UNLESS c or d"))
        .isEqualTo(
            "(or <n:n> (unless <n:n> (and <n:n> a{__name__=a} b{__name__=b}) c{__name__=c})"
                + " d{__name__=d})");
    assertThat(shape("a + b or c and d"))
        .isEqualTo(
            "(or <n:n> (+ <1:1> a{__name__=a} b{__name__=b})"
                + " (and <n:n> c{__name__=c} d{__name__=d}))");
  }

  @Test
  void matchingOfVectors() {
    assertThat(matching("a * on(x,y) b")).isEqualTo("<1:1 on[x, y]>");
    assertThat(matching("a * on() b")).isEqualTo("<1:1 on[]>");
    assertThat(matching("a * ignoring() b")).isEqualTo("<1:1>");
    assertThat(matching("a * ignoring(x,) b")).isEqualTo("<1:1 ignoring[x]>");
    assertThat(matching("a * on(x) group_left b")).isEqualTo("<n:1 on[x]>");
    assertThat(matching("a * on(x) GROUP_LEFT() b")).isEqualTo("<n:1 on[x]>");
    assertThat(matching("a / on(x) group_left(y, z) b")).isEqualTo("<n:1 on[x] include[y, z]>");
    assertThat(matching("a - ignoring(x) group_right(x) b"))
        .isEqualTo("<1:n ignoring[x] include[x]>");
    assertThat(matching("a > bool on(x) group_right b")).isEqualTo("<1:n on[x]>");
    assertThat(matching("a unless on(bar) b")).isEqualTo("<n:n on[bar]>");
    assertThat(matching("a / on(\"ä ö\", 'b') group_left(`c`) b"))
        .isEqualTo("<n:1 on[ä ö, b] include[c]>");
    assertThat(matching("a + fill(-23) b")).isEqualTo("<1:1 left=-23.0 right=-23.0>");
    assertThat(matching("a + fill_left (1m) b")).isEqualTo("<1:1 left=60.0>");
    assertThat(matching("a + fill_right(NaN) b")).isEqualTo("<1:1 right=NaN>");
    assertThat(matching("a + fill_right(+2) fill_left(1) b")).isEqualTo("<1:1 left=1.0 right=2.0>");
    assertThat(matching("a + on(x) group_left fill_left(1) fill_right(2) b"))
        .isEqualTo("<n:1 on[x] left=1.0 right=2.0>");
  }

  private static String matching(String query) {
    String shape = shape(query);
    return shape.replaceFirst(".*(<[^<>]*:.*?>).*", "$1");
  }

  @Test
  void matchingKeepsPrecedence() {
    assertThat(shape("a + on(f) b / on(x, y) group_right(t) c"))
        .isEqualTo(
            "(+ <1:1 on[f]> a{__name__=a}"
                + " (/ <1:n on[x, y] include[t]> b{__name__=b} c{__name__=c}))");
  }

  @Test
  void selectors() {
    assertThat(shape("foo:bar{a=\"bc\"}")).isEqualTo("foo:bar{a=bc,__name__=foo:bar}");
    assertThat(shape(":a")).isEqualTo(":a{__name__=:a}");
    assertThat(shape("foo{a=\"b\", foo!='bar', test=~`test`, bar!~\"baz\",}"))
        .isEqualTo("foo{a=b,foo!=bar,test=~test,bar!~baz,__name__=foo}");
    assertThat(shape("foo{ }")).isEqualTo("foo{__name__=foo}");
    assertThat(shape("foo{bar='}'}")).isEqualTo("foo{bar=},__name__=foo}");
    assertThat(shape("foo{NaN='bc'}")).isEqualTo("foo{NaN=bc,__name__=foo}");
    assertThat(shape("foo { # comment }\n a = 'x' # more\n , }"))
        .isEqualTo("foo{a=x,__name__=foo}");
    assertThat(shape("{__name__=~\"bar\", __name__!~\"baz\"}"))
        .isEqualTo("{__name__=~bar,__name__!~baz}");
    assertThat(shape("{__name__=\"bar\", __name__=\"baz\"}"))
        .isEqualTo("{__name__=bar,__name__=baz}");
    assertThat(shape("{__name__=\"\", a=\"x\"}")).isEqualTo("{__name__=,a=x}");
  }

  @Test
  void quotedNames() {
    assertThat(shape("{\"my.metric\", \"l.x\"=\"v\"}")).isEqualTo("{__name__=my.metric,l.x=v}");
    assertThat(shape("{a=\"b\", \"foo\", c!=\"d\"}")).isEqualTo("{a=b,__name__=foo,c!=d}");
    assertThat(shape("{\"bar\", __name__=\"baz\"}")).isEqualTo("{__name__=bar,__name__=baz}");
    assertThat(shape("{'foo\\'bar', `a\\dos\\path`=\"boo\"}"))
        .isEqualTo("{__name__=foo'bar,a\\dos\\path=boo}");
    assertThat(shape("foo{\"ü.x\"=~'☺+'}")).isEqualTo("foo{ü.x=~☺+,__name__=foo}");
    assertThat(shape("{\"\"='x'}")).isEqualTo("{=x}");
    assertThat(shape("sum by (\"foo bar\", 'b', c) ({\"some.metric\"})"))
        .isEqualTo("(sum by[foo bar, b, c] {__name__=some.metric})");
  }

  @Test
  void keywordsAreNames() {
    for (String name :
        words(
            "and or unless sum avg count min max group stddev stdvar topk bottomk count_values"
                + " quantile limitk limit_ratio offset smoothed anchored by without start end step"
                + " range max_of min_of fill fill_left fill_right")) {
      assertThat(shape(name)).isEqualTo(name + "{__name__=" + name + "}");
      assertThat(shape("x * " + name))
          .isEqualTo("(* <1:1> x{__name__=x} " + name + "{__name__=" + name + "})");
      assertThat(shape(name + "{" + name + "='1s'}[5m]"))
          .isEqualTo(name + "{" + name + "=1s,__name__=" + name + "}[300000ms]");
      assertThat(shape("sum without (" + name + ", x) (" + name + ")"))
          .isEqualTo("(sum without[" + name + ", x] " + name + "{__name__=" + name + "})");
    }
    for (String label : words("bool on ignoring group_left group_right atan2")) {
      assertThat(shape("sum by (" + label + ") (x{" + label + "='y'})"))
          .isEqualTo("(sum by[" + label + "] x{" + label + "=y,__name__=x})");
    }
    assertThat(shape("foo * sum")).isEqualTo("(* <1:1> foo{__name__=foo} sum{__name__=sum})");
    assertThat(shape("sum(sum)")).isEqualTo("(sum sum{__name__=sum})");
    assertThat(shape("SUM(x) BY (Y)")).isEqualTo("(sum by[Y] x{__name__=x})");
    assertThat(shape("x and and and y"))
        .isEqualTo("(and <n:n> (and <n:n> x{__name__=x} and{__name__=and}) y{__name__=y})");
  }

  @Test
  void rangesOffsetsAndTimes() {
    assertThat(shape("test[1001ms]")).isEqualTo("test{__name__=test}[1001ms]");
    assertThat(shape("foo[ 5m30s ]")).isEqualTo("foo{__name__=foo}[330000ms]");
    assertThat(shape("foo[4.18]")).isEqualTo("foo{__name__=foo}[4180ms]");
    assertThat(shape("foo[4.018]")).isEqualTo("foo{__name__=foo}[4018ms]");
    assertThat(shape("foo[0x10]")).isEqualTo("foo{__name__=foo}[16000ms]");
    assertThat(shape("test{a=\"b\"}[5y] OFFSET 3d"))
        .isEqualTo("test{a=b,__name__=test} offset 259200000ms[157680000000ms]");
    assertThat(shape("foo offset -7m")).isEqualTo("foo{__name__=foo} offset -420000ms");
    assertThat(shape("foo offset +1.5")).isEqualTo("foo{__name__=foo} offset 1500ms");
    assertThat(shape("foo offset 0s")).isEqualTo("foo{__name__=foo}");
    assertThat(shape("foo @ 1603774568")).isEqualTo("foo{__name__=foo}@1603774568000");
    assertThat(shape("foo @ -100")).isEqualTo("foo{__name__=foo}@-100000");
    assertThat(shape("foo @ .3")).isEqualTo("foo{__name__=foo}@300");
    assertThat(shape("foo @ 3.")).isEqualTo("foo{__name__=foo}@3000");
    assertThat(shape("foo @ 3.3333")).isEqualTo("foo{__name__=foo}@3333");
    assertThat(shape("foo @ 3.3335")).isEqualTo("foo{__name__=foo}@3334");
    assertThat(shape("foo @ -3.3335")).isEqualTo("foo{__name__=foo}@-3334");
    assertThat(shape("foo @ 0xA")).isEqualTo("foo{__name__=foo}@10000");
    assertThat(shape("foo @ 1m")).isEqualTo("foo{__name__=foo}@60000");
    assertThat(shape("foo @ START ( )")).isEqualTo("foo{__name__=foo}@start");
    assertThat(shape("foo[5m] @ end() offset 1m"))
        .isEqualTo("foo{__name__=foo}@end offset 60000ms[300000ms]");
    assertThat(shape("foo offset 1m @ 5")).isEqualTo(shape("foo @ 5 offset 1m"));
    assertThat(shape("foo offset -2^2")).isEqualTo("(^ foo{__name__=foo} offset -2000ms 2.0)");
    assertThat(shape("a + foo @ 5")).isEqualTo("(+ <1:1> a{__name__=a} foo{__name__=foo}@5000)");
  }

  @Test
  void subqueries() {
    assertThat(shape("foo[10m:6s]")).isEqualTo("(subquery foo{__name__=foo} [600000ms:6000ms])");
    assertThat(shape("foo[10m5s:1h6ms]"))
        .isEqualTo("(subquery foo{__name__=foo} [605000ms:3600006ms])");
    assertThat(shape("foo[10m:]")).isEqualTo("(subquery foo{__name__=foo} [600000ms:])");
    assertThat(shape("foo [ 10m : 5 ]"))
        .isEqualTo("(subquery foo{__name__=foo} [600000ms:5000ms])");
    assertThat(shape("min_over_time(rate(foo[2s])[5m:] offset 4m)[4m:3s]"))
        .isEqualTo(
            "(subquery (min_over_time (subquery (rate foo{__name__=foo}[2000ms]) [300000ms:]"
                + " offset 240000ms)) [240000ms:3000ms])");
    assertThat(shape("foo offset 1m [10m:5s]"))
        .isEqualTo("(subquery foo{__name__=foo} offset 60000ms [600000ms:5000ms])");
    assertThat(shape("foo @ 123 offset 1m [10m:5s] @ start() offset -1m"))
        .isEqualTo(
            "(subquery foo{__name__=foo}@123000 offset 60000ms [600000ms:5000ms]@start"
                + " offset -60000ms)");
    assertThat(shape("(a + b)[5m:] @ 1603775019"))
        .isEqualTo(
            "(subquery (paren (+ <1:1> a{__name__=a} b{__name__=b})) [300000ms:]@1603775019000)");
    assertThat(shape("sum without(by) (x) [30m:10s]"))
        .isEqualTo("(subquery (sum without[by] x{__name__=x}) [1800000ms:10000ms])");
  }

  @Test
  void durationExpressions() {
    assertThat(range("11s+10s-5*2^2")).isEqualTo("(- (+ 11.0s 10.0s) (* 5.0 (^ 2.0 2.0)))");
    assertThat(range("-(10s-5s)+20s")).isEqualTo("(+ (unary- (paren (- 10.0s 5.0s))) 20.0s)");
    assertThat(range("-10s+15s")).isEqualTo("(+ -10.0s 15.0s)");
    assertThat(range("-2^2")).isEqualTo("(unary- (^ 2.0 2.0))");
    assertThat(range("0+-2^2")).isEqualTo("(+ 0.0 (unary- (^ 2.0 2.0)))");
    assertThat(range("  -  step  (  )  ")).isEqualTo("(unary- step)");
    assertThat(range("STEP()")).isEqualTo("step");
    assertThat(range("2m/Range()")).isEqualTo("(/ 120.0s range)");
    assertThat(range("max_of(step(),5s)")).isEqualTo("(max step 5.0s)");
    assertThat(range("max_of(min_of(step()+1,1h),1ms)"))
        .isEqualTo("(max (min (+ step 1.0) 3600.0s) 0.001s)");
    assertThat(range("1+(STep()-5)*2")).isEqualTo("(+ 1.0 (* (paren (- step 5.0)) 2.0))");
    assertThat(range("200-min_of(-step()^+step(),1)"))
        .isEqualTo("(- 200.0 (min (unary- (^ step step)) 1.0))");
    assertThat(range("(5s)")).isEqualTo("(paren 5.0s)");
    assertThat(range("2*3*4")).isEqualTo("(* (* 2.0 3.0) 4.0)");
    assertThat(range("2%3-4")).isEqualTo("(- (% 2.0 3.0) 4.0)");
    assertThat(range("1m # one\n + 1")).isEqualTo("(+ 60.0s 1.0)");
    assertThat(shape("foo[4s+4s:1s*2] offset (5s-8)"))
        .isEqualTo(
            "(subquery foo{__name__=foo} [(+ 4.0s 4.0s):(* 1.0s 2.0)]"
                + " offset (paren (- 5.0s 8.0)))");
    assertThat(shape("foo[step():range()]")).isEqualTo("(subquery foo{__name__=foo} [step:range])");
    assertThat(shape("foo[(5m):(1m)]"))
        .isEqualTo("(subquery foo{__name__=foo} [(paren 300.0s):(paren 60.0s)])");
  }

  private static List<String> words(String words) {
    return Arrays.asList(words.split(" ", -1));
  }

  private static String range(String range) {
    String shape = shape("foo[" + range + "]");
    return shape.substring("foo{__name__=foo}[".length(), shape.length() - 1);
  }

  @Test
  void offsetsTakeOneOperandUnlessInParentheses() {
    String foo = "foo{__name__=foo} offset ";
    assertThat(shape("foo offset 5s-8")).isEqualTo("(- " + foo + "5000ms 8.0)");
    assertThat(shape("foo offset -1^1")).isEqualTo("(^ " + foo + "-1000ms 1.0)");
    assertThat(shape("foo offset step()*0")).isEqualTo("(* " + foo + "step 0.0)");
    assertThat(shape("foo offset -step()*2")).isEqualTo("(* " + foo + "(unary- step) 2.0)");
    assertThat(shape("foo offset min_of(step(), 1s)+8000"))
        .isEqualTo("(+ " + foo + "(min step 1.0s) 8000.0)");
    assertThat(shape("foo offset -min_of(step(), 1s)+8000"))
        .isEqualTo("(+ " + foo + "(unary- (min step 1.0s)) 8000.0)");
    assertThat(shape("foo offset -(min_of(step(), 2s)-5)+8000"))
        .isEqualTo("(+ " + foo + "(unary- (paren (- (min step 2.0s) 5.0))) 8000.0)");
    assertThat(shape("foo offset -(1^2)")).isEqualTo(foo + "(unary- (paren (^ 1.0 2.0)))");
    assertThat(shape("foo offset (-1^2)")).isEqualTo(foo + "(paren (unary- (^ 1.0 2.0)))");
    assertThat(shape("foo offset +(5)")).isEqualTo(foo + "(paren 5.0)");
    assertThat(shape("foo offset range()")).isEqualTo(foo + "range");
    // Behind parentheses the arithmetic goes on.
    assertThat(shape("foo offset (5m) * 2")).isEqualTo(foo + "(* (paren 300.0s) 2.0)");
  }

  @Test
  void extendedSelectors() {
    assertThat(shape("foo anchored")).isEqualTo("foo{__name__=foo} anchored");
    assertThat(shape("rate(foo[5m] smoothed)"))
        .isEqualTo("(rate foo{__name__=foo} smoothed[300000ms])");
    assertThat(shape("foo[5m] anchored @ start() offset 1m"))
        .isEqualTo("foo{__name__=foo}@start offset 60000ms anchored[300000ms]");
    assertThat(shape("foo[5m] offset 1m ANCHORED"))
        .isEqualTo("foo{__name__=foo} offset 60000ms anchored[300000ms]");
    assertThat(shape("foo smoothed - bar"))
        .isEqualTo("(- <1:1> foo{__name__=foo} smoothed bar{__name__=bar})");
  }

  @Test
  void aggregations() {
    String x = "x{__name__=x}";
    for (String name : words("avg count group max min stddev stdvar sum")) {
      assertThat(shape(name + "(x)")).isEqualTo("(" + name + " " + x + ")");
      assertThat(shape(name + " by (a, b,) (x)")).isEqualTo("(" + name + " by[a, b] " + x + ")");
      assertThat(shape(name + " (x) without (a)")).isEqualTo("(" + name + " without[a] " + x + ")");
    }
    for (String name : words("topk bottomk quantile limitk limit_ratio")) {
      assertThat(shape(name + "(5, x)")).isEqualTo("(" + name + " 5.0 " + x + ")");
      assertThat(shape(name + " (5, x) by (a)")).isEqualTo("(" + name + " by[a] 5.0 " + x + ")");
    }
    assertThat(shape("count_values('value', x)")).isEqualTo("(count_values 'value' " + x + ")");
    assertThat(shape("sum by () (x)")).isEqualTo("(sum " + x + ")");
    assertThat(shape("sum without () (x)")).isEqualTo("(sum without[] " + x + ")");
    assertThat(shape("sum(x) without ()")).isEqualTo("(sum without[] " + x + ")");
    assertThat(shape("sum by (a:b) (x)")).isEqualTo("(sum by[a:b] " + x + ")");
    assertThat(shape("topk(scalar(x), x)")).isEqualTo("(topk (scalar " + x + ") " + x + ")");
    assertThat(shape("sum(x) + sum(x)")).isEqualTo("(+ <1:1> (sum " + x + ") (sum " + x + "))");
  }

  @Test
  void calls() {
    String x = "x{__name__=x}";
    assertThat(shape("time()")).isEqualTo("(time)");
    assertThat(shape("round(x)")).isEqualTo("(round " + x + ")");
    assertThat(shape("round(x, 5)")).isEqualTo("(round " + x + " 5.0)");
    assertThat(shape("hour()")).isEqualTo("(hour)");
    assertThat(shape("label_join(x, 'a', '-')")).isEqualTo("(label_join " + x + " 'a' '-')");
    assertThat(shape("label_join(x, 'a', '-', 'b', 'c', 'd')"))
        .isEqualTo("(label_join " + x + " 'a' '-' 'b' 'c' 'd')");
    assertThat(shape("sort_by_label(x)")).isEqualTo("(sort_by_label " + x + ")");
    assertThat(shape("histogram_quantiles(x, 'q', 0.5, 0.9, 0.99)"))
        .isEqualTo("(histogram_quantiles " + x + " 'q' 0.5 0.9 0.99)");
    assertThat(shape("start() + end() + step() + range()"))
        .isEqualTo("(+ (+ (+ (start) (end)) (step)) (range))");
    assertThat(shape("max_of(1, min_of(2, 3m))")).isEqualTo("(max_of 1.0 (min_of 2.0 180.0s))");
    assertThat(shape("info(x)")).isEqualTo("(info " + x + ")");
    assertThat(shape("info(x, {})")).isEqualTo("(info " + x + " {})");
    assertThat(shape("info(x, {a='b', __name__=~'.+_info'})"))
        .isEqualTo("(info " + x + " {a=b,__name__=~.+_info})");
  }

  @Test
  void strings() {
    assertThat(text("\"double \\\" quoted\"")).isEqualTo("double \" quoted");
    assertThat(text("'single \\' quoted'")).isEqualTo("single ' quoted");
    assertThat(text("`raw \\n ' \" \n line`")).isEqualTo("raw \\n ' \" \n line");
    assertThat(text("\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\" - \\u1234\\U00010111\\U0001011111☺\""))
        .isEqualTo("\007\b\f\n\r\t\013\\\" - \u1234\uD800\uDD11\uD800\uDD1111☺");
    assertThat(text("'\\xe2\\x98\\xba \\342\\230\\272 \\101'")).isEqualTo("☺ ☺ A");
    assertThat(text("'\\ufffd'")).isEqualTo("\uFFFD");
    assertThat(text("''")).isEmpty();
    assertThat(text("``")).isEmpty();
  }

  @Test
  void bytesThatAreNotUtf8() {
    assertThat(text("'a\\xc5z\\xe2\\x98\\xe2\\x98\\xba'")).isEqualTo("a\uDCC5z\uDCE2\uDC98☺");
    assertThat(Parser.parse("'a\\xc5z'")).hasToString("\"a\\xc5z\"");
    assertThat(GoText.isUtf8("ä😀")).isTrue();
    assertThat(GoText.isUtf8("a\uDCC5")).isFalse();
    assertThat(GoText.isUtf8("\uD83D\uDE00\uDCC5\uD83D\uDE00")).isFalse();
  }

  private static String text(String query) {
    return ((StringLiteral) Parser.parse(query)).value();
  }

  @Test
  void selectorsAlone() {
    assertThat(Parser.parseSelector("foo{a=\"b\"}"))
        .containsExactly(Matcher.equal("a", "b"), Matcher.equal("__name__", "foo"));
    assertThat(Parser.parseSelector(" {} # all")).isEmpty();
    assertThat(Parser.parseSelector("sum")).hasSize(1);
    for (String wrong : new String[] {"", "1", "foo offset 1m", "foo + bar", "sum(foo)", "(foo)"}) {
      assertThat(catchThrowable(() -> Parser.parseSelector(wrong)))
          .isInstanceOf(ParseException.class);
    }
  }

  @Test
  void typesOfResults() {
    assertThat(Parser.parse("1").type()).isEqualTo(ValueType.SCALAR);
    assertThat(Parser.parse("'x'").type()).isEqualTo(ValueType.STRING);
    assertThat(Parser.parse("x").type()).isEqualTo(ValueType.VECTOR);
    assertThat(Parser.parse("x[5m]").type()).isEqualTo(ValueType.MATRIX);
    assertThat(Parser.parse("x[5m:]").type()).isEqualTo(ValueType.MATRIX);
    assertThat(Parser.parse("-(x)").type()).isEqualTo(ValueType.VECTOR);
    assertThat(Parser.parse("1 + 2").type()).isEqualTo(ValueType.SCALAR);
    assertThat(Parser.parse("1 + x").type()).isEqualTo(ValueType.VECTOR);
    assertThat(Parser.parse("scalar(x)").type()).isEqualTo(ValueType.SCALAR);
    assertThat(Parser.parse("sum(x)").type()).isEqualTo(ValueType.VECTOR);
  }
}
