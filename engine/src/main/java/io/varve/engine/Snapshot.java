package io.varve.engine;

import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.TimeRange;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A consistent view of the store: the seam between query and engine. It pins the files and head
 * generations that existed when it was taken and holds no lock; samples that are acknowledged
 * before it was taken are in it, later ones of the open head may be. Any thread may use it; whoever
 * took it closes it, after the readers made from it.
 */
public interface Snapshot extends AutoCloseable {
  /**
   * The series of a tenant that all matchers accept and that may have samples in the range. A
   * series that lives in many windows and in the head is one series here. In file order: by metric
   * name first.
   */
  SeriesSet select(String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget);

  /**
   * The label names of series that all matchers accept in the range, sorted. Series that were there
   * only before or after it are left out as far as the bounds of files and rows tell; without
   * matchers, nobody is.
   *
   * @param limit at most so many, 0 for all
   */
  List<String> labelNames(
      String tenant, List<Matcher> matchers, TimeRange range, int limit, QueryBudget budget);

  /** The values of a label in those series, sorted. */
  List<String> labelValues(
      String tenant,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      int limit,
      QueryBudget budget);

  /**
   * Hands over the label names of series that all matchers accept in the range, in no particular
   * order, and some of them more than once; nothing is collected on the way.
   */
  default void eachLabelName(
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      QueryBudget budget,
      Consumer<String> out) {
    labelNames(tenant, matchers, range, 0, budget).forEach(out);
  }

  /** Hands over the values of a label in those series, in the same way. */
  default void eachLabelValue(
      String tenant,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      QueryBudget budget,
      Consumer<String> out) {
    labelValues(tenant, name, matchers, range, 0, budget).forEach(out);
  }

  /** Exemplars of the series that all matchers accept, in time order per series. */
  Map<Labels, List<Exemplar>> exemplars(
      String tenant, List<Matcher> matchers, TimeRange range, QueryBudget budget);

  /** The grouped aggregates of the store, as far as they hold in this snapshot. */
  default GroupedTables grouped() {
    return GroupedTables.NONE;
  }

  /** What is said about metrics, by metric name. */
  Map<String, Metadata> metadata(String tenant);

  /**
   * The number of a change to the store that this snapshot shows, with all changes before it. What
   * was found in it may be kept: see {@link #lastChange}.
   */
  default long version() {
    return 0;
  }

  /**
   * The time up to which changes are counted by {@link #lastChange}. What depends on later samples
   * must not be kept. The smallest possible time if changes are not counted at all.
   */
  default long settledTo() {
    return Long.MIN_VALUE;
  }

  /**
   * The number of the last change (late samples, samples of new series, deletes, dropped windows)
   * to the windows that a range touches, up to this moment, not that of the snapshot. If it is not
   * larger than the {@link #version} of an earlier snapshot that found something in the settled
   * part of the range, then that still holds.
   */
  default long lastChange(TimeRange range) {
    return Long.MAX_VALUE;
  }

  /**
   * What of the data that was asked for could not be read, in words that name file and place; the
   * rest was served. Grows as readers go on.
   */
  default List<String> damage() {
    return List.of();
  }

  @Override
  void close();
}
