package io.varve.bench.peers;

import io.varve.bench.workload.Protocol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A store that takes remote write and answers PromQL, and how it is run with its own defaults. */
enum Peer {
  /** This project's server, started by its launcher. */
  VARVE("varve", "/-/ready", "/api/v1/write", "/api/v1/admin/tsdb/merge") {
    @Override
    List<String> command(Settings settings, Path data, int port) throws IOException {
      Path config = data.resolveSibling(data.getFileName() + "-varve.yaml");
      String yaml = "http:\n  admin_api: true\n";
      if (!settings.caches()) {
        yaml += "query:\n  result_cache: 0\n";
      }
      Files.writeString(config, yaml);
      List<String> command = new ArrayList<>(settings.varve());
      command.addAll(
          List.of(
              "serve",
              "--config",
              config.toString(),
              "--fsync",
              settings.fsync(),
              "--data-dir",
              data.toString(),
              "--listen",
              "127.0.0.1:" + port));
      return command;
    }
  },

  /** VictoriaMetrics, single node. */
  VICTORIA_METRICS(
      "victoria-metrics",
      "/health",
      "/api/v1/write",
      "/internal/force_flush /internal/force_merge") {
    @Override
    List<String> command(Settings settings, Path data, int port) {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "victoria-metrics",
                  "-storageDataPath=" + data,
                  "-httpListenAddr=127.0.0.1:" + port,
                  // Data of any age is kept, and any number of series may be asked for.
                  "-retentionPeriod=100y",
                  "-search.maxUniqueTimeseries=10000000",
                  "-search.maxSeries=10000000"));
      if (!settings.caches()) {
        command.add("-search.disableCache");
      }
      return command;
    }
  },

  /** Prometheus as a remote write receiver. */
  PROMETHEUS("prometheus", "/-/ready", "/api/v1/write", "") {
    @Override
    List<String> command(Settings settings, Path data, int port) throws IOException {
      Path config = data.resolveSibling(data.getFileName() + "-prometheus.yml");
      String yaml = "global:\n  scrape_interval: 1h\n";
      if (settings.lateMillis() > 0) {
        yaml +=
            "storage:\n  tsdb:\n    out_of_order_time_window: "
                + (settings.lateMillis() + SLACK_MILLIS) / 1000
                + "s\n";
      }
      Files.writeString(config, yaml);
      return List.of(
          "prometheus",
          "--config.file=" + config,
          "--storage.tsdb.path=" + data,
          "--web.listen-address=127.0.0.1:" + port,
          "--web.enable-remote-write-receiver",
          "--storage.tsdb.retention.time=100y");
    }
  };

  private static final long SLACK_MILLIS = 3_600_000; // connections are not in step
  private static final Pattern VERSION = Pattern.compile("(?:version |v)(\\d+\\.\\d+\\.\\d+)");

  private final String program;
  private final String readyPath;
  private final String writePath;
  private final String settlePaths;

  /**
   * In what stores do not run with their own defaults.
   *
   * @param varve starts Varve, before its own arguments
   * @param fsync Varve's setting of that name
   * @param caches true if results of queries may be kept
   * @param lateMillis samples are late by up to so much, which Prometheus has to be told
   */
  record Settings(List<String> varve, String fsync, boolean caches, long lateMillis) {
    /** True if Varve is started by its launcher, which prepares things at its first start. */
    boolean isLauncher() {
      return varve.size() == 1;
    }
  }

  Peer(String program, String readyPath, String writePath, String settlePaths) {
    this.program = program;
    this.readyPath = readyPath;
    this.writePath = writePath;
    this.settlePaths = settlePaths;
  }

  /** The command line that starts it on a loopback port. */
  abstract List<String> command(Settings settings, Path data, int port) throws IOException;

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

  /** True if it takes requests of a version of remote write. */
  boolean takes(Protocol protocol) {
    return protocol == Protocol.V1 || this == VARVE;
  }

  /** Why it cannot be measured here, null if it can. */
  @Nullable String missing() {
    if (this == VARVE) {
      return null;
    }
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return null;
      }
    }
    return program + " is not on PATH (Debian: apt-get install " + program + ")";
  }

  /** The version of the program that is installed, empty if it does not tell. */
  String version() throws IOException {
    if (this == VARVE) {
      return "";
    }
    Process process = new ProcessBuilder(program, "--version").redirectErrorStream(true).start();
    try (var output = process.inputReader()) {
      Matcher matcher = VERSION.matcher(output.lines().reduce("", (a, b) -> a + b + "\n"));
      return matcher.find() ? matcher.group(1) : "";
    }
  }

  static Peer named(String name) {
    for (Peer peer : values()) {
      if (peer.program.equals(name.toLowerCase(Locale.ROOT))) {
        return peer;
      }
    }
    throw new IllegalArgumentException("unknown store " + name);
  }

  /** The stores of these names that are installed; what is left out is told. */
  static List<Peer> present(List<String> names) {
    List<Peer> peers = new ArrayList<>();
    for (String name : names) {
      Peer peer = Peer.named(name);
      String missing = peer.missing();
      if (missing == null) {
        peers.add(peer);
      } else {
        System.err.println("left out: " + missing);
      }
    }
    return peers;
  }
}
