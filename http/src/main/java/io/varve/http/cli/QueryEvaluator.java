package io.varve.http.cli;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
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
import java.util.function.Supplier;

/** Lets the query engine answer the queries of rules. */
final class QueryEvaluator implements Evaluator {
  private final QueryEngine engine;
  private final Supplier<Snapshot> snapshots;

  /**
   * @param snapshots a snapshot for each query, closed after it
   */
  QueryEvaluator(QueryEngine engine, Supplier<Snapshot> snapshots) {
    this.engine = engine;
    this.snapshots = snapshots;
  }

  @Override
  public String check(String expression) {
    try {
      return Parser.parse(expression, ParserOptions.ALL).toString();
    } catch (ParseException e) {
      throw new RuleException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public List<RuleSample> evaluate(String expression, long timeMillis) {
    QueryResult result;
    try (Snapshot snapshot = snapshots.get()) {
      result = engine.instant(snapshot, "", expression, timeMillis, QueryOptions.DEFAULT);
    } catch (QueryException e) {
      throw new RuleException(String.valueOf(e.getMessage()));
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
      case QueryResult.Matrix m -> throw new RuleException("rule result is not a vector or scalar");
      case QueryResult.StringResult s ->
          throw new RuleException("rule result is not a vector or scalar");
    };
  }
}
