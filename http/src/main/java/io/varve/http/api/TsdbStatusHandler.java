package io.varve.http.api;

import io.varve.engine.EngineStats;
import io.varve.engine.index.LabelStats;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;

/**
 * {@code /api/v1/status/tsdb}: where the series in the head come from: the metrics, labels and
 * pairs with most of them. There are no chunks in the head; {@code chunkCount} is that of the
 * files.
 */
public final class TsdbStatusHandler implements Handler {
  private static final int DEFAULT_LIMIT = 10;
  private static final int MOST_LIMIT = 10_000;

  private final Supplier<Store> store;

  /** Asks a store that is there by the time of the first request. */
  public TsdbStatusHandler(Supplier<Store> store) {
    this.store = store;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = limit(arguments);
    EngineStats stats = store.get().stats().get();
    LabelStats labels = store.get().labels().of(arguments.tenant(), limit);
    Answers.success(
        response,
        json -> {
          json.beginObject()
              .key("headStats")
              .beginObject()
              .key("numSeries")
              .number(labels.series())
              .key("numLabelPairs")
              .number(labels.labelPairs())
              .key("chunkCount")
              .number(stats.chunkFiles())
              .key("minTime")
              .number(stats.headMinTime())
              .key("maxTime")
              .number(stats.headMaxTime())
              .endObject();
          list(json, "seriesCountByMetricName", labels.seriesByMetric());
          list(json, "labelValueCountByLabelName", labels.valuesByLabel());
          list(json, "memoryInBytesByLabelName", labels.valueBytesByLabel());
          list(json, "seriesCountByLabelValuePair", labels.seriesByPair());
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

  private static void list(Json json, String key, List<LabelStats.Count> counts)
      throws IOException {
    json.key(key).beginList();
    for (LabelStats.Count count : counts) {
      json.beginObject()
          .key("name")
          .string(count.name())
          .key("value")
          .number(count.count())
          .endObject();
    }
    json.endList();
  }
}
