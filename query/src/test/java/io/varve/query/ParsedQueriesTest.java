package io.varve.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.query.promql.ParseException;
import io.varve.query.promql.ParserOptions;
import org.junit.jupiter.api.Test;

final class ParsedQueriesTest {
  private final ParsedQueries queries = new ParsedQueries(ParserOptions.ALL);

  @Test
  void aTextIsParsedOnceAndMeansTheSameEveryTime() {
    ParsedQueries.Parsed first = queries.parse("sum(rate( a{b=~\"c|d\"}[5m]) )  # as a comment");
    assertThat(first.canonical()).isEqualTo("sum(rate(a{b=~\"c|d\"}[5m]))");
    assertThat(queries.parse("sum(rate( a{b=~\"c|d\"}[5m]) )  # as a comment")).isSameAs(first);
    ParsedQueries.Parsed other = queries.parse("sum(rate(a{b=~\"c|d\"}[5m]))");
    assertThat(other).isNotSameAs(first); // places in the text differ
    assertThat(other.canonical()).isEqualTo(first.canonical());
  }

  @Test
  void whatIsNoQueryFailsEveryTime() {
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> queries.parse("sum(")).isInstanceOf(ParseException.class);
    }
  }

  @Test
  void longTextsAreParsedAnew() {
    String text = "a{b=\"" + "c".repeat(5_000) + "\"}";
    assertThat(queries.parse(text)).isNotSameAs(queries.parse(text));
    assertThat(queries.parse(text).canonical()).isEqualTo(text);
  }
}
