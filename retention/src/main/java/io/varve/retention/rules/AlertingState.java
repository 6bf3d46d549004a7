package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import io.varve.retention.rules.template.Sample;
import io.varve.retention.rules.template.Surroundings;
import io.varve.retention.rules.template.Template;
import io.varve.retention.rules.template.TemplateException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The alerts of one rule, from one evaluation to the next. One thread. */
final class AlertingState {
  /** How long an alert that has gone is told of. */
  private static final long RESOLVED_MILLIS = 15 * 60_000;

  private final Rule.Alerting rule;
  private final Map<Labels, Active> active = new LinkedHashMap<>();

  AlertingState(Rule.Alerting rule) {
    this.rule = rule;
  }

  private static final class Active {
    final Labels labels;
    final long since;
    SortedMap<String, String> annotations;
    double value;
    Alert.State state = Alert.State.PENDING;
    long fired;
    long resolved;
    long keepSince;

    Active(Labels labels, SortedMap<String, String> annotations, double value, long since) {
      this.labels = labels;
      this.annotations = annotations;
      this.value = value;
      this.since = since;
    }
  }

  /** The alerts that are told of. */
  List<Alert> alerts() {
    return active.values().stream()
        .map(
            a -> new Alert(a.labels, a.annotations, a.value, a.state, a.since, a.fired, a.resolved))
        .toList();
  }

  /**
   * Follows the result of the expression.
   *
   * @return the samples of ALERTS and ALERTS_FOR_STATE
   */
  List<RuleSample> follow(
      List<RuleSample> result, long time, int limit, RuleSurroundings surroundings) {
    Map<Labels, Active> found = new LinkedHashMap<>();
    for (RuleSample sample : result) {
      Map<String, String> labels = map(sample.labels());
      Map<String, Object> data = new HashMap<>();
      data.put("Labels", labels);
      data.put("ExternalLabels", surroundings.externalLabels());
      data.put("ExternalURL", surroundings.externalUrl());
      data.put(
          "Value",
          sample.histogram() == null ? (Object) sample.value() : sample.histogram().toString());
      Labels.Builder named = new Labels.Builder(sample.labels()).remove(Labels.METRIC_NAME);
      rule.labels().forEach((name, text) -> named.set(name, expand(text, data, surroundings)));
      named.set("alertname", rule.name());
      SortedMap<String, String> annotations = new TreeMap<>();
      rule.annotations()
          .forEach((name, text) -> annotations.put(name, expand(text, data, surroundings)));
      Labels key = named.build();
      if (found.put(key, new Active(key, annotations, sample.value(), time)) != null) {
        throw new RuleException(
            "vector contains metrics with the same labelset after applying alert labels");
      }
    }
    found.forEach(
        (key, fresh) -> {
          Active known = active.get(key);
          if (known != null && known.state != Alert.State.INACTIVE) {
            known.value = fresh.value;
            known.annotations = fresh.annotations;
          } else {
            active.put(key, fresh);
          }
        });
    List<RuleSample> samples = new ArrayList<>();
    int firing = 0;
    for (Iterator<Active> all = active.values().iterator(); all.hasNext(); ) {
      Active a = all.next();
      if (!found.containsKey(a.labels)) {
        boolean kept = keepsFiring(a, time);
        if (!kept) {
          if (a.state == Alert.State.PENDING
              || (a.resolved != 0 && time - a.resolved > RESOLVED_MILLIS)) {
            all.remove();
          }
          if (a.state != Alert.State.INACTIVE) {
            a.state = Alert.State.INACTIVE;
            a.resolved = time;
          }
          continue;
        }
      } else {
        a.keepSince = 0;
        if (a.state == Alert.State.PENDING && time - a.since >= rule.forMillis()) {
          a.state = Alert.State.FIRING;
          a.fired = time;
        }
      }
      firing++;
      samples.add(sample(a, "ALERTS", 1));
      samples.add(sample(a, "ALERTS_FOR_STATE", (double) Math.floorDiv(a.since, 1000)));
    }
    if (limit > 0 && firing > limit) {
      active.clear();
      throw new RuleException("exceeded limit of " + limit + " with " + firing + " alerts");
    }
    return samples;
  }

  /** True if an alert whose series has gone goes on. */
  private boolean keepsFiring(Active a, long time) {
    if (a.state != Alert.State.FIRING || rule.keepFiringMillis() <= 0) {
      return false;
    }
    if (a.keepSince == 0) {
      a.keepSince = time;
    }
    return time - a.keepSince < rule.keepFiringMillis();
  }

  private static RuleSample sample(Active a, String name, double value) {
    Labels.Builder labels = new Labels.Builder(a.labels).set(Labels.METRIC_NAME, name);
    if (name.equals("ALERTS")) {
      labels.set("alertstate", a.state.text());
    }
    return new RuleSample(labels.build(), value, null);
  }

  private static String expand(String text, Map<String, Object> data, Surroundings surroundings) {
    try {
      return Template.parse(RuleFile.DEFINITIONS + text).expand(data, surroundings);
    } catch (TemplateException e) {
      return "<error expanding template: " + e.getMessage() + ">";
    }
  }

  static Map<String, String> map(Labels labels) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < labels.size(); i++) {
      map.put(labels.name(i), labels.value(i));
    }
    return map;
  }

  /** What templates may ask of the evaluation that expands them. */
  record RuleSurroundings(
      Evaluator evaluator, long timeMillis, String externalUrl, Map<String, String> externalLabels)
      implements Surroundings {
    @Override
    public List<Sample> query(String expression) {
      return evaluator.evaluate(expression, timeMillis).stream()
          .map(
              s ->
                  new Sample(
                      map(s.labels()),
                      s.histogram() == null ? (Object) s.value() : s.histogram().toString()))
          .toList();
    }

    @Override
    public double now() {
      return timeMillis / 1000.0;
    }
  }
}
