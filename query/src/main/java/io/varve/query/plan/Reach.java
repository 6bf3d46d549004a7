package io.varve.query.plan;

import io.varve.engine.model.TimeRange;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.AtModifier;
import io.varve.query.promql.DurationExpr;
import io.varve.query.promql.Expr;
import io.varve.query.promql.FunctionSignature;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which stored samples the value of an expression at a step depends on: those from {@code
 * backMillis} before it (not included) to {@code aheadMillis} behind it, and those of a fixed
 * range.
 *
 * @param backMillis not negative
 * @param aheadMillis not negative; more than 0 with negative offsets
 * @param fixed what times that are pinned by {@code @} need; empty if there are none
 */
public record Reach(long backMillis, long aheadMillis, TimeRange fixed) {
  private static final long FAR = 1L << 60;

  /** What steps between these times, both included, depend on. */
  public TimeRange of(long firstStep, long lastStep) {
    return new TimeRange(clamp(firstStep - backMillis), clamp(lastStep + aheadMillis));
  }

  /**
   * The reach of a plan; null if the value at a step may depend on more, such as on other steps or
   * on which series there are at other times.
   *
   * @param lookbackMillis of instant selectors
   * @param stepMillis of the query
   */
  public static @Nullable Reach of(PlanNode plan, long lookbackMillis, long stepMillis) {
    Finder finder = new Finder(lookbackMillis, stepMillis);
    return finder.visit(plan, Times.STEP)
        ? new Reach(
            -finder.back,
            finder.ahead,
            finder.fixedEnd <= finder.fixedStart
                ? new TimeRange(0, 0)
                : new TimeRange(finder.fixedStart, finder.fixedEnd))
        : null;
  }

  /** True if an expression means something else in a query over other bounds. */
  public static boolean dependsOnBounds(Expr expr) {
    boolean here =
        switch (expr) {
          case Expr.Call e ->
              e.function() == FunctionSignature.START
                  || e.function() == FunctionSignature.END
                  || e.function() == FunctionSignature.RANGE;
          case Expr.VectorSelector e -> isBound(e.at()) || hasRange(e.offsetExpr());
          case Expr.MatrixSelector e -> hasRange(e.rangeExpr());
          case Expr.Subquery e ->
              isBound(e.at())
                  || hasRange(e.rangeExpr())
                  || hasRange(e.stepExpr())
                  || hasRange(e.offsetExpr());
          case Expr.NumberLiteral _,
              Expr.StringLiteral _,
              Expr.Paren _,
              Expr.Unary _,
              Expr.Binary _,
              Expr.Aggregate _,
              Expr.StepInvariant _ ->
              false;
        };
    return here || expr.children().stream().anyMatch(Reach::dependsOnBounds);
  }

  /** True if an expression has an order at a single step, which it loses at several. */
  public static boolean sorts(Expr expr) {
    boolean here =
        expr instanceof Expr.Call call
            && switch (call.function()) {
              case SORT, SORT_DESC, SORT_BY_LABEL, SORT_BY_LABEL_DESC -> true;
              default -> false;
            };
    return here || expr.children().stream().anyMatch(Reach::sorts);
  }

  private static boolean isBound(@Nullable AtModifier at) {
    return at != null && at.anchor() != AtModifier.Anchor.TIMESTAMP;
  }

  private static boolean hasRange(@Nullable DurationExpr expr) {
    return expr != null
        && (expr instanceof DurationExpr.Range
            || expr.children().stream().anyMatch(Reach::hasRange));
  }

  private static long clamp(long millis) {
    return Math.clamp(millis, -FAR, FAR);
  }

  /**
   * When a part of the plan is evaluated.
   *
   * @param pinned true if the times are absolute, false if they are relative to the step
   */
  private record Times(boolean pinned, long first, long last) {
    static final Times STEP = new Times(false, 0, 0);

    Times at(@Nullable Long atMillis, long offsetMillis) {
      return atMillis == null
          ? new Times(pinned, clamp(first - offsetMillis), clamp(last - offsetMillis))
          : new Times(true, clamp(atMillis - offsetMillis), clamp(atMillis - offsetMillis));
    }
  }

  private static final class Finder {
    private final long lookback;
    private long back;
    private long ahead;
    private long fixedStart = Long.MAX_VALUE;
    private long fixedEnd = Long.MIN_VALUE;

    /** Between the evaluation times of what is being looked at. */
    private long step;

    Finder(long lookback, long step) {
      this.lookback = lookback;
      this.step = step;
    }

    /** Samples in (time − before, time + after] for each of some times. */
    private boolean reads(Selection selection, Times outer, long before, long after) {
      Times times = outer.at(selection.atMillis(), selection.offsetMillis());
      if (times.pinned()) {
        fixedStart = Math.min(fixedStart, clamp(times.first() - before));
        fixedEnd = Math.max(fixedEnd, clamp(times.last() + after));
      } else {
        back = Math.min(back, clamp(times.first() - before));
        ahead = Math.max(ahead, clamp(times.last() + after));
      }
      return true;
    }

    private boolean all(List<? extends PlanNode> nodes, Times times) {
      for (PlanNode node : nodes) {
        if (!visit(node, times)) {
          return false;
        }
      }
      return true;
    }

    private boolean subquery(PlanNode.SubqueryRange n, Times times) {
      if (n.atMillis() == null && n.rangeMillis() < step) {
        return false; // what lies between its windows is evaluated, too, and may be told about
      }
      Times end = times.at(n.atMillis(), n.offsetMillis());
      long outer = step;
      step = n.stepMillis();
      boolean known =
          visit(
              n.inner(), new Times(end.pinned(), clamp(end.first() - n.rangeMillis()), end.last()));
      step = outer;
      return known;
    }

    /** True if the first sample of a window may say that its counter began anew. */
    private static boolean tellsOfResets(PlanNode.OverRange n) {
      if (!(n.range() instanceof PlanNode.SeriesRange range) || !range.selection().countsOnly()) {
        return false;
      }
      return switch (n.function()) {
        case SUM_OVER_TIME, AVG_OVER_TIME, FIRST_OVER_TIME, LAST_OVER_TIME -> true;
        default -> false;
      };
    }

    /** True if a parameter is the same at all steps: it is judged by its extremes over them. */
    private static boolean isConstant(PlanNode.ScalarNode node) {
      return switch (node) {
        case PlanNode.Constant _ -> true;
        case PlanNode.ScalarBinary n -> isConstant(n.left()) && isConstant(n.right());
        case PlanNode.ScalarChoice n -> isConstant(n.left()) && isConstant(n.right());
        case PlanNode.EvalTime _, PlanNode.ScalarOf _, PlanNode.PinnedScalar _ -> false;
      };
    }

    boolean visit(PlanNode node, Times times) {
      return switch (node) {
        case PlanNode.Text _, PlanNode.Constant _, PlanNode.EvalTime _, PlanNode.Nothing _ -> true;
        case PlanNode.ScalarBinary n -> all(List.of(n.left(), n.right()), times);
        case PlanNode.ScalarChoice n -> all(List.of(n.left(), n.right()), times);
        case PlanNode.ScalarOf n -> visit(n.inner(), times);
        case PlanNode.PinnedScalar n -> visit(n.inner(), times);
        case PlanNode.PinnedVector n -> visit(n.inner(), times);
        case PlanNode.SeriesRange n -> reads(n.selection(), times, n.rangeMillis(), 0);
        // The samples before the range and behind it are looked at, too.
        case PlanNode.ExtendedRange n ->
            reads(n.selection(), times, clamp(n.rangeMillis() + lookback), lookback);
        case PlanNode.SubqueryRange n -> subquery(n, times);
        // Of counts alone it is also told whether they began anew since the sample before.
        case PlanNode.Select n ->
            !n.selection().countsOnly() && reads(n.selection(), times, lookback, 0);
        case PlanNode.SmoothedSelect n -> reads(n.selection(), times, lookback, lookback);
        case PlanNode.StartTimes n -> reads(n.selection(), times, lookback, 0);
        case PlanNode.OverExtendedRange n -> visit(n.range(), times);
        case PlanNode.OverRange n ->
            !tellsOfResets(n) && visit(n.range(), times) && all(n.parameters(), times);
        case PlanNode.AbsentOverTime n -> visit(n.range(), times);
        case PlanNode.Absent n -> visit(n.inner(), times);
        case PlanNode.MapElements n -> visit(n.inner(), times) && all(n.parameters(), times);
        case PlanNode.EvalTimes n -> visit(n.inner(), times);
        case PlanNode.Negate n -> visit(n.inner(), times);
        case PlanNode.VectorOf n -> visit(n.inner(), times);
        case PlanNode.LabelReplace n -> visit(n.inner(), times);
        case PlanNode.LabelJoin n -> visit(n.inner(), times);
        case PlanNode.Sort n -> visit(n.inner(), times);
        case PlanNode.HistogramQuantile n -> visit(n.inner(), times) && all(n.quantiles(), times);
        case PlanNode.HistogramFraction n ->
            visit(n.inner(), times) && all(List.of(n.lower(), n.upper()), times);
        case PlanNode.OfHistograms n -> visit(n.inner(), times);
        case PlanNode.Aggregate n ->
            n.aggregation() != Aggregation.LIMITK
                && n.aggregation() != Aggregation.LIMIT_RATIO
                && visit(n.inner(), times)
                && (n.parameter() == null || isConstant(n.parameter()));
        case PlanNode.CountValues n -> visit(n.inner(), times);
        case PlanNode.ScalarWithVector n -> visit(n.vector(), times) && visit(n.scalar(), times);
        case PlanNode.VectorBinary n -> all(List.of(n.left(), n.right()), times);
        case PlanNode.SetOperation n -> all(List.of(n.left(), n.right()), times);
        // Which series describe which is decided over the whole query.
        case PlanNode.WithInfo _ -> false;
      };
    }
  }
}
