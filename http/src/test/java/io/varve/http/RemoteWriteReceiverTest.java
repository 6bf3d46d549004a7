package io.varve.http;

import static io.varve.http.WireMessage.exemplar;
import static io.varve.http.WireMessage.metadata;
import static io.varve.http.WireMessage.sample;
import static io.varve.http.WireMessage.span;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.http.WireMessage.Request2;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.xerial.snappy.Snappy;

/**
 * Remote write as a sender meets it: a running server is sent what the receiver suites send, and
 * what it says it has written is asked back by queries. Every case has a tenant of its own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RemoteWriteReceiverTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String V1 = "application/x-protobuf";
  private static final String V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
  private static final String WRITTEN = "x-prometheus-remote-write-";

  /** A round time in seconds: 2023-11-14T22:20:00Z. */
  private static final long S = 1_700_000_400L;

  private static final long T = S * 1_000;

  private final HttpClient client = HttpClient.newHttpClient();
  private Server server;

  /** Refuses late and conflicting samples, as Prometheus does. */
  private Server strict;

  private int tenants;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server = started(ServerConfig.defaults(), folder.resolve("data"));
    Path settings = folder.resolve("varve.yaml");
    Files.writeString(settings, "storage:\n  duplicates: reject\n");
    strict = started(ServerConfig.load(settings), folder.resolve("strict"));
  }

  private static Server started(ServerConfig config, Path data) throws IOException {
    Server started = new Server(config.withListen(new Address("127.0.0.1", 0)).withDataDir(data));
    started.recover();
    return started;
  }

  @AfterAll
  void stop() throws IOException {
    client.close();
    server.close();
    strict.close();
  }

  private synchronized String newTenant() {
    return "t" + tenants++;
  }

  // 2.0: what comes back

  @Test
  void everyKindOfDataIsCountedAndCanBeAskedFor() throws Exception {
    String tenant = newTenant();
    Request2 request = new Request2();
    long help = request.ref("What it says");
    long unit = request.ref("seconds");
    long[] trace = request.refs("trace_id", "äöü😀");
    request.series(
        request.refs("__name__", "floats_total", "job", "a"),
        new WireMessage()
            .nested(2, sample(T, 1.5).varint(3, T - 60_000))
            .nested(2, sample(T + 15_000, 2.5).varint(3, T - 60_000))
            .nested(4, exemplar(T, 0.25, trace))
            .nested(4, exemplar(T + 1, Double.NaN))
            .nested(4, exemplar(T - 86_400_000, Double.POSITIVE_INFINITY))
            .nested(5, metadata(1, help, unit)));
    WireMessage integers =
        new WireMessage()
            .varint(1, 7)
            .bits(3, 3.5)
            .zigzag(4, 1)
            .bits(5, 0.001)
            .varint(6, 2)
            .nested(8, span(0, 1))
            .packedZigzag(9, 1)
            .nested(11, span(0, 2))
            .nested(11, span(1, 1))
            .packedZigzag(12, 1, 1, -1);
    request.series(
        request.refs("__name__", "integers"),
        new WireMessage()
            .nested(3, integers.varint(15, T).varint(17, T - 60_000))
            .nested(3, new WireMessage().bits(3, 0).varint(15, T + 15_000))
            .nested(4, exemplar(T, 1))
            .nested(5, metadata(3, help, 0)));
    WireMessage custom =
        new WireMessage()
            .bits(2, 4)
            .bits(3, 1e-7)
            .zigzag(4, -53)
            .nested(11, span(0, 4))
            .packedBits(13, 1, 0, 2.5, 0.5)
            .varint(15, T)
            .packedBits(16, 0.5, 1, 2);
    request.series(
        request.refs("__name__", "custom"),
        new WireMessage().nested(3, custom).nested(5, metadata(4, 0, 0)));
    HttpResponse<String> response = write(tenant, request.build(), V2);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
    assertThat(response.body()).isEmpty();
    assertThat(written(response)).isEqualTo("2 3 4");

    assertThat(query(tenant, "floats_total[1m]", S + 15).at("/0/values"))
        .isEqualTo(JSON.readTree("[[1700000400,\"1.5\"],[1700000415,\"2.5\"]]"));
    assertThat(query(tenant, "integers", S).at("/0/histogram/1"))
        .isEqualTo(
            JSON.readTree(
                """
                {"count":"7","sum":"3.5","buckets":[
                 [1,"-1","-0.7071067811865475","1"],[3,"-0.001","0.001","2"],
                 [0,"0.7071067811865475","1","1"],[0,"1","1.414213562373095","2"],
                 [0,"2","2.82842712474619","1"]]}\
                """));
    assertThat(query(tenant, "integers", S + 15).at("/0/histogram/1"))
        .isEqualTo(JSON.readTree("{\"count\":\"0\",\"sum\":\"0\"}"));
    assertThat(query(tenant, "custom", S).at("/0/histogram/1/buckets"))
        .isEqualTo(
            JSON.readTree(
                "[[3,\"-Inf\",\"0.5\",\"1\"],[0,\"1\",\"2\",\"2.5\"],[0,\"2\",\"+Inf\",\"0.5\"]]"));
    JsonNode exemplars =
        data(tenant, "/api/v1/query_exemplars", "query", "{__name__=~\".+\"}", "start", "0");
    assertThat(exemplars).hasSize(2);
    assertThat(exemplars.at("/0/seriesLabels/__name__").asText()).isEqualTo("floats_total");
    assertThat(exemplars.at("/0/exemplars").findValuesAsText("value"))
        .containsExactly("+Inf", "0.25", "NaN");
    assertThat(exemplars.at("/0/exemplars/1/labels/trace_id").asText()).isEqualTo("äöü😀");
    assertThat(data(tenant, "/api/v1/metadata"))
        .isEqualTo(
            JSON.readTree(
                """
                {"floats_total":[{"type":"counter","unit":"seconds","help":"What it says"}],
                 "integers":[{"type":"histogram","unit":"","help":"What it says"}],
                 "custom":[{"type":"gaugehistogram","unit":"","help":""}]}\
                """));
  }

  @TestFactory
  Stream<DynamicTest> anyValueUnderAnyLabels() {
    Map<String, Double> values =
        Map.of(
            "1", 1.0,
            "NaN", Double.NaN,
            "+Inf", Double.POSITIVE_INFINITY,
            "-Inf", Double.NEGATIVE_INFINITY,
            "stale", StaleMarker.VALUE);
    List<String[]> labels =
        List.of(
            new String[] {"__name__", "name_only"},
            new String[] {"z", "unsorted", "__name__", "several", "a", "b"},
            new String[] {"__name__", "newline", "a", "x\ny\t\\\""},
            new String[] {"__name__", "dots.in.names", "a.b", "c.d"},
            new String[] {"__name__", "spaces in names", "a b", "c d"},
            new String[] {"__name__", "empty_value", "a", "", "b", "c"});
    List<DynamicTest> tests = new ArrayList<>();
    values.forEach(
        (text, value) -> {
          for (String[] set : labels) {
            tests.add(dynamicTest(text + " " + String.join(",", set), () -> arrives(value, set)));
          }
        });
    return tests.stream();
  }

  private void arrives(double value, String... labels) throws Exception {
    String tenant = newTenant();
    HttpResponse<String> response = write(tenant, new Request2().sample(T, value, labels).build());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
    assertThat(written(response)).isEqualTo("1 0 0");
    JsonNode result = query(tenant, "{__name__=~\".+\"}", S);
    if (StaleMarker.is(value)) {
      assertThat(result).isEmpty();
      JsonNode known = data(tenant, "/api/v1/series", "match[]", "{__name__=~\".+\"}");
      assertThat(known).hasSize(1);
      return;
    }
    Map<String, String> expected = new TreeMap<>();
    for (int i = 0; i < labels.length; i += 2) {
      if (!labels[i + 1].isEmpty()) {
        expected.put(labels[i], labels[i + 1]);
      }
    }
    assertThat(result).hasSize(1);
    assertThat(result.at("/0/metric")).isEqualTo(JSON.readTree(JSON.writeValueAsString(expected)));
    String shown = value == 1 ? "1" : Double.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    assertThat(result.at("/0/value/1").asText()).isEqualTo(shown);
  }

  @Test
  void metadataOfEveryTypeIsServed() throws Exception {
    String tenant = newTenant();
    String[] types = {
      "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"
    };
    Request2 request = new Request2();
    for (int type = 0; type < types.length; type++) {
      long help = request.ref("type " + type);
      request.series(
          request.refs("__name__", "m" + type),
          new WireMessage().nested(2, sample(T, 1)).nested(5, metadata(type, help, 0)));
    }
    assertThat(write(tenant, request.build()).statusCode()).isEqualTo(204);
    JsonNode served = data(tenant, "/api/v1/metadata");
    for (int type = 0; type < types.length; type++) {
      assertThat(served.at("/m" + type + "/0/type").asText()).isEqualTo(types[type]);
      assertThat(served.at("/m" + type + "/0/help").asText()).isEqualTo("type " + type);
    }
  }

  @Test
  void fiftySeriesAndOneThatComesTwice() throws Exception {
    String tenant = newTenant();
    Request2 request = new Request2();
    for (int i = 0; i < 50; i++) {
      request.sample(T, i, "__name__", "many", "i", "" + i);
    }
    request.sample(T + 1, 7, "__name__", "many", "i", "7");
    HttpResponse<String> response = write(tenant, request.build());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
    assertThat(written(response)).isEqualTo("51 0 0");
    assertThat(query(tenant, "count(many)", S + 1).at("/0/value/1").asText()).isEqualTo("50");
    HttpResponse<String> again = write(tenant, request.build());
    assertThat(again.statusCode()).isEqualTo(204);
    assertThat(written(again)).as("what is there already counts as written").isEqualTo("51 0 0");
  }

  // 2.0: what is refused

  @Test
  void invalidSeriesAreLeftOutAndTheRestIsCounted() throws Exception {
    for (int invalid : new int[] {0, 1, 4}) {
      String tenant = newTenant();
      Request2 request = new Request2();
      for (int i = 0; i < 4; i++) {
        if (i < invalid) {
          request.sample(T, i, "no", "name", "i", "" + i);
        } else {
          request.sample(T, i, "__name__", "named", "i", "" + i);
        }
      }
      HttpResponse<String> response = write(tenant, request.build());
      assertThat(response.statusCode()).isEqualTo(invalid == 0 ? 204 : 400);
      assertThat(written(response)).isEqualTo(4 - invalid + " 0 0");
      assertThat(query(tenant, "named", S)).hasSize(4 - invalid);
      if (invalid > 0) {
        assertThat(response.headers().firstValue("Content-Type"))
            .hasValue("text/plain; charset=utf-8");
        assertThat(response.body())
            .contains("invalid metric name or labels, got {i=\"0\", no=\"name\"}")
            .endsWith("stored " + (4 - invalid) + " of 4 samples\n");
      }
    }
  }

  private DynamicTest refused(String text, Consumer<Request2> bad) {
    return dynamicTest(
        text,
        () -> {
          String tenant = newTenant();
          Request2 request = new Request2();
          bad.accept(request);
          request.sample(T, 1, "__name__", "fine");
          HttpResponse<String> response = write(tenant, request.build());
          assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
          assertThat(response.body()).contains(text);
          assertThat(written(response)).as("the rest").isEqualTo("1 0 0");
          assertThat(query(tenant, "{__name__=~\".*\", __name__!=\"\"}", S)).hasSize(1);
        });
  }

  @TestFactory
  Stream<DynamicTest> partsThatBreakARuleAreRefusedInWords() {
    WireMessage one = new WireMessage().nested(2, sample(T, 1));
    String none = "TimeSeries must contain at least one sample or histogram for series";
    return Stream.of(
        refused("invalid metric name or labels, got {}", r -> r.series(new long[0], one)),
        refused("invalid labelRefs length 3", r -> r.series(new long[] {1, 2, 3}, one)),
        refused("= 999 (value) outside of symbols table", r -> r.series(new long[] {1, 999}, one)),
        refused(
            "metadata unit_ref 999 outside of symbols table",
            r ->
                r.series(
                    r.refs("__name__", "x"),
                    new WireMessage().nested(2, sample(T, 1)).nested(5, metadata(1, 0, 999)))),
        refused(
            "metadata help_ref 999 outside of symbols table",
            r ->
                r.series(
                    r.refs("__name__", "x"),
                    new WireMessage().nested(2, sample(T, 1)).nested(5, metadata(0, 999, 0)))),
        refused("duplicated label a", r -> r.sample(T, 1, "__name__", "x", "a", "1", "a", "2")),
        refused(none, r -> r.series(r.refs("__name__", "x"), new WireMessage())),
        refused(
            none,
            r -> r.series(r.refs("__name__", "x"), new WireMessage().nested(4, exemplar(T, 1)))),
        refused(
            none,
            r -> r.series(r.refs("__name__", "x"), new WireMessage().nested(5, metadata(1, 0, 0)))),
        refused(
            "out of bounds: timestamp is too far in the future",
            r -> r.sample(System.currentTimeMillis() + 700_000, 1, "__name__", "x")),
        refused(
            "0 observations found in buckets, but the Count field is 3",
            r ->
                r.series(
                    r.refs("__name__", "x"),
                    new WireMessage().nested(3, new WireMessage().varint(1, 3).varint(15, T)))),
        refused(
            "got schema 99",
            r ->
                r.series(
                    r.refs("__name__", "x"),
                    new WireMessage().nested(3, new WireMessage().zigzag(4, 99).varint(15, T)))));
  }

  @Test
  void theStrictPolicyKeepsTheRestOfA2RequestAndNothingOfA1Request() throws Exception {
    String tenant = newTenant();
    WireMessage counts = new WireMessage().varint(1, 1).varint(6, 1).varint(15, T);
    Request2 first = new Request2().sample(T, 1, "__name__", "a").sample(T, 1, "__name__", "b");
    first.series(first.refs("__name__", "h"), new WireMessage().nested(3, counts));
    assertThat(written(write(strict, tenant, first.build(), V2, "snappy"))).isEqualTo("2 1 0");
    WireMessage other = new WireMessage().varint(1, 2).varint(6, 2).varint(15, T);
    WireMessage older = new WireMessage().varint(1, 2).varint(6, 2).varint(15, T - 1);
    Request2 second =
        new Request2()
            .sample(T, 2, "__name__", "a")
            .sample(T - 1, 2, "__name__", "b")
            .sample(T, 1, "__name__", "a")
            .sample(T, 5, "__name__", "new");
    second.series(
        second.refs("__name__", "h"), new WireMessage().nested(3, other).nested(3, older));
    HttpResponse<String> partial = write(strict, tenant, second.build(), V2, "snappy");
    assertThat(partial.statusCode()).isEqualTo(400);
    assertThat(partial.body())
        .contains("duplicate sample for timestamp")
        .contains("out of order sample")
        .endsWith("stored 2 of 6 samples\n");
    assertThat(written(partial)).as("the same again, and the new one").isEqualTo("2 0 0");
    WireMessage v1 =
        WireMessage.request1(Labels.of("__name__", "newer"), T, 1)
            .nested(
                1,
                new WireMessage()
                    .nested(1, new WireMessage().text(1, "__name__").text(2, "a"))
                    .nested(2, sample(T, 9)));
    HttpResponse<String> whole = write(strict, tenant, v1, V1, "snappy");
    assertThat(whole.statusCode()).isEqualTo(400);
    assertThat(whole.body()).endsWith("stored 0 of 2 samples\n");
    assertThat(written(whole)).isEqualTo("- - -");
    assertThat(result(strict, tenant, "{__name__=~\".+\"}", S).toString())
        .contains("\"new\"")
        .doesNotContain("newer");
  }

  // Negotiation and broken bodies

  @Test
  void otherTypesAndEncodingsAre415WithoutCounts() throws Exception {
    WireMessage good = new Request2().sample(T, 1, "__name__", "x").build();
    String[][] refused = {
      {"application/json", "snappy"},
      {"image/png", "snappy"},
      {"application/x-protobuf;proto=some.Other", "snappy"},
      {"application/x-protobuf;proto=IO.prometheus.write.v2.request", "snappy"},
      {V2, "gzip"},
      {V2, "deflate"},
      {V1, "zstd"},
    };
    String tenant = newTenant();
    for (String[] headers : refused) {
      HttpResponse<String> response = write(server, tenant, good, headers[0], headers[1]);
      assertThat(response.statusCode()).as(headers[0] + headers[1]).isEqualTo(415);
      assertThat(response.headers().firstValue("Content-Type"))
          .hasValue("text/plain; charset=utf-8");
      assertThat(response.body()).contains("is not supported; use ");
      assertThat(written(response)).isEqualTo("- - -");
    }
    assertThat(query(tenant, "x", S)).isEmpty();
    String[][] accepted = {
      {"application/x-protobuf; proto=io.prometheus.write.v2.Request", "snappy"},
      {"Application/X-Protobuf;PROTO=\"io.prometheus.write.v2.Request\"", "Snappy"},
      {V2, null},
    };
    for (String[] headers : accepted) {
      HttpResponse<String> response = write(server, newTenant(), good, headers[0], headers[1]);
      assertThat(response.statusCode()).as(headers[0]).isEqualTo(204);
      assertThat(written(response)).isEqualTo("1 0 0");
    }
  }

  @Test
  void requestsOf1GoToTheSameUrlAndAreNotCounted() throws Exception {
    for (String type : new String[] {V1, V1 + ";proto=prometheus.WriteRequest", null}) {
      String tenant = newTenant();
      WireMessage v1 = WireMessage.request1(Labels.of("__name__", "old"), T, 4);
      HttpResponse<String> response = write(server, tenant, v1, type, "snappy");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
      assertThat(written(response)).isEqualTo("- - -");
      assertThat(query(tenant, "old", S).at("/0/value/1").asText()).isEqualTo("4");
    }
  }

  @Test
  void brokenBodiesAre400AndTell2SendersThatNothingIsWritten() throws Exception {
    byte[][] broken = {
      {},
      {5, 1, 2, 3},
      {(byte) 0xFF, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'},
      {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F, 0}, // declares 4 GiB
      Snappy.compress(new byte[] {0x2A, 0x7F, 1}),
    };
    for (byte[] body : broken) {
      HttpResponse<String> v2 = send(server, newTenant(), body, V2, "snappy");
      assertThat(v2.statusCode()).isEqualTo(400);
      assertThat(v2.body()).isNotBlank();
      assertThat(written(v2)).isEqualTo("0 0 0");
      byte[] as1 = body.length > 0 && body[0] == 3 ? new byte[] {2, 4, 0x0A, 0x7F} : body;
      HttpResponse<String> v1 = send(server, newTenant(), as1, V1, "snappy");
      assertThat(v1.statusCode()).isEqualTo(400);
      assertThat(written(v1)).isEqualTo("- - -");
    }
  }

  @Test
  void aBodyThatIsTooLargeIs413AndAWrongMethod405() throws Exception {
    HttpRequest tooLarge =
        to(server, "/api/v1/write", newTenant())
            .header("Content-Type", V2)
            .expectContinue(true)
            .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[(32 << 20) + 1]))
            .build();
    HttpResponse<String> response = send(tooLarge);
    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(response.body()).contains("33554432");
    byte[] noise = new byte[5 << 20];
    HttpRequest chunked =
        to(server, "/api/v1/write", newTenant())
            .header("Content-Type", V2)
            .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(noise)))
            .build();
    assertThat(send(chunked).statusCode()).as("read whole, and no snappy").isEqualTo(400);
    HttpRequest get = to(server, "/api/v1/write", newTenant()).build();
    assertThat(send(get).statusCode()).isEqualTo(405);
  }

  // A request

  private HttpResponse<String> write(String tenant, WireMessage message) throws Exception {
    return write(tenant, message, V2);
  }

  private HttpResponse<String> write(String tenant, WireMessage message, String type)
      throws Exception {
    return write(server, tenant, message, type, "snappy");
  }

  private HttpResponse<String> write(
      Server to,
      String tenant,
      WireMessage message,
      @Nullable String type,
      @Nullable String encoding)
      throws Exception {
    return send(to, tenant, message.compressed(), type, encoding);
  }

  private HttpResponse<String> send(
      Server to, String tenant, byte[] body, @Nullable String type, @Nullable String encoding)
      throws Exception {
    HttpRequest.Builder request =
        to(to, "/api/v1/write", tenant)
            .header("X-Prometheus-Remote-Write-Version", "2.0.0")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    if (type != null) {
      request.header("Content-Type", type);
    }
    if (encoding != null) {
      request.header("Content-Encoding", encoding);
    }
    return send(request.build());
  }

  private HttpRequest.Builder to(Server to, String path, String tenant) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + to.address().getPort() + path))
        .timeout(Duration.ofSeconds(20))
        .header("X-Scope-OrgID", tenant);
  }

  private HttpResponse<String> send(HttpRequest request) throws Exception {
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  /** Samples, histograms and exemplars that an answer says are written; "-" for what it lacks. */
  private static String written(HttpResponse<String> response) {
    List<String> counts = new ArrayList<>();
    for (String kind : new String[] {"samples", "histograms", "exemplars"}) {
      Optional<String> count = response.headers().firstValue(WRITTEN + kind + "-written");
      counts.add(count.orElse("-"));
    }
    return String.join(" ", counts);
  }

  private JsonNode query(String tenant, String query, long time) throws Exception {
    return result(server, tenant, query, time);
  }

  private JsonNode result(Server from, String tenant, String query, long time) throws Exception {
    return data(from, tenant, "/api/v1/query", "query", query, "time", "" + time).get("result");
  }

  private JsonNode data(String tenant, String path, String... namesAndValues) throws Exception {
    return data(server, tenant, path, namesAndValues);
  }

  private JsonNode data(Server from, String tenant, String path, String... namesAndValues)
      throws Exception {
    HttpRequest request = to(from, path + "?" + ApiClient.encode(namesAndValues), tenant).build();
    HttpResponse<String> response = send(request);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body()).get("data");
  }
}
