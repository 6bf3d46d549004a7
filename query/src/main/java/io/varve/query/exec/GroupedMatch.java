package io.varve.query.exec;

import io.varve.engine.AggregateRule;
import io.varve.engine.Grouping;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.grouped.GroupedColumn;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.Selection;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.FunctionSignature;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * That the tables of a grouped aggregate can answer an aggregation: it is over the same series, or
 * over whole groups of them; it asks for these groups or larger ones; and its steps are those of
 * the tables, whose ranges are its own or make them up.
 *
 * @param rule whose tables
 * @param stepMillis which ones
 * @param aggregation the query's
 * @param over what it aggregates
 * @param selection of the series
 * @param inWindow how many steps of a table make up the range of one of the query's
 * @param more matchers that groups have to meet
 * @param column what is read
 * @param counts what is read besides, for averages
 * @param grouping of the query
 * @param without of the query
 */
record GroupedMatch(
    AggregateRule rule,
    long stepMillis,
    Aggregation aggregation,
    PlanNode.OverRange over,
    Selection selection,
    int inWindow,
    List<Matcher> more,
    String column,
    @Nullable String counts,
    List<String> grouping,
    boolean without) {
  /** The best match for an aggregation; null if there is none. */
  static @Nullable GroupedMatch of(QueryContext query, PlanNode.Aggregate n, StepGrid grid) {
    if (!query.useGrouped
        || grid.count() == 0
        || !GroupedColumn.AGGREGATIONS.contains(n.aggregation())
        || !(n.inner() instanceof PlanNode.OverRange over)
        || !(over.range() instanceof PlanNode.SeriesRange range)
        || !GroupedColumn.FUNCTIONS.contains(over.function())) {
      return null;
    }
    GroupedMatch best = null;
    for (AggregateRule rule : query.snapshot.grouped().rules()) {
      Grouping grouping = rule.grouping();
      List<Matcher> more = grouping == null ? null : more(rule, grouping, range.selection());
      if (grouping == null
          || more == null
          || !rule.isOf(query.tenant)
          || !isWithin(n.grouping(), n.without(), grouping)) {
        continue;
      }
      for (long step : rule.cellMillis()) {
        GroupedMatch match = match(n, over, range, rule, grouping, more, step, grid);
        if (match != null && match.isBetterThan(best)) {
          best = match;
        }
      }
    }
    return best;
  }

  private boolean isBetterThan(@Nullable GroupedMatch other) {
    return other == null
        || inWindow < other.inWindow
        || (inWindow == other.inWindow && groupsBy() < other.groupsBy());
  }

  /** Few labels make few groups. */
  private int groupsBy() {
    Grouping by = rule.grouping();
    return by == null || by.without() ? Integer.MAX_VALUE : by.labels().size();
  }

  /** The matchers that a selection has besides those of a rule; null if it is about others. */
  private static @Nullable List<Matcher> more(
      AggregateRule rule, Grouping grouping, Selection selection) {
    List<Matcher> more = new ArrayList<>(selection.matchers());
    more.removeAll(rule.matchers());
    for (Matcher matcher : more) {
      if (matcher.name().equals(Labels.METRIC_NAME) || !grouping.tells(matcher.name())) {
        return null;
      }
    }
    return selection.matchers().containsAll(rule.matchers()) ? more : null;
  }

  /** True if groups of the query are made of whole groups of a rule. */
  private static boolean isWithin(List<String> labels, boolean without, Grouping grouping) {
    if (without) {
      return grouping.without() && labels.containsAll(grouping.labels());
    }
    for (String label : labels) {
      if (Rows.isMetadata(label) || !grouping.tells(label)) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable GroupedMatch match(
      PlanNode.Aggregate n,
      PlanNode.OverRange over,
      PlanNode.SeriesRange range,
      AggregateRule rule,
      Grouping grouping,
      List<Matcher> more,
      long step,
      StepGrid grid) {
    Selection selection = range.selection();
    boolean sliding = grid.count() > 1 && selection.atMillis() == null;
    if (range.rangeMillis() < step
        || range.rangeMillis() % step != 0
        || range.rangeMillis() / step > Integer.MAX_VALUE
        || Math.floorMod(selection.reference(grid.start()), step) != 0
        || (sliding && grid.step() % step != 0)) {
      return null;
    }
    int inWindow = (int) (range.rangeMillis() / step);
    FunctionSignature function = over.function();
    if (inWindow > 1 && !composes(n.aggregation(), function)) {
      return null;
    }
    if (isOfCounters(function) && name(selection) == null && inWindow > 1) {
      return null;
    }
    String column = column(n.aggregation(), function, grouping);
    String counts = null;
    if (n.aggregation() == Aggregation.AVG) {
      column = column(Aggregation.SUM, function, grouping);
      counts = column(Aggregation.COUNT, function, grouping);
    }
    if (column == null || (n.aggregation() == Aggregation.AVG && counts == null)) {
      return null;
    }
    return new GroupedMatch(
        rule,
        step,
        n.aggregation(),
        over,
        selection,
        inWindow,
        more,
        column,
        counts,
        n.grouping(),
        n.without());
  }

  private static @Nullable String column(
      Aggregation aggregation, FunctionSignature function, Grouping grouping) {
    String name = new GroupedColumn(aggregation, function).name();
    if (grouping.columns().contains(name)) {
      return name;
    }
    if (aggregation == Aggregation.GROUP) {
      for (Aggregation any : GroupedColumn.AGGREGATIONS) { // each has a value where there is one
        String other = new GroupedColumn(any, function).name();
        if (grouping.columns().contains(other)) {
          return other;
        }
      }
    }
    return null;
  }

  /** True if what holds of ranges one after the other makes up what holds of all of them. */
  private static boolean composes(Aggregation aggregation, FunctionSignature function) {
    return switch (aggregation) {
      case SUM ->
          function == FunctionSignature.SUM_OVER_TIME
              || function == FunctionSignature.COUNT_OVER_TIME;
      case MIN -> function == FunctionSignature.MIN_OVER_TIME;
      case MAX -> function == FunctionSignature.MAX_OVER_TIME;
      case GROUP -> !isOfCounters(function); // which need two samples
      default -> false;
    };
  }

  static boolean isOfCounters(FunctionSignature function) {
    return function == FunctionSignature.RATE || function == FunctionSignature.INCREASE;
  }

  /** The name of the metric, if there is only one. */
  static @Nullable String name(Selection selection) {
    for (Matcher matcher : selection.matchers()) {
      if (matcher.name().equals(Labels.METRIC_NAME) && matcher.type() == Matcher.Type.EQ) {
        return matcher.value();
      }
    }
    return null;
  }
}
