package io.varve.query.script;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import io.varve.query.function.GoText;
import io.varve.query.promql.AtModifier;
import io.varve.query.promql.Expr;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs scripts against a query engine. An instant evaluation runs as it is written, with all
 * selectors pinned to its time and evaluated at other times, and as a step of a range query.
 */
public final class ScriptRunner {
  /** How an evaluation ended. */
  public enum Outcome {
    /** As expected, in all variants. */
    PASSED,
    /** Not as expected. */
    FAILED,
    /** Refused, because it meets a native histogram. */
    NATIVE,
    /** Refused, because it uses something else that is not there yet. */
    UNSUPPORTED
  }

  /**
   * What came of one evaluation.
   *
   * @param name file and line
   * @param detail what was wrong; "" if nothing
   */
  public record CaseResult(String name, String expression, Outcome outcome, String detail) {}

  private static final double EPSILON = 0.000001;

  /** Functions whose result depends on the evaluation time although the arguments do not. */
  private static final Set<FunctionSignature> TIME_DEPENDENT =
      EnumSet.of(
          FunctionSignature.DAYS_IN_MONTH,
          FunctionSignature.DAY_OF_MONTH,
          FunctionSignature.DAY_OF_WEEK,
          FunctionSignature.DAY_OF_YEAR,
          FunctionSignature.HOUR,
          FunctionSignature.MINUTE,
          FunctionSignature.MONTH,
          FunctionSignature.YEAR,
          FunctionSignature.PREDICT_LINEAR,
          FunctionSignature.TIME,
          FunctionSignature.TIMESTAMP,
          FunctionSignature.START,
          FunctionSignature.END,
          FunctionSignature.STEP,
          FunctionSignature.RANGE);

  private final ScriptStore store;
  private final QueryEngine engine;
  private final QueryOptions options;

  /** Runs against an engine that allows everything in the language. */
  public ScriptRunner(ScriptStore store, QueryEngine engine, QueryOptions options) {
    this.store = store;
    this.engine = engine;
    this.options = options;
  }

  /** Runs all evaluations of a script. */
  public List<CaseResult> run(Path file) throws IOException {
    return run(String.valueOf(file.getFileName()), Files.readAllLines(file));
  }

  /** Runs all evaluations of a script. */
  public List<CaseResult> run(String name, List<String> lines) {
    store.clear();
    List<CaseResult> results = new ArrayList<>();
    for (Script.Command command : Script.read(lines)) {
      switch (command) {
        case Script.Clear clear -> store.clear();
        case Script.Load load -> load(load);
        case Script.Eval eval -> results.add(run(name + ":" + eval.line(), eval));
      }
    }
    return results;
  }

  private void load(Script.Load load) {
    for (Script.Series series : load.series()) {
      SampleColumns samples = new SampleColumns(16);
      for (int i = 0; i < series.values().size(); i++) {
        Sequence.Value value = series.values().get(i);
        long time = i * load.stepMillis();
        long start = 0;
        if (i < series.starts().size()) {
          Double relative = series.starts().get(i).number();
          start = relative == null ? 0 : time + Math.round(relative * 1000);
        }
        Double number = value.number();
        Histogram histogram = value.histogram();
        if (number != null) {
          samples.add(time, number, start);
        } else if (histogram != null) {
          samples.add(time, histogram, start);
        }
      }
      store.add(series.labels(), samples);
    }
    if (load.customBuckets()) {
      loadCustomBuckets(load);
    }
  }

  /** Makes histograms with custom buckets of classic ones, under the name without suffix. */
  private void loadCustomBuckets(Script.Load load) {
    Map<Labels, Map<Long, TreeMap<Double, Double>>> buckets = new HashMap<>();
    Map<Labels, Map<Long, double[]>> totals = new HashMap<>();
    for (Script.Series series : load.series()) {
      String name = series.labels().get(Labels.METRIC_NAME);
      String base = name.replaceFirst("_(bucket|count|sum)$", "");
      Labels labels =
          new Labels.Builder(series.labels().without("le")).set(Labels.METRIC_NAME, base).build();
      for (int i = 0; i < series.values().size(); i++) {
        Double value = series.values().get(i).number();
        if (value == null) {
          continue;
        }
        long time = i * load.stepMillis();
        if (name.endsWith("_bucket") && series.labels().has("le")) {
          double bound = GoText.parseFloat(series.labels().get("le"));
          buckets
              .computeIfAbsent(labels, key -> new TreeMap<>())
              .computeIfAbsent(time, key -> new TreeMap<>())
              .put(bound, value);
        } else if (name.endsWith("_sum") || name.endsWith("_count")) {
          double[] total =
              totals
                  .computeIfAbsent(labels, key -> new TreeMap<>())
                  .computeIfAbsent(time, key -> new double[2]);
          total[name.endsWith("_sum") ? 0 : 1] = value;
        }
      }
    }
    buckets.forEach(
        (labels, byTime) -> {
          SampleColumns samples = new SampleColumns(16);
          byTime.forEach(
              (time, cumulative) -> {
                double[] total =
                    totals.getOrDefault(labels, Map.of()).getOrDefault(time, new double[2]);
                samples.add(time, customBuckets(cumulative, total), 0);
              });
          store.add(labels, samples);
        });
  }

  private static Histogram customBuckets(NavigableMap<Double, Double> cumulative, double[] total) {
    HistogramLiteral h = new HistogramLiteral();
    h.schema = Histogram.CUSTOM_BUCKETS_SCHEMA;
    h.sum = total[0];
    double previous = 0;
    int i = 0;
    for (Map.Entry<Double, Double> bucket : cumulative.entrySet()) {
      h.positive.put(i++, bucket.getValue() - previous);
      previous = bucket.getValue();
    }
    h.count = previous;
    h.customValues =
        cumulative.keySet().stream()
            .filter(bound -> bound != Double.POSITIVE_INFINITY)
            .mapToDouble(Double::doubleValue)
            .toArray();
    return h.toHistogram();
  }

  private CaseResult run(String name, Script.Eval eval) {
    try {
      String problem = problem(eval);
      return new CaseResult(
          name, eval.expression(), problem.isEmpty() ? Outcome.PASSED : Outcome.FAILED, problem);
    } catch (Refused e) {
      return new CaseResult(name, eval.expression(), e.outcome, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      return new CaseResult(name, eval.expression(), Outcome.FAILED, "threw " + e);
    }
  }

  /** Says that the engine cannot evaluate it yet. */
  private static final class Refused extends RuntimeException {
    final Outcome outcome;

    Refused(Outcome outcome, String message) {
      super(message);
      this.outcome = outcome;
    }
  }

  @FunctionalInterface
  private interface Evaluation {
    QueryResult run(Snapshot snapshot);
  }

  /** Evaluates; null if that failed as expected. */
  private @Nullable QueryResult evaluate(
      Script.Eval eval, Evaluation evaluation, List<String> problems) {
    QueryResult result;
    try (Snapshot snapshot = store.snapshot()) {
      result = evaluation.run(snapshot);
    } catch (QueryException e) {
      String message = String.valueOf(e.getMessage());
      if (message.startsWith("native histograms: not supported")) {
        throw new Refused(Outcome.NATIVE, message);
      }
      if (message.contains("not supported by this version")) {
        throw new Refused(Outcome.UNSUPPORTED, message);
      }
      if (!eval.expectsFailure()) {
        problems.add("failed: " + message);
        return null;
      }
      for (Script.Expectation expected : eval.expectations()) {
        if (expected.kind() == Script.Expectation.Kind.FAIL && !expected.fits(message)) {
          problems.add("failed with <" + message + ">, not <" + expected.text() + ">");
        }
      }
      return null;
    }
    if (eval.expectsFailure()) {
      problems.add("did not fail but yielded " + text(result));
      return null;
    }
    return result;
  }

  private String problem(Script.Eval eval) {
    List<String> problems = new ArrayList<>();
    if (!eval.isInstant()) {
      QueryResult result =
          evaluate(
              eval,
              snapshot ->
                  engine.range(
                      snapshot,
                      "",
                      eval.expression(),
                      eval.startMillis(),
                      eval.endMillis(),
                      eval.stepMillis(),
                      options),
              problems);
      if (result != null) {
        compareRange(eval, result, problems);
        compareAnnotations(eval, result, problems);
      }
      return String.join("; ", problems);
    }
    QueryResult result =
        evaluate(
            eval, snapshot -> instant(snapshot, eval.expression(), eval.startMillis()), problems);
    if (result != null) {
      compareInstant(eval, result, problems);
      compareAnnotations(eval, result, problems);
    }
    if (problems.isEmpty() && !eval.expectsFailure()) {
      variants(eval, problems);
    }
    return String.join("; ", problems);
  }

  private QueryResult instant(Snapshot snapshot, String expression, long time) {
    return engine.instant(snapshot, "", expression, time, options);
  }

  private void variants(Script.Eval eval, List<String> problems) {
    Expr expr = Parser.parse(eval.expression(), ParserOptions.ALL);
    long time = eval.startMillis();
    if (!calls(expr, TIME_DEPENDENT)) {
      String pinned = pin(expr, time).toString();
      long[] times =
          time == 0
              ? new long[] {-1000, 0, 1000}
              : new long[] {-10 * time, 0, time / 5, time, 10 * time};
      for (long other : times) {
        List<String> found = new ArrayList<>();
        QueryResult result = evaluate(eval, snapshot -> instant(snapshot, pinned, other), found);
        if (result != null) {
          compareInstant(eval, result, found);
        }
        if (!found.isEmpty()) {
          problems.add(pinned + " at " + other + ": " + found);
          return;
        }
      }
    }
    if (!eval.ordered()
        && eval.string() == null
        && eval.rangeVector() == null
        && !calls(
            expr,
            EnumSet.of(
                FunctionSignature.START,
                FunctionSignature.END,
                FunctionSignature.RANGE,
                FunctionSignature.STEP))
        && !eval.expression().contains("start()")
        && !eval.expression().contains("end()")
        && !eval.expression().contains("range()")
        && !eval.expression().contains("step()")) {
      List<String> found = new ArrayList<>();
      QueryResult result =
          evaluate(
              eval,
              snapshot ->
                  engine.range(
                      snapshot,
                      "",
                      eval.expression(),
                      time - 60_000,
                      time + 60_000,
                      60_000,
                      options),
              found);
      if (result != null) {
        compareMiddle(eval, result, time, found);
      }
      if (!found.isEmpty()) {
        problems.add("as a range: " + found);
      }
    }
  }

  private static boolean calls(Expr expr, Set<FunctionSignature> functions) {
    if (expr instanceof Expr.Call call && functions.contains(call.function())) {
      return true;
    }
    return expr.children().stream().anyMatch(child -> calls(child, functions));
  }

  /** The expression with all selectors and subqueries pinned that are not. */
  private static Expr pin(Expr expr, long time) {
    AtModifier at = AtModifier.timestamp(time);
    return switch (expr) {
      case Expr.NumberLiteral e -> e;
      case Expr.StringLiteral e -> e;
      case Expr.StepInvariant e -> e;
      case Expr.Paren e -> new Expr.Paren(pin(e.inner(), time), e.position());
      case Expr.Unary e -> new Expr.Unary(e.operator(), pin(e.inner(), time), e.position());
      case Expr.Binary e ->
          new Expr.Binary(
              e.operator(),
              pin(e.left(), time),
              pin(e.right(), time),
              e.matching(),
              e.returnBool(),
              e.position());
      case Expr.Call e ->
          new Expr.Call(
              e.function(), e.arguments().stream().map(a -> pin(a, time)).toList(), e.position());
      case Expr.Aggregate e -> {
        Expr parameter = e.parameter();
        yield new Expr.Aggregate(
            e.aggregation(),
            pin(e.inner(), time),
            parameter == null ? null : pin(parameter, time),
            e.grouping(),
            e.without(),
            e.position());
      }
      case Expr.VectorSelector e -> pinSelector(e, at);
      case Expr.MatrixSelector e ->
          new Expr.MatrixSelector(
              pinSelector(e.selector(), at), e.rangeMillis(), e.rangeExpr(), e.position());
      case Expr.Subquery e ->
          e.at() != null
              ? e
              : new Expr.Subquery(
                  e.inner(),
                  e.rangeMillis(),
                  e.rangeExpr(),
                  e.stepMillis(),
                  e.stepExpr(),
                  e.offsetMillis(),
                  e.offsetExpr(),
                  at,
                  e.position());
    };
  }

  private static Expr.VectorSelector pinSelector(Expr.VectorSelector e, AtModifier at) {
    return e.at() != null
        ? e
        : new Expr.VectorSelector(
            e.name(),
            e.matchers(),
            e.offsetMillis(),
            e.offsetExpr(),
            at,
            e.anchored(),
            e.smoothed(),
            e.position());
  }

  // Comparison.

  private static void compareInstant(Script.Eval eval, QueryResult result, List<String> problems) {
    switch (result.value()) {
      case StringResult s -> {
        if (!s.value().equals(eval.string())) {
          problems.add("string <" + s.value() + ">, not <" + eval.string() + ">");
        }
      }
      case Scalar s -> {
        Double expected = eval.scalar();
        if (expected == null || !almostEqual(expected, s.value())) {
          problems.add("scalar " + s.value() + ", not " + expected);
        }
      }
      case Matrix m -> {
        long[] range = eval.rangeVector();
        if (range == null) {
          problems.add("unexpected matrix " + text(result));
        } else {
          comparePoints(eval, m, range[0], range[1], problems);
        }
      }
      case Vector v -> compareVector(eval, v, problems);
    }
  }

  private static void compareVector(Script.Eval eval, Vector vector, List<String> problems) {
    if (eval.scalar() != null || eval.string() != null || eval.rangeVector() != null) {
      problems.add("unexpected vector " + text(vector));
      return;
    }
    Map<Labels, Integer> places = new HashMap<>();
    for (int i = 0; i < vector.size(); i++) {
      if (places.put(vector.labels()[i], i) != null) {
        problems.add("twice: " + vector.labels()[i]);
      }
    }
    int place = 0;
    for (Script.Series expected : eval.series()) {
      Integer found = places.remove(expected.labels());
      Double number = expected.values().get(0).number();
      if (found == null) {
        problems.add("missing " + expected.labels());
      } else if (number == null || !almostEqual(number, vector.values()[found])) {
        problems.add(
            expected.labels() + " is " + vector.values()[found] + ", not " + expected.values());
      } else if (eval.ordered() && found != place) {
        problems.add(expected.labels() + " is at place " + found + ", not " + place);
      }
      place++;
    }
    places.forEach((labels, i) -> problems.add("unexpected " + labels + " " + vector.values()[i]));
  }

  private static void compareRange(Script.Eval eval, QueryResult result, List<String> problems) {
    if (!(result.value() instanceof Matrix matrix)) {
      problems.add("no matrix: " + text(result));
      return;
    }
    comparePoints(eval, matrix, eval.startMillis(), eval.stepMillis(), problems);
  }

  private static void comparePoints(
      Script.Eval eval, Matrix matrix, long start, long step, List<String> problems) {
    Map<Labels, Series> found = new HashMap<>();
    Labels previous = null;
    for (Series series : matrix.series()) {
      if (found.put(series.labels(), series) != null) {
        problems.add("twice: " + series.labels());
      }
      if (previous != null && previous.compareTo(series.labels()) >= 0) {
        problems.add("not sorted: " + series.labels());
      }
      previous = series.labels();
    }
    for (Script.Series expected : eval.series()) {
      Map<Long, Double> points = new TreeMap<>();
      boolean histograms = false;
      for (int i = 0; i < expected.values().size(); i++) {
        Sequence.Value value = expected.values().get(i);
        Double number = value.number();
        if (number != null) {
          points.put(start + i * step, number);
        }
        histograms |= value.histogram() != null;
      }
      Series series = found.remove(expected.labels());
      if (points.isEmpty() && !histograms) {
        if (series != null) {
          problems.add("unexpected points of " + expected.labels());
        }
        continue;
      }
      if (series == null) {
        problems.add("missing " + expected.labels());
        continue;
      }
      Map<Long, Double> actual = new TreeMap<>();
      for (int i = 0; i < series.size(); i++) {
        actual.put(series.times()[i], series.values()[i]);
      }
      boolean equal = !histograms && actual.keySet().equals(points.keySet());
      for (Map.Entry<Long, Double> point : points.entrySet()) {
        equal = equal && almostEqual(point.getValue(), actual.get(point.getKey()));
      }
      if (!equal) {
        problems.add(expected.labels() + " is " + actual + ", not " + points);
      }
    }
    found.keySet().forEach(labels -> problems.add("unexpected " + labels));
  }

  /** Compares the step at a time of a range query with what an instant query should yield. */
  private static void compareMiddle(
      Script.Eval eval, QueryResult result, long time, List<String> problems) {
    if (!(result.value() instanceof Matrix matrix)) {
      problems.add("no matrix: " + text(result));
      return;
    }
    List<Labels> labels = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (Series series : matrix.series()) {
      for (int i = 0; i < series.size(); i++) {
        if (series.times()[i] == time) {
          labels.add(series.labels());
          values.add(series.values()[i]);
        }
      }
    }
    if (new HashSet<>(labels).size() != labels.size()) {
      problems.add("twice: " + labels);
    }
    Double scalar = eval.scalar();
    if (scalar != null) {
      if (labels.size() != 1 || !almostEqual(scalar, values.get(0))) {
        problems.add("scalar " + values + ", not " + scalar);
      }
      return;
    }
    Vector vector =
        new Vector(
            time,
            labels.toArray(new Labels[0]),
            values.stream().mapToDouble(Double::doubleValue).toArray());
    compareVector(eval, vector, problems);
  }

  private static void compareAnnotations(
      Script.Eval eval, QueryResult result, List<String> problems) {
    compareAnnotations(
        eval,
        result.warnings(),
        Script.Expectation.Kind.WARN,
        Script.Expectation.Kind.NO_WARN,
        problems);
    compareAnnotations(
        eval,
        result.infos(),
        Script.Expectation.Kind.INFO,
        Script.Expectation.Kind.NO_INFO,
        problems);
  }

  private static void compareAnnotations(
      Script.Eval eval,
      List<String> found,
      Script.Expectation.Kind some,
      Script.Expectation.Kind none,
      List<String> problems) {
    List<Script.Expectation> expected =
        eval.expectations().stream().filter(e -> e.kind() == some).toList();
    for (Script.Expectation e : expected) {
      if (found.stream().noneMatch(e::fits)) {
        problems.add("no " + some + " <" + e.text() + "> in " + found);
      }
    }
    if (!expected.isEmpty()) {
      for (String text : found) {
        if (expected.stream().noneMatch(e -> e.fits(text))) {
          problems.add("unexpected " + some + " <" + text + ">");
        }
      }
    }
    if (eval.expectations().stream().anyMatch(e -> e.kind() == none) && !found.isEmpty()) {
      problems.add("unexpected " + some + " " + found);
    }
  }

  private static boolean almostEqual(double a, @Nullable Double found) {
    if (found == null) {
      return false;
    }
    double b = found;
    if (StaleMarker.is(a) || StaleMarker.is(b)) {
      return StaleMarker.is(a) && StaleMarker.is(b);
    }
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(a) && Double.isNaN(b);
    }
    if (a == b) {
      return true;
    }
    double sum = Math.abs(a) + Math.abs(b);
    double difference = Math.abs(a - b);
    if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
      return difference < EPSILON * Double.MIN_NORMAL;
    }
    return difference / Math.min(sum, Double.MAX_VALUE) < EPSILON;
  }

  private static String text(QueryResult result) {
    return switch (result.value()) {
      case Scalar s -> String.valueOf(s.value());
      case StringResult s -> s.value();
      case Vector v -> text(v);
      case Matrix m -> {
        StringBuilder out = new StringBuilder();
        for (Series s : m.series()) {
          out.append(s.labels()).append(' ');
          for (int i = 0; i < s.size(); i++) {
            out.append(s.values()[i]).append('@').append(s.times()[i]).append(' ');
          }
        }
        yield out.toString();
      }
    };
  }

  private static String text(Vector vector) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < vector.size(); i++) {
      out.append(vector.labels()[i]).append(' ').append(vector.values()[i]).append(' ');
    }
    return out.toString();
  }
}
