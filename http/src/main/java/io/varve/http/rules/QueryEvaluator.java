package io.varve.http.rules;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.query.Cancellation;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import io.varve.retention.rules.Evaluator;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.RuleSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Lets the query engine answer the queries of rules: for the default tenant, or for others by
 * {@link #of}. Any thread.
 */
public final class QueryEvaluator implements Evaluator {
  private final QueryEngine engine;
  private final Supplier<Snapshot> snapshots;
  private final ParserOptions language;
  private final QueryOptions options;
  private final Set<Cancellation> running = ConcurrentHashMap.newKeySet();
  private volatile boolean cancelled;

  /**
   * Of all of PromQL, whatever is switched on in servers.
   *
   * @param snapshots a snapshot for each query, closed after it
   */
  public QueryEvaluator(QueryEngine engine, Supplier<Snapshot> snapshots) {
    this(engine, snapshots, ParserOptions.ALL, QueryOptions.DEFAULT);
  }

  /**
   * @param language what rules may use
   */
  QueryEvaluator(
      QueryEngine engine,
      Supplier<Snapshot> snapshots,
      ParserOptions language,
      QueryOptions options) {
    this.engine = engine;
    this.snapshots = snapshots;
    this.language = language;
    this.options = options;
  }

  /**
   * The canonical text of an expression.
   *
   * @throws RuleException if it does not parse
   */
  static String canonical(String expression, ParserOptions language) {
    try {
      return Parser.parse(expression, language).toString();
    } catch (ParseException e) {
      throw new RuleException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public String check(String expression) {
    return canonical(expression, language);
  }

  /** Ends all queries, those to come included. */
  void cancel() {
    cancelled = true;
    running.forEach(Cancellation::cancel);
  }

  /** Answers the queries of a tenant's rules, as part of this. */
  Evaluator of(String tenant) {
    return tenant.isEmpty() ? this : new OfTenant(tenant);
  }

  private final class OfTenant implements Evaluator {
    private final String tenant;

    OfTenant(String tenant) {
      this.tenant = tenant;
    }

    @Override
    public String check(String expression) {
      return QueryEvaluator.this.check(expression);
    }

    @Override
    public List<RuleSample> evaluate(String expression, long timeMillis) {
      return QueryEvaluator.this.evaluate(tenant, expression, timeMillis);
    }

    @Override
    public String text(Histogram histogram) {
      return QueryEvaluator.this.text(histogram);
    }
  }

  @Override
  public List<RuleSample> evaluate(String expression, long timeMillis) {
    return evaluate("", expression, timeMillis);
  }

  private List<RuleSample> evaluate(String tenant, String expression, long timeMillis) {
    Cancellation cancellation = new Cancellation();
    running.add(cancellation);
    QueryResult result;
    try (Snapshot snapshot = snapshots.get()) {
      if (cancelled) {
        cancellation.cancel();
      }
      result =
          engine.instant(
              snapshot, tenant, expression, timeMillis, options.withCancellation(cancellation));
    } catch (QueryException e) {
      throw new RuleException(String.valueOf(e.getMessage()));
    } finally {
      running.remove(cancellation);
    }
    return switch (result.value()) {
      case QueryResult.Scalar s -> List.of(new RuleSample(Labels.EMPTY, s.value(), null));
      case QueryResult.Vector v -> {
        List<RuleSample> samples = new ArrayList<>();
        for (int i = 0; i < v.size(); i++) {
          FloatHistogram histogram = v.histogram(i);
          samples.add(
              new RuleSample(
                  v.labels()[i], v.values()[i], histogram == null ? null : histogram.toStored()));
        }
        yield samples;
      }
      case QueryResult.Matrix _, QueryResult.StringResult _ ->
          throw new RuleException("rule result is not a vector or scalar");
    };
  }

  @Override
  public String text(Histogram histogram) {
    return FloatHistogram.of(histogram).toString();
  }
}
