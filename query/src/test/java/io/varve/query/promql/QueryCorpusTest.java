package io.varve.query.promql;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every query of the corpora parses, prints, and parses again to the same. */
final class QueryCorpusTest {
  @Test
  void scripts() {
    List<QueryCorpus.Case> cases = QueryCorpus.scripts();
    assertThat(cases).hasSizeGreaterThan(1000);
    check(cases);
  }

  @Test
  void complianceQueries() {
    List<QueryCorpus.Case> cases = QueryCorpus.compliance();
    assertThat(cases).hasSizeGreaterThan(200);
    check(cases);
  }

  private static void check(List<QueryCorpus.Case> cases) {
    List<String> wrong = new ArrayList<>();
    for (QueryCorpus.Case c : cases) {
      Expr expr;
      try {
        expr = Parser.parse(c.query(), ParserOptions.ALL);
      } catch (ParseException e) {
        if (!c.mayFail()) {
          wrong.add(c.source() + " " + c.query() + " : " + e.getMessage());
        }
        continue;
      }
      String text = expr.toString();
      Expr again = Parser.parse(text, ParserOptions.ALL);
      if (!again.canonical().equals(expr.canonical()) || !again.toString().equals(text)) {
        wrong.add(c.source() + " " + c.query() + " => " + text + " => " + again);
      }
    }
    assertThat(wrong).isEmpty();
  }
}
