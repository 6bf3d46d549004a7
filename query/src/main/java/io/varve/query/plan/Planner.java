package io.varve.query.plan;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.QueryException;
import io.varve.query.function.BinaryOperators;
import io.varve.query.function.ElementFunctions;
import io.varve.query.function.LabelTemplate;
import io.varve.query.function.RangeFunctions;
import io.varve.query.plan.PlanNode.Constant;
import io.varve.query.plan.PlanNode.RangeNode;
import io.varve.query.plan.PlanNode.ScalarNode;
import io.varve.query.plan.PlanNode.VectorNode;
import io.varve.query.promql.Aggregation;
import io.varve.query.promql.AtModifier;
import io.varve.query.promql.DurationResolver;
import io.varve.query.promql.Expr;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Operator;
import io.varve.query.promql.Position;
import io.varve.query.promql.VectorMatching;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes the plan of a parsed expression for a query over known bounds.
 *
 * <p>A pinned time ({@code @}) is absolute: it does not matter on which steps the surrounding
 * expression is evaluated. So whatever depends on evaluation times only through pinned selectors is
 * the same at every step; the planner finds the largest such parts and marks them, to be evaluated
 * once (Prometheus: StepInvariantExpr).
 */
public final class Planner {
  private static final List<FunctionSignature> OVER_ANCHORED =
      List.of(
          FunctionSignature.CHANGES,
          FunctionSignature.DELTA,
          FunctionSignature.INCREASE,
          FunctionSignature.RATE,
          FunctionSignature.RESETS);

  private static final List<FunctionSignature> OVER_SMOOTHED =
      List.of(FunctionSignature.DELTA, FunctionSignature.INCREASE, FunctionSignature.RATE);

  private final long startMillis;
  private final long endMillis;
  private final long stepMillis;
  private final long subqueryStepMillis;

  /** A part of the plan, and whether it is the same at every step. */
  private record Planned(PlanNode node, boolean invariant) {}

  /**
   * How much of histograms is asked for around the part that is being planned. Whoever asks for
   * counts or sums only gets them with counter resets found in advance, as in Prometheus.
   */
  private enum Detail {
    UNDECIDED,
    COUNTS,
    WHOLE;

    Detail within(FunctionSignature function) {
      return switch (function) {
        case HISTOGRAM_COUNT, HISTOGRAM_SUM, HISTOGRAM_AVG -> this == WHOLE ? WHOLE : COUNTS;
        case HISTOGRAM_QUANTILE, HISTOGRAM_QUANTILES, HISTOGRAM_FRACTION -> WHOLE;
        default -> this;
      };
    }
  }

  private Detail detail = Detail.UNDECIDED;

  private Planner(long startMillis, long endMillis, long stepMillis, long subqueryStepMillis) {
    this.startMillis = startMillis;
    this.endMillis = endMillis;
    this.stepMillis = stepMillis;
    this.subqueryStepMillis = subqueryStepMillis;
  }

  /**
   * Plans.
   *
   * @param stepMillis the query's step; 0 for an instant query, whose start is its end
   * @param subqueryStepMillis step of subqueries that name none
   * @throws QueryException bad_data if a duration has no meaning; execution if the expression needs
   *     what this version does not have
   */
  public static PlanNode plan(
      Expr expr, long startMillis, long endMillis, long stepMillis, long subqueryStepMillis) {
    Expr resolved;
    try {
      resolved = DurationResolver.resolve(expr, stepMillis, endMillis - startMillis);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new QueryException(QueryException.ErrorType.BAD_DATA, message, e);
    }
    Planner planner = new Planner(startMillis, endMillis, stepMillis, subqueryStepMillis);
    return pin(planner.plan(resolved));
  }

  private Planned plan(Expr expr) {
    return switch (expr) {
      case Expr.NumberLiteral e -> new Planned(new Constant(e.value()), true);
      case Expr.StringLiteral e -> new Planned(new PlanNode.Text(e.value()), true);
      case Expr.Paren e -> plan(e.inner());
      case Expr.StepInvariant e -> plan(e.inner());
      case Expr.Unary e -> unary(e);
      case Expr.Binary e -> binary(e);
      case Expr.Call e -> call(e);
      case Expr.Aggregate e -> aggregate(e);
      case Expr.VectorSelector e ->
          new Planned(
              e.smoothed()
                  ? new PlanNode.SmoothedSelect(selection(e), e.position())
                  : new PlanNode.Select(selection(e), false),
              e.at() != null);
      case Expr.MatrixSelector e -> new Planned(range(e), e.selector().at() != null);
      case Expr.Subquery e -> subquery(e);
    };
  }

  private RangeNode range(Expr.MatrixSelector e) {
    Selection selection = selection(e.selector());
    return e.selector().anchored() || e.selector().smoothed()
        ? new PlanNode.ExtendedRange(selection, e.rangeMillis(), e.selector().smoothed())
        : new PlanNode.SeriesRange(selection, e.rangeMillis());
  }

  private Planned subquery(Expr.Subquery e) {
    Detail outer = detail;
    detail = Detail.WHOLE;
    VectorNode inner = vector(e.inner());
    detail = outer;
    return new Planned(
        new PlanNode.SubqueryRange(
            inner,
            e.rangeMillis(),
            e.stepMillis() == 0 ? subqueryStepMillis : e.stepMillis(),
            e.offsetMillis(),
            at(e.at())),
        e.at() != null);
  }

  private Planned unary(Expr.Unary e) {
    Planned inner = plan(e.inner());
    if (e.operator() == Operator.ADD) {
      return inner;
    }
    PlanNode node =
        switch (inner.node) {
          case Constant c -> new Constant(-c.value());
          case ScalarNode s ->
              new PlanNode.ScalarBinary(Operator.MUL, new Constant(-1), s); // same bits but NaN's
          case VectorNode v -> new PlanNode.Negate(v);
          case RangeNode r -> throw unexpected(e);
          case PlanNode.Text t -> throw unexpected(e);
        };
    return new Planned(node, inner.invariant);
  }

  private Planned binary(Expr.Binary e) {
    Detail outer = detail;
    detail = Detail.UNDECIDED;
    Planned left = plan(e.left());
    Planned right = plan(e.right());
    detail = outer;
    boolean invariant = left.invariant && right.invariant;
    PlanNode l = invariant ? left.node : pin(left);
    PlanNode r = invariant ? right.node : pin(right);
    return new Planned(binary(e, l, r), invariant);
  }

  private static PlanNode binary(Expr.Binary e, PlanNode left, PlanNode right) {
    Operator operator = e.operator();
    if (left instanceof ScalarNode l && right instanceof ScalarNode r) {
      if (operator == Operator.TRIM_LOWER || operator == Operator.TRIM_UPPER) {
        throw QueryException.execution(
            "operator \"" + operator.text() + "\" not allowed for Scalar operations");
      }
      if (l instanceof Constant a && r instanceof Constant b) {
        return new Constant(BinaryOperators.apply(operator, a.value(), b.value()));
      }
      return new PlanNode.ScalarBinary(operator, l, r);
    }
    if (left instanceof VectorNode l && right instanceof ScalarNode r) {
      return new PlanNode.ScalarWithVector(operator, l, r, false, e.returnBool(), e.position());
    }
    if (left instanceof ScalarNode l && right instanceof VectorNode r) {
      return new PlanNode.ScalarWithVector(operator, r, l, true, e.returnBool(), e.position());
    }
    if (left instanceof VectorNode l && right instanceof VectorNode r) {
      VectorMatching matching = e.matching();
      if (matching == null) {
        matching = VectorMatching.ONE_TO_ONE;
      }
      return operator.isSet()
          ? new PlanNode.SetOperation(operator, l, r, matching)
          : new PlanNode.VectorBinary(operator, l, r, matching, e.returnBool(), e.position());
    }
    throw unexpected(e);
  }

  private Planned aggregate(Expr.Aggregate e) {
    Aggregation aggregation = e.aggregation();
    Planned inner = plan(e.inner());
    Expr parameter = e.parameter() == null ? null : bare(e.parameter());
    if (aggregation == Aggregation.COUNT_VALUES) {
      String label = text(parameter, e);
      if (!isLabelName(label)) {
        throw QueryException.execution("invalid label name " + parameter);
      }
      return new Planned(
          new PlanNode.CountValues(vector(inner, e), label, e.grouping(), e.without()),
          inner.invariant);
    }
    if (parameter == null) {
      return new Planned(
          new PlanNode.Aggregate(
              aggregation,
              vector(inner, e),
              null,
              e.grouping(),
              e.without(),
              Position.NONE,
              e.inner().position()),
          inner.invariant);
    }
    Planned planned = plan(parameter);
    // As in Prometheus, whatever the parameter is: a varying one is that of the first step then.
    boolean invariant = inner.invariant;
    return new Planned(
        new PlanNode.Aggregate(
            aggregation,
            vector(invariant ? inner : pinned(inner), e),
            scalar(invariant ? planned : pinned(planned), e),
            e.grouping(),
            e.without(),
            parameter.position(),
            e.inner().position()),
        invariant);
  }

  private Planned call(Expr.Call e) {
    FunctionSignature function = e.function();
    checkExtended(e);
    List<Expr> arguments = new ArrayList<>();
    List<Planned> planned = new ArrayList<>();
    boolean invariant = isSafe(function);
    Detail outer = detail;
    detail = outer.within(function);
    for (Expr argument : e.arguments()) {
      Expr bare = bare(argument);
      arguments.add(bare);
      Planned p = plan(bare);
      planned.add(p);
      invariant &= p.invariant;
    }
    detail = outer;
    if (!invariant) {
      planned.replaceAll(Planner::pinned);
    }
    return new Planned(call(e, arguments, planned), invariant);
  }

  /** True if the result depends on evaluation times only through the arguments. */
  private static boolean isSafe(FunctionSignature function) {
    return switch (function) {
      case DAYS_IN_MONTH,
          DAY_OF_MONTH,
          DAY_OF_WEEK,
          DAY_OF_YEAR,
          HOUR,
          MINUTE,
          MONTH,
          YEAR,
          PREDICT_LINEAR,
          START_TIMESTAMP,
          TIME,
          TIMESTAMP ->
          false;
      default -> true;
    };
  }

  private PlanNode call(Expr.Call e, List<Expr> arguments, List<Planned> planned) {
    FunctionSignature function = e.function();
    return switch (function) {
      case TIME -> new PlanNode.EvalTime();
      case PI -> new Constant(Math.PI);
      case START -> new Constant(startMillis / 1000.0);
      case END -> new Constant(endMillis / 1000.0);
      case STEP -> new Constant(stepMillis / 1000.0);
      case RANGE -> new Constant((endMillis - startMillis) / 1000.0);
      case MIN_OF, MAX_OF ->
          new PlanNode.ScalarChoice(
              function == FunctionSignature.MIN_OF,
              scalar(planned.get(0), e),
              scalar(planned.get(1), e));
      case SCALAR -> new PlanNode.ScalarOf(vector(planned.get(0), e));
      case VECTOR -> new PlanNode.VectorOf(scalar(planned.get(0), e));
      case TIMESTAMP ->
          arguments.get(0) instanceof Expr.VectorSelector selector && !selector.smoothed()
              ? timestamps(selection(selector))
              : new PlanNode.EvalTimes(vector(planned.get(0), e));
      case ABSENT -> new PlanNode.Absent(vector(planned.get(0), e), absentLabels(arguments.get(0)));
      case ABSENT_OVER_TIME ->
          new PlanNode.AbsentOverTime(range(planned.get(0), e), absentLabels(arguments.get(0)));
      case LABEL_REPLACE -> labelReplace(e, arguments, planned);
      case LABEL_JOIN -> labelJoin(e, arguments, planned);
      case SORT, SORT_DESC ->
          new PlanNode.Sort(
              vector(planned.get(0), e),
              function == FunctionSignature.SORT_DESC,
              null,
              e.position());
      case SORT_BY_LABEL, SORT_BY_LABEL_DESC ->
          new PlanNode.Sort(
              vector(planned.get(0), e),
              function == FunctionSignature.SORT_BY_LABEL_DESC,
              texts(arguments, 1, e),
              e.position());
      case HISTOGRAM_QUANTILE ->
          new PlanNode.HistogramQuantile(
              List.of(scalar(planned.get(0), e)),
              List.of(arguments.get(0).position()),
              vector(planned.get(1), e),
              null,
              arguments.get(1).position());
      case HISTOGRAM_QUANTILES -> quantiles(e, arguments, planned);
      case HISTOGRAM_FRACTION ->
          new PlanNode.HistogramFraction(
              scalar(planned.get(0), e),
              scalar(planned.get(1), e),
              vector(planned.get(2), e),
              arguments.get(2).position());
      case HISTOGRAM_AVG, HISTOGRAM_COUNT, HISTOGRAM_SUM, HISTOGRAM_STDDEV, HISTOGRAM_STDVAR ->
          new PlanNode.OfHistograms(function, vector(planned.get(0), e));
      case INFO -> info(e, arguments, planned);
      case START_TIMESTAMP ->
          arguments.get(0) instanceof Expr.VectorSelector selector
              ? new PlanNode.StartTimes(selection(selector))
              : new PlanNode.Nothing();
      case CLAMP, CLAMP_MAX, CLAMP_MIN, ROUND ->
          new PlanNode.MapElements(function, vector(planned.get(0), e), scalars(planned, 1, e));
      default -> {
        if (ElementFunctions.of(function) != null) {
          VectorNode argument =
              planned.isEmpty()
                  ? new PlanNode.VectorOf(new PlanNode.EvalTime()) // hour() is hour(vector(time()))
                  : vector(planned.get(0), e);
          yield new PlanNode.MapElements(function, argument, List.of());
        }
        if (RangeFunctions.of(function) != null) {
          yield overRange(e, arguments, planned);
        }
        throw unexpected(e);
      }
    };
  }

  /**
   * timestamp() of a selector. Of a pinned one Prometheus reads the samples that are seen from the
   * pinned time less the offset, and then looks for the newest as if there were no offset: what is
   * found can be seen from both times.
   */
  private static PlanNode.Select timestamps(Selection of) {
    if (of.atMillis() == null || of.offsetMillis() == 0) {
      return new PlanNode.Select(of, true);
    }
    Selection earlier = new Selection(of.matchers(), Math.max(0, of.offsetMillis()), of.atMillis());
    return new PlanNode.Select(earlier, true, Math.abs(of.offsetMillis()));
  }

  /** Refuses what is not defined over anchored or smoothed ranges. */
  private static void checkExtended(Expr.Call e) {
    for (Expr argument : e.arguments()) {
      if (bare(argument) instanceof Expr.MatrixSelector matrix) {
        boolean anchored = matrix.selector().anchored();
        List<FunctionSignature> allowed =
            anchored ? OVER_ANCHORED : matrix.selector().smoothed() ? OVER_SMOOTHED : List.of();
        if (!allowed.isEmpty() && !allowed.contains(e.function())) {
          throw QueryException.execution(
              (anchored ? "anchored" : "smoothed")
                  + " modifier can only be used with: "
                  + allowed.stream().map(FunctionSignature::text).collect(Collectors.joining(", "))
                  + " - not with "
                  + e.function().text());
        }
      }
    }
  }

  private PlanNode info(Expr.Call e, List<Expr> arguments, List<Planned> planned) {
    List<Matcher> matchers =
        arguments.size() > 1 && arguments.get(1) instanceof Expr.VectorSelector selector
            ? selector.matchers()
            : List.of();
    Selection infos = asOf(arguments.get(0), new Selection(matchers, 0, null));
    return new PlanNode.WithInfo(vector(planned.get(0), e), infos);
  }

  /** A selection as of when the first selector of an expression is looked at. */
  private Selection asOf(Expr expr, Selection outer) {
    return switch (expr) {
      case Expr.VectorSelector e -> at(outer, e.at(), e.offsetMillis());
      case Expr.Subquery e -> asOf(e.inner(), at(outer, e.at(), e.offsetMillis()));
      default -> {
        for (Expr child : expr.children()) {
          Selection found = asOf(child, outer);
          if (!found.equals(outer) || selects(child)) {
            yield found;
          }
        }
        yield outer;
      }
    };
  }

  private static boolean selects(Expr expr) {
    return expr instanceof Expr.VectorSelector
        || expr.children().stream().anyMatch(Planner::selects);
  }

  private Selection at(Selection outer, @Nullable AtModifier at, long offsetMillis) {
    return at == null
        ? new Selection(outer.matchers(), outer.offsetMillis() + offsetMillis, outer.atMillis())
        : new Selection(outer.matchers(), offsetMillis, at(at));
  }

  private static PlanNode overRange(Expr.Call e, List<Expr> arguments, List<Planned> planned) {
    RangeNode range = null;
    List<ScalarNode> parameters = new ArrayList<>();
    for (Planned p : planned) {
      if (p.node instanceof RangeNode r) {
        range = r;
      } else {
        parameters.add(scalar(p, e));
      }
    }
    if (range == null) {
      throw unexpected(e);
    }
    if (range instanceof PlanNode.ExtendedRange extended) {
      return new PlanNode.OverExtendedRange(e.function(), extended, arguments.get(0).position());
    }
    return new PlanNode.OverRange(
        e.function(), range, List.copyOf(parameters), arguments.get(0).position());
  }

  private static PlanNode labelReplace(Expr.Call e, List<Expr> arguments, List<Planned> planned) {
    String target = text(arguments.get(1), e);
    String expression = text(arguments.get(4), e);
    LabelTemplate template;
    try {
      template = new LabelTemplate(expression, text(arguments.get(2), e));
    } catch (IllegalArgumentException invalid) {
      throw QueryException.execution(
          "invalid regular expression in label_replace(): " + expression);
    }
    if (!isLabelName(target)) {
      throw QueryException.execution(
          "invalid destination label name in label_replace(): " + target);
    }
    return new PlanNode.LabelReplace(
        vector(planned.get(0), e), target, template, text(arguments.get(3), e));
  }

  private static PlanNode labelJoin(Expr.Call e, List<Expr> arguments, List<Planned> planned) {
    String target = text(arguments.get(1), e);
    List<String> sources = texts(arguments, 3, e);
    for (String source : sources) {
      if (!isLabelName(source)) {
        throw QueryException.execution("invalid source label name in label_join(): " + source);
      }
    }
    if (!isLabelName(target)) {
      throw QueryException.execution("invalid destination label name in label_join(): " + target);
    }
    return new PlanNode.LabelJoin(
        vector(planned.get(0), e), target, text(arguments.get(2), e), sources);
  }

  private static PlanNode quantiles(Expr.Call e, List<Expr> arguments, List<Planned> planned) {
    List<Position> positions = new ArrayList<>();
    for (Expr argument : arguments.subList(2, arguments.size())) {
      positions.add(argument.position());
    }
    return new PlanNode.HistogramQuantile(
        scalars(planned, 2, e),
        List.copyOf(positions),
        vector(planned.get(0), e),
        text(arguments.get(1), e),
        arguments.get(0).position());
  }

  /**
   * The labels of the series that says "absent": those that the selector asks to be equal to one
   * value, except that a label with a second matcher of any kind is left out.
   */
  private static Labels absentLabels(Expr argument) {
    List<Matcher> matchers =
        switch (argument) {
          case Expr.VectorSelector e -> e.matchers();
          case Expr.MatrixSelector e -> e.selector().matchers();
          default -> List.of();
        };
    Labels.Builder labels = new Labels.Builder();
    Set<String> seen = new HashSet<>();
    for (Matcher matcher : matchers) {
      if (matcher.name().equals(Labels.METRIC_NAME)) {
        continue;
      }
      if (matcher.type() == Matcher.Type.EQ && seen.add(matcher.name())) {
        labels.set(matcher.name(), matcher.value());
      } else {
        labels.remove(matcher.name());
      }
    }
    return labels.build();
  }

  private Selection selection(Expr.VectorSelector e) {
    return new Selection(e.matchers(), e.offsetMillis(), at(e.at()), detail == Detail.COUNTS);
  }

  private @Nullable Long at(@Nullable AtModifier at) {
    return at == null ? null : at.resolve(startMillis, endMillis);
  }

  private static Expr bare(Expr expr) {
    Expr inner = expr;
    while (inner instanceof Expr.Paren paren) {
      inner = paren.inner();
    }
    return inner;
  }

  private static Planned pinned(Planned planned) {
    return new Planned(pin(planned), planned.invariant);
  }

  /** The same node, marked to be evaluated once if it is the same at every step. */
  private static PlanNode pin(Planned planned) {
    if (!planned.invariant) {
      return planned.node;
    }
    return switch (planned.node) {
      case Constant c -> c;
      case ScalarNode s -> new PlanNode.PinnedScalar(s);
      case VectorNode v -> new PlanNode.PinnedVector(v);
      case RangeNode r -> r;
      case PlanNode.Text t -> t;
    };
  }

  private VectorNode vector(Expr expr) {
    return vector(pinned(plan(expr)), expr);
  }

  private static VectorNode vector(Planned planned, Expr where) {
    return switch (planned.node) {
      case VectorNode v -> v;
      case ScalarNode s -> new PlanNode.VectorOf(s); // a subquery may evaluate a number
      case RangeNode r -> throw unexpected(where);
      case PlanNode.Text t -> throw unexpected(where);
    };
  }

  private static ScalarNode scalar(Planned planned, Expr where) {
    if (planned.node instanceof ScalarNode s) {
      return s;
    }
    throw unexpected(where);
  }

  private static List<ScalarNode> scalars(List<Planned> planned, int from, Expr where) {
    List<ScalarNode> scalars = new ArrayList<>();
    for (Planned p : planned.subList(from, planned.size())) {
      scalars.add(scalar(p, where));
    }
    return List.copyOf(scalars);
  }

  private static RangeNode range(Planned planned, Expr where) {
    if (planned.node instanceof RangeNode r) {
      return r;
    }
    throw unexpected(where);
  }

  private static String text(@Nullable Expr argument, Expr where) {
    if (argument instanceof Expr.StringLiteral s) {
      return s.value();
    }
    throw unexpected(where);
  }

  private static List<String> texts(List<Expr> arguments, int from, Expr where) {
    List<String> texts = new ArrayList<>();
    for (Expr argument : arguments.subList(from, arguments.size())) {
      texts.add(text(argument, where));
    }
    return List.copyOf(texts);
  }

  /** True if text can name a label: not empty, and valid UTF-8, of which a string need not be. */
  private static boolean isLabelName(String text) {
    return !text.isEmpty()
        && text.codePoints()
            .noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
  }

  private static QueryException unexpected(Expr where) {
    return new QueryException(
        QueryException.ErrorType.INTERNAL, "expression of an unexpected type: " + where);
  }
}
