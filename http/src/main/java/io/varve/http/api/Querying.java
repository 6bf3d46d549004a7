package io.varve.http.api;

import io.varve.engine.Snapshot;
import io.varve.http.json.ExplanationWriter;
import io.varve.http.json.Json;
import io.varve.http.json.ResultWriter;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import io.varve.query.QueryStats;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What queries at one time and at many have in common. Any thread. */
public final class Querying {
  private final Reading reading;
  private final boolean storedAggregates;
  private final QueryMeter meter;

  /**
   * Queries through {@code reading}.
   *
   * @param storedAggregates whether long ranges may be answered from stored aggregates
   */
  public Querying(Reading reading, boolean storedAggregates, QueryMeter meter) {
    this.reading = reading;
    this.storedAggregates = storedAggregates;
    this.meter = meter;
  }

  /**
   * What a request asks for besides the query.
   *
   * @param timeoutMillis queueing and evaluation together
   * @param lookbackMillis 0 for the default
   * @param stats as given; "" for none
   * @param explain whether the answer tells what each node of the plan did
   * @param cache whether the result cache may be used
   */
  record Terms(
      long timeoutMillis, long lookbackMillis, String stats, boolean explain, boolean cache) {}

  /** Evaluates. */
  interface Evaluation {
    /** Evaluates on a snapshot. */
    QueryResult evaluate(Store store, Snapshot snapshot, QueryOptions options);
  }

  /**
   * Reads {@code timeout}, {@code lookback_delta}, {@code stats}, {@code explain} and {@code
   * nocache}. Statistics and explanations are of the whole query, so they go past the cache.
   */
  Terms terms(Arguments arguments) {
    long timeout = reading.limits().timeoutMillis();
    if (!arguments.text("timeout").isEmpty()) {
      timeout = Math.min(timeout, arguments.duration("timeout"));
    }
    long lookback = 0;
    String text = arguments.text("lookback_delta");
    if (!text.isEmpty()) {
      try {
        lookback = Math.max(0, Arguments.parseDuration(text));
      } catch (IllegalArgumentException e) {
        throw ApiException.badData("error parsing lookback delta duration: " + e.getMessage());
      }
    }
    String stats = arguments.text("stats");
    boolean explain = arguments.flag("explain");
    boolean cache = !arguments.flag("nocache") && !explain && stats.isEmpty();
    return new Terms(timeout, lookback, stats, explain, cache);
  }

  /** Evaluates and answers. */
  void answer(Request request, Response response, Terms terms, int limit, Evaluation evaluation)
      throws IOException {
    long begin = System.nanoTime();
    long[] queueNanos = new long[1];
    QueryResult result;
    try {
      result =
          reading.read(
              request,
              terms.timeoutMillis(),
              (store, snapshot, cancellation) -> {
                queueNanos[0] = System.nanoTime() - begin;
                long left = terms.timeoutMillis() - queueNanos[0] / 1_000_000;
                if (left <= 0) {
                  throw new ApiException(ErrorType.TIMEOUT, "query timed out in query queue");
                }
                QueryOptions options =
                    new QueryOptions(
                        terms.lookbackMillis(),
                        reading.limits().withTimeoutMillis(left),
                        storedAggregates,
                        cancellation,
                        terms.explain(),
                        terms.cache());
                return evaluation.evaluate(store, snapshot, options);
              });
    } catch (QueryException e) {
      meter.failed(ErrorType.of(e.type()).wireName());
      if (e.type() == QueryException.ErrorType.BAD_DATA) {
        throw ApiException.badParameter("query", String.valueOf(e.getMessage()));
      }
      throw e;
    }
    meter.answered(System.nanoTime() - begin - queueNanos[0], queueNanos[0], result.stats());
    List<String> warnings = new ArrayList<>(result.warnings());
    boolean cut = limit > 0 && seriesOf(result.value()) > limit;
    warnings.addAll(Answers.truncated(cut));
    QueryResult.Value value = cut ? truncate(result.value(), limit) : result.value();
    if (!terms.stats().isEmpty() && !terms.stats().equals("true") && !terms.stats().equals("all")) {
      warnings.add(
          "value \""
              + terms.stats()
              + "\" for parameter \"stats\" is deprecated and will be rejected in the next major"
              + " release, use \"true\" or \"all\"");
    }
    Answers.success(
        response,
        json -> {
          json.beginObject();
          new ResultWriter(json).write(value);
          if (!terms.stats().isEmpty()) {
            stats(json, result.stats(), queueNanos[0]);
          }
          if (terms.explain()) {
            ExplanationWriter.write(json.key("explain"), result.explanation());
          }
          json.endObject();
        },
        warnings,
        result.infos());
  }

  private static int seriesOf(QueryResult.Value value) {
    return switch (value) {
      case Scalar _, StringResult _ -> 0;
      case Vector vector -> vector.size();
      case Matrix matrix -> matrix.series().size();
    };
  }

  private static QueryResult.Value truncate(QueryResult.Value value, int limit) {
    return switch (value) {
      case Scalar scalar -> scalar;
      case StringResult string -> string;
      case Vector vector ->
          new Vector(
              vector.timeMillis(),
              Arrays.copyOf(vector.labels(), limit),
              Arrays.copyOf(vector.values(), limit),
              vector.histograms() == null ? null : Arrays.copyOf(vector.histograms(), limit));
      case Matrix matrix -> new Matrix(matrix.series().subList(0, limit));
    };
  }

  private static void stats(Json json, QueryStats stats, long queueNanos) throws IOException {
    double eval = stats.evalNanos() / 1e9;
    double sort = stats.sortNanos() / 1e9;
    double parse = stats.parseNanos() / 1e9;
    double queue = queueNanos / 1e9;
    json.key("stats")
        .beginObject()
        .key("timings")
        .beginObject()
        .key("evalTotalTime")
        .number(parse + eval)
        .key("resultSortTime")
        .number(sort)
        .key("queryPreparationTime")
        .number(parse)
        .key("innerEvalTime")
        .number(Math.max(0, eval - sort))
        .key("execQueueTime")
        .number(queue)
        .key("execTotalTime")
        .number(parse + eval + queue)
        .endObject()
        .key("samples")
        .beginObject()
        .key("totalQueryableSamples")
        .number(stats.totalQueryableSamples())
        .key("samplesRead")
        .number(stats.samplesRead())
        .key("peakSamples")
        .number(stats.peakSamples())
        .endObject()
        .endObject();
  }
}
