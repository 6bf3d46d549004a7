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
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

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
      long timeoutMillis,
      long lookbackMillis,
      String stats,
      boolean explain,
      boolean cache,
      Stored stored) {
    /** True if samples are to be counted step by step, where that is offered. */
    boolean stepStats() {
      return stats.equals("all");
    }
  }

  /** What stored aggregates a query may use instead of samples. */
  enum Stored {
    /** None: bit by bit what the samples give. */
    NONE,
    /** Those of the blocks in data files. */
    BLOCKS,
    /** Continuous aggregates, too. */
    ALL;

    static Stored of(String text) {
      return switch (text) {
        case "", "all" -> ALL;
        case "blocks" -> BLOCKS;
        case "none" -> NONE;
        default ->
            throw ApiException.badParameter(
                "aggregates", "\"" + text + "\" is none of all, blocks, none");
      };
    }
  }

  /**
   * When a query is evaluated, in milliseconds.
   *
   * @param step 0 for an instant query, whose start is its end
   */
  record Times(long start, long end, long step) {}

  /**
   * Reads {@code timeout}, {@code lookback_delta}, {@code stats}, {@code explain}, {@code nocache}
   * and {@code aggregates}. Statistics and explanations are of the whole query, so they go past the
   * cache; so do queries that may not use all stored aggregates.
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
    Stored stored = Stored.of(arguments.text("aggregates"));
    boolean cache =
        !arguments.flag("nocache") && !explain && stats.isEmpty() && stored == Stored.ALL;
    return new Terms(timeout, lookback, stats, explain, cache, stored);
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
            stats(json, result.stats(), found.queueNanos());
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
      canonical = reading.canonical(query);
    } catch (ParseException e) {
      throw new QueryException(
          QueryException.ErrorType.BAD_DATA, String.valueOf(e.getMessage()), e);
    } catch (StackOverflowError e) {
      canonical = query; // evaluating it tells what is wrong
    }
    return new Question(tenant, query, canonical, times.start(), times.end(), times.step());
  }

  private Answer evaluate(Request request, Terms terms, Question question) {
    if (terms.timeoutMillis() <= 0) {
      throw new QueryException(
          QueryException.ErrorType.TIMEOUT, "query timed out in expression evaluation");
    }
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(terms.timeoutMillis());
    if (terms.explain()) {
      Flight alone = SharedQueries.alone(question);
      return computed(request, until, alone, () -> compute(terms, question, alone));
    }
    SharedQueries.Key key = SharedQueries.Key.of(question, terms);
    Flight other = shared.join(key, reading.storeVersion());
    if (other != null) {
      long begin = System.nanoTime();
      QueryResult result = other.await(request, until);
      if (other.suits(question, result)) {
        meter.shared();
        return new Answer(result, System.nanoTime() - begin);
      }
    }
    Flight mine = shared.begin(key, question, reading.limits().timeoutMillis());
    return computed(
        request,
        until,
        mine,
        () -> {
          try {
            compute(terms, question, mine);
          } finally {
            shared.end(key, mine);
          }
        });
  }

  /** Computes on another thread, which may go on for others when this request's time is over. */
  private static Answer computed(Request request, long until, Flight flight, Runnable work) {
    Thread.ofVirtual().name("query").start(work);
    // In an I/O thread the work goes first, and is mostly done when this comes back: then there is
    // nothing to wait for, and no timer to set.
    Thread.yield();
    return new Answer(flight.await(request, until), flight.queueNanos());
  }

  private void compute(Terms terms, Question question, Flight flight) {
    Active listed = active.begin(question, flight.cancellation(), flight::clients);
    QueryResult result = null;
    Throwable failure = null;
    try {
      result =
          reading.read(
              reading.limits().timeoutMillis(),
              flight.cancellation(),
              store -> {
                flight.starts(store.version().getAsLong());
                listed.runs();
              },
              (store, snapshot, cancellation) ->
                  ask(terms, question, store, snapshot, cancellation));
      long queued = flight.queueNanos();
      meter.answered(System.nanoTime() - flight.begunNanos() - queued, queued, result.stats());
    } catch (RuntimeException | Error e) {
      failure = e;
    } finally {
      active.end(listed);
      top.count(
          question,
          System.nanoTime() - flight.begunNanos() - flight.queueNanos(),
          flight.cancellation().samplesRead(),
          result == null);
    }
    if (failure == null) {
      flight.result().complete(result);
    } else {
      flight.result().completeExceptionally(failure);
    }
  }

  private QueryResult ask(
      Terms terms, Question question, Store store, Snapshot snapshot, Cancellation cancellation) {
    // It ends when nobody waits any more: those who join as late as they may wait twice as long.
    long longest = 2 * reading.limits().timeoutMillis();
    QueryOptions options =
        new QueryOptions(
            terms.lookbackMillis(),
            reading.limits().withTimeoutMillis(longest),
            storedAggregates && terms.stored() != Stored.NONE,
            cancellation,
            terms.explain(),
            terms.cache(),
            terms.stepStats(),
            terms.stored() == Stored.ALL,
            terms.stored() == Stored.ALL);
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
        .beginObject();
    QueryStats.Steps steps = stats.steps();
    if (steps != null) {
      byStep(json.key("totalQueryableSamplesPerStep"), steps, steps.queryable());
    }
    json.key("totalQueryableSamples").number(stats.totalQueryableSamples());
    if (steps != null) {
      byStep(json.key("samplesReadPerStep"), steps, steps.read());
    }
    json.key("samplesRead")
        .number(stats.samplesRead())
        .key("peakSamples")
        .number(stats.peakSamples())
        .endObject()
        .endObject();
  }

  private static void byStep(Json json, QueryStats.Steps steps, long[] counts) throws IOException {
    json.beginList();
    for (int s = 0; s < counts.length; s++) {
      json.beginList().seconds(steps.start() + s * steps.step()).number(counts[s]).endList();
    }
    json.endList();
  }
}
