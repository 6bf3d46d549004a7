package io.varve.http.api;

import io.varve.engine.registry.Registry;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.Map;
import java.util.function.Supplier;

/**
 * {@code /api/v1/status/metrics}: when metrics were last written and last queried, in seconds since
 * the epoch, where that is known: what nobody asks for can be found here. Varve's own; the first
 * {@code limit} metrics by name, or the one of {@code metric}.
 */
public final class MetricActivityHandler implements Handler {
  private final Supplier<Store> store;

  /** Asks a store that is there by the time of the first request. */
  public MetricActivityHandler(Supplier<Store> store) {
    this.store = store;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = arguments.limit();
    String metric = arguments.text("metric");
    Map<String, Registry.Activity> all = store.get().activity().apply(arguments.tenant());
    Answers.success(
        response,
        json -> {
          json.beginList();
          int count = 0;
          for (Map.Entry<String, Registry.Activity> entry : all.entrySet()) {
            if (!metric.isEmpty() && !metric.equals(entry.getKey())) {
              continue;
            }
            if (limit > 0 && count++ == limit) {
              break;
            }
            json.beginObject().key("metric").string(entry.getKey());
            time(json, "lastWritten", entry.getValue().lastWritten());
            time(json, "lastQueried", entry.getValue().lastQueried());
            json.endObject();
          }
          json.endList();
        });
  }

  private static void time(Json json, String key, long millis) throws IOException {
    if (millis != 0) {
      json.key(key).seconds(millis);
    }
  }
}
