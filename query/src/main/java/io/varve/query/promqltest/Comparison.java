package io.varve.query.promqltest;

import io.varve.engine.model.Labels;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import io.varve.query.histogram.FloatHistogram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What an evaluation yielded against what its script expects; adds a text per difference. */
final class Comparison {
  private Comparison() {}

  static void instant(Script.Eval eval, QueryResult result, List<String> problems) {
    switch (result.value()) {
      case StringResult s -> {
        if (!s.value().equals(eval.string())) {
          problems.add("string <" + s.value() + ">, not <" + eval.string() + ">");
        }
      }
      case Scalar s -> {
        Double expected = eval.scalar();
        if (expected == null || !Sample.almostEqual(expected, s.value())) {
          problems.add("scalar " + s.value() + ", not " + expected);
        }
      }
      case Matrix m -> {
        long[] range = eval.rangeVector();
        if (range == null) {
          problems.add("unexpected matrix " + ResultText.of(result));
        } else {
          comparePoints(eval, m, range[0], range[1], problems);
        }
      }
      case Vector v -> compareVector(eval, v, problems);
    }
  }

  private static void compareVector(Script.Eval eval, Vector vector, List<String> problems) {
    if (eval.scalar() != null || eval.string() != null || eval.rangeVector() != null) {
      problems.add("unexpected vector");
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
      if (found == null) {
        problems.add("missing " + expected.labels());
      } else if (!sample(vector, found).isLike(expected.values().get(0))) {
        problems.add(
            expected.labels()
                + " is "
                + sample(vector, found)
                + ", not "
                + expected.values().get(0));
      } else if (eval.ordered() && found != place) {
        problems.add(expected.labels() + " is at place " + found + ", not " + place);
      }
      place++;
    }
    places.forEach((labels, i) -> problems.add("unexpected " + labels + " " + sample(vector, i)));
  }

  private static Sample sample(Vector vector, int i) {
    return new Sample(vector.values()[i], vector.histogram(i));
  }

  static void range(Script.Eval eval, QueryResult result, List<String> problems) {
    if (!(result.value() instanceof Matrix matrix)) {
      problems.add("no matrix: " + ResultText.of(result));
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
      Map<Long, Sequence.Value> points = new TreeMap<>();
      for (int i = 0; i < expected.values().size(); i++) {
        Sequence.Value value = expected.values().get(i);
        if (value.number() != null || value.histogram() != null) {
          points.put(start + i * step, value);
        }
      }
      Series series = found.remove(expected.labels());
      if (points.isEmpty()) {
        if (series != null) {
          problems.add("unexpected points of " + expected.labels());
        }
        continue;
      }
      if (series == null) {
        problems.add("missing " + expected.labels());
        continue;
      }
      Map<Long, Sample> actual = new TreeMap<>();
      for (int i = 0; i < series.size(); i++) {
        actual.put(series.times()[i], new Sample(series.values()[i], series.histogram(i)));
      }
      boolean equal = actual.keySet().equals(points.keySet());
      for (Map.Entry<Long, Sequence.Value> point : points.entrySet()) {
        Sample sample = actual.get(point.getKey());
        equal = equal && sample != null && sample.isLike(point.getValue());
      }
      if (!equal) {
        problems.add(expected.labels() + " is " + actual + ", not " + points);
      }
    }
    found.keySet().forEach(labels -> problems.add("unexpected " + labels));
  }

  /** Compares the step at a time of a range query with what an instant query should yield. */
  static void middle(Script.Eval eval, QueryResult result, long time, List<String> problems) {
    if (!(result.value() instanceof Matrix matrix)) {
      problems.add("no matrix: " + ResultText.of(result));
      return;
    }
    List<Labels> labels = new ArrayList<>();
    List<Sample> values = new ArrayList<>();
    for (Series series : matrix.series()) {
      for (int i = 0; i < series.size(); i++) {
        if (series.times()[i] == time) {
          labels.add(series.labels());
          values.add(new Sample(series.values()[i], series.histogram(i)));
        }
      }
    }
    if (new HashSet<>(labels).size() != labels.size()) {
      problems.add("twice: " + labels);
    }
    Double scalar = eval.scalar();
    if (scalar != null) {
      if (labels.size() != 1 || !Sample.almostEqual(scalar, values.get(0).number())) {
        problems.add("scalar " + values + ", not " + scalar);
      }
      return;
    }
    Vector vector =
        new Vector(
            time,
            labels.toArray(new Labels[0]),
            values.stream().mapToDouble(Sample::number).toArray(),
            values.stream().map(Sample::histogram).toArray(FloatHistogram[]::new));
    compareVector(eval, vector, problems);
  }

  static void annotations(Script.Eval eval, QueryResult result, List<String> problems) {
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
}
