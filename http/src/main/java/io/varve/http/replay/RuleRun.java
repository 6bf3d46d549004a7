package io.varve.http.replay;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryResult.Series;
import io.varve.query.histogram.FloatHistogram;
import io.varve.retention.rules.Evaluator;
import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleGroup;
import io.varve.retention.rules.RuleSample;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A rule on its way through time: what it made, and what it failed with. */
final class RuleRun {
  final ReplayedRule rule;
  private final long toldFrom;
  private final RuleGroup group;
  private final @Nullable Recorded recorded;
  private final @Nullable Firings firings;
  private final Set<Labels> series = new HashSet<>();
  private Map<Labels, SampleColumns> made = new LinkedHashMap<>();
  private final Map<Labels, SampleColumns> last = new LinkedHashMap<>();
  private long samples;
  private long evaluations;
  private long failed;
  private long firstFailureMillis;
  private @Nullable String firstFailure;

  /** What the expression yields now, if that is known. */
  private @Nullable List<RuleSample> known;

  private @Nullable String knownFailure;

  /**
   * @param live answers what is asked at one time
   */
  RuleRun(ReplayedRule rule, Evaluator live, Replay.Options options) {
    this.rule = rule;
    this.toldFrom = options.from();
    RuleFile.Group in = rule.group();
    RuleFile.Group alone =
        new RuleFile.Group(
            in.name(),
            in.tenant(),
            rule.intervalMillis(),
            rule.offsetMillis(),
            in.limit(),
            List.of(rule.rule()));
    group = new RuleGroup(alone, new Known(live), this::append, options.rules());
    recorded =
        rule.rule() instanceof Rule.Recording recording
            ? new Recorded(recording, in.limit())
            : null;
    firings =
        rule.rule() instanceof Rule.Alerting alerting
            ? new Firings(in.name(), alerting.name())
            : null;
  }

  /** Answers the rule's expression with what is known of it. */
  private final class Known implements Evaluator {
    private final Evaluator live;

    Known(Evaluator live) {
      this.live = live;
    }

    @Override
    public String check(String expression) {
      return live.check(expression);
    }

    @Override
    public List<RuleSample> evaluate(String expression, long timeMillis) {
      if (expression.equals(rule.rule().expression())) {
        if (knownFailure != null) {
          throw new RuleException(knownFailure);
        }
        if (known != null) {
          return known;
        }
      }
      return live.evaluate(expression, timeMillis);
    }

    @Override
    public String text(Histogram histogram) {
      return live.text(histogram);
    }
  }

  /** Evaluates at one time, asking for what the expression yields. */
  void evaluate(long time) {
    known = null;
    knownFailure = null;
    last.clear();
    step(time);
  }

  /** Takes what the expression yields over a stretch. */
  void take(Results results) {
    for (Results.Part part : results.parts()) {
      if (recorded != null) {
        long first = Math.max(part.first(), rule.firstAt(toldFrom) - rule.offsetMillis());
        evaluations += Math.max(0, (part.last() - first) / rule.intervalMillis() + 1);
        recorded.add(
            part,
            rule.intervalMillis(),
            made,
            (time, why) -> fail(time + rule.offsetMillis(), why));
      } else {
        stepThrough(part);
      }
    }
  }

  private void stepThrough(Results.Part part) {
    List<Series> all = part.matrix().series();
    int[] next = new int[all.size()];
    knownFailure = part.failure();
    for (long time = part.first(); time <= part.last(); time += rule.intervalMillis()) {
      List<RuleSample> here = new ArrayList<>();
      for (int i = 0; i < next.length; i++) {
        Series one = all.get(i);
        int p = next[i];
        if (p < one.size() && one.times()[p] == time) {
          FloatHistogram histogram = one.histogram(p);
          here.add(
              new RuleSample(
                  one.labels(), one.values()[p], histogram == null ? null : histogram.toStored()));
          next[i]++;
        }
      }
      known = here;
      step(time + rule.offsetMillis());
    }
  }

  private void step(long time) {
    evaluations += time >= toldFrom ? 1 : 0;
    group.evaluate(time);
    for (String failure : group.failures().values()) {
      fail(time, failure);
    }
    if (firings != null) {
      group.alerts().values().forEach(alerts -> firings.follow(alerts, time));
    }
  }

  private void fail(long time, String why) {
    if (time >= toldFrom && failed++ == 0) {
      firstFailureMillis = time;
      firstFailure = why;
    }
  }

  private void append(List<RuleSample> all, long time) {
    for (RuleSample sample : all) {
      add(sample, time, made.computeIfAbsent(sample.labels(), key -> new SampleColumns(16)));
      if (known == null) {
        add(sample, time, last.computeIfAbsent(sample.labels(), key -> new SampleColumns(1)));
      }
    }
  }

  private static void add(RuleSample sample, long time, SampleColumns into) {
    if (sample.histogram() == null) {
      into.add(time, sample.value(), 0);
    } else {
      into.add(time, sample.histogram(), 0);
    }
  }

  /** What was made and is not taken away yet. */
  Map<Labels, SampleColumns> made() {
    return made;
  }

  /** What was made at the last time alone. */
  Map<Labels, SampleColumns> lastMade() {
    return last;
  }

  /** Takes back ends of series that an earlier rule of the group goes on with at that time. */
  void giveWayTo(RuleRun earlier) {
    made.forEach((labels, rows) -> giveWay(rows, earlier.made.get(labels)));
    last.forEach((labels, rows) -> giveWay(rows, earlier.made.get(labels)));
  }

  private static void giveWay(SampleColumns rows, @Nullable SampleColumns others) {
    if (others == null) {
      return;
    }
    SampleColumns kept = new SampleColumns(rows.size);
    int other = 0;
    for (int i = 0; i < rows.size; i++) {
      while (other < others.size && others.times[other] < rows.times[i]) {
        other++;
      }
      boolean contested =
          StaleMarker.is(rows.values[i])
              && other < others.size
              && others.times[other] == rows.times[i]
              && !StaleMarker.is(others.values[other]);
      if (!contested) {
        kept.addFrom(rows, i);
      }
    }
    rows.clear();
    for (int i = 0; i < kept.size; i++) {
      rows.addFrom(kept, i);
    }
  }

  /** Takes away what was made, and counts it; without that of times that are not told of. */
  Map<Labels, SampleColumns> takeMade() {
    Map<Labels, SampleColumns> taken = made;
    made = new LinkedHashMap<>();
    taken.replaceAll((labels, rows) -> told(rows));
    taken.values().removeIf(rows -> rows.size == 0);
    taken.forEach(
        (labels, rows) -> {
          series.add(labels);
          for (int i = 0; i < rows.size; i++) {
            samples += StaleMarker.is(rows.values[i]) ? 0 : 1;
          }
        });
    return taken;
  }

  private SampleColumns told(SampleColumns rows) {
    long first = toldFrom - rule.offsetMillis();
    if (rows.size == 0 || rows.times[0] >= first) {
      return rows;
    }
    SampleColumns told = new SampleColumns(rows.size);
    for (int i = 0; i < rows.size; i++) {
      if (rows.times[i] >= first) {
        told.addFrom(rows, i);
      }
    }
    return told;
  }

  /** The alerts so far; of a recording rule none. */
  List<Firing> firings() {
    return firings == null ? List.of() : firings.all();
  }

  RuleSummary summary() {
    return new RuleSummary(
        rule, series.size(), samples, evaluations, failed, firstFailureMillis, firstFailure);
  }
}
