package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.BinaryOperators;
import io.varve.query.function.Numbers;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.HistogramQuantiles;
import io.varve.query.histogram.HistogramTable;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.PlanNode.RangeNode;
import io.varve.query.plan.PlanNode.ScalarNode;
import io.varve.query.plan.PlanNode.VectorNode;
import io.varve.query.plan.Selection;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Operator;
import io.varve.query.promql.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Builds the operators of a plan. Scalars have none: they are computed at once, a column of steps
 * each, on the thread that asked.
 */
final class Operators {
  private final QueryContext query;

  Operators(QueryContext query) {
    this.query = query;
  }

  /** Computes a scalar at every step. */
  double[] scalar(ScalarNode node, StepGrid grid) {
    Profile profile = query.profile();
    if (profile == null) {
      return compute(node, grid);
    }
    Profile.Entry entry = profile.enter(node);
    long begun = System.nanoTime();
    try {
      return compute(node, grid);
    } finally {
      entry.took(System.nanoTime() - begun);
      profile.leave();
    }
  }

  private double[] compute(ScalarNode node, StepGrid grid) {
    int steps = grid.count();
    query.chargeBytes(8L * steps);
    double[] column = new double[steps];
    switch (node) {
      case PlanNode.Constant n -> Arrays.fill(column, n.value());
      case PlanNode.EvalTime n -> {
        for (int s = 0; s < steps; s++) {
          column[s] = grid.time(s) / 1000.0;
        }
      }
      case PlanNode.ScalarBinary n -> {
        double[] left = scalar(n.left(), grid);
        double[] right = scalar(n.right(), grid);
        for (int s = 0; s < steps; s++) {
          column[s] = BinaryOperators.apply(n.operator(), left[s], right[s]);
        }
      }
      case PlanNode.ScalarChoice n -> {
        double[] left = scalar(n.left(), grid);
        double[] right = scalar(n.right(), grid);
        for (int s = 0; s < steps; s++) {
          column[s] = n.smaller() ? Numbers.min(left[s], right[s]) : Numbers.max(left[s], right[s]);
        }
      }
      case PlanNode.ScalarOf n -> onlyValue(vector(n.inner(), grid), column);
      case PlanNode.PinnedScalar n -> {
        if (steps > 0) {
          Arrays.fill(column, scalar(n.inner(), grid.first())[0]);
        }
      }
    }
    return column;
  }

  private static void onlyValue(SeriesOperator inner, double[] column) {
    Labels[] series = inner.prepare();
    int[] found = new int[column.length];
    Arrays.fill(column, Double.NaN);
    Rows.forEach(
        inner,
        series.length,
        (number, values, at) -> {
          for (int s = 0; s < column.length; s++) {
            if (!Absent.is(values[at + s]) && !HistogramTable.isHistogram(values[at + s])) {
              column[s] = ++found[s] == 1 ? values[at + s] : Double.NaN;
            }
          }
          return true;
        });
  }

  /** Where the windows of a range come from. */
  WindowSource range(RangeNode node, StepGrid grid) {
    return switch (node) {
      case PlanNode.SeriesRange n -> new StoredWindows(query, grid, n.selection(), n.rangeMillis());
      case PlanNode.ExtendedRange n ->
          new ExtendedWindows(query, grid, n.selection(), n.rangeMillis(), n.smoothed());
      case PlanNode.SubqueryRange n -> {
        Long at = n.atMillis();
        long firstEnd = Selection.shift(at == null ? grid.start() : at, n.offsetMillis());
        long lastEnd = Selection.shift(at == null ? grid.last() : at, n.offsetMillis());
        StepGrid innerGrid =
            grid.count() == 0
                ? new StepGrid(firstEnd, n.stepMillis(), 0)
                : SubqueryWindows.innerGrid(
                    query,
                    at == null
                        ? grid.scope().windows(n.offsetMillis(), n.rangeMillis())
                        : StepGrid.Scope.ALL,
                    firstEnd,
                    lastEnd,
                    n.rangeMillis(),
                    n.stepMillis());
        yield new SubqueryWindows(
            query,
            grid,
            vector(n.inner(), innerGrid),
            n.rangeMillis(),
            n.offsetMillis(),
            at != null,
            at == null ? 0 : at);
      }
    };
  }

  /** The operator of a vector. */
  SeriesOperator vector(VectorNode node, StepGrid grid) {
    Profile profile = query.profile();
    if (profile == null) {
      return build(node, grid);
    }
    Profile.Entry entry = profile.enter(node);
    try {
      return new Observed(build(node, grid), profile, entry);
    } finally {
      profile.leave();
    }
  }

  private SeriesOperator build(VectorNode node, StepGrid grid) {
    return switch (node) {
      case PlanNode.Select n -> {
        SeriesOperator select = new InstantSelect(query, grid, n);
        yield n.timestamps() ? Merged.withoutMetadata(select, false) : select;
      }
      case PlanNode.OverRange n -> overRange(n, grid);
      case PlanNode.SmoothedSelect n ->
          new SmoothedSelect(query, grid, n.selection(), n.position());
      case PlanNode.StartTimes n ->
          Merged.withoutMetadata(new StartTimes(query, grid, n.selection()), false);
      case PlanNode.Nothing n -> new NoSeries(query, grid);
      case PlanNode.OverExtendedRange n ->
          Merged.withoutMetadata(
              new OverExtendedRange(
                  query,
                  grid,
                  n.function(),
                  n.range().selection(),
                  n.range().rangeMillis(),
                  n.range().smoothed(),
                  n.position()),
              true);
      case PlanNode.WithInfo n -> new InfoJoin(vector(n.inner(), grid), n.infos());
      case PlanNode.AbsentOverTime n -> {
        WindowSource source = range(n.range(), grid);
        SeriesOperator present =
            new OverRange(
                FunctionSignature.PRESENT_OVER_TIME, source, new double[0][], Position.NONE);
        yield new FixedColumn(
            query,
            grid,
            n.labels(),
            () -> absent(present, n.range() instanceof PlanNode.SeriesRange));
      }
      case PlanNode.Absent n -> {
        SeriesOperator inner = vector(n.inner(), grid);
        yield new FixedColumn(
            query, grid, n.labels(), () -> absent(inner, n.inner() instanceof PlanNode.Select));
      }
      case PlanNode.MapElements n -> mapElements(n, grid);
      case PlanNode.EvalTimes n ->
          Merged.withoutMetadata(
              Elements.all(
                  vector(n.inner(), grid),
                  (column, at, steps) -> {
                    for (int s = 0; s < steps; s++) {
                      if (!Absent.is(column[at + s])) {
                        column[at + s] = grid.time(s) / 1000.0;
                      }
                    }
                  }),
              false);
      case PlanNode.Negate n ->
          Merged.withoutMetadata(Elements.all(vector(n.inner(), grid), this::negate), false);
      case PlanNode.VectorOf n -> {
        double[] column = scalar(n.inner(), grid);
        yield new FixedColumn(query, grid, Labels.EMPTY, () -> column);
      }
      case PlanNode.LabelReplace n -> labelReplace(n, grid);
      case PlanNode.LabelJoin n -> labelJoin(n, grid);
      case PlanNode.Sort n ->
          new Sorted(vector(n.inner(), grid), n.descending(), n.labels(), n.position());
      case PlanNode.HistogramQuantile n -> {
        List<Distributions.Quantile> quantiles = new ArrayList<>();
        for (int i = 0; i < n.quantiles().size(); i++) {
          quantiles.add(
              new Distributions.Quantile(
                  scalar(n.quantiles().get(i), grid), n.quantilePositions().get(i)));
        }
        yield Merged.equalSeries(
            new Distributions(vector(n.inner(), grid), quantiles, n.label(), n.position()));
      }
      case PlanNode.HistogramFraction n ->
          Merged.equalSeries(
              new Distributions(
                  vector(n.inner(), grid),
                  List.of(
                      new Distributions.Fraction(scalar(n.lower(), grid), scalar(n.upper(), grid))),
                  null,
                  n.position()));
      case PlanNode.OfHistograms n ->
          Merged.withoutName(Elements.all(vector(n.inner(), grid), ofHistograms(n.function())));
      case PlanNode.Aggregate n -> aggregate(n, grid);
      case PlanNode.CountValues n ->
          new CountingValues(vector(n.inner(), grid), n.label(), n.grouping(), n.without());
      case PlanNode.ScalarWithVector n -> {
        BinaryElement element =
            new BinaryElement(
                query,
                n.operator(),
                n.returnBool(),
                new StepNotes(query, grid, n.operator(), n.position()));
        SeriesOperator inner = vector(n.vector(), grid);
        double[] scalars = scalar(n.scalar(), grid);
        SeriesOperator applied =
            Elements.bySeries(
                inner,
                (series, column, at, steps) ->
                    element.withScalars(column, at, steps, scalars, n.scalarLeft(), series));
        yield element.dropsName() ? Merged.withoutMetadata(applied, false) : applied;
      }
      case PlanNode.VectorBinary n -> {
        SeriesOperator left = vector(n.left(), grid);
        SeriesOperator right = vector(n.right(), grid);
        BinaryElement element =
            new BinaryElement(
                query,
                n.operator(),
                n.returnBool(),
                new StepNotes(query, grid, n.operator(), n.position()));
        yield new VectorBinary(
            left,
            right,
            n.matching(),
            element,
            Remarks.of(n.left(), query.typeLabels),
            Remarks.of(n.right(), query.typeLabels));
      }
      case PlanNode.SetOperation n -> {
        SeriesOperator set =
            new SetOperator(
                n.operator(), vector(n.left(), grid), vector(n.right(), grid), n.matching());
        yield n.operator() == Operator.OR ? Merged.equalSeries(set) : set;
      }
      case PlanNode.PinnedVector n ->
          new Pinned(query, grid, vector(n.inner(), grid.count() == 0 ? grid : grid.first()));
    };
  }

  private SeriesOperator overRange(PlanNode.OverRange n, StepGrid grid) {
    double[][] parameters = columns(n.parameters(), grid);
    OverRange operator =
        new OverRange(n.function(), range(n.range(), grid), parameters, n.position());
    if (query.useStarts
        && OverStarts.knows(n.function())
        && n.range() instanceof PlanNode.SeriesRange range) {
      return Merged.withoutMetadata(
          new OverStarts(
              operator, n.function(), range.selection(), range.rangeMillis(), n.position()),
          true);
    }
    return switch (n.function()) {
      // These act like an offset: what they yield is a sample of the metric.
      case FIRST_OVER_TIME, LAST_OVER_TIME -> operator;
      default -> Merged.withoutMetadata(operator, true);
    };
  }

  /**
   * 1 at the steps where none of the series has a sample.
   *
   * @param plain true if nothing but samples can come of a series, so that not all need be computed
   */
  private double[] absent(SeriesOperator inner, boolean plain) {
    Labels[] series = inner.prepare();
    int steps = inner.grid.count();
    query.chargeBytes(8L * steps);
    double[] column = new double[steps];
    Arrays.fill(column, 1);
    int[] left = {steps};
    Rows.forEach(
        inner,
        series.length,
        (number, values, at) -> {
          for (int s = 0; s < steps; s++) {
            if (!Absent.is(values[at + s]) && !Absent.is(column[s])) {
              column[s] = Absent.VALUE;
              left[0]--;
            }
          }
          return !plain || left[0] > 0;
        });
    return column;
  }

  private SeriesOperator mapElements(PlanNode.MapElements n, StepGrid grid) {
    double[][] parameters = columns(n.parameters(), grid);
    return Merged.withoutMetadata(
        Elements.floats(vector(n.inner(), grid), Elements.change(n.function(), parameters)), false);
  }

  private void negate(double[] column, int at, int steps) {
    HistogramTable table = query.histograms;
    for (int i = at; i < at + steps; i++) {
      FloatHistogram histogram = table.isUsed() ? table.get(column[i]) : null;
      if (histogram != null) {
        column[i] = table.add(histogram.times(-1));
      } else if (!Absent.is(column[i])) {
        column[i] = Numbers.negate(column[i]);
      }
    }
  }

  private Elements.Change ofHistograms(FunctionSignature function) {
    return (column, at, steps) -> {
      for (int i = at; i < at + steps; i++) {
        FloatHistogram h = query.histograms.get(column[i]);
        column[i] = h == null ? Absent.VALUE : number(function, h);
      }
    };
  }

  private static double number(FunctionSignature function, FloatHistogram h) {
    return switch (function) {
      case HISTOGRAM_COUNT -> h.count();
      case HISTOGRAM_SUM -> h.sum();
      case HISTOGRAM_AVG -> h.average();
      case HISTOGRAM_STDVAR -> HistogramQuantiles.variance(h);
      case HISTOGRAM_STDDEV -> Math.sqrt(HistogramQuantiles.variance(h));
      default -> throw new IllegalStateException("no number of a histogram: " + function.text());
    };
  }

  private double[][] columns(List<ScalarNode> parameters, StepGrid grid) {
    double[][] columns = new double[parameters.size()][];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = scalar(parameters.get(i), grid);
    }
    return columns;
  }

  private SeriesOperator labelReplace(PlanNode.LabelReplace n, StepGrid grid) {
    Merged.Relabelling relabelling =
        series -> {
          Labels[] result = new Labels[series.length];
          for (int i = 0; i < series.length; i++) {
            String value = n.template().replace(series[i].get(n.source()));
            result[i] =
                value == null
                    ? series[i]
                    : new Labels.Builder(series[i]).set(n.target(), value).build();
          }
          query.chargeBytes(64L * series.length);
          return result;
        };
    return renamed(vector(n.inner(), grid), n.target(), relabelling);
  }

  private SeriesOperator labelJoin(PlanNode.LabelJoin n, StepGrid grid) {
    Merged.Relabelling relabelling =
        series -> {
          Labels[] result = new Labels[series.length];
          String[] values = new String[n.sources().size()];
          for (int i = 0; i < series.length; i++) {
            for (int k = 0; k < values.length; k++) {
              values[k] = series[i].get(n.sources().get(k));
            }
            result[i] =
                new Labels.Builder(series[i])
                    .set(n.target(), String.join(n.separator(), values))
                    .build();
          }
          query.chargeBytes(64L * series.length);
          return result;
        };
    return renamed(vector(n.inner(), grid), n.target(), relabelling);
  }

  private static SeriesOperator renamed(
      SeriesOperator inner, String target, Merged.Relabelling relabelling) {
    return target.equals(Labels.METRIC_NAME)
        ? Merged.named(inner, relabelling)
        : new Merged(inner, false, relabelling);
  }

  private SeriesOperator aggregate(PlanNode.Aggregate n, StepGrid grid) {
    GroupedMatch match = GroupedMatch.of(query, n, grid);
    return match == null
        ? aggregateAll(n, grid)
        : new GroupedOperator(query, grid, match, part -> aggregateAll(n, part));
  }

  private SeriesOperator aggregateAll(PlanNode.Aggregate n, StepGrid grid) {
    ScalarNode parameter = n.parameter();
    double[] column = parameter == null ? new double[0] : scalar(parameter, grid);
    SeriesOperator inner = vector(n.inner(), grid);
    return switch (n.aggregation()) {
      case SUM, AVG, MIN, MAX, COUNT, GROUP, STDDEV, STDVAR ->
          new Combining(inner, n.aggregation(), n.grouping(), n.without(), n.position());
      case TOPK, BOTTOMK, LIMITK ->
          new KOfGroup(
              inner,
              switch (n.aggregation()) {
                case TOPK -> KOfGroup.Choice.GREATEST;
                case BOTTOMK -> KOfGroup.Choice.SMALLEST;
                default -> KOfGroup.Choice.FIRST;
              },
              column,
              n.grouping(),
              n.without(),
              n.position());
      case QUANTILE ->
          new QuantileOfGroup(
              inner, column, n.grouping(), n.without(), n.parameterPosition(), n.position());
      case LIMIT_RATIO -> new ShareOfSeries(inner, column, n.parameterPosition());
      case COUNT_VALUES -> throw new IllegalStateException(n.aggregation().text());
    };
  }
}
