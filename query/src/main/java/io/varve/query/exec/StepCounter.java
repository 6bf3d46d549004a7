package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.function.Absent;
import io.varve.query.function.Window;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.histogram.Side;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.PlanNode.RangeNode;
import io.varve.query.plan.PlanNode.ScalarNode;
import io.varve.query.plan.PlanNode.VectorNode;
import io.varve.query.plan.Selection;
import java.util.List;

/**
 * Counts for each step of a query the samples that Prometheus 3.14 says it looks at, and those it
 * reads, whatever this engine needs to look at (Prometheus' {@code util/stats} and {@code
 * promql/engine.go}):
 *
 * <ul>
 *   <li>An instant selector looks at one sample per series and step, and reads it.
 *   <li>A function over a range looks at its whole window, and reads what has come into the window
 *       since the step before.
 *   <li>A function over a subquery looks at what the subquery yields, and reads what is read in it:
 *       at the first step that is not before the subquery's own.
 *   <li>What is the same at every step is looked at at every step and read at the first one.
 *   <li>A histogram counts as the samples that it weighs.
 * </ul>
 *
 * <p>The counts follow from the plan and the stored samples, so they are taken apart from the
 * evaluation, with a context of their own: whoever does not ask for them pays nothing.
 */
public final class StepCounter {
  private static final int SERIES_PER_BATCH = 1 << 10;
  private static final int SAMPLE_BYTES = 16;

  private final QueryContext query;
  private final Operators operators;

  /** Counts with a context that nothing else is evaluated with. */
  public StepCounter(QueryContext query) {
    this.query = query;
    this.operators = new Operators(query);
    query.expectNativeBuckets();
  }

  /**
   * What was counted, by step.
   *
   * @param queryable samples that the step looks at
   * @param read samples that are read for it
   */
  public record Counts(long[] queryable, long[] read) {
    void add(Counts other) {
      for (int s = 0; s < queryable.length; s++) {
        queryable[s] += other.queryable[s];
        read[s] += other.read[s];
      }
    }
  }

  /** Counts at {@code start}, {@code start + step} … up to {@code end}. */
  public Counts count(PlanNode plan, long start, long end, long step) {
    long steps = (end - start) / step + 1;
    query.checkSteps(steps);
    StepGrid grid = new StepGrid(start, step, (int) steps);
    return switch (plan) {
      case PlanNode.Text _ -> none(grid);
      case ScalarNode node -> of(node, grid);
      case VectorNode node -> of(node, grid);
      case RangeNode node -> bare(node, grid);
    };
  }

  private Counts none(StepGrid grid) {
    query.chargeBytes(2L * Long.BYTES * grid.count());
    return new Counts(new long[grid.count()], new long[grid.count()]);
  }

  private Counts sum(StepGrid grid, Counts... parts) {
    Counts sum = none(grid);
    for (Counts part : parts) {
      sum.add(part);
    }
    return sum;
  }

  /** Several scalars. */
  private Counts of(List<ScalarNode> nodes, StepGrid grid) {
    Counts sum = none(grid);
    for (ScalarNode node : nodes) {
      sum.add(of(node, grid));
    }
    return sum;
  }

  private Counts of(ScalarNode node, StepGrid grid) {
    return switch (node) {
      case PlanNode.Constant _, PlanNode.EvalTime _ -> none(grid);
      case PlanNode.ScalarBinary n -> sum(grid, of(n.left(), grid), of(n.right(), grid));
      case PlanNode.ScalarChoice n -> sum(grid, of(n.left(), grid), of(n.right(), grid));
      case PlanNode.ScalarOf n -> of(n.inner(), grid);
      case PlanNode.PinnedScalar n ->
          grid.count() == 0 ? none(grid) : pinned(of(n.inner(), grid.first()), grid);
    };
  }

  private Counts of(VectorNode node, StepGrid grid) {
    return switch (node) {
      case PlanNode.Select _, PlanNode.SmoothedSelect _, PlanNode.StartTimes _ ->
          selected(whole(node), grid);
      case PlanNode.Nothing _ -> none(grid);
      case PlanNode.OverExtendedRange n -> windows(n.range(), grid);
      case PlanNode.WithInfo n -> {
        Counts counts = of(n.inner(), grid);
        InfoJoin join = new InfoJoin(operators.vector(n.inner(), grid), n.infos());
        join.prepare();
        long[] infos = join.infosSeen();
        yield sum(grid, counts, new Counts(infos, infos));
      }
      case PlanNode.OverRange n -> sum(grid, windows(n.range(), grid), of(n.parameters(), grid));
      case PlanNode.AbsentOverTime n -> windows(n.range(), grid);
      case PlanNode.Absent n -> of(n.inner(), grid);
      case PlanNode.MapElements n -> sum(grid, of(n.inner(), grid), of(n.parameters(), grid));
      case PlanNode.EvalTimes n -> of(n.inner(), grid);
      case PlanNode.Negate n -> of(n.inner(), grid);
      case PlanNode.VectorOf n -> of(n.inner(), grid);
      case PlanNode.LabelReplace n -> of(n.inner(), grid);
      case PlanNode.LabelJoin n -> of(n.inner(), grid);
      case PlanNode.Sort n -> of(n.inner(), grid);
      case PlanNode.HistogramQuantile n -> sum(grid, of(n.quantiles(), grid), of(n.inner(), grid));
      case PlanNode.HistogramFraction n ->
          sum(grid, of(List.of(n.lower(), n.upper()), grid), of(n.inner(), grid));
      case PlanNode.OfHistograms n -> of(n.inner(), grid);
      case PlanNode.Aggregate n -> {
        ScalarNode parameter = n.parameter();
        Counts inner = of(n.inner(), grid);
        yield parameter == null ? inner : sum(grid, inner, of(parameter, grid));
      }
      case PlanNode.CountValues n -> of(n.inner(), grid);
      case PlanNode.ScalarWithVector n -> sum(grid, of(n.vector(), grid), of(n.scalar(), grid));
      case PlanNode.VectorBinary n -> sum(grid, of(n.left(), grid), of(n.right(), grid));
      case PlanNode.SetOperation n -> sum(grid, of(n.left(), grid), of(n.right(), grid));
      case PlanNode.PinnedVector n ->
          grid.count() == 0 ? none(grid) : pinned(of(n.inner(), grid.first()), grid);
    };
  }

  /** The same selector with buckets, where the evaluation would leave them out. */
  private static VectorNode whole(VectorNode node) {
    return node instanceof PlanNode.Select select
        ? new PlanNode.Select(
            whole(select.selection()), select.timestamps(), select.lookbackLessMillis())
        : node;
  }

  private static Selection whole(Selection selection) {
    return new Selection(selection.matchers(), selection.offsetMillis(), selection.atMillis());
  }

  private Counts pinned(Counts once, StepGrid grid) {
    Counts counts = none(grid);
    for (int s = 0; s < grid.count(); s++) {
      counts.queryable[s] = once.queryable[0];
    }
    counts.read[0] = once.read[0];
    return counts;
  }

  /** What an operator yields. */
  private Counts selected(VectorNode node, StepGrid grid) {
    Counts counts = none(grid);
    SeriesOperator operator = operators.vector(node, grid);
    Labels[] labels = operator.prepare();
    Rows.forEach(
        operator,
        labels.length,
        (series, column, at) -> {
          for (int s = 0; s < grid.count(); s++) {
            if (!Absent.is(column[at + s])) {
              counts.queryable[s] += weight(column[at + s]);
            }
          }
          return true;
        });
    System.arraycopy(counts.queryable, 0, counts.read, 0, grid.count());
    return counts;
  }

  /** What a function sees in the windows of its steps. */
  private Counts windows(RangeNode node, StepGrid grid) {
    return switch (node) {
      case PlanNode.SeriesRange n ->
          windows(
              operators.range(
                  new PlanNode.SeriesRange(whole(n.selection()), n.rangeMillis()), grid),
              grid);
      case PlanNode.ExtendedRange n -> extended(n, grid);
      case PlanNode.SubqueryRange n -> {
        SubqueryWindows source = (SubqueryWindows) operators.range(n, grid);
        Counts counts = windows(source, grid);
        Counts inner = of(n.inner(), source.innerGrid());
        yield new Counts(counts.queryable, attributed(inner.read, source.innerGrid(), grid));
      }
    };
  }

  /** A range that is itself the result, at one step. */
  private Counts bare(RangeNode node, StepGrid grid) {
    if (!(node instanceof PlanNode.SubqueryRange subquery)) {
      return windows(node, grid);
    }
    StepGrid times = ((SubqueryWindows) operators.range(subquery, grid)).innerGrid();
    Counts inner = of(subquery.inner(), times);
    Counts counts = none(grid);
    for (int i = 0; i < times.count(); i++) {
      counts.queryable[0] += inner.queryable[i];
      counts.read[0] += inner.read[i];
    }
    return counts;
  }

  /** Counts of a subquery's steps, each at the first step that is not before it. */
  private long[] attributed(long[] inner, StepGrid times, StepGrid grid) {
    long[] counts = new long[grid.count()];
    for (int i = 0; i < times.count(); i++) {
      long late = times.time(i) - grid.start();
      long step = late <= 0 ? 0 : (late + grid.step() - 1) / grid.step();
      counts[(int) Math.min(step, grid.count() - 1)] += inner[i];
    }
    return counts;
  }

  private Counts windows(WindowSource source, StepGrid grid) {
    Counts counts = none(grid);
    int series = source.prepare().length;
    for (int first = 0; first < series; first += SERIES_PER_BATCH) {
      int base = first;
      int mark = query.histograms.mark();
      query.parallelSeries(
          Math.min(SERIES_PER_BATCH, series - first),
          grid.count(),
          (from, to, worker) -> {
            Counts mine = new Counts(new long[grid.count()], new long[grid.count()]);
            Window window = new Window();
            for (int i = from; i < to; i++) {
              count(source, base + i, window, worker, mine);
            }
            synchronized (counts) {
              counts.add(mine);
            }
          });
      query.histograms.forgetSince(mark);
    }
    return counts;
  }

  private void count(WindowSource source, int series, Window w, Worker worker, Counts counts) {
    StepGrid grid = source.grid;
    boolean sparse = source.isSparse();
    int from = 0;
    int to = 0;
    if (!sparse) {
      source.load(series, -1, w, worker);
    }
    for (int s = 0; s < grid.count(); s++) {
      if (sparse) {
        source.load(series, s, w, worker);
        from = 0;
        to = 0;
      }
      long end = source.end(grid.time(s));
      while (to < w.size && w.times[to] <= end) {
        to++;
      }
      while (from < to && w.times[from] <= end - source.rangeMillis) {
        from++;
      }
      long after = s == 0 ? Long.MIN_VALUE : source.isPinned() ? end : end - grid.step();
      for (int row = from; row < to; row++) {
        long weight = w.hasHistograms ? weight(w.values[row]) : 1;
        counts.queryable[s] += weight;
        counts.read[s] += w.times[row] > after ? weight : 0;
      }
    }
  }

  private Counts extended(PlanNode.ExtendedRange node, StepGrid grid) {
    Selection selection = node.selection();
    ExtendedSamples source =
        new ExtendedSamples(query, grid, selection, node.rangeMillis(), node.smoothed());
    Counts counts = none(grid);
    int series = source.prepare().length;
    query.parallelSeries(
        series,
        grid.count(),
        (first, last, worker) -> {
          Counts mine = new Counts(new long[grid.count()], new long[grid.count()]);
          for (int i = first; i < last; i++) {
            count(source, source.read(i, worker), selection, grid, mine);
          }
          synchronized (counts) {
            counts.add(mine);
          }
        });
    return counts;
  }

  private static void count(
      ExtendedSamples source,
      ExtendedSamples.Rows rows,
      Selection selection,
      StepGrid grid,
      Counts counts) {
    int from = 0;
    int to = 0;
    for (int s = 0; s < grid.count(); s++) {
      long end = selection.reference(grid.time(s));
      long last = source.after(end);
      while (to < rows.size && rows.times[to] <= last) {
        to++;
      }
      while (from < to && rows.times[from] <= source.before(end)) {
        from++;
      }
      long after =
          s == 0 ? Long.MIN_VALUE : selection.atMillis() != null ? last : last - grid.step();
      for (int row = from; row < to; row++) {
        FloatHistogram histogram = rows.hasHistograms ? rows.histograms[row] : null;
        long weight = histogram == null ? 1 : weight(histogram);
        counts.queryable[s] += weight;
        counts.read[s] += rows.times[row] > after ? weight : 0;
      }
    }
  }

  private long weight(double value) {
    FloatHistogram histogram = query.histograms.get(value);
    return histogram == null ? 1 : weight(histogram);
  }

  /** What a histogram weighs, in samples: its parts as Prometheus holds them, and a timestamp. */
  static long weight(FloatHistogram histogram) {
    long bytes =
        168
            + 8L * (spans(histogram.positive()) + histogram.positive().size())
            + 8L * (spans(histogram.negative()) + histogram.negative().size())
            + 8L * histogram.customValues().length;
    return (bytes + Long.BYTES) / SAMPLE_BYTES;
  }

  /** Stretches of buckets without a gap. */
  private static int spans(Side side) {
    int spans = 0;
    for (int i = 0; i < side.size(); i++) {
      if (i == 0 || side.index()[i] != side.index()[i - 1] + 1) {
        spans++;
      }
    }
    return spans;
  }
}
