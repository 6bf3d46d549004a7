package io.varve.engine;

import java.util.List;

/**
 * That a continuous aggregate is kept by groups of series, not series by series, and what of each
 * group.
 *
 * @param without true if series belong together that differ in nothing but the labels and their
 *     name; false if those that have the same values of the labels do
 * @param labels names
 * @param columns what is stored of each group at each step, by the names that whoever derives it
 *     knows
 */
public record Grouping(boolean without, List<String> labels, List<String> columns) {
  /** Keeps its own copies, in order. */
  public Grouping {
    labels = labels.stream().sorted().distinct().toList();
    columns = columns.stream().sorted().distinct().toList();
    if (columns.isEmpty()) {
      throw new IllegalArgumentException("nothing is to be stored of the groups");
    }
  }

  /** True if this label tells groups apart. */
  public boolean tells(String label) {
    return labels.contains(label) != without;
  }
}
