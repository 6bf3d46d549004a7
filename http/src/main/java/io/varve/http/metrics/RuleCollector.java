package io.varve.http.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.varve.http.notify.AlertmanagerStatus;
import io.varve.retention.rules.Alert;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.RuleStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Rules and those who are told of alerts, asked once per scrape. Any thread. */
final class RuleCollector implements MultiCollector {
  private static final String GROUP = "rule_group";
  private static final String ALERTMANAGER = "alertmanager";
  private static final double SECOND_NANOS = 1e9;
  private static final double SECOND_MILLIS = 1e3;

  private final Supplier<List<GroupStatus>> groups;
  private final Supplier<List<AlertmanagerStatus>> alertmanagers;

  RuleCollector(
      Supplier<List<GroupStatus>> groups, Supplier<List<AlertmanagerStatus>> alertmanagers) {
    this.groups = groups;
    this.alertmanagers = alertmanagers;
  }

  @Override
  public MetricSnapshots collect() {
    Families to = new Families();
    List<GroupStatus> now = groups.get();
    rules(now, to);
    alerts(now, to);
    notifications(alertmanagers.get(), to);
    return to.all();
  }

  private static Map<String, Double> by(
      List<GroupStatus> groups, ToDoubleFunction<GroupStatus> value) {
    Map<String, Double> values = new LinkedHashMap<>();
    groups.forEach(group -> values.put(group.key(), value.applyAsDouble(group)));
    return values;
  }

  private static void rules(List<GroupStatus> g, Families to) {
    to.gauges("varve_rule_group_rules", "Rules of a group.", GROUP, by(g, s -> s.rules().size()))
        .gauges(
            "varve_rule_group_interval_seconds",
            "Time between the evaluations of a group.",
            GROUP,
            by(g, s -> s.intervalMillis() / SECOND_MILLIS))
        .counters(
            "varve_rule_group_iterations",
            "Evaluations of a group that were due, those that were missed included.",
            GROUP,
            by(g, s -> s.counts().iterations()))
        .counters(
            "varve_rule_group_iterations_missed",
            "Evaluations of a group that did not take place, as the one before took too long.",
            GROUP,
            by(g, s -> s.counts().missed()))
        .counters(
            "varve_rule_evaluations",
            "Evaluations of single rules.",
            GROUP,
            by(g, s -> s.counts().evaluations()))
        .counters(
            "varve_rule_evaluation_failures",
            "Evaluations of single rules that failed.",
            GROUP,
            by(g, s -> s.counts().failures()))
        .gauges(
            "varve_rule_group_last_evaluation_timestamp_seconds",
            "When a group was evaluated last, in Unix time.",
            GROUP,
            by(g, s -> s.lastMillis() / SECOND_MILLIS))
        .gauges(
            "varve_rule_group_last_duration_seconds",
            "How long the last evaluation of a group took.",
            GROUP,
            by(g, s -> s.evaluationNanos() / SECOND_NANOS))
        .gauges(
            "varve_rule_group_last_evaluation_samples",
            "Samples that the last evaluation of a group made.",
            GROUP,
            by(g, s -> s.counts().samples()))
        .gauges(
            "varve_rule_group_last_restore_duration_seconds",
            "How long it took after the start to find out since when alerts were pending.",
            GROUP,
            by(g, s -> s.counts().restoreNanos() / SECOND_NANOS));
    catchUp(g, to);
  }

  private static void catchUp(List<GroupStatus> g, Families to) {
    to.gauges(
            "varve_rule_catch_up_left",
            "Evaluations of a group, missed before the start, that are still to be made good.",
            GROUP,
            by(g, s -> s.catchUp().left()))
        .counters(
            "varve_rule_catch_up_evaluations",
            "Evaluations of a group, missed before the start, that were made good.",
            GROUP,
            by(g, s -> s.catchUp().done()))
        .counters(
            "varve_rule_catch_up_samples",
            "Samples that these evaluations stored.",
            GROUP,
            by(g, s -> s.catchUp().samples()))
        .counters(
            "varve_rule_catch_up_failures",
            "Evaluations of single rules that failed among these.",
            GROUP,
            by(g, s -> s.catchUp().failures()));
  }

  private static void alerts(List<GroupStatus> groups, Families to) {
    Map<String, Double> states = new LinkedHashMap<>();
    states.put(Alert.State.PENDING.text(), 0.0);
    states.put(Alert.State.FIRING.text(), 0.0);
    for (GroupStatus group : groups) {
      for (RuleStatus rule : group.rules()) {
        for (Alert alert : rule.activeAlerts()) {
          states.merge(alert.state().text(), 1.0, Double::sum);
        }
      }
    }
    to.gauges("varve_alerts", "Alerts by what they do.", "alertstate", states);
  }

  private static void notifications(List<AlertmanagerStatus> all, Families to) {
    to.gauge("varve_notifications_alertmanagers", "Alertmanagers that are told.", all.size())
        .gauges(
            "varve_notifications_queue_length",
            "Alerts that wait for an Alertmanager.",
            ALERTMANAGER,
            each(all, AlertmanagerStatus::waiting))
        .gauges(
            "varve_notifications_queue_capacity",
            "Alerts that may wait for an Alertmanager.",
            ALERTMANAGER,
            each(all, AlertmanagerStatus::capacity))
        .counters(
            "varve_notifications_sent",
            "Alerts that an Alertmanager has taken.",
            ALERTMANAGER,
            each(all, AlertmanagerStatus::sent))
        .counters(
            "varve_notifications_errors",
            "Alerts in requests to an Alertmanager that failed, each time.",
            ALERTMANAGER,
            each(all, AlertmanagerStatus::failed))
        .counters(
            "varve_notifications_dropped",
            "Alerts for an Alertmanager that were given up.",
            ALERTMANAGER,
            each(all, AlertmanagerStatus::dropped));
  }

  private static Map<String, Double> each(
      List<AlertmanagerStatus> all, ToDoubleFunction<AlertmanagerStatus> value) {
    Map<String, Double> values = new LinkedHashMap<>();
    // Two entries of the configuration may name the same one.
    all.forEach(one -> values.merge(one.url(), value.applyAsDouble(one), Double::sum));
    return values;
  }
}
