package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A group of rules that is evaluated again and again: the rules one after the other, so that each
 * sees what those before it made. Keeps the alerts, and which series every rule made, to end those
 * that it makes no more. One thread at a time; {@link #statuses} is for any.
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

  /**
   * What a group needs that is evaluated as time goes by.
   *
   * @param clock tells when evaluations begin
   * @param alerts is told of alerts
   * @param resendMillis what was told is told again after more than this time
   * @param intervalMillis between evaluations
   */
  record Live(
      InstantSource clock,
      AlertSink alerts,
      long resendMillis,
      long intervalMillis,
      RuleMeter meter) {
    static final Live NONE =
        new Live(InstantSource.system(), AlertSink.NOBODY, 0, 0, RuleMeter.NONE);
  }

  private final RuleFile.Group group;
  private final RuleSink sink;
  private final Options options;
  private final List<RunningRule> rules = new ArrayList<>();

  /** Series of rules that are no more; they are to be ended. */
  private final Set<Labels> departed = new HashSet<>();

  /** A group that was never evaluated; nobody is told of its alerts. */
  public RuleGroup(RuleFile.Group group, Evaluator evaluator, RuleSink sink, Options options) {
    this(group, evaluator, sink, options, Live.NONE);
  }

  RuleGroup(RuleFile.Group group, Evaluator evaluator, RuleSink sink, Options options, Live live) {
    this.group = group;
    this.sink = sink;
    this.options = options;
    for (Rule rule : group.rules()) {
      rules.add(new RunningRule(rule, group, evaluator, sink, options, live));
    }
  }

  /** What it was made of. */
  public RuleFile.Group definition() {
    return group;
  }

  /** How far back its rules look, and its results are stored. */
  public long offsetMillis() {
    return group.offsetMillis() >= 0 ? group.offsetMillis() : options.offsetMillis();
  }

  /** What came of an evaluation: rules evaluated, those that failed, samples made. */
  record Outcome(int evaluated, int failed, int samples) {}

  /** Evaluates all rules; one that fails does not keep the others from it. */
  public void evaluate(long timeMillis) {
    var _ = evaluate(timeMillis, () -> false);
  }

  /**
   * The same.
   *
   * @param stop asked before each rule whether to end early
   */
  Outcome evaluate(long timeMillis, BooleanSupplier stop) {
    long offset = offsetMillis();
    Set<Labels> made = new HashSet<>();
    int evaluated = 0;
    int failed = 0;
    int samples = 0;
    for (RunningRule rule : rules) {
      if (stop.getAsBoolean()) {
        break;
      }
      int count = rule.evaluate(timeMillis, offset, made);
      evaluated++;
      failed += count < 0 ? 1 : 0;
      samples += Math.max(0, count);
    }
    return new Outcome(evaluated, failed, samples);
  }

  /**
   * Goes on where another group has ended: rules of the same name and labels keep their alerts and
   * series; the first such with the first, the second with the second. The series of the others are
   * {@linkplain #endDeparted to be ended}.
   */
  void adopt(RuleGroup from) {
    Map<String, Queue<RunningRule>> known = new HashMap<>();
    for (RunningRule rule : from.rules) {
      known.computeIfAbsent(identity(rule.rule()), name -> new ArrayDeque<>()).add(rule);
    }
    for (RunningRule rule : rules) {
      Queue<RunningRule> same = known.get(identity(rule.rule()));
      RunningRule before = same == null ? null : same.poll();
      if (before != null) {
        rule.adopt(before);
      }
    }
    departed.addAll(from.departed);
    known.values().forEach(left -> left.forEach(rule -> departed.addAll(rule.made())));
  }

  private static String identity(Rule rule) {
    return rule.name() + rule.labels();
  }

  /** Makes all series departed ones, since the group is evaluated no more. */
  void depart() {
    rules.forEach(rule -> departed.addAll(rule.made()));
  }

  /**
   * Ends the series of rules that are no more, unless somebody else has gone on with them.
   *
   * @param timeMillis of the evaluation after which they are to have ended
   */
  void endDeparted(long timeMillis, StoredRules stored) {
    end(departed, timeMillis - offsetMillis(), stored);
    departed.clear();
  }

  /** Ends the series that the last evaluation made and that have no sample at a later time. */
  void endMade(long timeMillis, StoredRules stored) {
    for (RunningRule rule : rules) {
      end(rule.made(), timeMillis - offsetMillis(), stored);
    }
  }

  private void end(Collection<Labels> series, long time, StoredRules stored) {
    if (series.isEmpty()) {
      return;
    }
    Set<Labels> continued = stored.present(series, TimeRange.closed(time, Long.MAX_VALUE));
    List<RuleSample> markers = new ArrayList<>();
    for (Labels labels : series) {
      if (!continued.contains(labels)) {
        markers.add(new RuleSample(labels, StaleMarker.VALUE, null));
      }
    }
    if (!markers.isEmpty()) {
      sink.append(markers, time);
    }
  }

  /** The rules, in order. */
  List<RunningRule> rules() {
    return rules;
  }

  /** Every rule in order, and what came of its last evaluation. */
  public List<RuleStatus> statuses() {
    return rules.stream().map(RunningRule::status).toList();
  }

  /** By the name of a rule what its last evaluation failed with. */
  public Map<String, String> failures() {
    Map<String, String> failures = new LinkedHashMap<>();
    for (RunningRule rule : rules) {
      String failure = rule.status().error();
      if (failure != null) {
        failures.put(rule.rule().name(), failure);
      }
    }
    return failures;
  }

  /** The alerts of each alerting rule, by name; those that have gone for a while, too. */
  public Map<String, List<Alert>> alerts() {
    Map<String, List<Alert>> alerts = new HashMap<>();
    for (RunningRule rule : rules) {
      if (rule.alerts() != null) {
        alerts
            .computeIfAbsent(rule.rule().name(), name -> new ArrayList<>())
            .addAll(rule.status().alerts());
      }
    }
    return alerts;
  }
}
