package io.varve.bench.fuzz;

import io.varve.bench.peers.ServerProcess;
import io.varve.http.Server;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A real Prometheus and a Varve in this process, both empty at first; they end with it. */
public final class ServerPair implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ServerProcess process;
  private final Server server;
  final PromqlClient prometheus;
  final PromqlClient varve;

  private ServerPair(ServerProcess process, int port, Server server) {
    this.process = process;
    this.server = server;
    prometheus = new PromqlClient(http, port);
    varve = new PromqlClient(http, server.address().getPort());
  }

  /** Where the program of Prometheus is, null if it is not installed. */
  public static @Nullable Path program() {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path file = Path.of(folder, "prometheus");
      if (!folder.isEmpty() && Files.isExecutable(file)) {
        return file;
      }
    }
    return null;
  }

  /**
   * Starts both in a folder, which the caller deletes.
   *
   * @throws IOException if one of them does not start
   */
  public static ServerPair start(Path prometheus, Path folder)
      throws IOException, InterruptedException {
    Path theirs = folder.resolve("prometheus.yml");
    Files.writeString(theirs, "global:\n  scrape_interval: 1h\n");
    Path ours = folder.resolve("varve.yaml");
    Files.writeString(
        ours,
        """
        log_level: error
        storage:
          registry: heap
        query:
          features:
            promql-experimental-functions: true
        """);
    int port = ServerProcess.freePort();
    Server server =
        new Server(
            ServerConfig.load(ours)
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(folder.resolve("varve")));
    ServerProcess process =
        new ServerProcess(
            List.of(
                prometheus.toString(),
                "--config.file=" + theirs,
                "--storage.tsdb.path=" + folder.resolve("prometheus"),
                "--storage.tsdb.retention.time=100y",
                "--web.listen-address=127.0.0.1:" + port,
                "--web.enable-remote-write-receiver",
                "--enable-feature=native-histograms,promql-negative-offset,promql-at-modifier",
                "--log.level=warn"),
            folder.resolve("prometheus.log"));
    ServerPair pair = new ServerPair(process, port, server);
    try {
      server.recover();
      pair.awaitReady(folder);
      return pair;
    } catch (IOException | InterruptedException | RuntimeException e) {
      pair.close();
      throw e;
    }
  }

  private void awaitReady(Path folder) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!prometheus.ready()) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new IOException(
            "Prometheus did not start: " + Files.readString(folder.resolve("prometheus.log")));
      }
      Thread.sleep(20);
    }
  }

  /** Sends a remote write body to both. */
  void write(byte[] body) throws IOException, InterruptedException {
    prometheus.write(body);
    varve.write(body);
  }

  @Override
  public void close() throws IOException {
    process.close();
    server.close();
    http.close();
  }
}
