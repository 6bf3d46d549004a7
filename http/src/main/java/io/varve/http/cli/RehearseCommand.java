package io.varve.http.cli;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import io.varve.engine.registry.ChronicleClasses;
import io.varve.http.Server;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import io.varve.http.config.ServerConfig.LogLevel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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
  private static final long STEP_MILLIS = 15_000;
  private static final int SAMPLES = 240;
  private static final int ROUNDS = 20;

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
      ServerConfig config =
          ServerConfig.defaults()
              .withListen(new Address(InetAddress.getLoopbackAddress().getHostAddress(), 0))
              .withDataDir(folder.resolve("data"));
      try (Server server = new Server(config)) {
        server.recover();
        rehearse("http://" + config.listen().host() + ":" + server.address().getPort());
      }
    } finally {
      delete(folder);
    }
    return 0;
  }

  private static void rehearse(String base) throws IOException {
    long end = System.currentTimeMillis();
    long start = end - SAMPLES * STEP_MILLIS;
    byte[] body = body(start);
    String range = "&start=" + start / 1_000 + "&end=" + end / 1_000 + "&step=60";
    for (int round = 0; round < ROUNDS; round++) {
      ask(base + "/api/v1/write", body);
      ask(base + "/-/ready", null);
      ask(base + "/api/v1/query?query=sum%20by%20(job)%20(rate(m[5m]))", null);
      ask(
          base + "/api/v1/query_range?query=max_over_time(m%7Bjob=~%22.%2B%22%7D[1h])" + range,
          null);
      ask(base + "/api/v1/labels?match[]=m", null);
      ask(base + "/api/v1/label/job/values", null);
      ask(base + "/api/v1/series?match[]=m", null);
      ask(base + "/api/v1/status/tsdb", null);
      ask(base + "/metrics", null);
    }
  }

  /** A remote write request with two series. */
  private static byte[] body(long start) throws IOException {
    ByteWriter request = new ByteWriter(1 << 14);
    for (String job : new String[] {"a", "b"}) {
      ByteWriter series = new ByteWriter(1 << 13);
      Labels.of(Labels.METRIC_NAME, "m", "job", job).writeCanonical(series);
      for (int i = 0; i < SAMPLES; i++) {
        ByteWriter sample = new ByteWriter(32);
        sample.u8(0x09);
        sample.bits(i * 1.5);
        sample.u8(0x10);
        sample.varint(start + i * STEP_MILLIS);
        nested(series, 0x12, sample);
      }
      nested(request, 0x0A, series);
    }
    return Snappy.compress(request.toByteArray());
  }

  private static void nested(ByteWriter out, int tag, ByteWriter inner) {
    out.u8(tag);
    out.varint(inner.size());
    out.bytes(inner.toByteArray());
  }

  private static void ask(String uri, byte @Nullable [] body) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create(uri.replace("[", "%5B").replace("]", "%5D")).toURL().openConnection();
    if (body != null) {
      connection.setRequestMethod("POST");
      connection.setRequestProperty("Content-Type", "application/x-protobuf");
      connection.setRequestProperty("Content-Encoding", "snappy");
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

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(
              file -> {
                try {
                  Files.delete(file);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
