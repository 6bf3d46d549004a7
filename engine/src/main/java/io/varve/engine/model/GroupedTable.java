package io.varve.engine.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an expression yields at the steps of one window, group by group: the content of a file of
 * grouped aggregates. Immutable as long as nobody writes into its arrays.
 *
 * @param startExclusive start of the window; the first step is {@code stepMillis} behind it
 * @param stepMillis distance of the steps
 * @param steps how many
 * @param groups what the rows are
 * @param columns what is known of each group
 */
public record GroupedTable(
    long startExclusive, long stepMillis, int steps, List<Group> groups, List<Column> columns) {
  /** Checks the shape. */
  public GroupedTable {
    groups = List.copyOf(groups);
    columns = List.copyOf(columns);
    if (stepMillis <= 0 || steps < 0) {
      throw new IllegalArgumentException(steps + " steps of " + stepMillis + " ms");
    }
    for (Column column : columns) {
      double[] values = column.values();
      if (values != null && values.length != (long) groups.size() * steps) {
        throw new IllegalArgumentException(column.name() + " has " + values.length + " values");
      }
    }
  }

  /** One group of series of one tenant. */
  public record Group(String tenant, Labels labels) {}

  /**
   * One value per group and step.
   *
   * @param name of what it holds
   * @param values group by group; {@link StaleMarker} where there is none. Null if what there is
   *     cannot be expressed so
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, not copied: it may be large
  public record Column(String name, double @Nullable [] values) {}

  /** The column of a name; null if there is none, or if it cannot be expressed. */
  public double @Nullable [] values(String name) {
    for (Column column : columns) {
      if (column.name().equals(name)) {
        return column.values();
      }
    }
    return null;
  }

  /** Memory that it takes, about. */
  public long residentBytes() {
    long bytes = 200 + 200L * groups.size();
    for (Column column : columns) {
      double[] values = column.values();
      bytes += 50 + (values == null ? 0 : 8L * values.length);
    }
    return bytes;
  }
}
