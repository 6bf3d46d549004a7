package io.varve.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporterBuilder;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.export.AggregationTemporalitySelector;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OTLP metrics as a collector or an SDK writes them to a running server. */
final class OtlpReceiverTest {
  private static final String PATH = "/api/v1/otlp/v1/metrics";
  private static final long S = 1_700_000_400L;

  @TempDir Path dir;

  private Server started(String settings) throws IOException {
    Path file = dir.resolve("varve.yaml");
    Files.writeString(file, settings);
    ServerConfig config = ServerConfig.load(file);
    Server server =
        new Server(config.withListen(new Address("127.0.0.1", 0)).withDataDir(dir.resolve("data")));
    server.recover();
    return server;
  }

  private static ApiClient client(Server server) {
    return new ApiClient(server.address().getPort());
  }

  private static HttpResponse<String> post(
      ApiClient client, byte[] body, String type, @Nullable String encoding) throws Exception {
    HttpRequest.Builder request = client.to(PATH).header("Content-Type", type);
    if (encoding != null) {
      request.header("Content-Encoding", encoding);
    }
    return client.send(request.POST(HttpRequest.BodyPublishers.ofByteArray(body)).build());
  }

  private static String json(String metrics) {
    return """
    {"resourceMetrics": [{
      "resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "cart"}},
        {"key": "host.name", "value": {"stringValue": "h1"}}]},
      "scopeMetrics": [{"metrics": [%s]}]}]}
    """
        .formatted(metrics);
  }

  private static String gauge(String name, String value) {
    return """
    {"name": "%s", "unit": "By", "description": "What it is", "gauge": {"dataPoints": [
      {"asDouble": %s, "timeUnixNano": "%d000000000"}]}}
    """
        .formatted(name, value, S);
  }

  private static List<String> results(ApiClient client, String query) throws Exception {
    List<String> values = new ArrayList<>();
    JsonNode data =
        client.data("/api/v1/query", "query", query, "time", Long.toString(S)).get("result");
    for (JsonNode series : data) {
      values.add(series.get("metric") + " " + series.get("value").get(1).asText());
    }
    return values;
  }

  @Test
  void whatIsWrittenCanBeAskedFor() throws Exception {
    try (Server server = started("log_level: info\n");
        ApiClient client = client(server)) {
      byte[] body = json(gauge("memory.used", "1.5")).getBytes(UTF_8);
      HttpResponse<String> written = post(client, body, "application/json", null);
      assertThat(written.body()).isEmpty();
      assertThat(written.statusCode()).isEqualTo(200);
      ByteArrayOutputStream zipped = new ByteArrayOutputStream();
      try (OutputStream out = new GZIPOutputStream(zipped)) {
        out.write(json(gauge("memory.free", "2")).getBytes(UTF_8));
      }
      assertThat(post(client, zipped.toByteArray(), "application/json", "gzip").statusCode())
          .isEqualTo(200);
      assertThat(results(client, "{__name__=~\"memory.*\"}"))
          .containsExactlyInAnyOrder(
              "{\"__name__\":\"memory_used_bytes\",\"job\":\"cart\"} 1.5",
              "{\"__name__\":\"memory_free_bytes\",\"job\":\"cart\"} 2");
      assertThat(results(client, "target_info"))
          .containsExactly(
              "{\"__name__\":\"target_info\",\"host_name\":\"h1\",\"job\":\"cart\"} 1");
      assertThat(client.data("/api/v1/metadata", "metric", "memory_used_bytes").toString())
          .isEqualTo(
              "{\"memory_used_bytes\":[{\"type\":\"gauge\",\"unit\":\"bytes\","
                  + "\"help\":\"What it is\"}]}");
      assertThat(client.data("/api/v1/features").at("/api/otlp_write_receiver").asBoolean())
          .isTrue();
      assertThat(client.data("/api/v1/status/flags").get("web.enable-otlp-receiver").asText())
          .isEqualTo("true");
      assertThat(client.get("/metrics").body())
          .contains("varve_ingest_requests_total{code=\"200\"} 2")
          .contains("varve_ingest_rejected_total{reason=\"untranslatable\"} 0");
    }
  }

  @Test
  void refusalsAreText() throws Exception {
    try (Server server = started("ingest:\n  max_body_bytes: 1KiB\n");
        ApiClient client = client(server)) {
      HttpResponse<String> answer = post(client, new byte[0], "text/plain", null);
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
      assertThat(answer.body()).startsWith("unsupported content type: text/plain");
      assertThat(post(client, new byte[2_048], "application/json", null).statusCode())
          .isEqualTo(413);
      byte[] half = json(gauge("a", "1") + "," + "{\"name\": \"b\"}").getBytes(UTF_8);
      answer = post(client, half, "application/json", null);
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).contains("\"b\"");
      assertThat(results(client, "a_bytes")).hasSize(1);
      assertThat(client.get(PATH).statusCode()).isEqualTo(405);
    }
  }

  @Test
  void theReceiverCanBeSwitchedOff() throws Exception {
    try (Server server = started("otlp:\n  enabled: false\n");
        ApiClient client = client(server)) {
      HttpResponse<String> answer = post(client, new byte[0], "application/json", null);
      assertThat(answer.statusCode()).isEqualTo(404);
      assertThat(answer.body())
          .isEqualTo(
              "otlp write receiver needs to be enabled with `otlp.enabled: true` in the"
                  + " configuration\n");
      assertThat(client.data("/api/v1/features").at("/api/otlp_write_receiver").asBoolean())
          .isFalse();
    }
  }

  @Test
  void settingsAreObeyed() throws Exception {
    String settings =
        """
        otlp:
          translation_strategy: NoTranslation
          promote_resource_attributes: [host.name]
        """;
    try (Server server = started(settings);
        ApiClient client = client(server)) {
      byte[] body = json(gauge("memory.used", "1.5")).getBytes(UTF_8);
      assertThat(post(client, body, "application/json", null).statusCode()).isEqualTo(200);
      assertThat(results(client, "{\"memory.used\", \"host.name\"=\"h1\"}"))
          .containsExactly(
              "{\"__name__\":\"memory.used\",\"host.name\":\"h1\",\"job\":\"cart\"} 1.5");
    }
  }

  /**
   * A provider that exports when it is told to.
   *
   * @param exponential the instrument that is to have exponential buckets
   */
  private static SdkMeterProvider provider(
      Server server,
      OtlpHttpMetricExporterBuilder exporter,
      String exponential,
      Attributes resource) {
    exporter.setEndpoint("http://127.0.0.1:" + server.address().getPort() + PATH);
    return SdkMeterProvider.builder()
        .setResource(Resource.create(resource))
        .registerView(
            InstrumentSelector.builder().setName(exponential).build(),
            View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build())
        .registerMetricReader(
            PeriodicMetricReader.builder(exporter.build()).setInterval(Duration.ofHours(1)).build())
        .build();
  }

  @Test
  void theSdkWritesCountersAndHistograms() throws Exception {
    try (Server server = started("log_level: info\n");
        ApiClient client = client(server)) {
      SdkMeterProvider provider =
          provider(
              server,
              OtlpHttpMetricExporter.builder().setCompression("gzip"),
              "latency.exponential",
              Attributes.of(
                  AttributeKey.stringKey("service.name"), "shop",
                  AttributeKey.stringKey("service.instance.id"), "one",
                  AttributeKey.stringKey("cloud.region"), "eu"));
      try {
        Meter meter = provider.get("test");
        LongCounter orders = meter.counterBuilder("orders").setUnit("{order}").build();
        DoubleHistogram classic = meter.histogramBuilder("latency.classic").setUnit("s").build();
        DoubleHistogram exponential =
            meter.histogramBuilder("latency.exponential").setUnit("s").build();
        Attributes paid = Attributes.of(AttributeKey.stringKey("order.state"), "paid");
        for (int i = 1; i <= 100; i++) {
          orders.add(1, paid);
          classic.record(i);
          exponential.record(i);
        }
        assertThat(provider.forceFlush().join(10, TimeUnit.SECONDS).isSuccess()).isTrue();
        orders.add(11, paid);
        Thread.sleep(5); // another timestamp
        assertThat(provider.forceFlush().join(10, TimeUnit.SECONDS).isSuccess()).isTrue();
      } finally {
        provider.shutdown().join(10, TimeUnit.SECONDS);
      }
      String labels = "\"instance\":\"one\",\"job\":\"shop\"";
      assertThat(now(client, "orders_total"))
          .containsExactly(
              "{\"__name__\":\"orders_total\"," + labels + ",\"order_state\":\"paid\"} 111");
      assertThat(now(client, "latency_classic_seconds_count"))
          .containsExactly("{\"__name__\":\"latency_classic_seconds_count\"," + labels + "} 100");
      assertThat(now(client, "latency_classic_seconds_bucket{le=\"50\"}"))
          .containsExactly(
              "{\"__name__\":\"latency_classic_seconds_bucket\"," + labels + ",\"le\":\"50\"} 50");
      assertThat(now(client, "histogram_count(latency_exponential_seconds)"))
          .containsExactly("{" + labels + "} 100");
      assertThat(now(client, "histogram_sum(latency_exponential_seconds)"))
          .containsExactly("{" + labels + "} 5050");
      String quantile =
          now(client, "histogram_quantile(0.5, latency_exponential_seconds)").getFirst();
      assertThat(Double.parseDouble(quantile.substring(quantile.indexOf(' '))))
          .isBetween(48.0, 52.0);
      assertThat(
              now(
                  client,
                  "orders_total * on (job, instance) group_left (cloud_region) target_info"))
          .hasSize(1)
          .first()
          .asString()
          .contains("\"cloud_region\":\"eu\"")
          .endsWith(" 111");
      assertThat(client.data("/api/v1/metadata", "metric", "orders_total").toString())
          .contains("\"type\":\"counter\"");
    }
  }

  @Test
  void deltasOfTheSdkBecomeCumulative() throws Exception {
    String settings =
        """
        otlp:
          deltatocumulative: true
        query:
          features:
            promql-extended-range-selectors: true
        """;
    try (Server server = started(settings);
        ApiClient client = client(server)) {
      SdkMeterProvider provider =
          provider(
              server,
              OtlpHttpMetricExporter.builder()
                  .setAggregationTemporalitySelector(
                      AggregationTemporalitySelector.deltaPreferred()),
              "size",
              Attributes.of(AttributeKey.stringKey("service.name"), "shop"));
      try {
        Meter meter = provider.get("test");
        LongCounter orders = meter.counterBuilder("orders").build();
        DoubleHistogram classic = meter.histogramBuilder("latency").build();
        DoubleHistogram exponential = meter.histogramBuilder("size").build();
        for (int i = 1; i <= 5; i++) {
          orders.add(i * 10L);
          classic.record(i);
          exponential.record(i * i * 1_000.0);
          assertThat(provider.forceFlush().join(10, TimeUnit.SECONDS).isSuccess()).isTrue();
          Thread.sleep(20); // another timestamp
        }
      } finally {
        provider.shutdown().join(10, TimeUnit.SECONDS);
      }
      assertThat(now(client, "orders_total"))
          .containsExactly("{\"__name__\":\"orders_total\",\"job\":\"shop\"} 150");
      // Of the first value nobody can say what it rose by; the others rose by what was added.
      assertThat(now(client, "increase(orders_total[1m] anchored)"))
          .containsExactly("{\"job\":\"shop\"} 140");
      assertThat(now(client, "resets(orders_total[1m])")).containsExactly("{\"job\":\"shop\"} 0");
      assertThat(now(client, "count_over_time(orders_total[1m])"))
          .containsExactly("{\"job\":\"shop\"} 5");
      assertThat(now(client, "increase(latency_sum[1m] anchored)"))
          .containsExactly("{\"job\":\"shop\"} 14");
      assertThat(now(client, "latency_bucket{le=\"5\"} - ignoring (le) latency_bucket{le=\"0\"}"))
          .containsExactly("{\"job\":\"shop\"} 5");
      assertThat(now(client, "histogram_count(size)")).containsExactly("{\"job\":\"shop\"} 5");
      assertThat(now(client, "histogram_sum(size)")).containsExactly("{\"job\":\"shop\"} 55000");
      assertThat(client.get("/metrics").body())
          .contains("varve_ingest_delta_streams 3.0")
          .contains("varve_ingest_delta_max_bytes 1.34217728E8")
          .contains("varve_ingest_rejected_total{reason=\"delta_out_of_order\"} 0");
      JsonNode features = client.data("/api/v1/features").get("otlp_receiver");
      assertThat(features.toString())
          .isEqualTo("{\"delta_conversion\":true,\"native_delta_ingestion\":false}");
    }
  }

  private static List<String> now(ApiClient client, String query) throws Exception {
    List<String> values = new ArrayList<>();
    for (JsonNode series : client.data("/api/v1/query", "query", query).get("result")) {
      values.add(series.get("metric") + " " + series.get("value").get(1).asText());
    }
    return values;
  }
}
