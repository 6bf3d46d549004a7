package io.varve.http.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.varve.engine.SharedData;
import io.varve.engine.model.Labels;
import io.varve.http.api.AlertsHandler;
import io.varve.http.api.ApiErrors;
import io.varve.http.api.RulesHandler;
import io.varve.http.config.AlertingConfig;
import io.varve.http.json.GoFloat;
import io.varve.http.net.Availability;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Origins;
import io.varve.http.net.Route;
import io.varve.http.notify.Notifier;
import io.varve.retention.rules.RuleSample;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rules of the alert generator compliance specification, under a clock that leaps from
 * evaluation to evaluation: after each, the two endpoints, the stored series and what a receiver in
 * the place of an Alertmanager got are compared with what the specification says, which {@link
 * Instance} follows statement by statement. {@code docs/CONFORMANCE.md} lists the statements.
 */
@Timeout(120)
final class AlertGeneratorTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SECOND = 1_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long INTERVAL = 30 * SECOND;
  private static final long RESEND = MINUTE;
  private static final String METRIC = "alert_generator_test_suite";

  @TempDir private Path folder;
  private final BlockingQueue<JsonNode> received = new LinkedBlockingQueue<>();
  private final HttpClient client = HttpClient.newHttpClient();
  private RuleWorld world;
  private HttpServer receiver;
  private Notifier notifier;
  private HttpListener listener;

  @BeforeEach
  void start() throws Exception {
    world = new RuleWorld(folder);
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext(
        "/api/v2/alerts",
        exchange -> {
          JSON.readTree(exchange.getRequestBody()).forEach(received::add);
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    notifier =
        new Notifier(
            AlertingConfig.of(
                List.of("http://127.0.0.1:" + receiver.getAddress().getPort()), List.of(), 10_000),
            Labels.EMPTY,
            () -> "http://varve",
            (alertmanager, nanos) -> {});
    world.also = notifier;
    listener =
        new HttpListener(
            "127.0.0.1",
            0,
            new HttpListener.Limits(1 << 20, 60_000, 60_000, Origins.ALL, ""),
            List.of(
                Route.api("/api/v1/rules", new RulesHandler(() -> world.manager.groups()), "GET"),
                Route.api(
                    "/api/v1/alerts", new AlertsHandler(() -> world.manager.groups()), "GET")),
            () -> Availability.READY,
            new ApiErrors(),
            (route, status, nanos, in, out) -> {});
  }

  @AfterEach
  void stop() throws Exception {
    listener.close();
    notifier.close();
    receiver.stop(0);
    client.close();
    world.close();
  }

  /** A series of the input: from which time after the start on it has which value. */
  private record Input(Labels labels, TreeMap<Long, Double> values) {
    double at(long millis) {
      Map.Entry<Long, Double> value = values.floorEntry(millis);
      return value == null ? 0 : value.getValue();
    }
  }

  /** A rule as the specification sees it. */
  private record Expected(
      String group,
      String name,
      String query,
      long forMillis,
      double threshold,
      Map<String, String> labels,
      Map<String, String> annotations,
      List<Instance> instances) {}

  /** An alert of a rule, and its life by the words of the specification. */
  private static final class Instance {
    final Expected rule;
    final Labels labels;
    final @Nullable Input input;
    String state = "inactive";
    double value;
    long activeAt;
    long firedAt;
    long resolvedAt;
    long lastSent;

    /**
     * @param input null for an alert that follows other alerts
     */
    Instance(Expected rule, @Nullable Input input) {
      this.rule = rule;
      this.input = input;
      Labels.Builder named = new Labels.Builder(input == null ? Labels.EMPTY : input.labels);
      named.remove(Labels.METRIC_NAME); // step 1
      rule.labels.forEach(named::set); // step 2
      labels = named.set("alertname", rule.name).build(); // step 3
    }

    /**
     * An evaluation.
     *
     * @return whether it is to be sent
     */
    boolean evaluate(long time, boolean present, double now) {
      boolean first = false;
      if (present) {
        if (state.equals("inactive")) { // a new alert
          activeAt = time;
          resolvedAt = 0;
          firedAt = 0;
          state = "pending";
          lastSent = 0;
        }
        value = now;
        if (state.equals("pending") && time - activeAt >= rule.forMillis) {
          state = "firing";
          firedAt = time;
          first = true;
        }
      } else if (!state.equals("inactive")) {
        first = state.equals("firing");
        resolvedAt = first ? time : 0; // what was pending only is forgotten
        state = "inactive";
      }
      boolean firing = state.equals("firing");
      boolean gone = resolvedAt != 0 && time - resolvedAt <= 15 * MINUTE;
      boolean send = first || ((firing || gone) && time - lastSent > RESEND);
      if (send) {
        lastSent = time;
      }
      return send;
    }

    boolean isActive() {
      return !state.equals("inactive");
    }

    Map<String, String> annotations() {
      Map<String, String> expanded = new TreeMap<>();
      rule.annotations.forEach(
          (name, text) -> expanded.put(name, text.replace("VALUE", GoFloat.sample(value))));
      return expanded;
    }
  }

  private final List<Input> inputs = new ArrayList<>();
  private final List<Expected> rules = new ArrayList<>();
  private final Map<String, String> templates = new LinkedHashMap<>();

  /** Minutes and values in turn. */
  private Input input(String group, String rule, String variant, double... minutesAndValues) {
    Labels.Builder labels =
        new Labels.Builder()
            .set(Labels.METRIC_NAME, METRIC)
            .set("rulegroup", group)
            .set("alertname", rule);
    if (!variant.isEmpty()) {
      labels.set("variant", variant);
    }
    TreeMap<Long, Double> values = new TreeMap<>();
    for (int i = 0; i < minutesAndValues.length; i += 2) {
      values.put((long) (minutesAndValues[i] * MINUTE), minutesAndValues[i + 1]);
    }
    Input input = new Input(labels.build(), values);
    inputs.add(input);
    return input;
  }

  private Expected rule(
      String group,
      String name,
      long forMillis,
      double threshold,
      Map<String, String> labels,
      Map<String, String> annotations,
      Input... inputs) {
    Map<String, String> all = new TreeMap<>(labels);
    all.put("rulegroup", group);
    String query =
        METRIC
            + "{alertname=\""
            + name
            + "\",rulegroup=\""
            + group
            + "\"} > "
            + GoFloat.sample(threshold);
    Expected rule =
        new Expected(group, name, query, forMillis, threshold, all, annotations, new ArrayList<>());
    for (Input input : inputs) {
      rule.instances.add(new Instance(rule, input));
    }
    rules.add(rule);
    return rule;
  }

  private Expected follower() {
    String group = "NewAlerts_OrderCheck";
    String name = group + "_Rule2";
    Expected rule =
        new Expected(
            group,
            name,
            "",
            0,
            0,
            Map.of("ba_dum", "tss", "foo", "baz", "rulegroup", group),
            Map.of(
                "description",
                "Based on ALERTS. Old alertname was NewAlerts_OrderCheck_Rule1. foo was bar."),
            new ArrayList<>());
    // The labels of what it is made of, which those of the rule overrule.
    Instance instance =
        new Instance(
            rule,
            new Input(
                Labels.of("alertstate", "firing", "rulegroup", group, "foo", "bar"),
                new TreeMap<>()));
    rule.instances.add(instance);
    rules.add(rule);
    return rule;
  }

  private void suite() {
    String group = "PendingAndFiringAndResolved";
    String name = group + "_SimpleAlert";
    Map<String, String> bar = Map.of("foo", "bar");
    // Pending, firing with a changing value, resolved for more than 15 minutes, and all again.
    rule(
        group,
        name,
        6 * MINUTE,
        10,
        bar,
        Map.of("description", "SimpleAlert is firing", "summary", "The value is VALUE VALUE"),
        input(group, name, "", 0, 5, 2, 11, 7, 15.5, 12, 13, 14, 9, 33, 11, 42, 8));
    group = "PendingAndResolved_AlwaysInactive";
    name = group + "_PendingAlert";
    rule(
        group,
        name,
        3 * MINUTE,
        10,
        bar,
        Map.of("description", "SimpleAlert is firing"),
        input(group, name, "", 0, 5, 3, 11, 5, 8, 9, 12, 11.5, 1));
    name = group + "_InactiveAlert";
    rule(
        group,
        name,
        3 * MINUTE,
        99,
        Map.of("ba_dum", "tss"),
        Map.of("description", "This should never fire"),
        input(group, name, "", 0, 5, 10, 99, 20, 98));
    group = "ZeroFor_SmallFor";
    name = group + "_ZeroFor";
    rule(
        group,
        name,
        0,
        10,
        bar,
        Map.of(
            "description",
            "This should immediately fire",
            "template_test",
            "1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC",
            "template_query_test",
            "Args are: foo bar 99. first_id:1,1:5,2:6,"),
        input(group, name, "", 0, 5, 3, 11, 8, 5, 12, 20, 14, 3));
    name = group + "_SmallFor";
    rule(
        group,
        name,
        15 * SECOND,
        13,
        Map.of("ba_dum", "tss"),
        Map.of(
            "description",
            "This should fire after an interval",
            "template_test",
            "This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. ."),
        input(group, name, "", 0, 5, 4, 14, 9, 12));
    for (int id = 1; id <= 2; id++) {
      TreeMap<Long, Double> value = new TreeMap<>();
      value.put(0L, 4.0 + id);
      inputs.add(
          new Input(
              Labels.of(
                  Labels.METRIC_NAME,
                  METRIC,
                  "rulegroup",
                  group,
                  "for",
                  "template",
                  "id",
                  String.valueOf(id)),
              value));
    }
    group = "NewAlerts_OrderCheck";
    name = group + "_Rule1";
    rule(
        group,
        name,
        3 * MINUTE,
        10,
        bar,
        Map.of("description", "This should produce more alerts later"),
        input(group, name, "one", 0, 11, 30, 5),
        input(group, name, "two", 0, 5, 8, 11, 20, 5));
    follower();
  }

  @Test
  void theSuiteOfTheSpecification() throws Exception {
    Path file = SharedData.path("conformance/compliance/alert_generator/rules.yaml");
    suite();
    world.update("suite.yaml", Files.readString(file));
    for (JsonNode group : get("/api/v1/rules").get("groups")) {
      for (JsonNode rule : group.get("rules")) {
        assertThat(rule.get("health").asText()).isEqualTo("unknown");
        texts(rule.get("annotations"))
            .forEach((key, text) -> templates.put(rule.get("name").asText() + " " + key, text));
      }
    }
    // Within an interval each group shows when its turn is.
    Map<Long, String> phases = new TreeMap<>();
    Map<String, Integer> seen = new TreeMap<>();
    write(0);
    for (long t = 1; t <= INTERVAL; t++) {
      world.advance(1, 1);
      long now = t;
      world.manager.groups().stream()
          .filter(g -> g.lastMillis() == RuleWorld.START + now && !seen.containsKey(g.name()))
          .forEach(g -> phases.put(now, g.name()));
      if (phases.containsKey(now)) {
        String group = String.valueOf(phases.get(now));
        seen.put(group, 1);
        check(group, now);
      }
      if (t % (15 * SECOND) == 0) {
        write(t);
      }
    }
    assertThat(seen.keySet()).hasSize(4);
    int firing = 0;
    for (long begin = INTERVAL; begin < 50 * MINUTE; begin += INTERVAL) {
      TreeSet<Long> stops = new TreeSet<>(phases.keySet());
      stops.add(15 * SECOND);
      stops.add(INTERVAL);
      for (long stop : stops) {
        long to = begin + stop;
        if (stop % (15 * SECOND) == 0) {
          // A sample and an evaluation at the same time would be a matter of luck.
          assertThat(phases).doesNotContainKey(stop);
        }
        world.advance(RuleWorld.START + to - world.now(), INTERVAL);
        String group = phases.get(stop);
        if (group == null) {
          write(to);
        } else {
          firing += check(group, to);
        }
      }
    }
    // Each kind of alert was there for a while.
    assertThat(firing).isGreaterThan(100);
    assertThat(received).isEmpty();
  }

  private void write(long millis) {
    for (Input input : inputs) {
      String[] labels = new String[2 * input.labels.size()];
      for (int i = 0; i < input.labels.size(); i++) {
        labels[2 * i] = input.labels.name(i);
        labels[2 * i + 1] = input.labels.value(i);
      }
      world.write(RuleWorld.START + millis, input.at(millis), labels);
    }
  }

  /**
   * Compares everything after the evaluation of a group.
   *
   * @return how many alerts fire
   */
  private int check(String group, long millis) throws Exception {
    long time = RuleWorld.START + millis;
    long sampled = millis / (15 * SECOND) * (15 * SECOND);
    List<Instance> sends = new ArrayList<>();
    int firing = 0;
    for (Expected rule : rules) {
      if (!rule.group.equals(group)) {
        continue;
      }
      for (Instance instance : rule.instances) {
        double value;
        boolean present;
        if (rule.query.isEmpty()) {
          // It sees what the rule before it has made in the same evaluation.
          present =
              rules.stream()
                  .filter(r -> r.name.equals("NewAlerts_OrderCheck_Rule1"))
                  .allMatch(r -> r.instances.stream().allMatch(i -> i.state.equals("firing")));
          value = 2;
        } else {
          Input input = instance.input;
          value = input == null ? 0 : input.at(sampled);
          present = value > rule.threshold;
        }
        if (instance.evaluate(time, present, value)) {
          sends.add(instance);
        }
        firing += instance.state.equals("firing") ? 1 : 0;
      }
    }
    String when = group + " at " + millis / 1000.0 + " s";
    checkSent(when, time, sends);
    checkSeries(when, group, time);
    checkRules(when, group, time);
    return firing;
  }

  private void checkSent(String when, long time, List<Instance> sends) throws Exception {
    Map<String, JsonNode> got = new TreeMap<>();
    for (int i = 0; i < sends.size(); i++) {
      JsonNode alert = received.poll(20, TimeUnit.SECONDS);
      assertThat(alert).as(when + ": sent").isNotNull();
      got.put(alert.get("labels").toString(), alert);
    }
    if (world.told.size() != sends.size()) {
      assertThat(world.told).as(when + ": sent").hasSameSizeAs(sends);
    }
    world.told.clear();
    for (Instance instance : sends) {
      assertThat(got).as(when).containsKey(json(instance.labels));
      JsonNode alert = Objects.requireNonNull(got.remove(json(instance.labels)));
      assertThat(texts(alert.get("annotations"))).as(when).isEqualTo(instance.annotations());
      assertThat(millis(alert.get("startsAt"))).as(when).isEqualTo(instance.firedAt);
      long ends =
          instance.state.equals("firing")
              ? time + 4 * Math.max(RESEND, INTERVAL)
              : instance.resolvedAt;
      assertThat(millis(alert.get("endsAt"))).as(when).isEqualTo(ends);
      assertThat(alert.get("generatorURL").asText()).startsWith("http://varve/graph?g0.expr=");
    }
    assertThat(got).as(when).isEmpty();
  }

  private void checkSeries(String when, String group, long time) {
    TreeSet<String> expected = new TreeSet<>();
    for (Expected rule : rules) {
      for (Instance instance : rule.instances) {
        if (rule.group.equals(group) && instance.isActive()) {
          expected.add(
              new Labels.Builder(instance.labels)
                  .set(Labels.METRIC_NAME, "ALERTS")
                  .set("alertstate", instance.state)
                  .build()
                  .toString());
        }
      }
    }
    TreeSet<String> got = new TreeSet<>();
    for (RuleSample sample :
        world.evaluator.evaluate("ALERTS{rulegroup=\"" + group + "\"}", time)) {
      assertThat(sample.value()).isEqualTo(1);
      got.add(sample.labels().toString());
    }
    assertThat(got).as(when).isEqualTo(expected);
  }

  private void checkRules(String when, String group, long time) throws Exception {
    List<JsonNode> union = new ArrayList<>();
    int found = 0;
    for (JsonNode one : get("/api/v1/rules").get("groups")) {
      assertThat(one.get("interval").asDouble()).isEqualTo(30);
      if (one.get("name").asText().equals(group)) {
        assertThat(millis(one.get("lastEvaluation"))).as(when).isEqualTo(time);
      }
      for (JsonNode json : one.get("rules")) {
        json.get("alerts").forEach(union::add);
        if (one.get("name").asText().equals(group)) {
          checkRule(when, json, time);
          found++;
        }
      }
    }
    assertThat(found).isEqualTo(rules.stream().filter(r -> r.group.equals(group)).count());
    List<JsonNode> alerts = new ArrayList<>();
    get("/api/v1/alerts").get("alerts").forEach(alerts::add);
    assertThat(alerts).as(when).containsExactlyInAnyOrderElementsOf(union);
  }

  private void checkRule(String when, JsonNode json, long time) {
    String name = json.get("name").asText();
    Expected rule = rules.stream().filter(r -> r.name.equals(name)).findFirst().orElseThrow();
    assertThat(json.get("type").asText()).isEqualTo("alerting");
    if (!rule.query.isEmpty()) {
      String query = json.get("query").asText().replace("__name__=\"" + METRIC + "\",", "");
      assertThat(query.replaceFirst("^\\{", METRIC + "{")).isEqualTo(rule.query);
    }
    assertThat(json.get("duration").asDouble()).isEqualTo(rule.forMillis / 1e3);
    assertThat(texts(json.get("labels"))).isEqualTo(rule.labels);
    Map<String, String> annotations = texts(json.get("annotations"));
    assertThat(annotations.keySet()).isEqualTo(rule.annotations.keySet());
    annotations.forEach((key, text) -> assertThat(text).isEqualTo(templates.get(name + " " + key)));
    assertThat(millis(json.get("lastEvaluation"))).isEqualTo(time);
    assertThat(json.get("evaluationTime").asDouble()).isPositive();
    assertThat(json.get("health").asText()).isEqualTo("ok");
    assertThat(json.has("lastError")).isFalse();
    String state = "inactive";
    Map<String, Instance> active = new TreeMap<>();
    for (Instance instance : rule.instances) {
      if (instance.isActive()) {
        active.put(json(instance.labels), instance);
        state = state.equals("firing") ? state : instance.state;
      }
    }
    assertThat(json.get("state").asText()).as(when).isEqualTo(state);
    assertThat(json.get("alerts")).as(when).hasSameSizeAs(active.keySet());
    for (JsonNode alert : json.get("alerts")) {
      assertThat(active).as(when).containsKey(alert.get("labels").toString());
      Instance instance = Objects.requireNonNull(active.get(alert.get("labels").toString()));
      assertThat(alert.get("state").asText()).as(when).isEqualTo(instance.state);
      assertThat(millis(alert.get("activeAt"))).as(when).isEqualTo(instance.activeAt);
      assertThat(Double.parseDouble(alert.get("value").asText())).isEqualTo(instance.value);
      assertThat(texts(alert.get("annotations"))).as(when).isEqualTo(instance.annotations());
    }
  }

  @Test
  void alertsThatAreTheSameAreAnError() throws Exception {
    world.update(
        "f",
        """
        groups:
          - name: g
            interval: 30s
            rules:
              - alert: Same
                expr: source > 1
                labels: {host: all}
        """);
    world.write(RuleWorld.START, 2, "__name__", "source", "host", "a");
    world.write(RuleWorld.START, 2, "__name__", "source", "host", "b");
    world.advance(MINUTE, SECOND);
    JsonNode rule = get("/api/v1/rules").at("/groups/0/rules/0");
    assertThat(rule.get("health").asText()).isEqualTo("err");
    assertThat(rule.get("lastError").asText())
        .isEqualTo("vector contains metrics with the same labelset after applying alert labels");
    assertThat(rule.get("alerts")).isEmpty();
    assertThat(world.told).isEmpty();
    assertThat(world.stored("ALERTS")).isEmpty();
  }

  @Test
  void theIntervalIsAMinuteUnlessTheFileSaysIt() throws Exception {
    world.update("f", "groups: [{name: g, rules: [{alert: A, expr: 'vector(1)'}]}]");
    assertThat(get("/api/v1/rules").at("/groups/0/interval").asDouble()).isEqualTo(60);
  }

  private JsonNode get(String path) throws Exception {
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + listener.address().getPort() + path))
                .timeout(Duration.ofSeconds(20))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    JsonNode answer = JSON.readTree(response.body());
    assertThat(answer.get("status").asText()).isEqualTo("success");
    return answer.get("data");
  }

  private static String json(Labels labels) {
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < labels.size(); i++) {
      map.put(labels.name(i), labels.value(i));
    }
    return JSON.valueToTree(map).toString();
  }

  private static Map<String, String> texts(JsonNode node) {
    Map<String, String> texts = new TreeMap<>();
    node.properties().forEach(field -> texts.put(field.getKey(), field.getValue().asText()));
    return texts;
  }

  private static long millis(JsonNode time) {
    return Instant.parse(time.asText()).toEpochMilli();
  }
}
