package io.varve.http.replay;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.http.json.GoFloat;
import io.varve.query.histogram.FloatHistogram;
import io.varve.retention.rules.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Compares what two versions of rules make of the same history: series of recording rules sample by
 * sample, stretch after stretch, and the alerts in the end. One thread.
 */
public final class Comparison {
  /**
   * How a recorded series differs.
   *
   * @param before samples of the version before
   * @param after samples of the other
   * @param changed at so many times both have samples, but other ones
   * @param missing at so many times only the version before has one
   * @param added at so many times only the other has one
   * @param firstMillis the first such time
   * @param firstBefore the value there, "" for none
   * @param firstAfter the value there, "" for none
   */
  public record SeriesDifference(
      Labels labels,
      long before,
      long after,
      long changed,
      long missing,
      long added,
      long firstMillis,
      String firstBefore,
      String firstAfter) {
    /** Only the other version has it. */
    public boolean isNew() {
      return before == 0;
    }

    /** Only the version before has it. */
    public boolean isLost() {
      return after == 0;
    }
  }

  /** An alert that fires in both versions, at other times. */
  public record Moved(Firing before, Firing after) {}

  /**
   * How alerts differ.
   *
   * @param added fire in the other version only
   * @param lost fire in the version before only
   * @param moved fire in both, at other times
   * @param same how many are the same in both
   */
  public record FiringDifferences(
      List<Firing> added, List<Firing> lost, List<Moved> moved, int same) {}

  private Map<Labels, SampleColumns> before = new HashMap<>();
  private Map<Labels, SampleColumns> after = new HashMap<>();
  private final Map<Labels, Difference> differences = new TreeMap<>();

  /** Nothing seen yet. */
  public Comparison() {}

  private static final class Difference {
    long before;
    long after;
    long changed;
    long missing;
    long added;
    long firstMillis;
    String firstBefore = "";
    String firstAfter = "";
  }

  /** Takes what the version before makes in a stretch. */
  public Replay.Output before() {
    return (rule, series) -> take(rule, series, before);
  }

  /** Takes what the other version makes in a stretch. */
  public Replay.Output after() {
    return (rule, series) -> take(rule, series, after);
  }

  private static void take(
      ReplayedRule rule, Map<Labels, SampleColumns> series, Map<Labels, SampleColumns> into) {
    if (rule.rule() instanceof Rule.Recording) {
      series.forEach((labels, rows) -> into.merge(labels, rows, Comparison::joined));
    }
  }

  /** Two rules that make the same series: the later one has the last word. */
  private static SampleColumns joined(SampleColumns first, SampleColumns second) {
    SampleColumns all = new SampleColumns(first.size + second.size);
    int i = 0;
    for (int j = 0; j < second.size; j++) {
      for (; i < first.size && first.times[i] <= second.times[j]; i++) {
        if (first.times[i] < second.times[j]) {
          all.addFrom(first, i);
        }
      }
      all.addFrom(second, j);
    }
    for (; i < first.size; i++) {
      all.addFrom(first, i);
    }
    return all;
  }

  /** Compares what was taken since the last stretch. */
  public void endStretch() {
    SampleColumns nothing = new SampleColumns(1);
    Set<Labels> all = new HashSet<>(before.keySet());
    all.addAll(after.keySet());
    for (Labels labels : all) {
      compare(
          before.getOrDefault(labels, nothing),
          after.getOrDefault(labels, nothing),
          differences.computeIfAbsent(labels, key -> new Difference()));
    }
    before = new HashMap<>();
    after = new HashMap<>();
  }

  private static void compare(SampleColumns a, SampleColumns b, Difference into) {
    int i = next(a, 0);
    int j = next(b, 0);
    while (i < a.size || j < b.size) {
      long time =
          Math.min(
              i < a.size ? a.times[i] : Long.MAX_VALUE, j < b.size ? b.times[j] : Long.MAX_VALUE);
      boolean inA = i < a.size && a.times[i] == time;
      boolean inB = j < b.size && b.times[j] == time;
      if (!inA || !inB || !same(a, i, b, j)) {
        if (into.changed + into.missing + into.added == 0) {
          into.firstMillis = time;
          into.firstBefore = inA ? text(a, i) : "";
          into.firstAfter = inB ? text(b, j) : "";
        }
        into.changed += inA && inB ? 1 : 0;
        into.missing += inA && !inB ? 1 : 0;
        into.added += inB && !inA ? 1 : 0;
      }
      if (inA) {
        into.before++;
        i = next(a, i + 1);
      }
      if (inB) {
        into.after++;
        j = next(b, j + 1);
      }
    }
  }

  /** The next row that is no marker of an end: the samples that are not there tell the same. */
  private static int next(SampleColumns rows, int from) {
    int row = from;
    while (row < rows.size && StaleMarker.is(rows.values[row])) {
      row++;
    }
    return row;
  }

  private static boolean same(SampleColumns a, int i, SampleColumns b, int j) {
    Histogram x = a.histogram(i);
    Histogram y = b.histogram(j);
    if (x == null || y == null) {
      return x == null
          && y == null
          && Double.doubleToLongBits(a.values[i]) == Double.doubleToLongBits(b.values[j]);
    }
    return Arrays.equals(encoded(x), encoded(y));
  }

  private static byte[] encoded(Histogram histogram) {
    ByteWriter out = new ByteWriter(256);
    histogram.encode(out);
    return out.toByteArray();
  }

  private static String text(SampleColumns rows, int row) {
    Histogram histogram = rows.histogram(row);
    return histogram == null
        ? GoFloat.sample(rows.values[row])
        : FloatHistogram.of(histogram).toString();
  }

  /** The series that differ, sorted. */
  public List<SeriesDifference> series() {
    List<SeriesDifference> all = new ArrayList<>();
    differences.forEach(
        (labels, d) -> {
          if (d.changed + d.missing + d.added > 0) {
            all.add(
                new SeriesDifference(
                    labels,
                    d.before,
                    d.after,
                    d.changed,
                    d.missing,
                    d.added,
                    d.firstMillis,
                    d.firstBefore,
                    d.firstAfter));
          }
        });
    return all;
  }

  /** How many recorded series are the same in both. */
  public int sameSeries() {
    return differences.size() - series().size();
  }

  /** Compares alerts: those with the same labels whose times overlap are one. */
  public static FiringDifferences firings(List<Firing> before, List<Firing> after) {
    FiringDifferences found =
        new FiringDifferences(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), 0);
    Map<Labels, List<Firing>> left = byLabels(before);
    Map<Labels, List<Firing>> right = byLabels(after);
    Set<Labels> all = new HashSet<>(left.keySet());
    all.addAll(right.keySet());
    int same = 0;
    for (Labels labels : all.stream().sorted().toList()) {
      same +=
          firings(
              left.getOrDefault(labels, List.of()), right.getOrDefault(labels, List.of()), found);
    }
    return new FiringDifferences(found.added, found.lost, found.moved, same);
  }

  private static int firings(List<Firing> before, List<Firing> after, FiringDifferences into) {
    int same = 0;
    int i = 0;
    int j = 0;
    while (i < before.size() || j < after.size()) {
      Firing a = i < before.size() ? before.get(i) : null;
      Firing b = j < after.size() ? after.get(j) : null;
      if (b == null || (a != null && end(a) < b.activeMillis())) {
        into.lost.add(before.get(i++));
      } else if (a == null || end(b) < a.activeMillis()) {
        into.added.add(b);
        j++;
      } else {
        if (a.activeMillis() == b.activeMillis()
            && a.firedMillis() == b.firedMillis()
            && a.endMillis() == b.endMillis()) {
          same++;
        } else {
          into.moved.add(new Moved(a, b));
        }
        i++;
        j++;
      }
    }
    return same;
  }

  private static long end(Firing firing) {
    return firing.endMillis() == 0 ? Long.MAX_VALUE : firing.endMillis();
  }

  /** In order of time as they came. */
  private static Map<Labels, List<Firing>> byLabels(List<Firing> all) {
    Map<Labels, List<Firing>> map = new HashMap<>();
    for (Firing firing : all) {
      if (firing.fires()) {
        map.computeIfAbsent(firing.labels(), key -> new ArrayList<>()).add(firing);
      }
    }
    map.values()
        .forEach(list -> list.sort((a, b) -> Long.compare(a.activeMillis(), b.activeMillis())));
    return map;
  }
}
