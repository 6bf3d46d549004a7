package io.varve.http.api;

import io.varve.engine.EngineStats;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.TimeRange;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code /api/v1/status/tsdb}: where the series come from: the metrics, labels and pairs with most
 * of them, over the time that the open head spans.
 */
public final class TsdbStatusHandler implements Handler {
  private static final int DEFAULT_LIMIT = 10;
  private static final int MOST_LIMIT = 10_000;
  private static final int ENTRY_BYTES = 100;
  private static final int SERIES_PER_CHECK = 1_024;

  private final Reading reading;

  /** Reads through {@code reading}. */
  public TsdbStatusHandler(Reading reading) {
    this.reading = reading;
  }

  private record Cardinality(
      long series,
      Map<String, Long> seriesByMetric,
      Map<String, Long> valuesByLabel,
      Map<String, Long> bytesByLabel,
      Map<String, Long> seriesByPair) {}

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = limit(arguments);
    String tenant = arguments.tenant();
    EngineStats[] stats = new EngineStats[1];
    Cardinality found =
        reading.read(
            request,
            reading.limits().timeoutMillis(),
            (store, snapshot, cancellation) -> {
              EngineStats now = store.stats().get();
              stats[0] = now;
              TimeRange head = TimeRange.closed(now.headMinTime(), now.headMaxTime());
              return count(
                  snapshot, tenant, head, new RequestBudget(reading.limits(), cancellation));
            });
    EngineStats now = stats[0];
    Answers.success(
        response,
        json -> {
          json.beginObject()
              .key("headStats")
              .beginObject()
              .key("numSeries")
              .number(found.series())
              .key("numLabelPairs")
              .number(found.seriesByPair().size())
              .key("chunkCount")
              .number(now.chunkFiles())
              .key("minTime")
              .number(now.headMinTime())
              .key("maxTime")
              .number(now.headMaxTime())
              .endObject();
          top(json, "seriesCountByMetricName", found.seriesByMetric(), limit);
          top(json, "labelValueCountByLabelName", found.valuesByLabel(), limit);
          top(json, "memoryInBytesByLabelName", found.bytesByLabel(), limit);
          top(json, "seriesCountByLabelValuePair", found.seriesByPair(), limit);
          json.endObject();
        });
  }

  private static int limit(Arguments arguments) {
    String text = arguments.text("limit");
    if (text.isEmpty()) {
      return DEFAULT_LIMIT;
    }
    int limit;
    try {
      limit = Arguments.parseInt(text);
    } catch (IllegalArgumentException e) {
      limit = 0;
    }
    if (limit < 1) {
      throw ApiException.badData("limit must be a positive number");
    }
    if (limit > MOST_LIMIT) {
      throw ApiException.badData("limit must not exceed " + MOST_LIMIT);
    }
    return limit;
  }

  private static Cardinality count(
      Snapshot snapshot, String tenant, TimeRange range, RequestBudget budget) {
    Map<String, Long> metrics = new HashMap<>();
    Map<String, Long> values = new HashMap<>();
    Map<String, Long> bytes = new HashMap<>();
    Map<String, Long> pairs = new HashMap<>();
    int size = 0;
    if (!range.isEmpty()) {
      SeriesSet set = snapshot.select(tenant, List.of(), range, budget);
      size = set.size();
      for (int i = 0; i < size; i++) {
        if (i % SERIES_PER_CHECK == 0) {
          budget.check();
        }
        Labels labels = set.labels(i);
        metrics.merge(labels.get(Labels.METRIC_NAME), 1L, Long::sum);
        for (int k = 0; k < labels.size(); k++) {
          String name = labels.name(k);
          String value = labels.value(k);
          if (pairs.merge(name + "=" + value, 1L, Long::sum) == 1) {
            budget.chargeBytes(ENTRY_BYTES + (long) name.length() + value.length());
            values.merge(name, 1L, Long::sum);
          }
          bytes.merge(name, utf8Length(name) + utf8Length(value), Long::sum);
        }
      }
    }
    return new Cardinality(size, metrics, values, bytes, pairs);
  }

  private static long utf8Length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void top(Json json, String key, Map<String, Long> counts, int limit)
      throws IOException {
    List<Map.Entry<String, Long>> entries = new ArrayList<>(counts.entrySet());
    entries.sort(
        Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
            .thenComparing(Map.Entry.comparingByKey()));
    json.key(key).beginList();
    for (Map.Entry<String, Long> entry : entries.subList(0, Math.min(limit, entries.size()))) {
      json.beginObject()
          .key("name")
          .string(entry.getKey())
          .key("value")
          .number(entry.getValue())
          .endObject();
    }
    json.endList();
  }
}
