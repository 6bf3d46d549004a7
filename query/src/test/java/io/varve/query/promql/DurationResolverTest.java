package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class DurationResolverTest {
  /** Within a query of ten seconds' step over a minute. */
  private static String resolved(String query) {
    Expr expr = Parser.parse(query, ParserOptions.ALL);
    return DurationResolver.resolve(expr, 10_000, 60_000).toString();
  }

  @Test
  void arithmetic() {
    assertThat(resolved("foo[step()+1ms]")).isEqualTo("foo[10s1ms]");
    assertThat(resolved("foo[range() / 2]")).isEqualTo("foo[30s]");
    assertThat(resolved("foo[2m*(10+5)]")).isEqualTo("foo[30m]");
    assertThat(resolved("foo[24m+((1.5*2m)+2m)]")).isEqualTo("foo[29m]");
    assertThat(resolved("foo[1h30m % 1h]")).isEqualTo("foo[30m]");
    assertThat(resolved("foo[30m1s-30m1s % 1m]")).isEqualTo("foo[30m]");
    assertThat(resolved("foo[2^3^1]")).isEqualTo("foo[8s]");
    assertThat(resolved("foo[-(3-5)]")).isEqualTo("foo[2s]");
    assertThat(resolved("foo[max_of(min_of(step()+1,1h),1ms)]")).isEqualTo("foo[11s]");
    assertThat(resolved("foo[29s+1s:((((8 - 2) / 3) * 7s) % 4) + 8000ms]"))
        .isEqualTo("foo[30s:10s]");
    assertThat(resolved("foo offset (-2 ^ 2)")).isEqualTo("foo offset -4s");
    assertThat(resolved("foo offset (step() - 10)")).isEqualTo("foo");
    assertThat(resolved("foo[5m:] offset -step()")).isEqualTo("foo[5m:] offset -10s");
    assertThat(resolved("foo[5m] offset (1.5)")).isEqualTo("foo[5m] offset 1s500ms");
  }

  @Test
  void wherever() {
    assertThat(
            resolved(
                "1 - -(abs(topk(scalar(a offset (1)), b offset (2)) + c offset (3)))"
                    + " or rate(d[(4)] offset (5))"))
        .isEqualTo(
            "1 - -(abs(topk(scalar(a offset 1s), b offset 2s) + c offset 3s))"
                + " or rate(d[4s] offset 5s)");
    assertThat(resolved("sum_over_time((a offset (1))[(2):(3)] offset (4))"))
        .isEqualTo("sum_over_time((a offset 1s)[2s:3s] offset 4s)");
  }

  @Test
  void whatIsClosedStaysAsItIs() {
    Expr expr = Parser.parse("sum(rate(foo[5m] offset 1m)) + max_over_time(x[5m:1m]) + 1");
    assertThat(DurationResolver.resolve(expr, 1, 1)).isSameAs(expr);
  }

  @Test
  void errors() {
    assertThatThrownBy(() -> resolved("foo[step()-10]"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("duration must be greater than 0");
    assertThatThrownBy(() -> resolved("foo[5m:step()-11]"))
        .hasMessage("duration must be greater than 0");
    assertThatThrownBy(() -> resolved("foo offset (1/(step()-10))")).hasMessage("division by zero");
    assertThatThrownBy(() -> resolved("foo[1%(step()-10)]")).hasMessage("modulo by zero");
    assertThatThrownBy(() -> resolved("foo[10^10]")).hasMessage("duration is out of range");
    assertThatThrownBy(() -> resolved("foo offset (-(10^10))"))
        .hasMessage("duration is out of range");
    assertThatThrownBy(() -> resolved("foo[(0-1)^0.5]")).hasMessage("duration is out of range");
    Expr range = Parser.parse("foo[range()]", ParserOptions.ALL);
    assertThatThrownBy(() -> DurationResolver.resolve(range, 0, 0))
        .hasMessage("duration must be greater than 0");
  }

  @Test
  void texts() {
    assertThat(Durations.parse("1y2w3d4h5m6s7ms"))
        .isEqualTo(((((365 + 14 + 3) * 24L + 4) * 60 + 5) * 60 + 6) * 1000 + 7);
    assertThat(Durations.parse("0")).isZero();
    assertThat(Durations.parse("292y")).isEqualTo(292L * 365 * 86_400_000);
    for (String wrong :
        new String[] {"", "5", "m", "-5m", "5m5", "1.5h", "1s1m", "1m1m", "293y", "5 m"}) {
      assertThatThrownBy(() -> Durations.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> Durations.parse("292y52w")).hasMessage("duration out of range");
  }
}
