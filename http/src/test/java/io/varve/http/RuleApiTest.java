package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a running server answers about its rules, and what a reload does to them. */
@Timeout(60)
final class RuleApiTest {
  private static final String FIRST =
      """
      groups:
        - name: one
          interval: 100ms
          limit: 7
          rules:
            - record: answer
              expr: vector( 42 )
              labels: {team: a}
            - alert: Always
              expr: vector(2.5) > bool 1
              keep_firing_for: 1m30s
              labels: {team: b, severity: page}
              annotations: {summary: "is {{ $value }}"}
            - alert: Waits
              expr: vector(1)
              for: 1h
        - name: two
          rules:
            - record: bad
              expr: answer[5m]
      """;
  private static final String SECOND =
      """
      groups:
        - name: one
          interval: 100ms
          rules: [{record: other, expr: '1'}]
        - name: empty
      """;

  @TempDir private Path folder;
  private Server server;
  private ApiClient client;
  private String path;

  @BeforeEach
  void start() throws Exception {
    Files.createDirectory(folder.resolve("rules"));
    Files.writeString(folder.resolve("rules/first.yml"), FIRST);
    Files.writeString(folder.resolve("rules/second.yml"), SECOND);
    path = folder.resolve("rules") + "/";
    configure("rules: {files: [rules/*.yml], interval: 100ms}\n");
    Path file = folder.resolve("varve.yaml");
    server = new Server(ServerConfig.load(file), () -> ServerConfig.load(file), () -> {});
    server.recover();
    client = new ApiClient(server.address().getPort());
  }

  private void configure(String more) throws Exception {
    Files.writeString(
        folder.resolve("varve.yaml"),
        "listen: 127.0.0.1:0\ndata_dir: "
            + folder.resolve("data")
            + "\nhttp: {lifecycle: true}\n"
            + more);
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  private JsonNode rules(String... arguments) throws Exception {
    return client.data("/api/v1/rules", arguments);
  }

  private List<String> names(String... arguments) throws Exception {
    List<String> names = new ArrayList<>();
    for (JsonNode group : rules(arguments).get("groups")) {
      for (JsonNode rule : group.get("rules")) {
        names.add(group.get("name").asText() + "/" + rule.get("name").asText());
      }
    }
    return names;
  }

  @Test
  void tenantsAreToldOfTheirOwnRules() throws Exception {
    Files.createDirectory(folder.resolve("acme"));
    Files.writeString(folder.resolve("acme/r.yml"), SECOND);
    Files.writeString(
        folder.resolve("rules/third.yml"),
        """
        groups:
          - name: three
            tenant: beta
            interval: 100ms
            rules: [{alert: Theirs, expr: vector(1)}]
        """);
    configure("rules: {files: [rules/*.yml, {tenant: acme, files: ['acme/*']}], interval: 1s}\n");
    HttpResponse<String> answer = client.form("POST", "/-/reload");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(names()).doesNotContain("three/Theirs").contains("one/answer").hasSize(5);
    assertThat(named("acme")).containsExactly("one/other");
    assertThat(named("beta")).containsExactly("three/Theirs");
    assertThat(named("nobody")).isEmpty();
    for (int i = 0; i < 200 && ofTenant("beta", "/api/v1/alerts").get("alerts").isEmpty(); i++) {
      Thread.sleep(20);
    }
    assertThat(ofTenant("beta", "/api/v1/alerts").at("/alerts/0/labels/alertname").asText())
        .isEqualTo("Theirs");
    assertThat(ofTenant("acme", "/api/v1/alerts").get("alerts")).isEmpty();
    for (JsonNode alert : client.data("/api/v1/alerts").get("alerts")) {
      assertThat(alert.at("/labels/alertname").asText()).isNotEqualTo("Theirs");
    }
    String query = "/api/v1/query?query=count(%7B__name__=~%22.%2B%22%7D)%20by%20(__name__)";
    String stored = "";
    for (int i = 0; i < 200 && stored.isEmpty(); i++) {
      stored = ofTenant("acme", query).at("/result/0/metric/__name__").asText();
      Thread.sleep(20);
    }
    assertThat(stored).isEqualTo("other");
    assertThat(client.get("/metrics").body()).contains("third.yml;three;beta\"");

    // A file cannot be given to one tenant and say that it is for another one.
    configure("rules: {files: [{tenant: acme, files: ['rules/third.yml']}]}\n");
    assertThat(client.form("POST", "/-/reload").body())
        .contains("third.yml: group \"three\" is for the tenant beta, and its file for acme");
    Files.writeString(
        folder.resolve("rules/third.yml"), "groups:\n  - {name: x, tenant: 'a|b', rules: []}\n");
    configure("rules: {files: [rules/third.yml]}\n");
    assertThat(client.form("POST", "/-/reload").body())
        .contains("third.yml: 2:23: group \"x\": no name of a tenant: \"a|b\"");
    configure("rules: {files: [{files: [a]}]}\n");
    assertThat(client.form("POST", "/-/reload").body())
        .contains("rules.files[0].tenant: is missing");
  }

  private JsonNode ofTenant(String tenant, String target) throws Exception {
    HttpResponse<String> answer =
        client.send(client.to(target).header("X-Scope-OrgID", tenant).build());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new ObjectMapper().readTree(answer.body()).get("data");
  }

  private List<String> named(String tenant) throws Exception {
    List<String> names = new ArrayList<>();
    for (JsonNode group : ofTenant(tenant, "/api/v1/rules").get("groups")) {
      for (JsonNode rule : group.get("rules")) {
        names.add(group.get("name").asText() + "/" + rule.get("name").asText());
      }
    }
    return names;
  }

  private void awaitEvaluation() throws Exception {
    for (int i = 0; i < 200; i++) {
      boolean all = true;
      for (JsonNode group : rules().get("groups")) {
        all &= !group.get("lastEvaluation").asText().startsWith("0001");
      }
      if (all) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("not evaluated: " + rules());
  }

  @Test
  void everythingIsTold() throws Exception {
    Instant begin = Instant.now().minusMillis(1);
    awaitEvaluation();
    JsonNode group = rules().at("/groups/0");
    assertThat(group.get("name").asText()).isEqualTo("one");
    assertThat(group.get("file").asText()).isEqualTo(path + "first.yml");
    assertThat(group.get("interval").asDouble()).isEqualTo(0.1);
    assertThat(group.get("limit").asInt()).isEqualTo(7);
    assertThat(group.get("evaluationTime").asDouble()).isBetween(1e-9, 10.0);
    assertThat(Instant.parse(group.get("lastEvaluation").asText())).isAfter(begin.minusSeconds(5));
    JsonNode recording = group.at("/rules/0");
    assertThat(recording.get("type").asText()).isEqualTo("recording");
    assertThat(recording.get("query").asText()).isEqualTo("vector(42)");
    assertThat(recording.get("labels").toString()).isEqualTo("{\"team\":\"a\"}");
    assertThat(recording.get("health").asText()).isEqualTo("ok");
    assertThat(recording.has("lastError")).isFalse();
    assertThat(recording.has("alerts")).isFalse();
    JsonNode alerting = group.at("/rules/1");
    assertThat(alerting.get("type").asText()).isEqualTo("alerting");
    assertThat(alerting.get("state").asText()).isEqualTo("firing");
    assertThat(alerting.get("duration").asDouble()).isZero();
    assertThat(alerting.get("keepFiringFor").asDouble()).isEqualTo(90);
    assertThat(alerting.get("annotations").toString()).contains("is {{ $value }}");
    JsonNode alert = alerting.at("/alerts/0");
    assertThat(alert.get("labels").toString())
        .isEqualTo("{\"alertname\":\"Always\",\"severity\":\"page\",\"team\":\"b\"}");
    assertThat(alert.get("annotations").toString()).isEqualTo("{\"summary\":\"is 1\"}");
    assertThat(alert.get("value").asText()).isEqualTo("1e+00");
    assertThat(alert.get("state").asText()).isEqualTo("firing");
    assertThat(group.at("/rules/2/state").asText()).isEqualTo("pending");
    assertThat(group.at("/rules/2/duration").asDouble()).isEqualTo(3600);
    JsonNode bad = rules().at("/groups/1/rules/0");
    assertThat(bad.get("health").asText()).isEqualTo("err");
    assertThat(bad.get("lastError").asText()).isEqualTo("rule result is not a vector or scalar");
    JsonNode alerts = client.data("/api/v1/alerts").get("alerts");
    assertThat(alerts).hasSize(2);
    assertThat(alerts.get(0)).isEqualTo(alert);
    assertThat(alerts.get(1).get("state").asText()).isEqualTo("pending");
    assertThat(client.data("/api/v1/query", "query", "answer{team=\"a\"}").at("/result/0/value/1"))
        .hasToString("\"42\"");
  }

  @Test
  void whatIsAskedForIsFound() throws Exception {
    assertThat(names())
        .containsExactly("one/answer", "one/Always", "one/Waits", "two/bad", "one/other");
    assertThat(names("type", "alert")).containsExactly("one/Always", "one/Waits");
    assertThat(names("type", "record")).containsExactly("one/answer", "two/bad", "one/other");
    assertThat(names("rule_name[]", "Always", "rule_name[]", "other"))
        .containsExactly("one/Always", "one/other");
    assertThat(names("rule_group[]", "two")).containsExactly("two/bad");
    assertThat(names("file[]", path + "second.yml")).containsExactly("one/other");
    assertThat(names("file[]", path + "second.yml", "rule_group[]", "two")).isEmpty();
    assertThat(names("match[]", "{team=\"b\"}")).containsExactly("one/Always");
    assertThat(names("match[]", "{team=\"b\"}", "match[]", "{team=\"a\"}"))
        .containsExactly("one/answer", "one/Always");
    assertThat(rules("exclude_alerts", "true").at("/groups/0/rules/1/alerts").isNull()).isTrue();
  }

  @Test
  void groupsComeInPages() throws Exception {
    JsonNode first = rules("group_limit", "2");
    assertThat(first.get("groups")).hasSize(2);
    String token = first.get("groupNextToken").asText();
    assertThat(token).hasSize(64);
    JsonNode second = rules("group_limit", "2", "group_next_token", token);
    assertThat(second.get("groups")).hasSize(1);
    assertThat(second.at("/groups/0/file").asText()).isEqualTo(path + "second.yml");
    assertThat(second.has("groupNextToken")).isFalse();
    assertThat(rules("group_limit", "1", "type", "alert").has("groupNextToken")).isFalse();
    HttpResponse<String> stale =
        client.get("/api/v1/rules", "group_limit", "1", "group_next_token", "x");
    assertThat(stale.statusCode()).isEqualTo(400);
    assertThat(stale.body()).contains("invalid group_next_token 'x'. were rule groups changed?");
  }

  @Test
  void aReloadTakesChangedFilesOverOrNothing() throws Exception {
    awaitEvaluation();
    String since = client.data("/api/v1/alerts").at("/alerts/1/activeAt").asText();
    Files.writeString(folder.resolve("rules/first.yml"), FIRST.replace("expr: vector(1)", "expr:"));
    Files.delete(folder.resolve("rules/second.yml"));
    HttpResponse<String> refused = client.form("POST", "/-/reload");
    assertThat(refused.statusCode()).isEqualTo(500);
    assertThat(refused.body())
        .contains("first.yml")
        .contains("\"Waits\": field 'expr' must be set in rule");
    assertThat(names()).contains("one/other");
    Files.writeString(folder.resolve("rules/first.yml"), FIRST.replace("name: two", "name: three"));
    configure(
        """
        rules: {files: [rules/*.yml], interval: 100ms, max_concurrent: 9}
        alerting: {alertmanagers: ['http://127.0.0.1:1']}
        """);
    HttpResponse<String> reloaded = client.form("POST", "/-/reload");
    assertThat(reloaded.statusCode()).as(reloaded.body()).isEqualTo(200);
    assertThat(reloaded.body()).contains("rules.max_concurrent").doesNotContain("alerting");
    assertThat(names()).containsExactly("one/answer", "one/Always", "one/Waits", "three/bad");
    assertThat(client.data("/api/v1/alerts").at("/alerts/1/activeAt").asText()).isEqualTo(since);
    assertThat(client.data("/api/v1/alertmanagers").get("activeAlertmanagers")).hasSize(1);
  }

  @Test
  void recordingRulesCatchUpAfterARestart() throws Exception {
    awaitEvaluation();
    client.close();
    server.close();
    long stopped = System.currentTimeMillis();
    Thread.sleep(1_500);
    configure("rules: {files: [rules/second.yml], catch_up_delay: 0s}\n");
    server = new Server(ServerConfig.load(folder.resolve("varve.yaml")));
    server.recover();
    client = new ApiClient(server.address().getPort());
    String count = "count_over_time(other[1s] @ " + (stopped + 1_200) / 1e3 + ")";
    for (int i = 0; i < 200; i++) {
      JsonNode found = client.data("/api/v1/query", "query", count).at("/result/0/value/1");
      if (found.asInt() == 10) {
        assertThat(client.get("/metrics").body())
            .containsPattern("varve_rule_catch_up_evaluations_total\\{.*;one\"\\} [1-9]");
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("did not catch up");
  }

  @Test
  void aServerWithWrongRulesDoesNotStart() throws Exception {
    Files.writeString(folder.resolve("rules/third.yml"), "groups: [{name: x, rules: [{}]}]\n");
    assertThatThrownBy(() -> new Server(ServerConfig.load(folder.resolve("varve.yaml"))).close())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("third.yml")
        .hasMessageContaining("one of 'record' or 'alert' must be set");
    configure("rules: {files: [rules/none.yml]}\n");
    assertThatThrownBy(() -> new Server(ServerConfig.load(folder.resolve("varve.yaml"))).close())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("none.yml: no such file");
  }
}
