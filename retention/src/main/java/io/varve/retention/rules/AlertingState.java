package io.varve.retention.rules;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The alerts of one rule, from one evaluation to the next. One thread. */
final class AlertingState {
  /** How long an alert that has gone is told of. */
  private static final long RESOLVED_MILLIS = 15 * 60_000;

  private static final long NEVER = Long.MIN_VALUE / 2;

  private final Rule.Alerting rule;
  private final Map<String, Expansion> labels = new LinkedHashMap<>();
  private final Map<String, Expansion> annotations = new LinkedHashMap<>();
  private final Map<Labels, Active> active = new LinkedHashMap<>();

  /** Whether labels and annotations are what they are, whatever the series. */
  private final boolean plain;

  /** By the labels of a series those of its alert, as they were found last; of plain ones only. */
  private Map<Labels, Labels> keys = new HashMap<>();

  /**
   * Whether the series of alerts are kept back: as long as those of the time before the start are
   * still to be read, they must not be overwritten.
   */
  private boolean held;

  AlertingState(Rule.Alerting rule) {
    this.rule = rule;
    rule.labels().forEach((name, text) -> labels.put(name, Expansion.of(text)));
    rule.annotations().forEach((name, text) -> annotations.put(name, Expansion.of(text)));
    plain =
        Stream.of(rule.labels(), rule.annotations())
            .flatMap(texts -> texts.values().stream())
            .noneMatch(Expansion::isTemplate);
  }

  /** Text that is expanded for each alert. */
  private interface Expansion {
    String expand(Map<String, Object> data, Surroundings surroundings);

    static boolean isTemplate(String text) {
      return text.contains("{{");
    }

    static Expansion of(String text) {
      if (!isTemplate(text)) {
        return (data, surroundings) -> text;
      }
      Template template;
      try {
        template = Template.parse(RuleFile.DEFINITIONS + text);
      } catch (TemplateException e) {
        return (data, surroundings) -> failed(e);
      }
      return (data, surroundings) -> {
        try {
          return template.expand(data, surroundings);
        } catch (TemplateException e) {
          return failed(e);
        }
      };
    }

    private static String failed(TemplateException e) {
      return "<error expanding template: " + e.getMessage() + ">";
    }
  }

  private static final class Active {
    final Labels labels;
    long since;
    SortedMap<String, String> annotations;
    double value;
    Alert.State state = Alert.State.PENDING;
    long fired;
    long resolved;
    long keepSince;
    long lastSent = NEVER;

    /** What the alert's series are called: made once, as they are stored again and again. */
    private @Nullable Labels pendingSeries;

    private @Nullable Labels firingSeries;
    private @Nullable Labels sinceSeries;

    Active(Labels labels, SortedMap<String, String> annotations, double value, long since) {
      this.labels = labels;
      this.annotations = annotations;
      this.value = value;
      this.since = since;
    }

    Labels pendingSeries() {
      if (pendingSeries == null) {
        pendingSeries = series(Alert.State.PENDING);
      }
      return pendingSeries;
    }

    Labels firingSeries() {
      if (firingSeries == null) {
        firingSeries = series(Alert.State.FIRING);
      }
      return firingSeries;
    }

    private Labels series(Alert.State is) {
      return new Labels.Builder(labels)
          .set(Labels.METRIC_NAME, "ALERTS")
          .set("alertstate", is.text())
          .build();
    }

    Labels sinceSeries() {
      if (sinceSeries == null) {
        sinceSeries =
            new Labels.Builder(labels).set(Labels.METRIC_NAME, StoredRules.FOR_STATE).build();
      }
      return sinceSeries;
    }
  }

  /** The alerts that are told of. */
  List<Alert> alerts() {
    return active.values().stream()
        .map(
            a ->
                new Alert(
                    a.labels,
                    a.annotations,
                    a.value,
                    a.state,
                    a.since,
                    a.fired,
                    a.resolved,
                    a.keepSince))
        .toList();
  }

  Rule.Alerting rule() {
    return rule;
  }

  /** Keeps the alerts' series back until {@link #restore}. */
  void hold() {
    held = true;
  }

  boolean isHeld() {
    return held;
  }

  /** Goes on with the alerts of the same rule in a group that is evaluated no more. */
  void adopt(AlertingState from) {
    active.putAll(from.active);
    held = from.held;
  }

  /**
   * Counts time that alerts were pending before the start, and ends the keeping back.
   *
   * @param before by the labels of an alert its last sample of ALERTS_FOR_STATE
   * @param now time of the restoration
   * @param graceMillis an alert that was pending waits at least so long
   */
  void restore(Map<Labels, StoredRules.Last> before, long now, long graceMillis) {
    held = false;
    active.forEach(
        (labels, a) -> {
          StoredRules.Last last = before.get(labels);
          if (last == null || StaleMarker.is(last.value()) || Double.isNaN(last.value())) {
            return;
          }
          long since = ((long) last.value()) * 1000;
          long left = rule.forMillis() - (last.timeMillis() - since);
          if (left <= 0) {
            a.since = since; // it fired
          } else if (left < graceMillis) {
            a.since = now + graceMillis - rule.forMillis();
          } else {
            a.since = since + (now - last.timeMillis()); // the time without evaluations is no time
          }
        });
  }

  /**
   * What is to be told now of alerts that fire or have gone.
   *
   * @param tenant of the rule
   * @param time of the evaluation that was followed last
   * @param resendMillis what was told is told again after more than this time
   * @param intervalMillis between evaluations
   */
  List<Notification> due(
      String tenant, long time, long resendMillis, long intervalMillis, String expression) {
    List<Notification> due = new ArrayList<>();
    for (Active a : active.values()) {
      if (a.state == Alert.State.PENDING
          || (a.resolved <= a.lastSent && a.lastSent + resendMillis >= time)) {
        continue;
      }
      a.lastSent = time;
      boolean gone = a.resolved != 0;
      // Two evaluations, or two attempts to send, may fail before it is taken for gone.
      long ends = gone ? a.resolved : time + 4 * Math.max(resendMillis, intervalMillis);
      due.add(new Notification(tenant, a.labels, a.annotations, a.fired, ends, gone, expression));
    }
    return due;
  }

  /**
   * Follows the result of the expression.
   *
   * @return the samples of ALERTS and ALERTS_FOR_STATE; none while they are kept back
   */
  List<RuleSample> follow(
      List<RuleSample> result, long time, int limit, RuleSurroundings surroundings) {
    Map<Labels, Active> found = new LinkedHashMap<>();
    Map<Labels, Labels> keysNow = new HashMap<>();
    for (RuleSample sample : result) {
      Map<String, Object> data = plain ? Map.of() : data(sample, surroundings);
      Labels key = plain ? keys.get(sample.labels()) : null;
      if (key == null) {
        key = key(sample.labels(), data, surroundings);
      }
      if (plain) {
        keysNow.put(sample.labels(), key);
      }
      SortedMap<String, String> annotations = new TreeMap<>();
      this.annotations.forEach(
          (name, text) -> annotations.put(name, text.expand(data, surroundings)));
      if (found.put(key, new Active(key, annotations, sample.value(), time)) != null) {
        throw new RuleException(
            "vector contains metrics with the same labelset after applying alert labels");
      }
    }
    keys = keysNow;
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
      if (!held) {
        boolean fires = a.state == Alert.State.FIRING;
        samples.add(new RuleSample(fires ? a.firingSeries() : a.pendingSeries(), 1, null));
        samples.add(new RuleSample(a.sinceSeries(), Math.floorDiv(a.since, 1000), null));
      }
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

  /** What the templates of an alert know. */
  private static Map<String, Object> data(RuleSample sample, RuleSurroundings surroundings) {
    Map<String, Object> data = new HashMap<>();
    data.put("Labels", map(sample.labels()));
    data.put("ExternalLabels", surroundings.externalLabels());
    data.put("ExternalURL", surroundings.externalUrl());
    data.put("Value", surroundings.value(sample));
    return data;
  }

  private Labels key(Labels series, Map<String, Object> data, RuleSurroundings surroundings) {
    Labels.Builder named = new Labels.Builder(series).remove(Labels.METRIC_NAME);
    labels.forEach((name, text) -> named.set(name, text.expand(data, surroundings)));
    return named.set("alertname", rule.name()).build();
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
          .map(sample -> new Sample(map(sample.labels()), value(sample)))
          .toList();
    }

    /** As templates see it: a number, or the text of a histogram. */
    Object value(RuleSample sample) {
      Histogram histogram = sample.histogram();
      return histogram == null ? (Object) sample.value() : evaluator.text(histogram);
    }

    @Override
    public double now() {
      return timeMillis / 1000.0;
    }
  }
}
