package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.Crc32c;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.StaleMarker;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.ingest.protobuf.ProtoReader;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.xerial.snappy.Snappy;

/** Remote read and federation, byte for byte. What real clients make of them: RealClientsTest. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RemoteReadTest {
  private static final long T = 1_700_000_000_000L;
  private static final int SAMPLES = 1_000;
  private static final int FRAME_BYTES = 1_024;

  private Server server;
  private ApiClient client;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    server =
        new Server(
            ServerConfig.defaults()
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("data"))
                .withExternalLabels(Labels.of("cluster", "c", "own", "external"))
                .withRemoteRead(new ServerConfig.RemoteRead(2, 2_500, FRAME_BYTES)));
    client = new ApiClient(server.address().getPort());
    assertThat(read(query(0, 1, 0, "__name__", "m")).statusCode()).isEqualTo(503);
    server.recover();
    RemoteWriteBody body = new RemoteWriteBody();
    for (int i = 0; i < SAMPLES; i++) {
      body.sample(T + i, i / 7.0, "__name__", "m", "z", "1");
      body.sample(T + i, -i, "__name__", "m", "a", "2", "own", "label");
    }
    body.sample(T + SAMPLES, StaleMarker.VALUE, "__name__", "m", "z", "1");
    assertThat(client.write(body).statusCode()).isEqualTo(204);
    long now = System.currentTimeMillis();
    assertThat(
            client
                .write(
                    new RemoteWriteBody()
                        .sample(now - 1_000, 1e-7, "__name__", "fed", "q", "a\"\\\n")
                        .sample(now - 2_000, 2, "__name__", "fed", "instance", "i", "own", "x")
                        .sample(now - 2_000, 3, "__name__", "fed.dots", "a.b", "c")
                        .sample(now - 3_000, 4, "__name__", "fed_gone")
                        .sample(now - 2_000, StaleMarker.VALUE, "__name__", "fed_gone")
                        .sample(now - 400_000, 5, "__name__", "fed_old"))
                .statusCode())
        .isEqualTo(204);
  }

  @AfterAll
  void stop() throws IOException {
    client.close();
    server.close();
  }

  @Test
  void samplesComeInOneMessageInTheOrderOfTheQueries() throws Exception {
    HttpResponse<byte[]> response =
        read(
            query(T + 5, T + 7, 0, "__name__", "m"),
            query(T, T + 5_000, 0, "__name__", "none"),
            query(T + SAMPLES, T + SAMPLES, 2, "z", ".+"));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/x-protobuf");
    assertThat(response.headers().firstValue("Content-Encoding")).hasValue("snappy");
    byte[] message = Snappy.uncompress(response.body());
    assertThat(describe(message))
        .containsExactly(
            "result",
            "{__name__=\"m\", a=\"2\", cluster=\"c\", own=\"label\"} [-5@5 -6@6 -7@7]",
            "{__name__=\"m\", cluster=\"c\", own=\"external\", z=\"1\"}"
                + " [0.7142857142857143@5 0.8571428571428571@6 1.0@7]",
            "result",
            "result",
            "{__name__=\"m\", cluster=\"c\", own=\"external\", z=\"1\"} [stale@1000]");
  }

  @Test
  void aMatcherForAnExternalLabelFindsSeriesThatLackIt() throws Exception {
    byte[] message =
        Snappy.uncompress(
            read(query(T, T, 0, "__name__", "m", "own", "external", "cluster", "c")).body());
    assertThat(describe(message)).hasSize(2).last().asString().contains("z=\"1\"");
    message = Snappy.uncompress(read(query(T, T, 0, "__name__", "m", "cluster", "d")).body());
    assertThat(describe(message)).containsExactly("result");
  }

  @Test
  void chunksComeInFramesWithChecksums() throws Exception {
    HttpResponse<byte[]> response =
        read(
            query(T, T, 0, "__name__", "none"),
            query(T, T + 5_000, 0, "__name__", "m"),
            types(7, 1, 0));
    assertThat(response.headers().firstValue("Content-Type"))
        .hasValue("application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
    assertThat(response.headers().firstValue("Content-Encoding")).isEmpty();
    ByteBuffer in = ByteBuffer.wrap(response.body());
    List<String> series = new ArrayList<>();
    int frames = 0;
    int samples = 0;
    while (in.hasRemaining()) {
      int length = 0;
      for (int shift = 0; ; shift += 7) {
        byte b = in.get();
        length |= (b & 0x7F) << shift;
        if (b >= 0) {
          break;
        }
      }
      int checksum = in.getInt();
      byte[] data = new byte[length];
      in.get(data);
      assertThat(Crc32c.of(data, 0, length)).isEqualTo(checksum);
      assertThat(length).isLessThan(3 * FRAME_BYTES);
      ProtoReader message = new ProtoReader("frame").on(data, 0, length);
      long query = 0;
      ByteWriter labels = new ByteWriter(64);
      while (!message.atEnd()) {
        int tag = message.tag();
        if (tag >>> 3 == 2) {
          query = message.varint();
          continue;
        }
        int outer = message.enter();
        while (!message.atEnd()) {
          int begin = message.at();
          int field = message.tag() >>> 3;
          int size = message.length();
          if (field == 1) {
            labels.bytes(data, begin, message.at() + size - begin);
          } else {
            samples += chunkSamples(data, message.at(), size);
          }
          message.pass(size);
        }
        message.leave(outer);
      }
      assertThat(query).isEqualTo(1);
      String name = Labels.fromCanonical(labels.array(), 0, labels.size()).toString();
      if (series.isEmpty() || !series.getLast().equals(name)) {
        series.add(name);
      }
      frames++;
    }
    assertThat(samples).isEqualTo(2 * SAMPLES + 1);
    assertThat(frames).isGreaterThan(4);
    assertThat(series)
        .containsExactly(
            "{__name__=\"m\", a=\"2\", cluster=\"c\", own=\"label\"}",
            "{__name__=\"m\", cluster=\"c\", own=\"external\", z=\"1\"}");
  }

  /** The count at the start of a chunk's data. */
  private static int chunkSamples(byte[] data, int at, int size) {
    ProtoReader chunk = new ProtoReader("chunk").on(data, at, at + size);
    while (true) {
      int tag = chunk.tag();
      if (tag >>> 3 == 4) {
        int length = chunk.length();
        assertThat(length).isGreaterThan(2);
        return (data[chunk.at()] & 0xFF) << 8 | (data[chunk.at() + 1] & 0xFF);
      }
      chunk.skip(tag);
    }
  }

  @Test
  void whatCannotBeAnsweredIsRefusedInWords() throws Exception {
    HttpResponse<byte[]> many =
        read(query(T, T + 5_000, 0, "__name__", "m"), query(T, T + 5_000, 0, "__name__", "m"));
    assertThat(many.statusCode()).isEqualTo(400);
    assertThat(new String(many.body(), StandardCharsets.UTF_8))
        .isEqualTo("exceeded sample limit (2500)\n");
    assertThat(many.headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
    HttpResponse<byte[]> types = read(types(7));
    assertThat(types.statusCode()).isEqualTo(400);
    assertThat(new String(types.body(), StandardCharsets.UTF_8)).contains("response types: [7]");
    assertThat(read(query(T, T, 2, "a", "(")).statusCode()).isEqualTo(400);
    assertThat(read(query(T, T, 9, "a", "b")).statusCode()).isEqualTo(400);
    byte[][] bodies = {
      {},
      "no snappy".getBytes(StandardCharsets.UTF_8),
      {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F, 0}, // declares 4 GiB
      Snappy.compress(new byte[] {0x0A, 0x7F, 1})
    };
    for (byte[] body : bodies) {
      assertThat(send(body).statusCode()).isEqualTo(400);
    }
    assertThat(client.get("/api/v1/read").statusCode()).isEqualTo(405);
  }

  @Test
  void theNewestSamplesAreFederated() throws Exception {
    HttpResponse<String> response =
        client.get("/federate", "match[]", "{__name__=~\"fed.*\"}", "match[]", "fed");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain; version=0.0.4");
    assertThat(response.body().replaceAll(" \\d{13}\n", " TIME\n"))
        .isEqualTo(
            """
            # TYPE fed untyped
            fed{cluster="c",instance="i",own="x"} 2 TIME
            fed{cluster="c",own="external",q="a\\"\\\\\\n",instance=""} 1e-07 TIME
            # TYPE fed_dots untyped
            fed_dots{a_b="c",cluster="c",own="external",instance=""} 3 TIME
            """);
    HttpResponse<String> quoted =
        client.send(
            client
                .to("/federate?match%5B%5D=%7B%22fed.dots%22%7D")
                .header("Accept", "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1")
                .build());
    assertThat(quoted.body())
        .startsWith("# TYPE \"fed.dots\" untyped\n{\"fed.dots\",\"a.b\"=\"c\",cluster=\"c\",");
    for (String[] way :
        new String[][] {
          {"dots", "fed_dot_dots{a_dot_b=\"c\",cluster="},
          {"values", "U__fed_2e_dots{U__a_2e_b=\"c\",cluster="}
        }) {
      String escaping = "escaping=" + way[0];
      HttpResponse<String> escaped =
          client.send(
              client
                  .to("/federate?match%5B%5D=%7B%22fed.dots%22%7D")
                  .header("Accept", "text/plain;version=1.0.0;" + escaping + ";q=0.6,*/*;q=0.1")
                  .build());
      assertThat(escaped.headers().firstValue("Content-Type"))
          .hasValue("text/plain; version=1.0.0; charset=utf-8; " + escaping);
      assertThat(escaped.body()).contains("\n" + way[1]);
    }
    HttpResponse<String> bad = client.get("/federate", "match[]", "{");
    assertThat(bad.statusCode()).isEqualTo(400);
    assertThat(bad.headers().firstValue("Content-Type")).hasValue("text/plain; charset=utf-8");
    assertThat(client.get("/federate").body()).isEmpty();
    for (String all : new String[] {"{}", "{none=~\".*\"}"}) {
      assertThat(client.get("/federate", "match[]", all).body()).contains("\nfed_dots{");
    }
  }

  @Test
  void histogramsAreFederatedAsFarAsTheFormatCarriesThem() throws Exception {
    long now = System.currentTimeMillis() - 10_000;
    Histogram custom =
        new Histogram(
            Histogram.CUSTOM_BUCKETS_SCHEMA,
            0,
            false,
            5,
            0,
            1.5,
            0,
            new int[] {0, 1, 1, 1},
            new int[0],
            new long[] {2, 1},
            new long[0],
            new double[0],
            new double[0],
            new double[] {0.00005, 1, 2.5});
    Histogram exponential =
        new Histogram(
            1,
            0.001,
            false,
            4,
            1,
            -2,
            0,
            new int[] {-1, 2},
            new int[] {3, 1},
            new long[] {1, 0},
            new long[] {1},
            new double[0],
            new double[0],
            new double[0]);
    byte[] body =
        new NativeHistogramBody()
            .histogram(now, custom, "__name__", "hist_custom", "instance", "i")
            .histogram(now, exponential, "__name__", "hist_exponential", "instance", "i")
            .sample(now, 7, "__name__", "hist_float", "instance", "i")
            .version1();
    assertThat(
            client
                .send(
                    client
                        .to("/api/v1/write")
                        .header("Content-Encoding", "snappy")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build())
                .statusCode())
        .isEqualTo(204);
    String path = "/federate?match%5B%5D=%7B__name__%3D~%22hist_.*%22%7D";
    String text = client.get(path).body().replace(",own=\"external\"", "");
    assertThat(text.replaceAll(" \\d{13}\n", "\n"))
        .isEqualTo(
            """
            # TYPE hist_custom histogram
            hist_custom_bucket{cluster="c",instance="i",le="5e-05"} 2
            hist_custom_bucket{cluster="c",instance="i",le="1"} 2
            hist_custom_bucket{cluster="c",instance="i",le="2.5"} 5
            hist_custom_bucket{cluster="c",instance="i",le="+Inf"} 5
            hist_custom_sum{cluster="c",instance="i"} 1.5
            hist_custom_count{cluster="c",instance="i"} 5
            # TYPE hist_float untyped
            hist_float{cluster="c",instance="i"} 7
            """);
    HttpResponse<byte[]> messages =
        client.sendForBytes(
            client
                .to(path)
                .header(
                    "Accept",
                    "text/plain;q=0.5,application/vnd.google.protobuf;"
                        + "proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6")
                .build());
    assertThat(messages.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily");
    assertThat(families(messages.body()))
        .containsExactly(
            "hist_custom 4 [1:5, 2:1.5, 3{1:2, 2:5.0E-5}, 3{1:2, 2:1.0}, 3{1:5, 2:2.5},"
                + " 3{1:5, 2:Infinity}]",
            "hist_exponential 4 [1:4, 2:-2.0, 5:2, 6:0.001, 7:1, 9{1:6, 2:1}, 10:2, 12{1:1, 2:2},"
                + " 13:2, 13:0]",
            "hist_float 3 [1:7.0]");
  }

  /** Name, type and the value of the first metric of each family, by field numbers. */
  private static List<String> families(byte[] messages) {
    List<String> families = new ArrayList<>();
    ProtoReader in = new ProtoReader("families").on(messages, 0, messages.length);
    while (!in.atEnd()) {
      int family = in.enter();
      StringBuilder line = new StringBuilder();
      while (!in.atEnd()) {
        int tag = in.tag();
        switch (tag >>> 3) {
          case 1 -> {
            int size = in.length();
            line.append(new String(messages, in.at(), size, StandardCharsets.UTF_8));
            in.pass(size);
          }
          case 3 -> line.append(' ').append(in.varint());
          default -> {
            int metric = in.enter();
            while (!in.atEnd()) {
              int part = in.tag();
              if (part >>> 3 == 5 || part >>> 3 == 7) {
                int value = in.enter();
                line.append(" [").append(fields(in)).append(']');
                in.leave(value);
              } else {
                in.skip(part);
              }
            }
            in.leave(metric);
          }
        }
      }
      families.add(line.toString());
      in.leave(family);
    }
    return families;
  }

  private static String fields(ProtoReader in) {
    List<String> fields = new ArrayList<>();
    while (!in.atEnd()) {
      int tag = in.tag();
      switch (tag & 7) {
        case 0 -> fields.add((tag >>> 3) + ":" + in.varint());
        case 1 -> fields.add((tag >>> 3) + ":" + Double.longBitsToDouble(in.fixed64()));
        default -> {
          int inner = in.enter();
          fields.add((tag >>> 3) + "{" + fields(in) + "}");
          in.leave(inner);
        }
      }
    }
    return String.join(", ", fields);
  }

  // A request

  private HttpResponse<byte[]> read(byte[]... parts) throws Exception {
    ByteWriter message = new ByteWriter(256);
    for (byte[] part : parts) {
      message.bytes(part);
    }
    return send(Snappy.compress(message.toByteArray()));
  }

  private HttpResponse<byte[]> send(byte[] body) throws Exception {
    return client.sendForBytes(
        client
            .to("/api/v1/read")
            .header("Content-Encoding", "snappy")
            .header("Content-Type", "application/x-protobuf")
            .header("X-Prometheus-Remote-Read-Version", "0.1.0")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build());
  }

  private static byte[] types(int... types) {
    ByteWriter out = new ByteWriter(16);
    for (int type : types) {
      out.u8(2 << 3);
      out.varint(type);
    }
    return out.toByteArray();
  }

  private static byte[] query(long start, long end, int matcherType, String... matchers) {
    ByteWriter query = new ByteWriter(64);
    query.u8(1 << 3);
    query.varint(start);
    query.u8(2 << 3);
    query.varint(end);
    for (int i = 0; i < matchers.length; i += 2) {
      ByteWriter matcher = new ByteWriter(64);
      matcher.u8(1 << 3);
      matcher.varint(matcherType);
      matcher.u8(2 << 3 | 2);
      matcher.string(matchers[i]);
      matcher.u8(3 << 3 | 2);
      matcher.string(matchers[i + 1]);
      query.u8(3 << 3 | 2);
      query.varint(matcher.size());
      query.bytes(matcher.toByteArray());
    }
    ByteWriter out = new ByteWriter(64);
    out.u8(1 << 3 | 2);
    out.varint(query.size());
    out.bytes(query.toByteArray());
    return out.toByteArray();
  }

  // An answer

  private static List<String> describe(byte[] message) {
    List<String> lines = new ArrayList<>();
    ProtoReader in = new ProtoReader("answer").on(message, 0, message.length);
    while (!in.atEnd()) {
      assertThat(in.tag()).isEqualTo(0x0A);
      int outer = in.enter();
      lines.add("result");
      while (!in.atEnd()) {
        assertThat(in.tag()).isEqualTo(0x0A);
        int inner = in.enter();
        lines.add(series(in, message));
        in.leave(inner);
      }
      in.leave(outer);
    }
    return lines;
  }

  private static String series(ProtoReader in, byte[] message) {
    ByteWriter labels = new ByteWriter(64);
    List<String> samples = new ArrayList<>();
    while (!in.atEnd()) {
      int begin = in.at();
      int tag = in.tag();
      if (tag >>> 3 == 1) {
        int size = in.length();
        in.pass(size);
        labels.bytes(message, begin, in.at() - begin);
        continue;
      }
      assertThat(tag).isEqualTo(0x12);
      int outer = in.enter();
      assertThat(in.tag()).isEqualTo(0x09);
      double value = Double.longBitsToDouble(in.fixed64());
      assertThat(in.tag()).isEqualTo(0x10);
      long time = in.varint() - T;
      String text = StaleMarker.is(value) ? "stale" : Double.toString(value);
      samples.add((value <= -5 ? String.valueOf((int) value) : text) + "@" + time);
      in.leave(outer);
    }
    return Labels.fromCanonical(labels.array(), 0, labels.size())
        + " "
        + samples.toString().replace(",", "");
  }
}
