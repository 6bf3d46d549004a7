package io.varve.http.replay;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.http.json.GoFloat;
import io.varve.query.QueryEngine;
import io.varve.query.QueryException;
import io.varve.query.QueryException.ErrorType;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import io.varve.query.QueryResult.Matrix;
import io.varve.query.QueryResult.Series;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The history of a running server: expressions are evaluated there, over the query API; samples for
 * expressions that also read replayed series come by remote read. Histograms are evaluated here,
 * since the JSON of the API does not tell them as they are stored.
 */
public final class ServerHistory implements History {
  private final ServerConnection server;
  private final QueryEngine queries;
  private final ServerSamples samples;

  /**
   * Asks nothing yet.
   *
   * @param server stays the caller's
   * @param queries evaluates what the server cannot; stays the caller's
   * @param externalLabels those that the server adds to what is read by remote read
   * @param last end of the replay, milliseconds since the epoch
   */
  public ServerHistory(
      ServerConnection server, QueryEngine queries, Map<String, String> externalLabels, long last) {
    this.server = server;
    this.queries = queries;
    Labels.Builder labels = new Labels.Builder();
    externalLabels.forEach(labels::set);
    samples = new ServerSamples(server, labels.build(), last);
  }

  @Override
  public Matrix range(String expression, long start, long end, long step) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("query", expression);
    parameters.put("start", seconds(start));
    parameters.put("end", seconds(end));
    parameters.put("step", seconds(step));
    List<Series> series = series(ask("/api/v1/query_range", parameters).path("result"));
    if (series == null) {
      try (Snapshot snapshot = samples.snapshot()) {
        return (Matrix)
            queries.range(snapshot, "", expression, start, end, step, QueryOptions.DEFAULT).value();
      }
    }
    return new Matrix(series);
  }

  @Override
  public QueryResult.Value instant(String expression, long time) {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("query", expression);
    parameters.put("time", seconds(time));
    JsonNode data = ask("/api/v1/query", parameters);
    JsonNode result = data.path("result");
    return switch (data.path("resultType").asText()) {
      case "scalar" -> new QueryResult.Scalar(time, number(result.path(1)));
      case "vector" -> vector(expression, time, series(result));
      default ->
          throw new QueryException(ErrorType.BAD_DATA, "rule result is not a vector or scalar");
    };
  }

  private QueryResult.Value vector(String expression, long time, @Nullable List<Series> series) {
    if (series == null) {
      try (Snapshot snapshot = samples.snapshot()) {
        return queries.instant(snapshot, "", expression, time, QueryOptions.DEFAULT).value();
      }
    }
    Labels[] labels = new Labels[series.size()];
    double[] values = new double[series.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = series.get(i).labels();
      values[i] = series.get(i).values()[0];
    }
    return new QueryResult.Vector(time, labels, values);
  }

  private JsonNode ask(String path, Map<String, String> parameters) {
    JsonNode answer;
    try {
      answer = server.api(path, parameters);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (answer.path("status").asText().equals("success")) {
      return answer.path("data");
    }
    String text = answer.path("error").asText("the server says nothing");
    String wireName = answer.path("errorType").asText();
    for (ErrorType type : ErrorType.values()) {
      if (type.wireName().equals(wireName)) {
        throw new QueryException(type, text);
      }
    }
    throw new UncheckedIOException(new IOException("the server fails: " + text));
  }

  /** Null if there is a histogram among them. */
  private static @Nullable List<Series> series(JsonNode result) {
    List<Series> all = new ArrayList<>(result.size());
    for (JsonNode one : result) {
      if (one.has("histogram") || one.has("histograms")) {
        return null;
      }
      Labels.Builder labels = new Labels.Builder();
      one.path("metric").properties().forEach(l -> labels.set(l.getKey(), l.getValue().asText()));
      if (one.has("value")) {
        all.add(
            new Series(
                labels.build(),
                new long[] {millis(one.path("value").path(0))},
                new double[] {number(one.path("value").path(1))}));
        continue;
      }
      JsonNode points = one.path("values");
      long[] times = new long[points.size()];
      double[] values = new double[points.size()];
      for (int i = 0; i < times.length; i++) {
        times[i] = millis(points.path(i).path(0));
        values[i] = number(points.path(i).path(1));
      }
      all.add(new Series(labels.build(), times, values));
    }
    return all;
  }

  private static long millis(JsonNode seconds) {
    return Math.round(seconds.asDouble() * 1000);
  }

  private static double number(JsonNode text) {
    OptionalDouble number = GoFloat.parse(text.asText());
    if (number.isEmpty()) {
      throw new UncheckedIOException(new IOException("the server answers no number: " + text));
    }
    return number.getAsDouble();
  }

  private static String seconds(long millis) {
    return BigDecimal.valueOf(millis, 3).toPlainString();
  }

  @Override
  public Snapshot snapshot() {
    return samples.snapshot();
  }

  @Override
  public String tenant() {
    return "";
  }

  @Override
  public void close() {
    samples.close();
  }
}
