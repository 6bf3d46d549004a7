package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.varve.http.config.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus and a server evaluate the same rules, and tell the same of them. */
@Timeout(90)
final class PrometheusRulesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final String TWO =
      "label_replace(vector(1.5), \"a\", \"x\", \"\", \"\") or label_replace(vector(2e4), \"a\","
          + " \"y\", \"\", \"\")";
  private static final String RULES =
      """
      groups:
        - name: recording
          interval: 250ms
          rules:
            - record: two
              expr: 'TWO'
              labels: {b: z}
            - record: three
              expr: sum by(b)(two)+1
            - record: same
              expr: two
              labels: {a: all}
            - record: matrix
              expr: two[5m:1s]
        - name: limited
          interval: 250ms
          limit: 1
          rules:
            - {record: many, expr: two}
            - {alert: Many, expr: two}
        - name: alerting
          interval: 250ms
          rules:
            - alert: Fires
              expr: two > bool 0
              labels: {severity: page, what: "{{ $labels.a | toUpper }}-{{ .Value }}"}
              annotations:
                summary: 'a <b> & {{ $value | humanize }} of {{ $externalLabels.site }}'
                wrong: '{{ $labels.nothing }}{{ humanizeDuration 90 }}'
                number: '{{ with query "three" }}{{ . | first | value | printf "%.2f" }}{{ end }}'
            - alert: Waits
              expr: vector(-1)
              for: 1h30m
              keep_firing_for: 5m
            - alert: Quiet
              expr: vector(1) > 2
            - alert: Same
              expr: two
              labels: {a: all}
        - name: slow
          interval: 2h
          rules: [{record: never, expr: '1'}]
      """
          .replace("TWO", TWO);

  @TempDir private Path folder;

  @Test
  void bothTellTheSame() throws Exception {
    String program = ChildProcess.find("prometheus");
    assumeTrue(program != null, "prometheus is not installed");
    Files.writeString(folder.resolve("rules.yml"), RULES);
    Files.writeString(
        folder.resolve("prometheus.yml"),
        "global: {external_labels: {site: here}}\nrule_files: [rules.yml]\n");
    Files.writeString(
        folder.resolve("varve.yaml"),
        """
        listen: 127.0.0.1:0
        data_dir: %s
        external_labels: '{site="here"}'
        rules: {files: [rules.yml]}
        """
            .formatted(folder.resolve("data")));
    int port = ChildProcess.freePort();
    try (Server server = new Server(ServerConfig.load(folder.resolve("varve.yaml")));
        ChildProcess prometheus = ChildProcess.prometheus(folder, String.valueOf(program), port);
        ApiClient theirs = new ApiClient(port)) {
      server.recover();
      try (ApiClient ours = new ApiClient(server.address().getPort())) {
        long until = System.nanoTime() + PATIENCE.toNanos();
        String expected = "";
        String actual = "none";
        while (!actual.equals(expected) && System.nanoTime() < until) {
          assertThat(prometheus.isAlive()).as(prometheus.output()).isTrue();
          Thread.sleep(250);
          try {
            expected = told(theirs);
            actual = told(ours);
          } catch (IOException e) {
            expected = "not there yet";
          }
        }
        assertThat(actual).isEqualTo(expected);
        assertThat(actual).contains("\"lastError\"", "\"pending\"", "\"firing\"", "\"unknown\"");
        for (String type : new String[] {"alert", "record"}) {
          assertThat(rules(ours.data("/api/v1/rules", "type", type)))
              .isEqualTo(rules(theirs.data("/api/v1/rules", "type", type)));
        }
      }
    }
  }

  /** Everything that does not depend on when and where it was evaluated. */
  private static String told(ApiClient client) throws Exception {
    StringBuilder all = new StringBuilder(rules(client.data("/api/v1/rules")));
    JsonNode alerts = client.data("/api/v1/alerts").get("alerts");
    all.append(sorted((ArrayNode) alerts)).append('\n');
    for (String series : new String[] {"two", "three", "same", "many", "ALERTS"}) {
      Set<String> found = new TreeSet<>();
      for (JsonNode one : client.data("/api/v1/query", "query", series).get("result")) {
        found.add(one.get("metric") + " " + one.at("/value/1").asText());
      }
      all.append(series).append(' ').append(found).append('\n');
    }
    return all.toString();
  }

  private static String rules(JsonNode data) {
    StringBuilder all = new StringBuilder();
    for (JsonNode group : data.get("groups")) {
      if (group.get("rules").isEmpty()) {
        continue; // later versions than this leave it out
      }
      boolean known = !group.get("lastEvaluation").asText().startsWith("0001");
      for (JsonNode rule : group.get("rules")) {
        ObjectNode node = (ObjectNode) rule;
        assertThat(node.remove(List.of("evaluationTime", "lastEvaluation")).size()).isPositive();
        if (node.path("labels").isEmpty()) {
          node.remove("labels"); // which this version leaves out then, other than 3.14
        }
        if (node.get("alerts") instanceof ArrayNode alerts) {
          String text = sorted(alerts).toString();
          node.put("alerts", text);
        }
      }
      ObjectNode node = (ObjectNode) group;
      assertThat(Path.of(String.valueOf(node.remove("file").asText()))).hasFileName("rules.yml");
      node.remove(List.of("evaluationTime", "lastEvaluation"));
      all.append(known).append(' ').append(fields(node)).append('\n');
    }
    return all.toString();
  }

  /** Fields by name, since their order is of no meaning. */
  private static String fields(ObjectNode node) {
    Set<String> fields = new TreeSet<>();
    node.properties()
        .forEach(
            field -> {
              StringBuilder value = new StringBuilder();
              if (field.getValue() instanceof ArrayNode list) {
                list.forEach(item -> value.append(fields((ObjectNode) item)).append("\n    "));
              } else {
                value.append(field.getValue());
              }
              fields.add("\"" + field.getKey() + "\": " + value);
            });
    return fields.toString();
  }

  private static List<String> sorted(ArrayNode alerts) {
    List<String> texts = new ArrayList<>();
    for (JsonNode alert : alerts) {
      ObjectNode node = (ObjectNode) alert;
      node.remove("activeAt");
      texts.add(fields(node));
    }
    texts.sort(null);
    return texts;
  }
}
