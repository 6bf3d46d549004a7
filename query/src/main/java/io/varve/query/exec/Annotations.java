package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.exec.StepAnnotations.Forced;
import io.varve.query.function.Absent;
import io.varve.query.function.GoText;
import io.varve.query.histogram.HistogramNote;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.promql.Position;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the user should know about a result, collected while a query runs: warnings and infos in
 * Prometheus' words ({@code util/annotations}). The same text is kept once, with the place that
 * stands first in the query. Thread-safe; asked for rarely, so one lock does.
 */
final class Annotations {
  private static final String WARNING = "PromQL warning: ";
  private static final String INFO = "PromQL info: ";

  /** Of more texts it is not written down which steps they are about. */
  private static final int MOST_NOTES = 1000;

  private final Map<String, Position> found = new HashMap<>();
  private final Map<String, Lifted> forced = new HashMap<>();
  private final List<Consumer<Annotations>> open = new ArrayList<>();

  /** What comes from now on by steps; null if nobody asked. */
  private @Nullable Run run;

  /** Where and how much bucket counts had to be lifted. */
  private record Lifted(Position position, Forced forced) {}

  /** Some successive steps of the query, and what was said about each. */
  private static final class Run {
    final StepGrid grid;
    final StepAnnotations.Places places;
    final Map<String, StepAnnotations.Note> notes = new HashMap<>();
    boolean divisible = true;

    Run(StepGrid grid, StepAnnotations.Places places) {
      this.grid = grid;
      this.places = places;
    }

    StepAnnotations.@Nullable Note note(String text, Position position, boolean isForced) {
      int place = places.number(position);
      if (place < 0 || notes.size() > MOST_NOTES) {
        divisible = false;
        return null;
      }
      StepAnnotations.Note known = notes.get(text);
      if (known == null || place < known.place()) {
        known =
            known == null
                ? new StepAnnotations.Note(
                    text, place, new BitSet(), isForced ? new TreeMap<>() : null)
                : new StepAnnotations.Note(text, place, known.steps(), known.forced());
        notes.put(text, known);
      }
      return known;
    }

    void add(String text, Position position, StepGrid of, int from, int to) {
      StepAnnotations.Note note = note(text, position, false);
      if (note == null) {
        return;
      }
      if (of.scope().equals(StepGrid.Scope.SELF)) {
        note.steps().set(from, to);
        return;
      }
      for (int at = from; at < to; at++) {
        add(note.steps(), of, at);
      }
    }

    private void add(BitSet steps, StepGrid of, int at) {
      StepGrid.Scope scope = of.scope();
      if (scope.all()) {
        steps.set(0, grid.count());
        return;
      }
      long after = of.time(at) + scope.fromMillis() - grid.start();
      long before = of.time(at) + scope.toMillis() - grid.start();
      long first = Math.max(0, -Math.floorDiv(-after, grid.step()));
      long last = Math.min(grid.count() - 1, Math.floorDiv(before, grid.step()));
      if (first <= last) {
        steps.set((int) first, (int) last + 1);
      }
    }
  }

  /** Asks somebody at the end of the query, or of a part of it. */
  synchronized void atEnd(Consumer<Annotations> teller) {
    open.add(teller);
  }

  private void askOpen() {
    open.forEach(teller -> teller.accept(this));
    open.clear();
  }

  /** From now on it is written down which steps of a part of the query annotations are about. */
  synchronized void begin(StepGrid part, StepAnnotations.Places places) {
    run = new Run(part, places);
  }

  /** What was said since {@link #begin}; null if that cannot be told by steps. */
  synchronized @Nullable StepAnnotations end() {
    askOpen();
    Run ended = run;
    run = null;
    return ended == null || !ended.divisible
        ? null
        : new StepAnnotations(
            ended.grid.start(),
            ended.grid.step(),
            ended.grid.count(),
            List.copyOf(ended.notes.values()));
  }

  /** Says what was said before about some steps. */
  synchronized void add(StepAnnotations known, StepAnnotations.Places places) {
    for (StepAnnotations.Note note : known.notes()) {
      Position position = places.position(note.place());
      if (note.forced() == null) {
        found.merge(note.text(), position, Annotations::first);
      } else {
        for (Forced at : note.forced().values()) {
          lift(note.text(), position, at);
        }
      }
    }
  }

  /** Forgets everything. */
  synchronized void clear() {
    found.clear();
    forced.clear();
    open.clear();
    run = null;
  }

  private synchronized void note(String text, Position position, StepGrid grid, int from, int to) {
    if (from == to) {
      return;
    }
    found.merge(text, position, Annotations::first);
    if (run != null) {
      run.add(text, position, grid, from, to);
    }
  }

  private synchronized void note(String text, Position position, StepGrid grid, BitSet steps) {
    found.merge(text, position, Annotations::first);
    if (run != null) {
      for (int at = steps.nextSetBit(0); at >= 0; at = steps.nextSetBit(at + 1)) {
        run.add(text, position, grid, at, at + 1);
      }
    }
  }

  /** For what is not about some of the steps, but about them as a whole. */
  private synchronized void noteWhole(String text, Position position) {
    found.merge(text, position, Annotations::first);
    if (run != null) {
      run.divisible = false;
    }
  }

  private void warn(String text, Position position, StepGrid grid, int step) {
    note(WARNING + text, position, grid, step, step + 1);
  }

  private void info(String text, Position position, StepGrid grid, int step) {
    note(INFO + text, position, grid, step, step + 1);
  }

  private static Position first(Position a, Position b) {
    return a.start() <= b.start() ? a : b;
  }

  void invalidQuantile(double q, Position position, StepGrid grid, int step) {
    warn(invalidQuantile(q), position, grid, step);
  }

  /** The same at every step. */
  void invalidQuantile(double q, Position position, StepGrid grid) {
    note(WARNING + invalidQuantile(q), position, grid, 0, grid.count());
  }

  private static String invalidQuantile(double q) {
    return "quantile value should be between 0 and 1, got " + GoText.general(q);
  }

  /**
   * @param name of the metric; "" if it is not told
   */
  void badBucket(String le, String name, Position position, StepGrid grid, int step) {
    warn(
        "bucket label \"le\" is missing or has a malformed value of "
            + GoText.quote(le)
            + ofMetric(name),
        position,
        grid,
        step);
  }

  private static String ofMetric(String name) {
    return name.isEmpty() ? "" : " for metric name " + GoText.quote(name);
  }

  /** What to say if the labels of what is treated as a counter say that it is none; else null. */
  static @Nullable String noCounter(Labels series, boolean byType) {
    String name = series.get(Labels.METRIC_NAME);
    if (name.isEmpty()) {
      return null;
    }
    if (byType) {
      String type = series.get("__type__");
      return type.equals("counter") || type.equals("histogram")
          ? null
          : "metric might not be a counter, __type__ label is not set to \"counter\" or"
              + " \"histogram\", got "
              + GoText.quote(type)
              + ": "
              + GoText.quote(name);
    }
    return name.endsWith("_total")
            || name.endsWith("_sum")
            || name.endsWith("_count")
            || name.endsWith("_bucket")
        ? null
        : "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
            + GoText.quote(name);
  }

  /** Says so, at the steps at which a column has floats, if a series seems to be no counter. */
  void askForCounter(
      Labels series, boolean byType, Position position, StepGrid grid, double[] out, int at) {
    String text = noCounter(series, byType);
    if (text == null) {
      return;
    }
    BitSet steps = new BitSet();
    for (int s = 0; s < grid.count(); s++) {
      if (!Absent.is(out[at + s]) && !HistogramTable.isHistogram(out[at + s])) {
        steps.set(s);
      }
    }
    if (!steps.isEmpty()) {
      note(INFO + text, position, grid, steps);
    }
  }

  void samplesGone(String width) {
    noteWhole(
        INFO
            + "some samples are older than their retention; aggregates of "
            + width
            + " stand in for them",
        new Position(0, 0));
  }

  void startOverlap(String name, Position position) {
    noteWhole(
        WARNING
            + "sample has start time that overlaps with previous sample timestamp for metric "
            + GoText.quote(name),
        position);
  }

  void invalidRatio(double ratio, double cap, Position position) {
    noteWhole(
        WARNING
            + "ratio value should be between -1 and 1, got "
            + GoText.general(ratio)
            + ", capping to "
            + GoText.general(cap),
        position);
  }

  void sortInRange(Position position, StepGrid grid) {
    note(
        WARNING
            + "sort is ineffective for range queries since results are always ordered by labels",
        position,
        grid,
        0,
        grid.count());
  }

  void incompatible(
      String operator, String left, String right, Position position, StepGrid grid, int step) {
    info(
        "incompatible sample types encountered for binary operator "
            + GoText.quote(operator)
            + ": "
            + left
            + " "
            + operator
            + " "
            + right,
        position,
        grid,
        step);
  }

  void mixedSchemas(String name, Position position, StepGrid grid, int step) {
    warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for"
            + " metric name "
            + GoText.quote(name),
        position,
        grid,
        step);
  }

  void mixedClassicAndNative(String name, Position position, StepGrid grid, int step) {
    warn(
        "vector contains a mix of classic and native histograms" + ofMetric(name),
        position,
        grid,
        step);
  }

  void mixedFloatsInAggregation(Position position, StepGrid grid, int step) {
    warn("encountered a mix of histograms and floats for aggregation", position, grid, step);
  }

  void ignoredInAggregation(String aggregation, Position position, StepGrid grid, BitSet steps) {
    note(INFO + "ignored histogram in " + aggregation + " aggregation", position, grid, steps);
  }

  void incompatibleBuckets(String operator, Position position, StepGrid grid, int step) {
    warn(
        "incompatible bucket layout encountered for binary operator " + operator,
        position,
        grid,
        step);
  }

  void resetCollision(String operation, Position position, StepGrid grid, int step) {
    warn("conflicting counter resets during histogram " + operation, position, grid, step);
  }

  void reconciled(String operation, Position position, StepGrid grid, int step) {
    info("mismatched custom buckets were reconciled during " + operation, position, grid, step);
  }

  void nanQuantile(boolean result, String name, Position position, StepGrid grid, int step) {
    info(
        "input to histogram_quantile has NaN observations, result is "
            + (result ? "NaN" : "skewed higher")
            + ofMetric(name),
        position,
        grid,
        step);
  }

  void nanFraction(String name, Position position, StepGrid grid, int step) {
    info(
        "input to histogram_fraction has NaN observations, which are excluded from all fractions"
            + ofMetric(name),
        position,
        grid,
        step);
  }

  /** What a range function noted of a series. */
  void ofRange(HistogramNote note, String name, Position position, StepGrid grid, int step) {
    String quoted = GoText.quote(name);
    switch (note) {
      case MIXED_FLOATS ->
          warn(
              "encountered a mix of histograms and floats for metric name " + quoted,
              position,
              grid,
              step);
      case IGNORED_BESIDE_FLOATS ->
          info(
              "ignored histograms in a range containing both floats and histograms for metric"
                  + " name "
                  + quoted,
              position,
              grid,
              step);
      case NOT_COUNTER ->
          warn("this native histogram metric is not a counter: " + quoted, position, grid, step);
      case NOT_GAUGE ->
          warn("this native histogram metric is not a gauge: " + quoted, position, grid, step);
      case MIXED_SCHEMAS -> mixedSchemas(name, position, grid, step);
      case RECONCILED_ADDITION -> reconciled("addition", position, grid, step);
      case RECONCILED_SUBTRACTION -> reconciled("subtraction", position, grid, step);
      case RECONCILED_AGGREGATION -> reconciled("aggregation", position, grid, step);
      case COLLISION -> resetCollision("aggregation", position, grid, step);
    }
  }

  /**
   * @param name of the metric; "" if it is not told
   */
  synchronized void forcedMonotonic(
      String name,
      Position position,
      StepGrid grid,
      int step,
      double minBound,
      double maxBound,
      double difference) {
    String text =
        INFO
            + "input to histogram_quantile needed to be fixed for monotonicity (see"
            + " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
            + ofMetric(name);
    long time = grid.time(step);
    Forced at = new Forced(time, time, minBound, maxBound, difference, 1);
    lift(text, position, at);
    if (run == null) {
      return;
    }
    if (!grid.scope().equals(StepGrid.Scope.SELF)) {
      run.divisible = false; // one sample would count at several steps
      return;
    }
    StepAnnotations.Note note = run.note(text, position, true);
    if (note != null && note.forced() != null) {
      note.steps().set(step);
      note.forced().merge(step, at, Forced::and);
    }
  }

  private void lift(String text, Position position, Forced at) {
    forced.merge(
        text,
        new Lifted(position, at),
        (a, b) -> new Lifted(first(a.position, b.position), a.forced.and(b.forced)));
  }

  /** The warnings, with places, in the order of the query. */
  List<String> warnings(String query) {
    return texts(WARNING, query);
  }

  /** The infos, with places, in the order of the query. */
  List<String> infos(String query) {
    return texts(INFO, query);
  }

  private synchronized List<String> texts(String kind, String query) {
    record Entry(String text, Position position) {}
    askOpen();
    List<Entry> entries = new ArrayList<>();
    found.forEach(
        (text, position) -> {
          if (text.startsWith(kind)) {
            entries.add(new Entry(text, position));
          }
        });
    if (kind.equals(INFO)) {
      forced.forEach((text, f) -> entries.add(new Entry(text + details(f.forced), f.position)));
    }
    entries.sort(
        Comparator.comparingInt((Entry e) -> e.position.start()).thenComparing(Entry::text));
    List<String> texts = new ArrayList<>();
    for (Entry e : entries) {
      texts.add(e.text + " (" + e.position.describe(query) + ")");
    }
    return List.copyOf(texts);
  }

  private static String details(Forced f) {
    return ", from buckets "
        + GoText.general(f.minBound())
        + " to "
        + GoText.general(f.maxBound())
        + ", with a max diff of "
        + GoText.general(f.maxDifference(), 2)
        + ", over "
        + f.samples()
        + " samples from "
        + time(f.minTime())
        + " to "
        + time(f.maxTime());
  }

  private static String time(long millis) {
    return DateTimeFormatter.ISO_INSTANT.format(
        Instant.ofEpochSecond(millis / 1000).atOffset(ZoneOffset.UTC));
  }
}
