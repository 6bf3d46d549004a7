package io.varve.http.cli;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.io.FolderTree;
import io.varve.engine.model.Labels;
import io.varve.http.Server;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.http.config.ServerConfig.LogLevel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code varve rehearse}: a short life of a server on a throw-away folder, with a write and some
 * queries. The launcher lets the JVM watch it once after a build and keep what it loaded and linked
 * (an ahead-of-time cache), from which later starts are faster.
 */
@Command(
    name = "rehearse",
    hidden = true,
    description = "Starts a server on a throw-away folder, asks it a few things and ends.")
final class RehearseCommand implements Callable<Integer> {
  /** The head is saved often, so that it is seen in the little that is written. */
  private static final String SETTINGS = "storage:\n  checkpoint_log_bytes: 1MiB\n";

  private static final long STEP_MILLIS = 15_000;
  private static final int SERIES = 200;
  private static final int SCRAPES = 360;
  private static final int RESTARTS = 12;

  /**
   * Of the questions: as many as fit, since the cache also keeps what the JVM has seen run often.
   */
  private static final int MOST_ROUNDS = 300;

  private static final long MOST_ROUNDS_NANOS = 8_000_000_000L;

  /** What dashboards and alert rules ask; m0 to m5 are the metrics of {@link #body}. */
  private static final List<String> QUERIES =
      List.of(
          "m3{i=\"7\"}",
          "sum by (job) (rate(m1[5m]))",
          "100 * (1 - avg by (job) (rate(m1{job=~\"j[12]\"}[5m])))",
          "max by (job) (irate(m2[5m]))",
          "topk(3, rate(m4[5m]))",
          "quantile(0.9, rate(m4[5m]))",
          "m3 * on (i, job) group_left () m3",
          "1 - m3 / (m3 + m3)",
          "m3 / m3 * 100 < 101 and predict_linear(m3[1h], 4 * 3600) > 0 and m3 == m3",
          "rate(m1[2m]) / rate(m1[2m]) < 2",
          "sum without (i) (avg without (job) (rate(m1{job!~\"j1|j2\"}[2m]))) * 100 > 1",
          "increase(m2[5m]) >= 0",
          "(m5 > -1000 and deriv(m5[5m]) >= 0) or (m5 < 1000 and deriv(m5[5m]) <= 0)",
          "count({job=\"j3\"})",
          "count by (__name__) ({__name__=~\"m.+\"})",
          "max_over_time(rate(m1[5m])[30m:1m])",
          "max by (job) (max_over_time(m3[1h]))",
          "avg_over_time(m3[1h])",
          "quantile_over_time(0.95, m3[1h])",
          "sum(count_over_time(m4[1h]))",
          "absent(nothing)",
          "label_replace(m3, \"k\", \"$1\", \"job\", \"j(.)\")");

  @Option(
      names = "--prepare",
      paramLabel = "JAR",
      description = "Instead: write the classes that would be generated at each start.")
  private @Nullable Path prepare;

  @Override
  public Integer call() throws IOException {
    Logging.level(LogLevel.WARN);
    if (prepare != null) {
      ChronicleClasses.write(prepare);
      return 0;
    }
    Path folder = Files.createTempDirectory("varve-rehearsal");
    try {
      Path settings = folder.resolve("varve.yaml");
      Files.writeString(settings, SETTINGS);
      ServeCommand serve =
          PlainServe.parse(
              "serve",
              "--config=" + settings,
              "--data-dir=" + folder.resolve("data"),
              "--listen=" + new Address(InetAddress.getLoopbackAddress().getHostAddress(), 0));
      ServerConfig config = Objects.requireNonNull(serve).settings().withAdminApi(true);
      // A whole window that has ended, so that flushes and merges are rehearsed too.
      long end = System.currentTimeMillis() / 86_400_000 * 86_400_000 - 86_400_000L / 2;
      try (Server server = new Server(config)) {
        server.recover();
        String base = base(config, server);
        rehearse(base, end);
        String otlp = base + "/api/v1/otlp/v1/metrics";
        ask(otlp, OtlpRequest.protobuf(end), "application/x-protobuf", null);
        ask(otlp, OtlpRequest.json(end + 1), "application/json", null);
        NewSeriesBurst burst = new NewSeriesBurst(end);
        burst.write(body -> ask(base + "/api/v1/write", body));
        ask(base + "/api/v1/admin/tsdb/merge", new byte[0]);
        burst.write(body -> ask(base + "/api/v1/write", body));
        scrapes(base, end, end + SCRAPES * STEP_MILLIS);
      }
      // And restarts that have a saved head and a log to read: as much of both as it takes until
      // what they run is seen to be run often.
      for (int i = 0; i < RESTARTS; i++) {
        try (Server server = new Server(config)) {
          server.recover();
          ask(base(config, server) + "/-/ready", null);
        }
      }
    } finally {
      FolderTree.delete(folder);
    }
    return 0;
  }

  private static String base(ServerConfig config, Server server) {
    return "http://" + config.listen().host() + ":" + server.address().getPort();
  }

  /** Scrapes as they come in, some late ones, then what a dashboard asks. */
  private static void rehearse(String base, long end) throws IOException {
    long start = end - SCRAPES * STEP_MILLIS;
    scrapes(base, start, end);
    ask(base + "/api/v1/admin/tsdb/merge", new byte[0]);
    String range = "&start=" + start / 1_000 + "&end=" + end / 1_000 + "&step=67";
    long until = System.nanoTime() + MOST_ROUNDS_NANOS;
    for (int round = 0; round < MOST_ROUNDS && System.nanoTime() < until; round++) {
      String at = "&nocache=1&time=" + (end / 1_000 - 15 * (round % 60));
      for (String query : QUERIES) {
        String text = "query=" + URLEncoder.encode(query, StandardCharsets.UTF_8);
        ask(base + "/api/v1/query?" + text + at, null);
        if (round % 4 == 0) {
          ask(base + "/api/v1/query_range?" + text + range, null);
        }
      }
      ask(base + "/-/ready", null);
      ask(base + "/api/v1/labels?match[]=m3", null);
      ask(base + "/api/v1/label/job/values", null);
      ask(base + "/api/v1/labels?" + range, null);
      ask(base + "/api/v1/label/__name__/values?" + range, null);
      ask(base + "/api/v1/label/i/values?match[]=%7Bjob=%22j3%22%7D", null);
      ask(base + "/api/v1/series?match[]=m3", null);
      if (round % 8 == 0) {
        ask(base + "/api/v1/status/tsdb", null);
        ask(base + "/metrics", null);
      }
    }
  }

  private static void scrapes(String base, long start, long end) throws IOException {
    Random random = new Random(1);
    double[] values = new double[SERIES];
    for (int scrape = 0; start + scrape * STEP_MILLIS < end; scrape++) {
      ask(base + "/api/v1/write", body(start + scrape * STEP_MILLIS, values, random));
      if (scrape % 120 == 119) {
        ask(base + "/api/v1/write", body(start + (scrape - 100) * STEP_MILLIS + 1, values, random));
      }
    }
  }

  /** One scrape: constants, counters of several paces, gauges of several precisions. */
  private static byte[] body(long time, double[] values, Random random) throws IOException {
    ByteWriter request = new ByteWriter(1 << 16);
    for (int i = 0; i < SERIES; i++) {
      switch (i % 6) {
        case 0 -> values[i] = i;
        case 1 -> values[i] += random.nextInt(1 + i);
        case 2 -> values[i] += random.nextInt(20) == 0 ? 1 : 0;
        case 3 -> values[i] = random.nextInt(1000) / 100.0;
        case 4 -> values[i] += random.nextInt(1000) * 0.001;
        default -> values[i] = random.nextDouble();
      }
      series(
          request,
          Labels.of(Labels.METRIC_NAME, "m" + i % 6, "i", String.valueOf(i), "job", "j" + i % 7),
          time,
          values[i]);
    }
    return Snappy.compress(request.toByteArray());
  }

  /** Appends a series with one sample to a request of remote write 1.0. */
  static void series(ByteWriter request, Labels labels, long time, double value) {
    ByteWriter series = new ByteWriter(128);
    labels.writeCanonical(series);
    ByteWriter sample = new ByteWriter(32);
    if (value != 0) {
      sample.u8(0x09);
      sample.bits(value);
    }
    sample.u8(0x10);
    sample.varint(time);
    nested(series, 0x12, sample);
    nested(request, 0x0A, series);
  }

  private static void nested(ByteWriter out, int tag, ByteWriter inner) {
    out.u8(tag);
    out.varint(inner.size());
    out.bytes(inner.toByteArray());
  }

  private static void ask(String uri, byte @Nullable [] body) throws IOException {
    ask(uri, body, "application/x-protobuf", "snappy");
  }

  private static void ask(
      String uri, byte @Nullable [] body, String type, @Nullable String encoding)
      throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create(uri.replace("[", "%5B").replace("]", "%5D")).toURL().openConnection();
    if (body != null) {
      connection.setRequestMethod("POST");
      connection.setRequestProperty("Content-Type", type);
      if (encoding != null) {
        connection.setRequestProperty("Content-Encoding", encoding);
      }
      connection.setDoOutput(true);
      try (OutputStream out = connection.getOutputStream()) {
        out.write(body);
      }
    }
    int status = connection.getResponseCode();
    if (status >= 300) {
      throw new IOException(uri + " answers " + status);
    }
    try (InputStream in = connection.getInputStream()) {
      in.readAllBytes();
    }
  }
}
