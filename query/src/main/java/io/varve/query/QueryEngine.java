package io.varve.query;

import io.varve.engine.Snapshot;
import io.varve.query.QueryException.ErrorType;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.Series;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Value;
import io.varve.query.QueryResult.Vector;
import io.varve.query.ResultCache.Piece;
import io.varve.query.exec.Evaluator;
import io.varve.query.exec.NativeBucketsException;
import io.varve.query.exec.Profile;
import io.varve.query.exec.QueryContext;
import io.varve.query.exec.StepAnnotations;
import io.varve.query.exec.StepCounter;
import io.varve.query.exec.WorkerPool;
import io.varve.query.plan.PlanNode;
import io.varve.query.plan.Planner;
import io.varve.query.plan.Reach;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.Printer;
import io.varve.query.promql.ValueType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Answers PromQL. One engine serves a whole process: it owns the threads on which queries are
 * evaluated. Any thread may ask it, virtual ones included; the asking thread waits.
 *
 * <p>A query goes text → {@link Parser} → {@link Planner} → operators ({@link Evaluator}). An
 * instant query is one over a single step.
 */
public final class QueryEngine implements AutoCloseable {
  /**
   * How an engine is set up.
   *
   * @param threads platform threads shared by all queries; 0 = evaluate on the asking thread
   * @param lookbackMillis how old a sample may be for an instant selector to see it
   * @param subqueryStepMillis step of subqueries that name none
   * @param limits what a query may spend unless its options say otherwise
   * @param features what is switched on
   * @param cacheBytes memory for results of range queries, about; 0 = none is kept
   */
  public record Options(
      int threads,
      long lookbackMillis,
      long subqueryStepMillis,
      QueryLimits limits,
      Set<Feature> features,
      long cacheBytes) {
    /** One thread per core, 5 minutes, 1 minute, default limits, what Prometheus allows. */
    public static final Options DEFAULT =
        new Options(
            Runtime.getRuntime().availableProcessors(), 300_000, 60_000, QueryLimits.DEFAULT);

    /** Checks the numbers. */
    public Options {
      if (threads < 0 || lookbackMillis <= 0 || subqueryStepMillis <= 0 || cacheBytes < 0) {
        throw new IllegalArgumentException("threads, lookback or subquery step out of bounds");
      }
      features = Set.copyOf(features);
    }

    /** Without a cache of results. */
    public Options(
        int threads,
        long lookbackMillis,
        long subqueryStepMillis,
        QueryLimits limits,
        Set<Feature> features) {
      this(threads, lookbackMillis, subqueryStepMillis, limits, features, 0);
    }

    /** With what Prometheus allows by default. */
    public Options(int threads, long lookbackMillis, long subqueryStepMillis, QueryLimits limits) {
      this(threads, lookbackMillis, subqueryStepMillis, limits, Feature.defaults());
    }
  }

  private final Options options;
  private final ParsedQueries queries;
  private final WorkerPool pool;
  private final @Nullable ResultCache cache;

  /** Starts no thread before the first query needs one. */
  public QueryEngine(Options options) {
    this.options = options;
    this.queries = new ParsedQueries(Feature.language(options.features()));
    this.pool = new WorkerPool(options.threads());
    this.cache = options.cacheBytes() == 0 ? null : new ResultCache(options.cacheBytes());
  }

  /**
   * A query as it is printed: the same for texts that differ in spaces and comments only.
   *
   * @throws ParseException if it is no query in the language that is allowed here
   */
  public String canonical(String query) {
    return queries.parse(query).canonical();
  }

  /** What this engine was set up with. */
  public Options options() {
    return options;
  }

  /** What the cache of results did. */
  public CacheStats cacheStats() {
    return cache == null ? CacheStats.NONE : cache.stats();
  }

  /**
   * Evaluates at one time.
   *
   * @param snapshot what to read; stays the caller's
   * @param tenant whose series
   * @param timeMillis evaluation time, milliseconds since the epoch
   * @throws QueryException always and only, when there is no answer
   */
  public QueryResult instant(
      Snapshot snapshot, String tenant, String query, long timeMillis, QueryOptions queryOptions) {
    return answer(
        snapshot,
        tenant,
        query,
        queryOptions,
        new Times(timeMillis, timeMillis, 1),
        expr -> Planner.plan(expr, timeMillis, timeMillis, 0, options.subqueryStepMillis()),
        (expr, plan, context) -> instant(plan, new Evaluator(context), timeMillis));
  }

  /**
   * Evaluates at {@code start}, {@code start + step} … as far as {@code end}; the value is a {@link
   * QueryResult.Matrix}.
   *
   * @param snapshot what to read; stays the caller's
   * @param tenant whose series
   * @param startMillis first evaluation time
   * @param endMillis last possible evaluation time, not before the first
   * @param stepMillis distance of evaluation times, positive
   * @throws QueryException always and only, when there is no answer
   */
  public QueryResult range(
      Snapshot snapshot,
      String tenant,
      String query,
      long startMillis,
      long endMillis,
      long stepMillis,
      QueryOptions queryOptions) {
    if (endMillis < startMillis) {
      throw new QueryException(ErrorType.BAD_DATA, "end timestamp must not be before start time");
    }
    if (stepMillis <= 0) {
      throw new QueryException(
          ErrorType.BAD_DATA,
          "zero or negative query resolution step widths are not accepted. Try a positive integer");
    }
    return answer(
        snapshot,
        tenant,
        query,
        queryOptions,
        new Times(startMillis, endMillis, stepMillis),
        expr -> {
          if (expr.type() != ValueType.SCALAR && expr.type() != ValueType.VECTOR) {
            throw new QueryException(
                ErrorType.BAD_DATA,
                "invalid expression type \""
                    + expr.type().documented()
                    + "\" for range query, must be Scalar or instant Vector");
          }
          return Planner.plan(
              expr, startMillis, endMillis, stepMillis, options.subqueryStepMillis());
        },
        (expr, plan, context) ->
            cache != null && queryOptions.useCache() && !queryOptions.explain()
                ? new CachedRange(cache, snapshot, tenant, expr, context)
                    .evaluate(plan, startMillis, endMillis, stepMillis)
                : range(plan, new Evaluator(context), startMillis, endMillis, stepMillis));
  }

  /** When a query is evaluated, milliseconds. */
  private record Times(long start, long end, long step) {}

  @FunctionalInterface
  private interface Planning {
    PlanNode plan(Expr expr);
  }

  @FunctionalInterface
  private interface Evaluation {
    Value evaluate(Expr expr, PlanNode plan, QueryContext context);
  }

  private QueryResult answer(
      Snapshot snapshot,
      String tenant,
      String query,
      QueryOptions queryOptions,
      Times times,
      Planning planning,
      Evaluation evaluation) {
    try {
      return answer(snapshot, tenant, query, queryOptions, times, planning, evaluation, false);
    } catch (NativeBucketsException e) {
      return answer(snapshot, tenant, query, queryOptions, times, planning, evaluation, true);
    }
  }

  private QueryResult answer(
      Snapshot snapshot,
      String tenant,
      String query,
      QueryOptions queryOptions,
      Times times,
      Planning planning,
      Evaluation evaluation,
      boolean nativeBuckets) {
    long begun = System.nanoTime();
    QueryLimits limits = queryOptions.limits();
    long lookback = queryOptions.lookbackMillis();
    Profile profile = queryOptions.explain() ? new Profile() : null;
    try (QueryContext context =
        new QueryContext(
            snapshot,
            tenant,
            lookback > 0 ? lookback : options.lookbackMillis(),
            queryOptions.useStoredAggregates(),
            queryOptions.useCells(),
            queryOptions.useGrouped(),
            options.features(),
            limits == null ? options.limits() : limits,
            queryOptions.cancellation(),
            pool,
            profile)) {
      if (nativeBuckets) {
        context.expectNativeBuckets();
      }
      Expr expr = queries.parse(query).expr();
      PlanNode plan = planning.plan(expr);
      long planned = System.nanoTime();
      Value value = evaluation.evaluate(expr, plan, context);
      long evaluated = System.nanoTime();
      if (value instanceof Matrix matrix) {
        value = sorted(matrix);
      }
      long done = System.nanoTime();
      QueryStats.Steps steps =
          queryOptions.stepStats() && options.features().contains(Feature.PER_STEP_STATS)
              ? steps(snapshot, tenant, plan, times, queryOptions, begun)
              : null;
      QueryStats stats =
          new QueryStats(
              planned - begun,
              done - planned,
              done - evaluated,
              context.series(),
              steps == null ? context.samplesRead() : LongStream.of(steps.read()).sum(),
              steps == null ? context.queryableSamples() : LongStream.of(steps.queryable()).sum(),
              context.peakSamples(),
              context.peakBytes(),
              context.storedBlocks(),
              context.storedCells(),
              steps);
      List<String> warnings = new ArrayList<>(context.warnings(query));
      for (String damage : snapshot.damage()) {
        warnings.add("data could not be read: " + damage);
      }
      return new QueryResult(
          value,
          List.copyOf(warnings),
          context.infos(query),
          stats,
          profile == null ? List.of() : profile.nodes());
    } catch (ParseException e) {
      throw new QueryException(ErrorType.BAD_DATA, String.valueOf(e.getMessage()), e);
    } catch (QueryException | NativeBucketsException e) {
      throw e;
    } catch (StackOverflowError e) {
      throw new QueryException(ErrorType.EXECUTION, "expression is nested too deeply", e);
    } catch (RuntimeException e) {
      throw new QueryException(ErrorType.INTERNAL, "unexpected error: " + e.getMessage(), e);
    }
  }

  /**
   * Counts samples by step, after the evaluation and under limits of its own.
   *
   * @param begun when the query began, whose timeout holds for both
   */
  private QueryStats.Steps steps(
      Snapshot snapshot,
      String tenant,
      PlanNode plan,
      Times times,
      QueryOptions queryOptions,
      long begun) {
    QueryLimits limits = queryOptions.limits() == null ? options.limits() : queryOptions.limits();
    long spent = (System.nanoTime() - begun) / 1_000_000;
    long lookback = queryOptions.lookbackMillis();
    try (QueryContext context =
        new QueryContext(
            snapshot,
            tenant,
            lookback > 0 ? lookback : options.lookbackMillis(),
            false,
            options.features(),
            limits.withTimeoutMillis(Math.max(1, limits.timeoutMillis() - spent)),
            queryOptions.cancellation(),
            pool)) {
      StepCounter.Counts counts =
          new StepCounter(context).count(plan, times.start, times.end, times.step);
      return new QueryStats.Steps(times.start, times.step, counts.queryable(), counts.read());
    }
  }

  private static Value instant(PlanNode plan, Evaluator evaluator, long time) {
    return switch (plan) {
      case PlanNode.Text text -> new StringResult(time, text.value());
      case PlanNode.ScalarNode node ->
          new Scalar(time, evaluator.scalar(node, time, time, 1).values().get(0)[0]);
      case PlanNode.RangeNode node -> matrix(evaluator.range(node, time));
      case PlanNode.VectorNode node -> {
        Evaluator.Instant found = evaluator.vector(node, time);
        yield new Vector(time, found.labels(), found.values(), found.histograms());
      }
    };
  }

  /** A range query that takes from the cache what it can. */
  private final class CachedRange {
    private final ResultCache known;
    private final Snapshot snapshot;
    private final String tenant;
    private final Expr expr;
    private final QueryContext context;

    CachedRange(
        ResultCache known, Snapshot snapshot, String tenant, Expr expr, QueryContext context) {
      this.known = known;
      this.snapshot = snapshot;
      this.tenant = tenant;
      this.expr = expr;
      this.context = context;
    }

    Value evaluate(PlanNode plan, long start, long end, long step) {
      long lookback = context.lookback();
      long last = start + (end - start) / step * step;
      Reach reach =
          Reach.dependsOnBounds(expr)
                  || (start == last && Reach.sorts(expr))
                  || options.features().contains(Feature.START_TIMESTAMPS)
              ? null
              : Reach.of(plan, lookback, step);
      ResultCache.Question question =
          new ResultCache.Question(
              tenant,
              Printer.print(expr),
              step,
              Math.floorMod(start, step),
              lookback,
              context.usesStoredAggregates());
      if (reach == null || !ResultCache.isFit(question, start, last)) {
        return range(plan, new Evaluator(context), start, end, step);
      }
      ResultCache.Found found = known.find(question, reach, snapshot, start, last);
      context.holdKnown(found.points());
      StepAnnotations.Places places = new StepAnnotations.Places(expr);
      List<Piece> pieces = new ArrayList<>(found.known());
      for (ResultCache.Run run : found.missing()) {
        Piece piece = compute(run, run.first() == start && run.last() == last, step, places);
        if (piece == null) {
          context.forgetParts();
          return range(plan, new Evaluator(context), start, end, step);
        }
        pieces.add(piece);
      }
      for (Piece piece : found.known()) {
        context.addKnown(piece.notes(), places);
      }
      Piece all = ResultCache.join(pieces);
      if (!found.missing().isEmpty() && snapshot.damage().isEmpty()) {
        known.keep(question, reach, snapshot, all);
      }
      return new Matrix(all.series());
    }

    /** Computes some of the steps; null if an annotation is not about single ones. */
    private @Nullable Piece compute(
        ResultCache.Run run, boolean whole, long step, StepAnnotations.Places places) {
      int steps = (int) ((run.last() - run.first()) / step) + 1;
      PlanNode part =
          Planner.plan(expr, run.first(), run.last(), step, options.subqueryStepMillis());
      context.beginPart(run.first(), step, steps, !whole, places);
      Matrix matrix = (Matrix) range(part, new Evaluator(context), run.first(), run.last(), step);
      StepAnnotations notes = context.endPart();
      return notes == null ? null : new Piece(matrix.series(), notes);
    }
  }

  private static Value range(PlanNode plan, Evaluator evaluator, long start, long end, long step) {
    return switch (plan) {
      case PlanNode.ScalarNode node -> matrix(evaluator.scalar(node, start, end, step));
      case PlanNode.VectorNode node -> matrix(evaluator.vector(node, start, end, step));
      case PlanNode.Text text -> throw new IllegalStateException("a string over a range");
      case PlanNode.RangeNode node -> throw new IllegalStateException("a range over a range");
    };
  }

  private static Matrix matrix(Evaluator.Columns columns) {
    List<Series> series = new ArrayList<>(columns.labels().size());
    for (int i = 0; i < columns.labels().size(); i++) {
      series.add(
          new Series(
              columns.labels().get(i),
              columns.times().get(i),
              columns.values().get(i),
              columns.histograms().get(i)));
    }
    return new Matrix(series);
  }

  private static Matrix sorted(Matrix matrix) {
    List<Series> series = new ArrayList<>(matrix.series());
    series.sort(Comparator.comparing(Series::labels));
    return new Matrix(series);
  }

  /** Ends the threads; queries that run are cancelled. */
  @Override
  public void close() {
    pool.close();
  }
}
