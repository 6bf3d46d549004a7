package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Every node knows the text that it came from. */
final class PositionTest {
  private static List<String> texts(String query) {
    List<String> texts = new ArrayList<>();
    collect(Parser.parse(query, ParserOptions.ALL), query, texts);
    return texts;
  }

  private static void collect(Expr expr, String query, List<String> texts) {
    texts.add(query.substring(expr.position().start(), expr.position().end()));
    expr.children().forEach(child -> collect(child, query, texts));
  }

  @Test
  void ofNodes() {
    assertThat(texts(" -foo  + (sum by (a) ( rate ( bar{x='ä'} [5m] offset 1m ) ) ) "))
        .containsExactly(
            "-foo  + (sum by (a) ( rate ( bar{x='ä'} [5m] offset 1m ) ) )",
            "-foo",
            "foo",
            "(sum by (a) ( rate ( bar{x='ä'} [5m] offset 1m ) ) )",
            "sum by (a) ( rate ( bar{x='ä'} [5m] offset 1m ) )",
            "rate ( bar{x='ä'} [5m] offset 1m )",
            "bar{x='ä'} [5m] offset 1m",
            "bar{x='ä'}");
    assertThat(texts("(topk(5, a) by (b) )"))
        .containsExactly("(topk(5, a) by (b) )", "topk(5, a) by (b)", "5", "a");
    assertThat(texts("(sum(foo) )")).containsExactly("(sum(foo) )", "sum(foo)", "foo");
    assertThat(texts("(foo + bar @ 5)[5m:1m] @ start ( ) offset step ( ) "))
        .containsExactly(
            "(foo + bar @ 5)[5m:1m] @ start ( ) offset step ( )",
            "(foo + bar @ 5)",
            "foo + bar @ 5",
            "foo",
            "bar @ 5");
    assertThat(texts("- 1 + foo offset - 5m anchored"))
        .containsExactly("- 1 + foo offset - 5m", "- 1", "foo offset - 5m");
  }

  @Test
  void ofDurations() {
    String query = "foo[ -( 1m + step ( ) ) ]";
    Expr.MatrixSelector range = (Expr.MatrixSelector) Parser.parse(query);
    DurationExpr.Unary minus = (DurationExpr.Unary) Objects.requireNonNull(range.rangeExpr());
    assertThat(text(query, minus)).isEqualTo("-( 1m + step ( ) )");
    DurationExpr.Paren paren = (DurationExpr.Paren) minus.inner();
    assertThat(text(query, paren)).isEqualTo("( 1m + step ( ) )");
    DurationExpr.Binary sum = (DurationExpr.Binary) paren.inner();
    assertThat(text(query, sum)).isEqualTo("1m + step ( )");
    assertThat(text(query, sum.right())).isEqualTo("step ( )");
  }

  private static String text(String query, DurationExpr expr) {
    return query.substring(expr.position().start(), expr.position().end());
  }

  @Test
  void described() {
    String query = "a\nbä😀c\n";
    assertThat(new Position(0, 0).describe(query)).isEqualTo("1:1");
    assertThat(new Position(1, 1).describe(query)).isEqualTo("1:2");
    assertThat(new Position(2, 2).describe(query)).isEqualTo("2:1");
    assertThat(new Position(4, 4).describe(query)).isEqualTo("2:4");
    assertThat(new Position(6, 6).describe(query)).isEqualTo("2:8");
    assertThat(new Position(8, 8).describe(query)).isEqualTo("3:1");
    assertThat(new Position(9, 9).describe(query)).isEqualTo("invalid position");
    assertThat(Position.NONE.describe(query)).isEqualTo("invalid position");
    assertThat(new Position(0, 0).describe("")).isEqualTo("unknown position");
  }
}
