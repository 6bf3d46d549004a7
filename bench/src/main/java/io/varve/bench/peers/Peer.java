package io.varve.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A store that takes remote write and answers PromQL, and how it is run with its own defaults. */
enum Peer {
  /** This project's server, started by its launcher. */
  VARVE("varve", "/-/ready", "/api/v1/write", "/api/v1/admin/tsdb/merge") {
    @Override
    List<String> command(Path home, Path data, int port) throws IOException {
      Path config = data.resolveSibling(data.getFileName() + "-varve.yaml");
      Files.writeString(config, "http:\n  admin_api: true\nquery:\n  result_cache: 0\n");
      return List.of(
          home.resolve("varve").toString(),
          "serve",
          "--config",
          config.toString(),
          "--data-dir",
          data.toString(),
          "--listen",
          "127.0.0.1:" + port);
    }
  },

  /** VictoriaMetrics, single node. */
  VICTORIA_METRICS(
      "victoria-metrics",
      "/health",
      "/api/v1/write",
      "/internal/force_flush /internal/force_merge") {
    @Override
    List<String> command(Path home, Path data, int port) {
      return List.of(
          "victoria-metrics",
          "-storageDataPath=" + data,
          "-httpListenAddr=127.0.0.1:" + port,
          "-search.disableCache",
          // Ports that are not needed stay closed; data of any age is kept.
          "-retentionPeriod=100y");
    }
  },

  /** Prometheus as a remote write receiver. */
  PROMETHEUS("prometheus", "/-/ready", "/api/v1/write", "") {
    @Override
    List<String> command(Path home, Path data, int port) throws IOException {
      Path config = data.resolveSibling(data.getFileName() + "-prometheus.yml");
      Files.writeString(config, "global:\n  scrape_interval: 1h\n");
      return List.of(
          "prometheus",
          "--config.file=" + config,
          "--storage.tsdb.path=" + data,
          "--web.listen-address=127.0.0.1:" + port,
          "--web.enable-remote-write-receiver",
          "--storage.tsdb.retention.time=100y");
    }
  };

  private final String program;
  private final String readyPath;
  private final String writePath;
  private final String settlePaths;

  Peer(String program, String readyPath, String writePath, String settlePaths) {
    this.program = program;
    this.readyPath = readyPath;
    this.writePath = writePath;
    this.settlePaths = settlePaths;
  }

  /** The command line that starts it on a loopback port. */
  abstract List<String> command(Path home, Path data, int port) throws IOException;

  String program() {
    return program;
  }

  String readyPath() {
    return readyPath;
  }

  String writePath() {
    return writePath;
  }

  /** Paths to call so that work that was put off is done now. */
  List<String> settlePaths() {
    return settlePaths.isEmpty() ? List.of() : List.of(settlePaths.split(" "));
  }

  /** Why it cannot be measured here, null if it can. */
  @Nullable String missing() {
    if (this == VARVE) {
      return null;
    }
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return null;
      }
    }
    return program + " is not on PATH (Debian: apt-get install " + program + ")";
  }

  static Peer named(String name) {
    for (Peer peer : values()) {
      if (peer.program.equals(name.toLowerCase(Locale.ROOT))) {
        return peer;
      }
    }
    throw new IllegalArgumentException("unknown store " + name);
  }
}
