package io.varve.engine;

import io.varve.engine.model.TimeRange;
import java.util.List;

/**
 * Tables of grouped aggregates that are derived of one window.
 *
 * @param window the window
 * @param state the state that it is in
 * @param tenants whose series it has
 * @param tables which ones
 */
public record GroupedWork(
    TimeRange window, String state, List<String> tenants, List<Wanted> tables) {
  /** Keeps its own copies. */
  public GroupedWork {
    tenants = List.copyOf(tenants);
    tables = List.copyOf(tables);
  }

  /**
   * One table.
   *
   * @param rule what to derive
   * @param stepMillis at which steps
   * @param digest what its file is called
   */
  public record Wanted(AggregateRule rule, long stepMillis, String digest) {}

  /** The same window with some of the tables. */
  public GroupedWork with(List<Wanted> some) {
    return new GroupedWork(window, state, tenants, some);
  }
}
