package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.query.promql.Expr;
import io.varve.query.promql.Parser;
import java.nio.file.Files;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The example dashboard asks for metrics that exist, in PromQL that parses. */
final class ExamplesTest {
  @Test
  void theDashboardAsksForMetricsThatAreDocumented() throws Exception {
    String documented = Files.readString(RepositoryFiles.find("docs/METRICS.md"));
    JsonNode dashboard =
        new ObjectMapper()
            .readTree(RepositoryFiles.find("examples/grafana/dashboards/varve.json").toFile());
    Set<String> names = new TreeSet<>();
    for (JsonNode panel : dashboard.get("panels")) {
      for (JsonNode target : panel.get("targets")) {
        collect(Parser.parse(target.get("expr").asText()), names);
      }
    }
    assertThat(names).hasSizeGreaterThan(10);
    for (String name : names) {
      assertThat(documented).contains("`" + name.replaceAll("_bucket$", ""));
    }
  }

  private static void collect(Expr expr, Set<String> names) {
    if (expr instanceof Expr.VectorSelector selector) {
      names.add(selector.name());
    }
    expr.children().forEach(child -> collect(child, names));
  }
}
