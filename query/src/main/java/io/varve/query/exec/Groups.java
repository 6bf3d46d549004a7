package io.varve.query.exec;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which series belong together by some of their labels, in order of first appearance. */
final class Groups {
  /** For every series its group. */
  final int[] of;

  /** What names each group. */
  final Labels[] labels;

  private Groups(int[] of, Labels[] labels) {
    this.of = of;
    this.labels = labels;
  }

  /** Groups by the label sets that a projection makes. */
  private static Groups by(Projection projection, Labels[] series) {
    Map<Labels, Integer> numbers = new HashMap<>();
    List<Labels> names = new ArrayList<>();
    int[] of = new int[series.length];
    for (int i = 0; i < series.length; i++) {
      Labels name = projection.of(series[i]);
      Integer number = numbers.get(name);
      if (number == null) {
        number = names.size();
        numbers.put(name, number);
        names.add(name);
      }
      of[i] = number;
    }
    return new Groups(of, names.toArray(new Labels[0]));
  }

  /** Groups of an aggregation with {@code by (…)} or {@code without (…)}. */
  static Groups of(Labels[] series, List<String> grouping, boolean without) {
    if (!without && grouping.isEmpty()) {
      return series.length == 0
          ? new Groups(new int[0], new Labels[0])
          : new Groups(new int[series.length], new Labels[] {Labels.EMPTY});
    }
    return by(projection(grouping, without), series);
  }

  /** What names the group of a series under {@code by (…)} or {@code without (…)}. */
  static Projection projection(List<String> grouping, boolean without) {
    String[] names = grouping.toArray(new String[0]);
    return without ? ignoring(names) : on(names);
  }

  /** A part of a label set. */
  @FunctionalInterface
  interface Projection {
    Labels of(Labels labels);
  }

  /** Only these labels. */
  static Projection on(String... names) {
    Set<String> kept = Set.copyOf(Arrays.asList(names));
    return labels -> labels.filter(kept::contains);
  }

  /** All but these labels and the metric's name. */
  static Projection ignoring(String... names) {
    Set<String> dropped = new HashSet<>(Arrays.asList(names));
    dropped.add(Labels.METRIC_NAME);
    return labels -> labels.filter(name -> !dropped.contains(name));
  }
}
