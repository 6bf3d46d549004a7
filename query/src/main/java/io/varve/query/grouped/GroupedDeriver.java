package io.varve.query.grouped;

import io.varve.engine.AggregateRule;
import io.varve.engine.GroupedWork;
import io.varve.engine.Grouping;
import io.varve.engine.Snapshot;
import io.varve.engine.model.GroupedTable;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.StaleMarker;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.promql.Durations;
import io.varve.query.promql.Printer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Derives tables of grouped aggregates by asking the queries that they will answer, so that they
 * are what these yield. Any thread.
 */
final class GroupedDeriver {
  /** A table with more values is not kept; queries go without it. */
  private static final long MOST_VALUES = 1L << 22;

  private final QueryEngine queries;
  private final QueryOptions options;

  /**
   * @param options how to ask; without grouped aggregates
   */
  GroupedDeriver(QueryEngine queries, QueryOptions options) {
    this.queries = queries;
    this.options = options.withGrouped(false).withCache(false).withExplain(false);
  }

  /**
   * Derives one table.
   *
   * @throws QueryException if that is not possible at the moment
   */
  GroupedTable derive(Snapshot snapshot, GroupedWork work, GroupedWork.Wanted wanted) {
    AggregateRule rule = wanted.rule();
    Grouping grouping = rule.grouping();
    if (grouping == null) {
      throw new IllegalArgumentException("'" + rule.name() + "' has no groups");
    }
    long start = work.window().startExclusive();
    int steps = Math.toIntExact((work.window().endInclusive() - start) / wanted.stepMillis());
    Draft draft = new Draft(start, wanted.stepMillis(), steps, grouping.columns());
    for (int c = 0; c < grouping.columns().size(); c++) {
      GroupedColumn column = GroupedColumn.of(grouping.columns().get(c));
      for (String tenant : work.tenants()) {
        if (rule.isOf(tenant) && !(column != null && fill(snapshot, tenant, wanted, c, draft))) {
          draft.give(c);
        }
      }
    }
    return draft.table();
  }

  /** Asks for a column of a tenant; false if the answer is no matter of floats. */
  private boolean fill(
      Snapshot snapshot, String tenant, GroupedWork.Wanted wanted, int column, Draft draft) {
    QueryResult result;
    try {
      result =
          queries.range(
              snapshot,
              tenant,
              query(wanted, column),
              draft.start + wanted.stepMillis(),
              draft.start + wanted.stepMillis() * draft.steps,
              wanted.stepMillis(),
              options);
    } catch (QueryException e) {
      if (e.type() == QueryException.ErrorType.EXECUTION) {
        return false; // it is more than queries may take
      }
      throw e;
    }
    if (!snapshot.damage().isEmpty()) {
      throw QueryException.execution("data could not be read: " + snapshot.damage().getFirst());
    }
    if (!(result.value() instanceof QueryResult.Matrix matrix) || !saysNothing(result, wanted)) {
      return false;
    }
    for (QueryResult.Series series : matrix.series()) {
      if (series.histograms() != null || !draft.put(tenant, column, series)) {
        return false;
      }
    }
    return true;
  }

  /** False if there are remarks about the answer which tables cannot repeat. */
  private static boolean saysNothing(QueryResult result, GroupedWork.Wanted wanted) {
    boolean oneMetric = false;
    for (Matcher matcher : wanted.rule().matchers()) {
      oneMetric |= matcher.name().equals(Labels.METRIC_NAME) && matcher.type() == Matcher.Type.EQ;
    }
    for (String info : result.infos()) {
      boolean repeated =
          info.contains("older than their retention")
              || (oneMetric && info.contains("might not be a counter"));
      if (!repeated) {
        return false;
      }
    }
    return result.warnings().isEmpty();
  }

  /** The query whose answers a column holds. */
  static String query(GroupedWork.Wanted wanted, int column) {
    AggregateRule rule = wanted.rule();
    Grouping grouping = rule.grouping();
    GroupedColumn what = grouping == null ? null : GroupedColumn.of(grouping.columns().get(column));
    if (grouping == null || what == null) {
      throw new IllegalArgumentException("'" + rule.name() + "' has no such column");
    }
    return what.aggregation().text()
        + (grouping.without() ? " without " : " by ")
        + Printer.labelNames(grouping.labels())
        + " ("
        + what.function().text()
        + "("
        + Printer.selector(rule.matchers())
        + "["
        + Durations.format(wanted.stepMillis())
        + "]))";
  }

  /** A table in the making. */
  private static final class Draft {
    final long start;
    final long stepMillis;
    final int steps;
    private final List<String> names;
    private final boolean[] given;
    private final Map<GroupedTable.Group, double[][]> groups = new LinkedHashMap<>();

    Draft(long start, long stepMillis, int steps, List<String> names) {
      this.start = start;
      this.stepMillis = stepMillis;
      this.steps = steps;
      this.names = names;
      this.given = new boolean[names.size()];
    }

    /** Says that a column cannot be expressed. */
    void give(int column) {
      given[column] = true;
    }

    /** False if there are too many values. */
    boolean put(String tenant, int column, QueryResult.Series series) {
      GroupedTable.Group group = new GroupedTable.Group(tenant, series.labels());
      double[][] columns = groups.get(group);
      if (columns == null) {
        if ((groups.size() + 1L) * steps * names.size() > MOST_VALUES) {
          return false;
        }
        columns = new double[names.size()][];
        groups.put(group, columns);
      }
      double[] values = absent();
      for (int i = 0; i < series.times().length; i++) {
        values[(int) ((series.times()[i] - start) / stepMillis) - 1] = series.values()[i];
      }
      columns[column] = values;
      return true;
    }

    private double[] absent() {
      double[] values = new double[steps];
      Arrays.fill(values, StaleMarker.VALUE);
      return values;
    }

    GroupedTable table() {
      List<GroupedTable.Group> order = new ArrayList<>(groups.keySet());
      order.sort(
          Comparator.comparing(GroupedTable.Group::tenant)
              .thenComparing(GroupedTable.Group::labels));
      List<GroupedTable.Column> columns = new ArrayList<>();
      for (int c = 0; c < names.size(); c++) {
        columns.add(new GroupedTable.Column(names.get(c), given[c] ? null : column(c, order)));
      }
      return new GroupedTable(start, stepMillis, steps, order, columns);
    }

    private double[] column(int column, List<GroupedTable.Group> order) {
      double[] all = new double[order.size() * steps];
      for (int g = 0; g < order.size(); g++) {
        double[][] columns = groups.get(order.get(g));
        double @Nullable [] values = columns == null ? null : columns[column];
        System.arraycopy(values == null ? absent() : values, 0, all, g * steps, steps);
      }
      return all;
    }
  }
}
