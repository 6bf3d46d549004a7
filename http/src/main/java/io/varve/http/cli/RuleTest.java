package io.varve.http.cli;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.http.cli.RuleTestFile.AlertTest;
import io.varve.http.cli.RuleTestFile.ExpectedAlert;
import io.varve.http.cli.RuleTestFile.ExpectedSample;
import io.varve.http.cli.RuleTestFile.ExpressionTest;
import io.varve.http.json.GoFloat;
import io.varve.http.rules.QueryEvaluator;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.promqltest.EngineStore;
import io.varve.query.promqltest.ScriptException;
import io.varve.query.promqltest.ScriptSeries;
import io.varve.retention.rules.Alert;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleGroup;
import io.varve.retention.rules.RuleSample;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs one test of a file: the rules are evaluated again and again over an engine that at every
 * time holds the samples up to it; then expressions are evaluated.
 */
final class RuleTest {
  private final RuleTestFile file;
  private final RuleTestFile.Test test;
  private final List<Path> ruleFiles;
  private final QueryEngine engine;

  RuleTest(RuleTestFile file, RuleTestFile.Test test, List<Path> ruleFiles, QueryEngine engine) {
    this.file = file;
    this.test = test;
    this.ruleFiles = ruleFiles;
    this.engine = engine;
  }

  /** A series of the input, and how much of it is stored. */
  private static final class Input {
    final ScriptSeries series;
    int stored;

    Input(ScriptSeries series) {
      this.series = series;
    }
  }

  /**
   * Runs it.
   *
   * @param dump told all data at the end; null if nobody wants to know
   */
  void run(List<String> problems, @Nullable PrintStream dump) throws IOException {
    for (AlertTest alert : test.alerts()) {
      if (alert.name().isEmpty()) {
        problems.add(
            "an item under alert_rule_test misses required attribute alertname at eval_time "
                + RuleTestFile.duration(alert.atMillis())
                + (test.name().isEmpty() ? "" : " (in TestGroup " + test.name() + ")"));
        return;
      }
    }
    Path folder = Files.createTempDirectory("varve-test-rules");
    try (EngineStore store = new EngineStore(folder, false)) {
      run(store, problems, dump);
    } finally {
      Files.delete(folder);
    }
  }

  private void run(EngineStore store, List<String> problems, @Nullable PrintStream dump)
      throws IOException {
    List<Input> inputs = new ArrayList<>();
    try {
      List<String> lines = test.series().stream().map(s -> s.series() + " " + s.values()).toList();
      ScriptSeries.parse(test.intervalMillis(), test.startMillis(), lines)
          .forEach(s -> inputs.add(new Input(s)));
    } catch (ScriptException e) {
      problems.add(
          "input series " + e.line() + ", character " + e.column() + ": " + e.getMessage());
      return;
    }
    QueryEvaluator evaluator = new QueryEvaluator(engine, store::snapshot);
    List<RuleGroup> groups = groups(evaluator, store, problems);
    if (groups == null) {
      return;
    }
    List<Long> alertTimes =
        test.alerts().stream().map(AlertTest::atMillis).distinct().sorted().toList();
    int next = 0;
    long last = test.lastMillis();
    for (long at = 0; at <= last; at += file.intervalMillis()) {
      long time = test.startMillis() + at;
      store(inputs, time, store);
      List<String> failures = new ArrayList<>();
      for (RuleGroup group : groups) {
        group.evaluate(time);
        for (Map.Entry<String, String> failure : group.failures().entrySet()) {
          failures.add(
              "    rule: "
                  + failure.getKey()
                  + ", time: "
                  + RuleTestFile.goDuration(time)
                  + ", err: "
                  + failure.getValue());
        }
      }
      if (!failures.isEmpty()) {
        problems.addAll(failures);
        return;
      }
      // The alerts of a time are those of the last evaluation before it.
      for (;
          next < alertTimes.size() && alertTimes.get(next) < at + file.intervalMillis();
          next++) {
        check(alertTimes.get(next), groups, problems);
      }
    }
    for (ExpressionTest expression : test.expressions()) {
      check(expression, evaluator, problems);
    }
    if (dump != null) {
      dump(store, dump);
    }
  }

  /** All samples of the input and of the rules, a series after the other. */
  private void dump(EngineStore store, PrintStream out) {
    long whole = (test.lastMillis() + 1_000) / 1_000; // PromQL has no fractions of seconds
    String all = "{__name__=~\".+\"}[" + whole + "s]";
    try (Snapshot snapshot = store.snapshot()) {
      long time = test.startMillis() + whole * 1_000;
      QueryResult.Value value =
          engine.instant(snapshot, "", all, time, QueryOptions.DEFAULT).value();
      out.println(
          "DEBUG: Dump of all data (input_series and rules) at "
              + RuleTestFile.goDuration(whole * 1_000)
              + ":");
      if (value instanceof QueryResult.Matrix matrix) {
        matrix.series().forEach(series -> dump(series, out));
      }
    } catch (QueryException e) {
      out.println("DEBUG: Failed query exec, expr: " + all + ", err: " + e.getMessage());
    }
  }

  private static void dump(QueryResult.Series series, PrintStream out) {
    out.println(series.labels() + " =>");
    for (int i = 0; i < series.times().length; i++) {
      FloatHistogram histogram = series.histogram(i);
      String value = histogram == null ? GoFloat.plain(series.values()[i]) : histogram.toString();
      out.println(value + " @[" + series.times()[i] + "]");
    }
  }

  private @Nullable List<RuleGroup> groups(
      QueryEvaluator evaluator, EngineStore store, List<String> problems) throws IOException {
    RuleGroup.Options options = new RuleGroup.Options(test.externalUrl(), test.externalLabels(), 0);
    List<RuleGroup> groups = new ArrayList<>();
    for (Path path : ruleFiles) {
      try {
        RuleFile rules =
            RuleFile.parse(Files.readString(path), evaluator, file.options().ignoreUnknown());
        for (RuleFile.Group group : rules.groups()) {
          groups.add(
              new RuleGroup(
                  group, evaluator, (samples, time) -> append(store, samples, time), options));
        }
      } catch (RuleException e) {
        String.valueOf(e.getMessage()).lines().forEach(line -> problems.add(path + ": " + line));
        return null;
      }
    }
    groups.sort(Comparator.comparing(g -> file.order().getOrDefault(g.definition().name(), 0)));
    return groups;
  }

  private static void append(EngineStore store, List<RuleSample> samples, long time) {
    for (RuleSample sample : samples) {
      SampleColumns columns = new SampleColumns(1);
      if (sample.histogram() == null) {
        columns.add(time, sample.value(), 0);
      } else {
        columns.add(time, sample.histogram(), 0);
      }
      store.add(sample.labels(), columns);
    }
  }

  /** Stores what the input has up to a time. */
  private static void store(List<Input> inputs, long time, EngineStore store) {
    for (Input input : inputs) {
      SampleColumns all = input.series.samples();
      SampleColumns due = new SampleColumns(4);
      for (; input.stored < all.size && all.times[input.stored] <= time; input.stored++) {
        due.addFrom(all, input.stored);
      }
      if (due.size > 0) {
        store.add(input.series.labels(), due);
      }
    }
  }

  // Alerts.

  private record LabelsAndAnnotations(Labels labels, Labels annotations) {
    static final Comparator<LabelsAndAnnotations> ORDER =
        Comparator.comparing(LabelsAndAnnotations::labels)
            .thenComparing(LabelsAndAnnotations::annotations);

    static LabelsAndAnnotations of(Labels labels, Map<String, String> annotations) {
      return new LabelsAndAnnotations(labels, set(annotations));
    }

    static Labels set(Map<String, String> map) {
      Labels.Builder labels = new Labels.Builder();
      map.forEach(labels::set);
      return labels.build();
    }
  }

  private void check(long at, List<RuleGroup> groups, List<String> problems) {
    for (AlertTest alert : test.alerts()) {
      if (alert.atMillis() != at) {
        continue;
      }
      List<LabelsAndAnnotations> expected = new ArrayList<>();
      for (ExpectedAlert e : alert.expected()) {
        Labels labels =
            new Labels.Builder(LabelsAndAnnotations.set(e.labels()))
                .set("alertname", alert.name())
                .build();
        expected.add(LabelsAndAnnotations.of(labels, e.annotations()));
      }
      List<LabelsAndAnnotations> got = new ArrayList<>();
      for (RuleGroup group : groups) {
        for (Alert a : group.alerts().getOrDefault(alert.name(), List.of())) {
          if (a.state() == Alert.State.FIRING) {
            got.add(LabelsAndAnnotations.of(a.labels(), a.annotations()));
          }
        }
      }
      expected.sort(LabelsAndAnnotations.ORDER);
      got.sort(LabelsAndAnnotations.ORDER);
      if (!expected.equals(got)) {
        problems.add(
            (test.name().isEmpty() ? "" : "    name: " + test.name() + ",\n")
                + "    alertname: "
                + alert.name()
                + ", time: "
                + RuleTestFile.duration(at)
                + (file.options().diff()
                    ? ", \n        diff:" + indented(LineDiff.of(text(expected), text(got)))
                    : ", \n        exp:"
                        + indented(text(expected))
                        + ", \n        got:"
                        + indented(text(got))));
      }
    }
  }

  private static String text(List<LabelsAndAnnotations> alerts) {
    if (alerts.isEmpty()) {
      return "[]";
    }
    StringBuilder out = new StringBuilder("[");
    for (int i = 0; i < alerts.size(); i++) {
      out.append(i == 0 ? "\n" : ",\n").append(i).append(":");
      out.append("\n  Labels:").append(alerts.get(i).labels);
      out.append("\n  Annotations:").append(alerts.get(i).annotations);
    }
    return out.append("\n]").toString();
  }

  private static String indented(String text) {
    return text.replace("\n", "\n            ");
  }

  // Expressions.

  /** A float, or the histogram that is not null. */
  private record Sample(Labels labels, double value, @Nullable FloatHistogram histogram) {
    static Sample of(Labels labels, double value, @Nullable Histogram histogram) {
      return new Sample(
          labels, value, histogram == null ? null : FloatHistogram.of(histogram).compact());
    }

    @Override
    public String toString() {
      FloatHistogram h = histogram;
      if (h != null) {
        return labels + " " + ScriptSeries.text(h);
      }
      return labels + " " + GoFloat.exponent(value).replace('e', 'E');
    }
  }

  private void check(ExpressionTest expression, QueryEvaluator evaluator, List<String> problems) {
    String where =
        "    expr: \""
            + expression.expression().replace("\\", "\\\\").replace("\"", "\\\"")
            + "\", time: "
            + RuleTestFile.duration(expression.atMillis());
    List<Sample> got = new ArrayList<>();
    List<Sample> expected = new ArrayList<>();
    try {
      for (RuleSample s :
          evaluator.evaluate(expression.expression(), test.startMillis() + expression.atMillis())) {
        got.add(Sample.of(s.labels(), s.value(), s.histogram()));
      }
    } catch (RuleException e) {
      problems.add(where + ", err: " + e.getMessage());
      return;
    }
    for (ExpectedSample s : expression.expected()) {
      try {
        expected.add(
            Sample.of(
                ScriptSeries.labels(s.labels()),
                s.value(),
                s.histogram().isEmpty() ? null : ScriptSeries.histogram(s.histogram())));
      } catch (ScriptException e) {
        problems.add(where + ", err: labels \"" + s.labels() + "\": " + e.getMessage());
        return;
      }
    }
    got.sort(Comparator.comparing(Sample::labels));
    expected.sort(Comparator.comparing(Sample::labels));
    if (!equal(expected, got)) {
      problems.add(
          where + ",\n        exp: " + samples(expected) + "\n        got: " + samples(got));
    }
  }

  private boolean equal(List<Sample> a, List<Sample> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      double x = a.get(i).value;
      double y = b.get(i).value;
      FloatHistogram h = a.get(i).histogram;
      FloatHistogram other = b.get(i).histogram;
      if ((h == null) != (other == null)) {
        return false;
      }
      boolean same =
          (h != null && other != null)
              ? h.equals(other) && h.hint() == other.hint()
              : x == y
                  || (Double.isNaN(x) && Double.isNaN(y))
                  || (file.fuzzy() && (Math.nextUp(x) == y || Math.nextDown(x) == y));
      if (!same || !a.get(i).labels.equals(b.get(i).labels)) {
        return false;
      }
    }
    return true;
  }

  private static String samples(List<Sample> samples) {
    return samples.isEmpty()
        ? "nil"
        : String.join(", ", samples.stream().map(Sample::toString).toList());
  }
}
