package io.varve.http.replay;

import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleFile.Group;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * In which order rules are evaluated over a stretch of time. A server evaluates at each time all
 * rules, one after the other. Rule after rule, each over the whole stretch, comes to the same as
 * long as rules read what earlier rules make, since PromQL looks back: at each of its times a rule
 * finds what it would have found. It does not where a rule reads itself or a later one (the value
 * of the time before is meant), where the earlier rule makes its samples later (by its query
 * offset), or where an expression looks ahead. From the first to the last of such rules they are
 * evaluated time by time.
 *
 * @param units what is evaluated one after the other
 * @param read numbers of the rules that others read, or they themselves
 */
record ReplayPlan(List<Unit> units, Set<Integer> read) {
  /**
   * Rules that follow each other.
   *
   * @param first number of the first rule, over all groups
   * @param last number of the last rule
   * @param stepwise whether they are evaluated time by time
   */
  record Unit(int first, int last, boolean stepwise) {}

  /**
   * The rules of a file in order.
   *
   * @param defaultInterval of groups that have none
   * @param defaultOffset of groups that have none
   */
  static List<ReplayedRule> rules(RuleFile file, long defaultInterval, long defaultOffset) {
    List<ReplayedRule> rules = new ArrayList<>();
    for (Group group : file.groups()) {
      long interval = group.intervalMillis() > 0 ? group.intervalMillis() : defaultInterval;
      long offset = group.offsetMillis() >= 0 ? group.offsetMillis() : defaultOffset;
      for (int i = 0; i < group.rules().size(); i++) {
        Rule rule = group.rules().get(i);
        rules.add(new ReplayedRule(group, i, withoutAnnotations(rule), interval, offset));
      }
    }
    return rules;
  }

  private static Rule withoutAnnotations(Rule rule) {
    return switch (rule) {
      case Rule.Recording recording -> recording;
      case Rule.Alerting a ->
          new Rule.Alerting(
              a.name(),
              a.expression(),
              a.forMillis(),
              a.keepFiringMillis(),
              a.labels(),
              Collections.emptySortedMap());
    };
  }

  /** What each rule reads, its label templates included. */
  static List<List<Reads>> reads(List<ReplayedRule> rules) {
    List<List<Reads>> reads = new ArrayList<>();
    for (ReplayedRule rule : rules) {
      List<Reads> all = new ArrayList<>(List.of(Reads.of(rule.rule().expression())));
      if (rule.rule() instanceof Rule.Alerting alerting
          && alerting.labels().values().stream()
              .anyMatch(text -> text.contains("{{") && text.contains("query"))) {
        all.add(Reads.everything());
      }
      reads.add(all);
    }
    return reads;
  }

  static ReplayPlan of(List<ReplayedRule> rules, List<List<Reads>> reads) {
    int n = rules.size();
    Set<Integer> read = new HashSet<>();
    boolean[] joined = new boolean[n]; // with the rule after it
    boolean[] stepwise = new boolean[n];
    for (int reader = 0; reader < n; reader++) {
      for (int maker = 0; maker < n; maker++) {
        for (Reads what : reads.get(reader)) {
          if (!what.mayRead(rules.get(maker).rule())) {
            continue;
          }
          read.add(maker);
          if (maker >= reader
              || what.pinnedOrAhead()
              || rules.get(maker).offsetMillis() > rules.get(reader).offsetMillis()) {
            int from = Math.min(reader, maker);
            int to = Math.max(reader, maker);
            for (int i = from; i <= to; i++) {
              stepwise[i] = true;
              joined[i] |= i < to;
            }
          }
        }
      }
    }
    List<Unit> units = new ArrayList<>();
    for (int first = 0; first < n; ) {
      int last = first;
      while (joined[last]) {
        last++;
      }
      units.add(new Unit(first, last, stepwise[first]));
      first = last + 1;
    }
    return new ReplayPlan(units, read);
  }
}
