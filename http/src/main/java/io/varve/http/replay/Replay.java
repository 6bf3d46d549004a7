package io.varve.http.replay;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import io.varve.retention.rules.Evaluator;
import io.varve.retention.rules.Rule;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleGroup;
import io.varve.retention.rules.RuleSample;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A file of rules on its way through history. One thread. */
public final class Replay implements AutoCloseable {
  /**
   * What holds for all groups.
   *
   * @param from first time of an evaluation that is told of, milliseconds since the epoch
   * @param to last time of an evaluation
   * @param warmUpMillis evaluation begins so long before: alerts that were there already are told
   *     of as they were
   * @param intervalMillis of groups that have none
   * @param rules what templates know, and the offset of groups that have none
   */
  public record Options(
      long from, long to, long warmUpMillis, long intervalMillis, RuleGroup.Options rules) {
    long begin() {
      return from - warmUpMillis;
    }
  }

  /** Takes what rules make. */
  public interface Output {
    /** Takes the samples of a rule in a stretch of time, by series. */
    void made(ReplayedRule rule, Map<Labels, SampleColumns> series);
  }

  /** What is made in a stretch should take some hundred megabytes at most, copies included. */
  private static final long STRETCH_SAMPLES = 3_000_000;

  private static final long MOST_STEPS = 720;
  private static final long FIRST_STEPS = 30;

  private final History history;
  private final QueryEngine queries;
  private final Options options;
  private final ReplayPlan plan;
  private final List<List<Reads>> reads;
  private final List<RuleRun> runs = new ArrayList<>();
  private final Set<String> recordedNames = new HashSet<>();
  private final Set<String> alertNames = new HashSet<>();
  private final boolean[] readsMade;

  /** By rule those before it in its group that make series of the same name. */
  private final List<List<RuleRun>> rivals = new ArrayList<>();

  private final Map<String, Boolean> readsMadeByText = new HashMap<>();
  private final Overlay overlay;
  private final long hiddenFrom;
  private final long shortestInterval;
  private long next;
  private long steps = FIRST_STEPS;

  /**
   * At its begin.
   *
   * @param history what was stored before; stays the caller's
   * @param queries evaluates what reads replayed series; stays the caller's
   */
  public Replay(RuleFile file, History history, QueryEngine queries, Options options) {
    this.history = history;
    this.queries = queries;
    this.options = options;
    List<ReplayedRule> rules =
        ReplayPlan.rules(file, options.intervalMillis, options.rules.offsetMillis());
    reads = ReplayPlan.reads(rules);
    plan = ReplayPlan.of(rules, reads);
    readsMade = new boolean[rules.size()];
    Live live = new Live();
    long begin = Long.MAX_VALUE;
    for (int i = 0; i < rules.size(); i++) {
      ReplayedRule rule = rules.get(i);
      runs.add(new RuleRun(rule, live, options));
      begin = Math.min(begin, rule.firstAt(options.begin()) - rule.offsetMillis());
      switch (rule.rule()) {
        case Rule.Recording recording -> recordedNames.add(recording.name());
        case Rule.Alerting alerting -> alertNames.add(alerting.name());
      }
    }
    for (int i = 0; i < readsMade.length; i++) {
      readsMade[i] = readsMade(reads.get(i));
      rivals.add(rivals(i));
    }
    hiddenFrom = begin;
    shortestInterval =
        rules.stream()
            .mapToLong(ReplayedRule::intervalMillis)
            .min()
            .orElse(options.to - options.begin() + 1);
    overlay = new Overlay();
    next = options.begin();
  }

  private List<RuleRun> rivals(int number) {
    ReplayedRule rule = runs.get(number).rule;
    return runs.subList(number - rule.number(), number).stream()
        .filter(run -> run.rule.rule().name().equals(rule.rule().name()))
        .toList();
  }

  private boolean readsMade(List<Reads> what) {
    return runs.stream().anyMatch(run -> what.stream().anyMatch(r -> r.mayRead(run.rule.rule())));
  }

  /** Checks expressions as files of rules are read. */
  public static Evaluator checker() {
    return new Evaluator() {
      @Override
      public String check(String expression) {
        return Replay.check(expression);
      }

      @Override
      public List<RuleSample> evaluate(String expression, long timeMillis) {
        throw new IllegalStateException("BUG: files are checked, not evaluated");
      }

      @Override
      public String text(Histogram histogram) {
        throw new IllegalStateException("BUG: files are checked, not evaluated");
      }
    };
  }

  private static String check(String expression) {
    try {
      return Parser.parse(expression, ParserOptions.ALL).toString();
    } catch (ParseException e) {
      throw new RuleException(String.valueOf(e.getMessage()));
    }
  }

  /** True when all is evaluated. */
  public boolean done() {
    return next > options.to;
  }

  /** The time up to which all is evaluated, milliseconds since the epoch. */
  public long position() {
    return Math.min(next, options.to);
  }

  /** How long the next stretch should be, by what the last one took of memory. */
  public long stretchMillis() {
    return steps * shortestInterval;
  }

  private void chooseSteps(long stretch, long samples) {
    long stepsDone = Math.max(1, stretch / shortestInterval);
    long byStep = Math.max(1, samples / stepsDone);
    steps = Math.clamp(STRETCH_SAMPLES / byStep, 1, MOST_STEPS);
  }

  /** Goes on to a time. */
  public void advance(long until, Output out) {
    long first = next;
    long last = Math.min(until, options.to);
    for (ReplayPlan.Unit unit : plan.units()) {
      if (unit.stepwise()) {
        evaluateStepwise(unit, first, last);
      } else {
        evaluate(unit.first(), first, last);
      }
    }
    long samples = 0;
    for (RuleRun run : runs) {
      Map<Labels, SampleColumns> made = run.takeMade();
      for (SampleColumns rows : made.values()) {
        samples += rows.size;
      }
      if (!made.isEmpty()) {
        out.made(run.rule, made);
      }
    }
    overlay.upkeep();
    next = last + 1;
    chooseSteps(next - first, samples);
  }

  private void evaluate(int number, long from, long to) {
    RuleRun run = runs.get(number);
    long first = run.rule.firstAt(from);
    long last = run.rule.lastAt(to);
    if (first > last) {
      return;
    }
    long offset = run.rule.offsetMillis();
    boolean oneByOne = reads.get(number).stream().anyMatch(Reads::ofTheWholeQuery);
    String expression = run.rule.rule().expression();
    Results.Question question =
        new Results.Question() {
          @Override
          public Matrix range(long start, long end, long step) {
            return readsMade[number]
                ? unionRange(expression, start, end, step)
                : history.range(expression, start, end, step);
          }

          @Override
          public QueryResult.Value instant(long time) {
            return readsMade[number]
                ? unionInstant(expression, time)
                : history.instant(expression, time);
          }
        };
    run.take(
        Results.of(question, first - offset, last - offset, run.rule.intervalMillis(), oneByOne));
    rivals.get(number).forEach(run::giveWayTo);
    if (plan.read().contains(number)) {
      overlay.append(run.made());
    }
  }

  private void evaluateStepwise(ReplayPlan.Unit unit, long from, long to) {
    long[] times = new long[unit.last() - unit.first() + 1];
    for (int i = 0; i < times.length; i++) {
      times[i] = runs.get(unit.first() + i).rule.firstAt(from);
    }
    while (true) {
      long time = Long.MAX_VALUE;
      for (long t : times) {
        time = Math.min(time, t);
      }
      if (time > to) {
        return;
      }
      for (int i = 0; i < times.length; i++) {
        if (times[i] == time) {
          RuleRun run = runs.get(unit.first() + i);
          run.evaluate(time);
          rivals.get(unit.first() + i).forEach(run::giveWayTo);
          if (plan.read().contains(unit.first() + i)) {
            overlay.append(run.lastMade());
          }
          times[i] += run.rule.intervalMillis();
        }
      }
    }
  }

  private Snapshot union() {
    return new UnionSnapshot(
        history.snapshot(), history.tenant(), overlay.snapshot(), this::isMade, hiddenFrom);
  }

  /** True for series that rules of the file make. */
  private boolean isMade(Labels labels) {
    String name = labels.get(Labels.METRIC_NAME);
    return recordedNames.contains(name)
        || ((name.equals("ALERTS") || name.equals("ALERTS_FOR_STATE"))
            && alertNames.contains(labels.get("alertname")));
  }

  private Matrix unionRange(String expression, long start, long end, long step) {
    try (Snapshot union = union()) {
      return (Matrix)
          queries.range(union, "", expression, start, end, step, QueryOptions.DEFAULT).value();
    }
  }

  private QueryResult.Value unionInstant(String expression, long time) {
    try (Snapshot union = union()) {
      return queries.instant(union, "", expression, time, QueryOptions.DEFAULT).value();
    }
  }

  /** Answers one question after the other. */
  private final class Live implements Evaluator {
    @Override
    public String check(String expression) {
      return Replay.check(expression);
    }

    @Override
    public List<RuleSample> evaluate(String expression, long timeMillis) {
      QueryResult.Value value;
      try {
        boolean made =
            readsMadeByText.computeIfAbsent(expression, text -> readsMade(List.of(Reads.of(text))));
        value =
            made ? unionInstant(expression, timeMillis) : history.instant(expression, timeMillis);
      } catch (QueryException | ParseException e) {
        if (e.getCause() instanceof UncheckedIOException cause) {
          throw cause;
        }
        throw new RuleException(String.valueOf(e.getMessage()));
      }
      return switch (value) {
        case QueryResult.Scalar s -> List.of(new RuleSample(Labels.EMPTY, s.value(), null));
        case QueryResult.Vector v -> {
          List<RuleSample> samples = new ArrayList<>(v.size());
          for (int i = 0; i < v.size(); i++) {
            FloatHistogram histogram = v.histogram(i);
            samples.add(
                new RuleSample(
                    v.labels()[i], v.values()[i], histogram == null ? null : histogram.toStored()));
          }
          yield samples;
        }
        case Matrix _, QueryResult.StringResult _ ->
            throw new RuleException("rule result is not a vector or scalar");
      };
    }

    @Override
    public String text(Histogram histogram) {
      return FloatHistogram.of(histogram).toString();
    }
  }

  /** What came of each rule so far. */
  public List<RuleSummary> summaries() {
    return runs.stream().map(RuleRun::summary).toList();
  }

  /** The alerts so far, rule after rule; those that ended before the time to tell of are not. */
  public List<Firing> firings() {
    return runs.stream()
        .flatMap(run -> run.firings().stream())
        .filter(firing -> firing.endMillis() == 0 || firing.endMillis() >= options.from)
        .toList();
  }

  @Override
  public void close() {
    overlay.close();
  }
}
