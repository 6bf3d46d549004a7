package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class PrettifierTest {
  private static final String LONG =
      "a_rather_long_metric_name_total{job=\"a-rather-long-job-name\",instance=\"host:9100\"}";

  @Test
  void whatFitsStaysInOneLine() {
    assertThat(pretty("sum(  foo ) by(job) # comment\n / on(a)group_left(b) bar"))
        .isEqualTo("sum by (job) (foo) / on (a) group_left (b) bar");
    assertThat(pretty("-(foo)")).isEqualTo("-(foo)");
    assertThat(pretty("time()")).isEqualTo("time()");
  }

  @Test
  void aggregationsCallsAndParenthesesAreBroken() {
    assertThat(pretty("topk by(job)(5,(rate(" + LONG + "[5m] @ 1700000000 offset 1h)))"))
        .isEqualTo(
            """
            topk by (job) (
              5,
              (
                rate(
                  a_rather_long_metric_name_total{instance="host:9100",job="a-rather-long-job-name"}[5m] @ 1700000000.000 offset 1h
                )
              )
            )\
            """);
  }

  @Test
  void operatorsStandOnALineOfTheirOwn() {
    assertThat(pretty(LONG + " > bool on(job)group_right(x) -" + LONG))
        .isEqualTo(
            """
              a_rather_long_metric_name_total{instance="host:9100",job="a-rather-long-job-name"}
            > bool on (job) group_right (x)
              -a_rather_long_metric_name_total{instance="host:9100",job="a-rather-long-job-name"}\
            """);
  }

  @Test
  void subqueriesKeepTheirRangeBehindThem() {
    assertThat(pretty("max_over_time((" + LONG + " + " + LONG + ")[1h:5m] offset 1d)"))
        .isEqualTo(
            """
            max_over_time(
              (
                  a_rather_long_metric_name_total{instance="host:9100",job="a-rather-long-job-name"}
                +
                  a_rather_long_metric_name_total{instance="host:9100",job="a-rather-long-job-name"}
              )[1h:5m] offset 1d
            )\
            """);
  }

  /** The text, which must mean the same as the query. */
  private static String pretty(String query) {
    Expr expr = Parser.parse(query);
    String text = Prettifier.print(expr);
    assertThat(Parser.parse(text).canonical()).isEqualTo(expr.canonical());
    return text;
  }
}
