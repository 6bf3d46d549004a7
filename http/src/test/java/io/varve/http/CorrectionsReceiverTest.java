package io.varve.http;

import static io.varve.http.WireMessage.exemplar;
import static io.varve.http.WireMessage.sample;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.model.Labels;
import io.varve.http.WireMessage.Request2;
import io.varve.http.config.ServerConfig;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xerial.snappy.Snappy;

/** Corrections as remote write messages, good and bad ones. */
@Timeout(60)
final class CorrectionsReceiverTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String V1 = "application/x-protobuf";
  private static final String V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
  private static final String TEXT = "text/plain";
  private static final long S = 1_700_000_400L;
  private static final long T = S * 1_000;

  @TempDir private Path folder;
  private @Nullable Server server;
  private @Nullable ApiClient client;

  private ApiClient start(String more) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("varve.yaml"),
            "listen: 127.0.0.1:0\ndata_dir: " + folder.resolve("data") + "\n" + more);
    server = new Server(ServerConfig.load(file));
    server.recover();
    client = new ApiClient(server.address().getPort());
    return client;
  }

  @AfterEach
  void stop() throws IOException {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private static HttpResponse<String> post(
      ApiClient client, String path, String tenant, String type, byte[] body) throws Exception {
    HttpRequest.Builder request =
        client
            .to(path)
            .header("Content-Type", type)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    if (!tenant.isEmpty()) {
      request.header("X-Scope-OrgID", tenant);
    }
    return client.send(request.build());
  }

  private static byte[] text(String lines) {
    return lines.getBytes(StandardCharsets.UTF_8);
  }

  private static HttpResponse<String> correct(
      ApiClient client, String tenant, String type, byte[] body) throws Exception {
    return post(client, "/api/v1/admin/correct", tenant, type, body);
  }

  private static void write(ApiClient client, String tenant, Request2 request) throws Exception {
    HttpResponse<String> answer =
        post(client, "/api/v1/write", tenant, V2, request.build().compressed());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(204);
  }

  /** All values of a metric in the hour, oldest first, series after series. */
  private static String values(ApiClient client, String tenant, String selector) throws Exception {
    HttpRequest.Builder request =
        client.to(
            "/api/v1/query?" + ApiClient.encode("query", selector + "[1h]", "time", "1700002000"));
    if (!tenant.isEmpty()) {
      request.header("X-Scope-OrgID", tenant);
    }
    StringBuilder values = new StringBuilder();
    for (JsonNode series : JSON.readTree(client.send(request.build()).body()).at("/data/result")) {
      for (JsonNode value : series.path("values")) {
        values.append(value.get(1).asText()).append(' ');
      }
      for (JsonNode value : series.path("histograms")) {
        values.append('h').append(value.at("/1/count").asText()).append(' ');
      }
    }
    return values.toString().strip();
  }

  @ParameterizedTest
  @ValueSource(strings = {"last", "reject", "max"})
  void messagesOfBothVersionsOverruleUnderEveryPolicy(String policy) throws Exception {
    ApiClient to = start("http: {admin_api: true}\nstorage: {duplicates: " + policy + "}\n");
    Request2 stored = new Request2();
    for (int i = 0; i < 4; i++) {
      stored.sample(T + i * 1_000L, 10 + i, "__name__", "m", "a", "b");
    }
    WireMessage counts = new WireMessage().varint(1, 5).varint(6, 5).varint(15, T);
    stored.series(stored.refs("__name__", "h"), new WireMessage().nested(3, counts));
    write(to, "", stored);
    assertThat(values(to, "", "m")).isEqualTo("10 11 12 13");

    // Unsorted labels, times out of order, a new series, a histogram, an exemplar.
    Request2 second = new Request2();
    second.series(
        second.refs("a", "b", "__name__", "m"),
        new WireMessage()
            .nested(2, sample(T + 2_000, 2))
            .nested(2, sample(T + 1_000, 1))
            .nested(4, exemplar(T + 1_000, 0.5)));
    WireMessage other = new WireMessage().varint(1, 3).varint(6, 3).varint(15, T);
    second.series(second.refs("__name__", "h"), new WireMessage().nested(3, other));
    second.sample(T, 7, "__name__", "new");
    HttpResponse<String> answer = correct(to, "", V2, second.build().compressed());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(204);
    assertThat(answer.headers().firstValue("X-Prometheus-Remote-Write-Samples-Written"))
        .hasValue("3");
    assertThat(answer.headers().firstValue("X-Prometheus-Remote-Write-Histograms-Written"))
        .hasValue("1");
    assertThat(values(to, "", "m")).isEqualTo("10 1 2 13");
    assertThat(values(to, "", "h")).isEqualTo("h3");
    assertThat(values(to, "", "new")).isEqualTo("7");

    byte[] first = WireMessage.request1(Labels.of("__name__", "m", "a", "b"), T, -5).compressed();
    assertThat(correct(to, "", V1, first).statusCode()).isEqualTo(204);
    assertThat(values(to, "", "m")).isEqualTo("-5 1 2 13");
    // The same again is no error, and an empty message none either.
    assertThat(correct(to, "", V1, first).statusCode()).isEqualTo(204);
    assertThat(correct(to, "", V2, new Request2().build().compressed()).statusCode())
        .isEqualTo(204);
    to.form("POST", "/api/v1/admin/tsdb/merge");
    assertThat(values(to, "", "m")).isEqualTo("-5 1 2 13");
    stop();
    assertThat(values(start("http: {admin_api: true}\n"), "", "m")).isEqualTo("-5 1 2 13");
  }

  @Test
  void tenantsCorrectTheirOwn() throws Exception {
    ApiClient to = start("http: {admin_api: true}\n");
    for (String tenant : new String[] {"", "a", "b"}) {
      write(to, tenant, new Request2().sample(T, 1, "__name__", "m"));
    }
    byte[] body = new Request2().sample(T, 2, "__name__", "m").build().compressed();
    assertThat(correct(to, "a", V2, body).statusCode()).isEqualTo(204);
    assertThat(correct(to, "b", TEXT, text("m 3 " + T)).statusCode()).isEqualTo(200);
    assertThat(values(to, "", "m")).isEqualTo("1");
    assertThat(values(to, "a", "m")).isEqualTo("2");
    assertThat(values(to, "b", "m")).isEqualTo("3");
    for (String type : new String[] {V1, V2, TEXT}) {
      HttpResponse<String> wrong =
          correct(to, "a|b", type, type.equals(TEXT) ? text("m 3 " + T) : body);
      assertThat(wrong.statusCode()).as(type).isEqualTo(400);
      assertThat(wrong.body()).contains("only one is supported");
    }
  }

  @Test
  void aMessageIsStoredAsAWholeOrNotAtAll() throws Exception {
    ApiClient to =
        start("http: {admin_api: true}\ningest: {max_labels: 3, max_entries_per_request: 10}\n");
    write(to, "", new Request2().sample(T, 1, "__name__", "m"));
    long future = System.currentTimeMillis() + 3_600_000;
    Request2[] partly = {
      new Request2().sample(T, 2, "__name__", "m").sample(T, 1, "a", "1", "a", "2"),
      new Request2().sample(T, 2, "__name__", "m").sample(T, 1, "no", "name"),
      new Request2().sample(T, 2, "__name__", "m").sample(future, 1, "__name__", "m"),
      new Request2()
          .sample(T, 2, "__name__", "m")
          .sample(T, 1, "__name__", "m", "a", "1", "b", "1", "c", "1"),
    };
    for (Request2 request : partly) {
      HttpResponse<String> answer = correct(to, "", V2, request.build().compressed());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
      assertThat(answer.body()).contains("stored 0 of 2 samples");
      assertThat(answer.headers().firstValue("X-Prometheus-Remote-Write-Samples-Written"))
          .hasValue("0");
      assertThat(values(to, "", "m")).isEqualTo("1");
    }
    String[][] lines = {
      {"m 2 " + T + "\nm 1 " + future, "line 2: " + future + " is too far in the future"},
      {"m 2 " + T + "\nm{a=\"1\",b=\"1\",c=\"1\"} 1 " + T, "line 2: a series has 4 labels, over"},
      {("m 2 " + T + "\n").repeat(11), "line 11: more than 10 samples"},
    };
    for (String[] lineAndProblem : lines) {
      HttpResponse<String> answer = correct(to, "", TEXT, text(lineAndProblem[0]));
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).contains(lineAndProblem[1]);
      assertThat(values(to, "", "m")).isEqualTo("1");
    }
    Request2 many = new Request2();
    for (int i = 0; i < 11; i++) {
      many.sample(T + i, 2, "__name__", "m");
    }
    assertThat(correct(to, "", V2, many.build().compressed()).statusCode()).isEqualTo(413);
    assertThat(values(to, "", "m")).isEqualTo("1");
  }

  @Test
  void brokenBodiesAndBombsAreRefused() throws Exception {
    ApiClient to =
        start("http: {admin_api: true}\ningest: {max_body_bytes: 1MiB, max_decoded_bytes: 2MiB}\n");
    write(to, "", new Request2().sample(T, 1, "__name__", "m"));
    byte[][] broken = {
      {},
      {5, 1, 2, 3},
      {(byte) 0xFF, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'},
      {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F, 0}, // declares 4 GiB
      Snappy.compress(new byte[3 << 20]), // some kilobytes that become more than is taken
      Snappy.compress(new byte[] {0x2A, 0x7F, 1}),
      Snappy.compress(new byte[] {0x0A, 0x7F, 1}),
    };
    for (byte[] body : broken) {
      for (String type : new String[] {V1, V2}) {
        HttpResponse<String> answer = correct(to, "", type, body);
        assertThat(answer.statusCode()).as(type + " " + body.length).isEqualTo(400);
      }
    }
    assertThat(correct(to, "", V2, new byte[(1 << 20) + 1]).statusCode()).isEqualTo(413);
    for (String encoding : new String[] {"gzip", "zstd"}) {
      HttpRequest request =
          to.to("/api/v1/admin/correct")
              .header("Content-Type", V2)
              .header("Content-Encoding", encoding)
              .POST(HttpRequest.BodyPublishers.ofByteArray(broken[1]))
              .build();
      assertThat(to.send(request).statusCode()).isEqualTo(415);
    }
    // A message with any byte changed or cut off is refused or stored, and the server goes on.
    byte[] good =
        new Request2()
            .sample(T + 1, 2, "__name__", "other", "a", "b")
            .sample(T + 2, 2, "__name__", "other", "a", "c")
            .build()
            .toByteArray();
    Random random = new Random(20_261_122);
    for (int i = 0; i < 300; i++) {
      byte[] bytes = good.clone();
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      HttpResponse<String> answer =
          correct(to, "", random.nextBoolean() ? V2 : V1, Snappy.compress(bytes));
      assertThat(answer.statusCode()).as(answer.body()).isIn(204, 400, 413);
    }
    assertThat(values(to, "", "m{}")).isEqualTo("1");
    assertThat(to.data("/api/v1/status/retention").at("/amendments/corrections").asInt())
        .isGreaterThan(0);
  }

  @Test
  void theEndpointIsClosedUnlessItIsOpened() throws Exception {
    ApiClient to = start("");
    byte[] body = new Request2().sample(T, 2, "__name__", "m").build().compressed();
    for (String type : new String[] {V1, V2, TEXT}) {
      HttpResponse<String> answer = correct(to, "", type, body);
      assertThat(answer.statusCode()).isEqualTo(500); // as Prometheus has it
      assertThat(answer.body()).contains("admin APIs disabled");
    }
    assertThat(values(to, "", "m")).isEmpty();
  }
}
