package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.retention.rules.AlertingState.RuleSurroundings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A rule that is evaluated again and again, with what must be known from one evaluation to the
 * next. One thread at a time evaluates it; {@link #status} is for any.
 */
final class RunningRule {
  private final Rule rule;
  private final RuleFile.Group group;
  private final Evaluator evaluator;
  private final RuleSink sink;
  private final RuleGroup.Options options;
  private final RuleGroup.Live live;
  private final @Nullable AlertingState alerts;

  /** The series of the last evaluation, to end those that the next one does not make. */
  private Set<Labels> made = new HashSet<>();

  private volatile RuleStatus status;

  RunningRule(
      Rule rule,
      RuleFile.Group group,
      Evaluator evaluator,
      RuleSink sink,
      RuleGroup.Options options,
      RuleGroup.Live live) {
    this.rule = rule;
    this.group = group;
    this.evaluator = evaluator;
    this.sink = sink;
    this.options = options;
    this.live = live;
    this.alerts = rule instanceof Rule.Alerting a ? new AlertingState(a) : null;
    status = new RuleStatus(rule, canonical(), false, null, 0, 0, List.of());
  }

  /** The expression as it is told; one that does not parse stays as it is and fails later. */
  private String canonical() {
    try {
      return evaluator.check(rule.expression());
    } catch (RuleException e) {
      return rule.expression();
    }
  }

  Rule rule() {
    return rule;
  }

  RuleStatus status() {
    return status;
  }

  @Nullable AlertingState alerts() {
    return alerts;
  }

  Set<Labels> made() {
    return made;
  }

  /** Takes series for made by the last evaluation. */
  void made(Set<Labels> series) {
    made = series;
  }

  /** Goes on where the same rule of another group has ended. */
  void adopt(RunningRule from) {
    made = from.made;
    AlertingState mine = alerts;
    AlertingState theirs = from.alerts;
    if (mine != null && theirs != null) {
      mine.adopt(theirs);
    }
    RuleStatus s = from.status;
    status =
        new RuleStatus(
            rule,
            status.expression(),
            s.evaluated(),
            s.error(),
            s.evaluationNanos(),
            s.lastMillis(),
            mine == null ? List.of() : mine.alerts());
  }

  /**
   * Evaluates it.
   *
   * @param time of the evaluation
   * @param offset how far back the expression looks, and the results are stored
   * @param others series that rules before it made at this time; gets those of this one
   * @return how many samples it made; −1 if it failed
   */
  int evaluate(long time, long offset, Set<Labels> others) {
    long began = live.clock().millis();
    long begin = System.nanoTime();
    String failure = null;
    int count = -1;
    try {
      List<RuleSample> samples = samples(time, offset);
      tell(time);
      store(samples, time - offset, others);
      count = samples.size();
    } catch (RuleException e) {
      failure = String.valueOf(e.getMessage());
    }
    long nanos = System.nanoTime() - begin;
    List<Alert> now = alerts == null ? List.of() : alerts.alerts();
    status = new RuleStatus(rule, status.expression(), true, failure, nanos, began, now);
    live.meter().ruleEvaluated(nanos);
    return count;
  }

  /** Publishes alerts that have changed without an evaluation. */
  void republish() {
    AlertingState state = alerts;
    if (state != null) {
      RuleStatus s = status;
      status =
          new RuleStatus(
              rule,
              s.expression(),
              s.evaluated(),
              s.error(),
              s.evaluationNanos(),
              s.lastMillis(),
              state.alerts());
    }
  }

  private List<RuleSample> samples(long time, long offset) {
    int limit = group.limit();
    List<RuleSample> result = evaluator.evaluate(rule.expression(), time - offset);
    AlertingState state = alerts;
    if (state != null) {
      return state.follow(
          result,
          time,
          limit,
          new RuleSurroundings(evaluator, time, options.externalUrl(), options.externalLabels()));
    }
    Map<Labels, RuleSample> samples = new LinkedHashMap<>();
    for (RuleSample sample : result) {
      Labels.Builder labels =
          new Labels.Builder(sample.labels()).set(Labels.METRIC_NAME, rule.name());
      rule.labels().forEach(labels::set);
      Labels named = labels.build();
      if (samples.put(named, new RuleSample(named, sample.value(), sample.histogram())) != null) {
        throw new RuleException(
            "vector contains metrics with the same labelset after applying rule labels");
      }
    }
    if (limit > 0 && samples.size() > limit) {
      throw new RuleException("exceeded limit of " + limit + " with " + samples.size() + " series");
    }
    return new ArrayList<>(samples.values());
  }

  private void tell(long time) {
    AlertingState state = alerts;
    if (state != null) {
      List<Notification> due =
          state.due(
              group.tenant(),
              time,
              live.resendMillis(),
              live.intervalMillis(),
              status.expression());
      if (!due.isEmpty()) {
        live.alerts().send(due);
      }
    }
  }

  /** Stores samples, and ends the series that were made the time before and are not now. */
  private void store(List<RuleSample> samples, long time, Set<Labels> others) {
    Set<Labels> now = new HashSet<>();
    List<RuleSample> all = new ArrayList<>(samples);
    samples.forEach(sample -> now.add(sample.labels()));
    for (Labels before : made) {
      // What another rule of the group goes on with has not ended.
      if (!now.contains(before) && !others.contains(before)) {
        all.add(new RuleSample(before, StaleMarker.VALUE, null));
      }
    }
    try {
      if (!all.isEmpty()) {
        sink.append(all, time);
      }
    } catch (RuleException e) {
      made.addAll(now); // some may be stored, and others not ended: all that is to be ended later
      throw e;
    }
    others.addAll(now);
    made = now;
  }
}
