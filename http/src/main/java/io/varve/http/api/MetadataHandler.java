package io.varve.http.api;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Metadata;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code /api/v1/metadata}: type, unit and help of metrics, as remote write told them. One entry
 * per metric: the newest.
 */
public final class MetadataHandler implements Handler {
  private final Reading reading;

  /** Reads through {@code reading}. */
  public MetadataHandler(Reading reading) {
    this.reading = reading;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = arguments.numberOr("limit", -1);
    var _ = arguments.numberOr("limit_per_metric", -1); // checked, but one entry is all there is
    String metric = arguments.text("metric");
    String tenant = arguments.tenant();
    Map<String, Metadata> all =
        reading.look(request, (snapshot, budget) -> find(snapshot, tenant, metric));
    Answers.success(
        response,
        json -> {
          json.beginObject();
          int count = 0;
          for (Map.Entry<String, Metadata> entry : all.entrySet()) {
            if (limit >= 0 && count++ == limit) {
              break;
            }
            json.key(entry.getKey()).beginList();
            Metadata metadata = entry.getValue();
            json.beginObject()
                .key("type")
                .string(metadata.type())
                .key("unit")
                .string(metadata.unit())
                .key("help")
                .string(metadata.help())
                .endObject();
            json.endList();
          }
          json.endObject();
        });
  }

  private static Map<String, Metadata> find(Snapshot snapshot, String tenant, String metric) {
    Map<String, Metadata> all = snapshot.metadata(tenant);
    if (metric.isEmpty()) {
      return new TreeMap<>(all);
    }
    Metadata only = all.get(metric);
    return only == null ? Map.of() : Map.of(metric, only);
  }
}
