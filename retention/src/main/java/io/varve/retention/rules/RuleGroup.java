package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.retention.rules.AlertingState.RuleSurroundings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A group of rules that is evaluated again and again: the rules one after the other, so that each
 * sees what those before it made. Keeps the alerts, and which series every rule made, to end those
 * that it makes no more. One thread at a time.
 */
public final class RuleGroup {
  /**
   * What holds for all groups.
   *
   * @param externalUrl where users find the server, for templates
   * @param externalLabels for templates
   * @param offsetMillis how far back rules look unless their group says otherwise
   */
  public record Options(
      String externalUrl, Map<String, String> externalLabels, long offsetMillis) {}

  private final RuleFile.Group group;
  private final Evaluator evaluator;
  private final RuleSink sink;
  private final Options options;
  private final List<Running> rules = new ArrayList<>();

  /** A rule, and what came of it. */
  private static final class Running {
    final Rule rule;
    final @Nullable AlertingState alerts;
    Set<Labels> made = new HashSet<>();
    @Nullable String failure;

    Running(Rule rule) {
      this.rule = rule;
      this.alerts = rule instanceof Rule.Alerting a ? new AlertingState(a) : null;
    }
  }

  /** A group that was never evaluated. */
  public RuleGroup(RuleFile.Group group, Evaluator evaluator, RuleSink sink, Options options) {
    this.group = group;
    this.evaluator = evaluator;
    this.sink = sink;
    this.options = options;
    group.rules().forEach(rule -> rules.add(new Running(rule)));
  }

  /** What it was made of. */
  public RuleFile.Group definition() {
    return group;
  }

  /** Evaluates all rules; one that fails does not keep the others from it. */
  public void evaluate(long timeMillis) {
    long offset = group.offsetMillis() >= 0 ? group.offsetMillis() : options.offsetMillis();
    long time = timeMillis - offset;
    for (Running running : rules) {
      try {
        List<RuleSample> samples = evaluate(running, time);
        running.failure = null;
        store(running, samples, time);
      } catch (RuleException e) {
        running.failure = String.valueOf(e.getMessage());
      }
    }
  }

  private List<RuleSample> evaluate(Running running, long time) {
    List<RuleSample> result = evaluator.evaluate(running.rule.expression(), time);
    AlertingState alerts = running.alerts;
    if (alerts != null) {
      return alerts.follow(
          result,
          time,
          group.limit(),
          new RuleSurroundings(evaluator, time, options.externalUrl(), options.externalLabels()));
    }
    Map<Labels, RuleSample> samples = new LinkedHashMap<>();
    for (RuleSample sample : result) {
      Labels.Builder labels =
          new Labels.Builder(sample.labels()).set(Labels.METRIC_NAME, running.rule.name());
      running.rule.labels().forEach(labels::set);
      Labels named = labels.build();
      if (samples.put(named, new RuleSample(named, sample.value(), sample.histogram())) != null) {
        throw new RuleException(
            "vector contains metrics with the same labelset after applying rule labels");
      }
    }
    if (group.limit() > 0 && samples.size() > group.limit()) {
      throw new RuleException(
          "exceeded limit of " + group.limit() + " with " + samples.size() + " series");
    }
    return new ArrayList<>(samples.values());
  }

  /** Stores samples, and ends the series that were made the time before and are not now. */
  private void store(Running running, List<RuleSample> samples, long time) {
    Set<Labels> made = new HashSet<>();
    List<RuleSample> all = new ArrayList<>(samples);
    samples.forEach(sample -> made.add(sample.labels()));
    for (Labels before : running.made) {
      if (!made.contains(before)) {
        all.add(new RuleSample(before, StaleMarker.VALUE, null));
      }
    }
    running.made = made;
    if (!all.isEmpty()) {
      sink.append(all, time);
    }
  }

  /** By the name of a rule what its last evaluation failed with. */
  public Map<String, String> failures() {
    Map<String, String> failures = new LinkedHashMap<>();
    for (Running running : rules) {
      String failure = running.failure;
      if (failure != null) {
        failures.put(running.rule.name(), failure);
      }
    }
    return failures;
  }

  /** The alerts of each alerting rule, by name; those that have gone for a while, too. */
  public Map<String, List<Alert>> alerts() {
    Map<String, List<Alert>> alerts = new HashMap<>();
    for (Running running : rules) {
      AlertingState state = running.alerts;
      if (state != null) {
        alerts
            .computeIfAbsent(running.rule.name(), name -> new ArrayList<>())
            .addAll(state.alerts());
      }
    }
    return alerts;
  }
}
