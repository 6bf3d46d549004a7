package io.varve.query.plan;

import io.varve.query.promql.Durations;
import io.varve.query.promql.Printer;
import io.varve.query.promql.VectorMatching;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Says in a line what one node of a plan computes, for people: its children stand below it. */
public final class PlanText {
  private PlanText() {}

  /** The text of a node, without its children. */
  public static String of(PlanNode node) {
    return switch (node) {
      case PlanNode.Text _ -> "text";
      case PlanNode.Constant n -> "number " + n.value();
      case PlanNode.EvalTime _ -> "time()";
      case PlanNode.ScalarBinary n -> n.operator().text() + " of numbers";
      case PlanNode.ScalarChoice n -> n.smaller() ? "min_of" : "max_of";
      case PlanNode.ScalarOf _ -> "scalar()";
      case PlanNode.PinnedScalar _, PlanNode.PinnedVector _ -> "once for all steps";
      case PlanNode.SeriesRange n -> range(n.selection(), n.rangeMillis());
      case PlanNode.SubqueryRange n ->
          "subquery ["
              + duration(n.rangeMillis())
              + ":"
              + duration(n.stepMillis())
              + "]"
              + times(n.offsetMillis(), n.atMillis());
      case PlanNode.ExtendedRange n ->
          range(n.selection(), n.rangeMillis()) + (n.smoothed() ? " smoothed" : " anchored");
      case PlanNode.Select n -> (n.timestamps() ? "timestamps of " : "") + selection(n.selection());
      case PlanNode.SmoothedSelect n -> selection(n.selection()) + " smoothed";
      case PlanNode.StartTimes n -> "start timestamps of " + selection(n.selection());
      case PlanNode.Nothing _ -> "nothing";
      case PlanNode.OverExtendedRange n -> n.function().text() + " over " + of(n.range());
      case PlanNode.WithInfo n -> "info() from " + selection(n.infos());
      case PlanNode.OverRange n -> n.function().text() + " over " + of(n.range());
      case PlanNode.AbsentOverTime n -> "absent_over_time over " + of(n.range());
      case PlanNode.Absent _ -> "absent()";
      case PlanNode.MapElements n -> n.function().text() + "()";
      case PlanNode.EvalTimes _ -> "timestamp()";
      case PlanNode.Negate _ -> "negation";
      case PlanNode.VectorOf _ -> "vector()";
      case PlanNode.LabelReplace n -> "label_replace() of " + n.target();
      case PlanNode.LabelJoin n -> "label_join() to " + n.target();
      case PlanNode.Sort n -> n.descending() ? "sort, descending" : "sort";
      case PlanNode.HistogramQuantile _ -> "histogram_quantile()";
      case PlanNode.HistogramFraction _ -> "histogram_fraction()";
      case PlanNode.OfHistograms n -> n.function().text() + "()";
      case PlanNode.Aggregate n ->
          n.aggregation().name().toLowerCase(Locale.ROOT) + grouping(n.grouping(), n.without());
      case PlanNode.CountValues n -> "count_values" + grouping(n.grouping(), n.without());
      case PlanNode.ScalarWithVector n -> n.operator().text() + " with a number";
      case PlanNode.VectorBinary n -> n.operator().text() + matching(n.matching());
      case PlanNode.SetOperation n -> n.operator().text() + matching(n.matching());
    };
  }

  private static String range(Selection selection, long rangeMillis) {
    return Printer.selector(selection.matchers())
        + "["
        + duration(rangeMillis)
        + "]"
        + times(selection.offsetMillis(), selection.atMillis());
  }

  private static String selection(Selection selection) {
    return Printer.selector(selection.matchers())
        + times(selection.offsetMillis(), selection.atMillis());
  }

  private static String times(long offsetMillis, @Nullable Long atMillis) {
    String at = atMillis == null ? "" : " @ " + atMillis / 1000.0;
    return offsetMillis == 0
        ? at
        : at
            + " offset "
            + (offsetMillis < 0 ? "-" : "")
            + duration(offsetMillis == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(offsetMillis));
  }

  private static String duration(long millis) {
    return Durations.format(millis);
  }

  private static String grouping(List<String> labels, boolean without) {
    if (labels.isEmpty() && !without) {
      return "";
    }
    return (without ? " without (" : " by (") + String.join(", ", labels) + ")";
  }

  private static String matching(VectorMatching matching) {
    String labels =
        (matching.on() ? " on (" : " ignoring (") + String.join(", ", matching.labels()) + ")";
    boolean all = !matching.on() && matching.labels().isEmpty();
    return switch (matching.cardinality()) {
      case ONE_TO_ONE, MANY_TO_MANY -> all ? "" : labels;
      case MANY_TO_ONE -> labels + " group_left";
      case ONE_TO_MANY -> labels + " group_right";
    };
  }
}
