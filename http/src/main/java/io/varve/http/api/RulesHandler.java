package io.varve.http.api;

import io.varve.engine.model.Matcher;
import io.varve.http.json.GoTimes;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.ParseException;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code /api/v1/rules}: groups of a tenant with their rules, and what came of the last evaluation.
 */
public final class RulesHandler implements Handler {
  private static final Set<String> TYPES = Set.of("", "alert", "record");
  private static final double NANOS = 1e9;
  private static final double MILLIS = 1e3;

  private final Supplier<List<GroupStatus>> groups;

  /** Asks for the groups with each request. */
  public RulesHandler(Supplier<List<GroupStatus>> groups) {
    this.groups = groups;
  }

  /** A group, and those of its rules that are asked for. */
  private record Found(GroupStatus group, List<RuleStatus> rules) {}

  /** What is asked for; no names stand for all. */
  private record Filter(
      String tenant,
      String type,
      Set<String> names,
      Set<String> groups,
      Set<String> files,
      List<List<Matcher>> matchers,
      boolean excludeAlerts) {
    boolean accepts(GroupStatus group) {
      return group.tenant().equals(tenant)
          && (groups.isEmpty() || groups.contains(group.name()))
          && (files.isEmpty() || files.contains(group.file()));
    }

    boolean accepts(Rule rule) {
      boolean wanted =
          switch (rule) {
            case Rule.Alerting _ -> !type.equals("record");
            case Rule.Recording _ -> !type.equals("alert");
          };
      return wanted && (names.isEmpty() || names.contains(rule.name())) && hasLabels(rule);
    }

    private boolean hasLabels(Rule rule) {
      for (List<Matcher> set : matchers) {
        boolean all = true;
        for (Matcher matcher : set) {
          all &= matcher.matches(rule.labels().getOrDefault(matcher.name(), ""));
        }
        if (all) {
          return true;
        }
      }
      return matchers.isEmpty();
    }
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    Filter filter = filter(arguments);
    int most = limit(arguments);
    String from = arguments.text("group_next_token");
    boolean begun = from.isEmpty();
    List<Found> found = new ArrayList<>();
    String next = null;
    for (GroupStatus group : groups.get()) {
      begun = begun || token(group).equals(from);
      if (!begun || !filter.accepts(group)) {
        continue;
      }
      List<RuleStatus> rules =
          group.rules().stream().filter(status -> filter.accepts(status.rule())).toList();
      if (rules.isEmpty()) {
        continue;
      }
      if (most > 0 && found.size() == most) {
        next = token(group);
        break;
      }
      found.add(new Found(group, rules));
    }
    if (!begun) {
      throw ApiException.badParameter(
          "group_next_token", "invalid group_next_token '" + from + "'. were rule groups changed?");
    }
    answer(response, found, next, filter.excludeAlerts);
  }

  private static Filter filter(Arguments arguments) {
    String type = arguments.text("type").toLowerCase(Locale.ROOT);
    if (!TYPES.contains(type)) {
      throw ApiException.badParameter("type", "not supported value \"" + type + '"');
    }
    List<List<Matcher>> matchers;
    try {
      matchers = arguments.matchers();
    } catch (IllegalArgumentException | ParseException e) {
      throw ApiException.badData(String.valueOf(e.getMessage()));
    }
    boolean exclude =
        switch (arguments.text("exclude_alerts").toLowerCase(Locale.ROOT)) {
          case "", "0", "f", "false" -> false;
          case "1", "t", "true" -> true;
          default ->
              throw ApiException.badParameter(
                  "exclude_alerts", "error converting exclude_alerts: invalid syntax");
        };
    return new Filter(
        arguments.tenant(),
        type,
        new HashSet<>(arguments.all("rule_name[]")),
        new HashSet<>(arguments.all("rule_group[]")),
        new HashSet<>(arguments.all("file[]")),
        matchers,
        exclude);
  }

  /** How many groups are wanted, 0 for all. */
  private static int limit(Arguments arguments) {
    String limit = arguments.text("group_limit");
    if (limit.isEmpty()) {
      if (!arguments.text("group_next_token").isEmpty()) {
        throw ApiException.badParameter(
            "group_limit", "group_limit needs to be present in order to paginate over the groups");
      }
      return 0;
    }
    int groups;
    try {
      groups = Arguments.parseInt(limit);
    } catch (IllegalArgumentException e) {
      throw ApiException.badParameter(
          "group_limit", "group_limit needs to be a valid number: " + e.getMessage());
    }
    if (groups <= 0) {
      throw ApiException.badParameter("group_limit", "group_limit needs to be greater than 0");
    }
    return groups;
  }

  /** What stands for a group when a list of them is to be continued there. */
  private static String token(GroupStatus group) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(group.key().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void answer(
      Response response, List<Found> found, @Nullable String next, boolean excludeAlerts)
      throws IOException {
    Answers.success(
        response,
        json -> {
          json.beginObject().key("groups").beginList();
          for (Found one : found) {
            write(json, one, excludeAlerts);
          }
          json.endList();
          if (next != null) {
            json.key("groupNextToken").string(next);
          }
          json.endObject();
        });
  }

  private static void write(Json json, Found found, boolean excludeAlerts) throws IOException {
    GroupStatus group = found.group;
    json.beginObject();
    json.key("name").string(group.name());
    json.key("file").string(group.file());
    json.key("rules").beginList();
    for (RuleStatus rule : found.rules) {
      write(json, rule, excludeAlerts);
    }
    json.endList();
    json.key("interval").number(group.intervalMillis() / MILLIS);
    json.key("limit").number((long) group.limit());
    json.key("evaluationTime").number(group.evaluationNanos() / NANOS);
    json.key("lastEvaluation").string(GoTimes.text(group.lastMillis()));
    json.endObject();
  }

  private static void write(Json json, RuleStatus status, boolean excludeAlerts)
      throws IOException {
    Rule rule = status.rule();
    json.beginObject();
    if (rule instanceof Rule.Alerting) {
      json.key("state").string(status.state().text());
    }
    json.key("name").string(rule.name());
    json.key("query").string(status.expression());
    if (rule instanceof Rule.Alerting alerting) {
      json.key("duration").number(alerting.forMillis() / MILLIS);
      json.key("keepFiringFor").number(alerting.keepFiringMillis() / MILLIS);
    }
    AlertsHandler.texts(json.key("labels"), rule.labels());
    if (rule instanceof Rule.Alerting alerting) {
      AlertsHandler.texts(json.key("annotations"), alerting.annotations());
      json.key("alerts");
      if (excludeAlerts) {
        json.nothing();
      } else {
        json.beginList();
        AlertsHandler.write(json, status.activeAlerts());
        json.endList();
      }
    }
    json.key("health").string(status.health());
    String error = status.error();
    if (error != null) {
      json.key("lastError").string(error);
    }
    json.key("evaluationTime").number(status.evaluationNanos() / NANOS);
    json.key("lastEvaluation").string(GoTimes.text(status.lastMillis()));
    json.key("type").string(rule instanceof Rule.Alerting ? "alerting" : "recording");
    json.endObject();
  }
}
