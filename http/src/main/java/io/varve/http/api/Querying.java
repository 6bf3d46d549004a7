package io.varve.http.api;

import io.varve.engine.Snapshot;
import io.varve.http.api.ActiveQueries.Active;
import io.varve.http.api.ActiveQueries.Question;
import io.varve.http.api.SharedQueries.Flight;
import io.varve.http.json.ExplanationWriter;
import io.varve.http.json.Json;
import io.varve.http.json.ResultWriter;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.Cancellation;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Scalar;
import io.varve.query.QueryResult.StringResult;
import io.varve.query.QueryResult.Vector;
import io.varve.query.QueryStats;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.Printer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What queries at one time and at many have in common. Any thread. */
public final class Querying {
  private final Reading reading;
  private final boolean storedAggregates;
  private final QueryMeter meter;
  private final ActiveQueries active;
  private final TopQueries top;
  private final SharedQueries shared = new SharedQueries();

  /**
   * Queries through {@code reading}.
   *
   * @param storedAggregates whether long ranges may be answered from stored aggregates
   * @param active where queries stand while they are evaluated
   * @param top where they stand afterwards
   */
  public Querying(
      Reading reading,
      boolean storedAggregates,
      QueryMeter meter,
      ActiveQueries active,
      TopQueries top) {
    this.active = active;
    this.top = top;
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

  /**
   * When a query is evaluated, in milliseconds.
   *
   * @param step 0 for an instant query, whose start is its end
   */
  record Times(long start, long end, long step) {}

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
  void answer(
      Request request,
      Response response,
      Terms terms,
      int limit,
      String tenant,
      String query,
      Times times)
      throws IOException {
    Answer found;
    try {
      found = evaluate(request, terms, question(tenant, query, times));
    } catch (QueryException e) {
      meter.failed(ErrorType.of(e.type()).wireName());
      if (e.type() == QueryException.ErrorType.BAD_DATA) {
        throw ApiException.badParameter("query", String.valueOf(e.getMessage()));
      }
      throw e;
    }
    QueryResult result = found.result();
    long[] queueNanos = {found.queueNanos()};
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

  /** A result, and how long it waited for its turn. */
  private record Answer(QueryResult result, long queueNanos) {}

  private Question question(String tenant, String query, Times times) {
    String canonical;
    try {
      canonical = Printer.print(Parser.parse(query, reading.language()));
    } catch (ParseException e) {
      throw new QueryException(
          QueryException.ErrorType.BAD_DATA, String.valueOf(e.getMessage()), e);
    } catch (StackOverflowError e) {
      canonical = query; // evaluating it tells what is wrong
    }
    return new Question(tenant, query, canonical, times.start(), times.end(), times.step());
  }

  private Answer evaluate(Request request, Terms terms, Question question) throws IOException {
    if (terms.explain()) {
      return compute(request, terms, question, SharedQueries.alone(question));
    }
    SharedQueries.Key key = SharedQueries.Key.of(question, terms);
    Flight other = shared.join(key, reading.storeVersion());
    if (other != null) {
      Answer answer = await(request, terms, other);
      if (other.suits(question, answer.result())) {
        meter.shared();
        return answer;
      }
    }
    Flight mine = shared.begin(key, question);
    try {
      return compute(request, terms, question, mine);
    } finally {
      shared.end(key, mine);
    }
  }

  /** Waits for what another request computes. */
  private static Answer await(Request request, Terms terms, Flight flight) throws IOException {
    long begin = System.nanoTime();
    CompletableFuture<QueryResult> mine = flight.result().copy();
    try (var _ = request.onDisconnect(() -> mine.completeExceptionally(SharedQueries.gone()))) {
      return new Answer(
          mine.get(terms.timeoutMillis(), TimeUnit.MILLISECONDS), System.nanoTime() - begin);
    } catch (TimeoutException e) {
      throw new QueryException(
          QueryException.ErrorType.TIMEOUT, "query timed out in expression evaluation", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SharedQueries.gone();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      flight.leave();
    }
  }

  private Answer compute(Request request, Terms terms, Question question, Flight flight)
      throws IOException {
    long begin = System.nanoTime();
    long[] queueNanos = new long[1];
    Active listed = active.begin(question, flight.cancellation(), flight::clients);
    boolean answered = false;
    try (var _ = request.onDisconnect(flight::leave)) {
      QueryResult result =
          reading.read(
              terms.timeoutMillis(),
              flight.cancellation(),
              store -> {
                queueNanos[0] = System.nanoTime() - begin;
                flight.starts(store.version().getAsLong());
                listed.runs();
              },
              (store, snapshot, cancellation) ->
                  ask(terms, question, queueNanos[0], store, snapshot, cancellation));
      flight.result().complete(result);
      answered = true;
      long nanos = System.nanoTime() - begin - queueNanos[0];
      meter.answered(nanos, queueNanos[0], result.stats());
      return new Answer(result, queueNanos[0]);
    } catch (RuntimeException | Error e) {
      flight.result().completeExceptionally(e);
      throw e;
    } finally {
      active.end(listed);
      top.count(
          question,
          System.nanoTime() - begin - queueNanos[0],
          flight.cancellation().samplesRead(),
          !answered);
    }
  }

  private QueryResult ask(
      Terms terms,
      Question question,
      long queueNanos,
      Store store,
      Snapshot snapshot,
      Cancellation cancellation) {
    long left = terms.timeoutMillis() - queueNanos / 1_000_000;
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
    QueryEngine queries = store.queries();
    return question.step() == 0
        ? queries.instant(snapshot, question.tenant(), question.text(), question.start(), options)
        : queries.range(
            snapshot,
            question.tenant(),
            question.text(),
            question.start(),
            question.end(),
            question.step(),
            options);
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
