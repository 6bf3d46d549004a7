package io.varve.http.replay;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import io.varve.retention.rules.Durations;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.YamlNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a server tells of its configuration that matters to rules: a Varve, or a Prometheus.
 *
 * @param externalLabels none if it tells none
 * @param intervalMillis of groups that name none; 0 if it does not tell
 * @param offsetMillis the same; −1 if it does not tell
 */
public record ServerSettings(
    Map<String, String> externalLabels, long intervalMillis, long offsetMillis) {
  private static final String LABELS = "external_labels";

  /**
   * Asks a server.
   *
   * @throws IOException if it does not answer
   */
  public static ServerSettings of(ServerConnection server) throws IOException {
    JsonNode answer = server.api("/api/v1/status/config", Map.of());
    try {
      return of(YamlNode.read(answer.at("/data/yaml").asText()));
    } catch (RuleException | ParseException | IllegalArgumentException e) {
      throw new IOException("the server's configuration cannot be read: " + e.getMessage(), e);
    }
  }

  static ServerSettings of(YamlNode top) {
    YamlNode global = child(top, "global"); // as Prometheus has it
    if (global != null) {
      return new ServerSettings(
          labels(child(global, LABELS)),
          millis(child(global, "evaluation_interval"), 0),
          millis(child(global, "rule_query_offset"), -1));
    }
    YamlNode rules = child(top, "rules");
    return new ServerSettings(
        labels(child(top, LABELS)),
        millis(child(rules, "interval"), 0),
        millis(child(rules, "query_offset"), -1));
  }

  private static @Nullable YamlNode child(@Nullable YamlNode node, String key) {
    return node instanceof YamlNode.Mapping mapping ? mapping.entries().get(key) : null;
  }

  private static long millis(@Nullable YamlNode node, long otherwise) {
    return node instanceof YamlNode.Scalar scalar && !scalar.text().isEmpty()
        ? Durations.millis(scalar.text())
        : otherwise;
  }

  private static Map<String, String> labels(@Nullable YamlNode node) {
    Map<String, String> labels = new LinkedHashMap<>();
    switch (node) {
      case YamlNode.Mapping mapping ->
          mapping
              .entries()
              .forEach(
                  (name, value) -> {
                    if (value instanceof YamlNode.Scalar scalar) {
                      labels.put(name, scalar.text());
                    }
                  });
      // As Varve writes them, {name="value"}.
      case YamlNode.Scalar scalar when scalar.text().contains("=") -> {
        if (Parser.parse(scalar.text(), ParserOptions.DEFAULT)
            instanceof Expr.VectorSelector selector) {
          selector.matchers().forEach(matcher -> labels.put(matcher.name(), matcher.value()));
        }
      }
      case null, default -> {}
    }
    return labels;
  }
}
