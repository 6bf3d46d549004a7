package io.varve.http.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.varve.engine.model.Labels;
import io.varve.http.json.GoFloat;
import io.varve.http.replay.Firing;
import io.varve.http.replay.Replay;
import io.varve.http.replay.RuleSummary;
import io.varve.retention.rules.Rule;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of a replay, for people and for programs. */
final class ReplayReport {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final String NEVER = "-";

  private final Replay.Options options;
  private final List<RuleSummary> rules;
  private final List<Firing> firings;
  private final long refused;

  /**
   * @param refused samples that the store did not take; −1 if nothing was written
   */
  ReplayReport(Replay.Options options, Replay replay, long refused) {
    this.options = options;
    this.rules = replay.summaries();
    this.firings =
        replay.firings().stream()
            .sorted(Comparator.comparingLong(Firing::activeMillis).thenComparing(Firing::labels))
            .toList();
    this.refused = refused;
  }

  List<Firing> firings() {
    return firings;
  }

  boolean failed() {
    return rules.stream().anyMatch(rule -> rule.failed() > 0);
  }

  /**
   * @param pending whether alerts are listed that did not fire
   */
  void table(PrintStream out, boolean pending) {
    TextTable alerts = new TextTable("ALERT", "PENDING SINCE", "FIRED AT", "RESOLVED AT", "LABELS");
    for (Firing f : firings) {
      if (!f.fires() && !pending) {
        continue;
      }
      alerts.row(
          f.alert(),
          time(f.activeMillis()),
          time(f.firedMillis()),
          time(f.endMillis()),
          f.labels().without("alertname").toString());
    }
    if (!alerts.isEmpty()) {
      alerts.print(out);
      out.println();
    }
    TextTable all =
        new TextTable("GROUP", "RULE", "KIND", "SERIES", "SAMPLES", "EVALUATIONS", "FAILED");
    long series = 0;
    long samples = 0;
    for (RuleSummary rule : rules) {
      all.row(
          rule.rule().group().name(),
          rule.rule().rule().name(),
          kind(rule),
          String.valueOf(rule.series()),
          String.valueOf(rule.samples()),
          String.valueOf(rule.evaluations()),
          String.valueOf(rule.failed()));
      series += rule.series();
      samples += rule.samples();
    }
    all.print(out);
    out.println();
    long fired = firings.stream().filter(Firing::fires).count();
    out.printf(
        "%d alerts fired, %d were pending only%s; %d series with %d samples %s%n",
        fired,
        firings.size() - fired,
        pending || fired == firings.size() ? "" : " (--pending lists them)",
        series,
        samples,
        refused < 0 ? "would have been written" : "written");
    if (refused > 0) {
      out.println(refused + " samples were refused");
    }
  }

  /** Tells of rules that failed. */
  void failures(PrintStream out) {
    for (RuleSummary rule : rules) {
      if (rule.failed() > 0) {
        out.printf(
            "varve: group \"%s\", rule %d, \"%s\" failed %d times of %d, first at %s: %s%n",
            rule.rule().group().name(),
            rule.rule().number() + 1,
            rule.rule().rule().name(),
            rule.failed(),
            rule.evaluations(),
            time(rule.firstFailureMillis()),
            rule.firstFailure());
      }
    }
  }

  void json(PrintStream out) throws IOException {
    print(json(), out);
  }

  static void print(ObjectNode node, PrintStream out) throws IOException {
    out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node));
  }

  ObjectNode json() {
    ObjectNode top = JSON.createObjectNode();
    top.put("from", time(options.from()));
    top.put("to", time(options.to()));
    ArrayNode alerts = top.putArray("alerts");
    firings.forEach(firing -> alerts.add(json(firing)));
    ArrayNode all = top.putArray("rules");
    for (RuleSummary rule : rules) {
      ObjectNode node = all.addObject();
      node.put("group", rule.rule().group().name());
      node.put("name", rule.rule().rule().name());
      node.put("type", kind(rule));
      node.put("query", rule.rule().rule().expression());
      node.put("series", rule.series());
      node.put("samples", rule.samples());
      node.put("evaluations", rule.evaluations());
      node.put("failed", rule.failed());
      if (rule.failed() > 0) {
        ObjectNode first = node.putObject("firstFailure");
        first.put("time", time(rule.firstFailureMillis()));
        first.put("error", rule.firstFailure());
      }
    }
    top.put("written", refused >= 0);
    if (refused >= 0) {
      top.put("refusedSamples", refused);
    }
    return top;
  }

  private static String kind(RuleSummary rule) {
    return switch (rule.rule().rule()) {
      case Rule.Recording r -> "recording";
      case Rule.Alerting a -> "alerting";
    };
  }

  static ObjectNode json(Firing firing) {
    ObjectNode node = JSON.createObjectNode();
    node.put("name", firing.alert());
    node.put("group", firing.group());
    node.set("labels", json(firing.labels()));
    node.put("value", GoFloat.sample(firing.value()));
    node.put("pendingSince", time(firing.activeMillis()));
    node.put("firedAt", orNull(firing.firedMillis()));
    node.put("resolvedAt", orNull(firing.endMillis()));
    return node;
  }

  static ObjectNode json(Labels labels) {
    ObjectNode node = JSON.createObjectNode();
    for (int i = 0; i < labels.size(); i++) {
      node.put(labels.name(i), labels.value(i));
    }
    return node;
  }

  static String time(long millis) {
    return millis == 0 ? NEVER : Instant.ofEpochMilli(millis).toString();
  }

  private static @Nullable String orNull(long millis) {
    return millis == 0 ? null : time(millis);
  }
}
