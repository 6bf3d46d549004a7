package io.varve.retention.rules;

import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Makes good what recording rules missed while nothing evaluated them: at each time of a group
 * before its first evaluation at which none of its recording rules has stored anything, these are
 * evaluated over the data that is stored now, and what they make is stored at that time. What is
 * stored already stays as it is.
 *
 * <p>Groups go forward in time together, so that one sees what another one makes. Alerting rules
 * are left out, since nobody wants to be told of alerts of long ago; so are groups with a rule that
 * reads the series of alerts, which are missing, and groups of which nothing was ever stored. One
 * thread.
 */
final class CatchUp {
  private static final System.Logger LOG = System.getLogger(CatchUp.class.getName());

  /** With what the names of alerts' series begin. */
  private static final String ALERTS = "ALERTS";

  private final List<ScheduledGroup> groups;
  private final RuleManager.Settings settings;
  private final RuleManager.Surroundings around;
  private final long startMillis;
  private final Queue<Gap> gaps =
      new PriorityQueue<>(
          Comparator.<Gap>comparingLong(Gap::next).thenComparing(gap -> gap.live.key()));
  private boolean planned;

  /**
   * @param groups as they are at the start
   * @param startMillis time of the start
   */
  CatchUp(
      Collection<ScheduledGroup> groups,
      RuleManager.Settings settings,
      RuleManager.Surroundings around,
      long startMillis) {
    this.groups = List.copyOf(groups);
    this.settings = settings;
    this.around = around;
    this.startMillis = startMillis;
  }

  /** A group, and the times that are still to be evaluated. */
  private final class Gap {
    final ScheduledGroup live;
    final RuleGroup group;
    private final long[] times;
    private int at;
    private long stored;
    private int failures;

    Gap(ScheduledGroup live, List<Rule.Recording> rules, long[] times) {
      this.live = live;
      this.times = times;
      RuleFile.Group all = live.group().definition();
      this.group =
          new RuleGroup(
              new RuleFile.Group(
                  all.name(),
                  all.tenant(),
                  all.intervalMillis(),
                  all.offsetMillis(),
                  all.limit(),
                  List.copyOf(rules)),
              around.evaluators().apply(all.tenant()),
              this::append,
              new RuleGroup.Options(
                  settings.externalUrl(), settings.externalLabels(), settings.offsetMillis()));
    }

    long next() {
      return times[at];
    }

    boolean isDone() {
      return at == times.length;
    }

    /** Stores what is not there yet. */
    private void append(List<RuleSample> samples, long time) {
      Set<Labels> there =
          live.stored()
              .present(
                  samples.stream().map(RuleSample::labels).toList(), TimeRange.closed(time, time));
      List<RuleSample> missing =
          samples.stream().filter(sample -> !there.contains(sample.labels())).toList();
      if (!missing.isEmpty()) {
        around.sinks().apply(group.definition().tenant()).append(missing, time);
        stored += missing.size();
      }
    }

    void evaluate() {
      RuleGroup.Outcome outcome = group.evaluate(next(), live::isStopped);
      failures += outcome.failed();
      at++;
      tell();
    }

    void giveUp() {
      live.caughtUp(new GroupStatus.CatchUp(0, at, stored, failures));
    }

    void tell() {
      live.caughtUp(new GroupStatus.CatchUp(times.length - at, at, stored, failures));
    }
  }

  /**
   * Evaluates one group at one time.
   *
   * @return false if there is nothing left to do
   */
  boolean step() {
    if (!planned) {
      planned = true;
      groups.forEach(this::plan);
      return !gaps.isEmpty();
    }
    Gap gap = gaps.poll();
    if (gap == null) {
      return false;
    }
    if (gap.live.isStopped()) {
      gap.giveUp();
      return !gaps.isEmpty();
    }
    try {
      gap.evaluate();
      if (gap.isDone()) {
        // Series that end here would be seen for a while beside those that live evaluations make.
        gap.group.endMade(gap.live.firstMillis(), gap.live.stored());
        LOG.log(
            System.Logger.Level.INFO,
            "rules: "
                + gap.live.key()
                + ": caught up: "
                + gap.at
                + " evaluations, "
                + gap.stored
                + " samples, "
                + gap.failures
                + " failures");
      } else {
        gaps.add(gap);
      }
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, gap.live.key() + ": cannot catch up: " + e);
      gap.giveUp();
    }
    return !gaps.isEmpty();
  }

  private void plan(ScheduledGroup live) {
    List<Rule.Recording> rules = new ArrayList<>();
    for (Rule rule : live.group().definition().rules()) {
      if (rule instanceof Rule.Recording recording) {
        if (recording.expression().contains(ALERTS)) {
          return;
        }
        rules.add(recording);
      }
    }
    try {
      long[] times = rules.isEmpty() ? new long[0] : missed(live, rules);
      if (times.length == 0) {
        return;
      }
      Gap gap = new Gap(live, rules, times);
      long first = times[0] - live.group().offsetMillis();
      for (int i = 0; i < rules.size(); i++) {
        TimeRange before = TimeRange.closed(first - 2 * live.intervalMillis(), first - 1);
        gap.group.rules().get(i).made(open(live.stored().made(rules.get(i), before)));
      }
      gaps.add(gap);
      gap.tell();
      LOG.log(
          System.Logger.Level.INFO,
          "rules: "
              + live.key()
              + " was not evaluated at "
              + times.length
              + " times since "
              + Instant.ofEpochMilli(times[0])
              + ": catching up");
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, live.key() + ": cannot catch up: " + e);
    }
  }

  /** The group's times of which nothing is stored, though something is of an earlier time. */
  private long[] missed(ScheduledGroup live, List<Rule.Recording> rules) {
    long offset = live.group().offsetMillis();
    long interval = live.intervalMillis();
    long oldest = startMillis - settings.catchUpMillis();
    long end = live.firstMillis();
    long steps = Math.max(0, (end - oldest) / interval);
    TimeRange before = TimeRange.closed(Long.MIN_VALUE, oldest - offset - 1);
    boolean known = rules.stream().anyMatch(rule -> live.stored().anyMade(rule, before));
    Set<Long> times = new HashSet<>();
    for (Rule.Recording rule : rules) {
      live.stored().addTimes(rule, TimeRange.closed(oldest - offset, end - offset - 1), times);
    }
    LongStream.Builder missed = LongStream.builder();
    for (long time = end - steps * interval; time < end; time += interval) {
      if (times.contains(time - offset)) {
        known = true;
      } else if (known) {
        missed.add(time);
      }
    }
    return missed.build().toArray();
  }

  /** The series that had not ended when the gap began. */
  private static Set<Labels> open(Map<Labels, StoredRules.Last> last) {
    Set<Labels> open = new HashSet<>();
    last.forEach(
        (labels, sample) -> {
          if (!StaleMarker.is(sample.value())) {
            open.add(labels);
          }
        });
    return open;
  }
}
