package io.varve.bench.ship;

import com.sun.management.OperatingSystemMXBean;
import io.varve.bench.peers.Trees;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.StoreInstall;
import io.varve.engine.StoreListing;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import io.varve.http.cluster.ClusterSecret;
import io.varve.http.cluster.ShipHandlers;
import io.varve.http.net.Availability;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Origins;
import io.varve.ingest.ship.PullProgress;
import io.varve.ingest.ship.ShipClient;
import io.varve.ingest.ship.ShipSettings;
import io.varve.ingest.ship.StorePull;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code varve bench ship}: a store is pulled over loopback, proven, and put in place. */
@Command(
    name = "ship",
    description = {
      "Fills a store, pulls it over loopback into an empty folder as a new or wiped node does, and"
          + " opens it there.",
      "Sender and receiver share one process: the CPU time is that of both. Every byte is proven"
          + " and synced."
    },
    mixinStandardHelpOptions = true)
public final class ShipCommand implements Callable<Integer> {
  private static final double MB = 1e6;
  private static final String SECRET = "benchmark";
  private static final long ORIGIN = 1_700_006_400_000L;
  private static final long DAY = 86_400_000;
  private static final int SERIES = 4_000;
  private static final int SAMPLES = 25;

  @Option(
      names = "--mib",
      paramLabel = "N",
      description = "Size of the store, about; ${DEFAULT-VALUE} by default.")
  private int mib = 1024;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      description = "Files pulled at a time; ${DEFAULT-VALUE} by default.")
  private int parallel = 4;

  @Option(
      names = "--max-bytes-per-second",
      paramLabel = "N",
      description = "Limit on what is pulled; none by default.")
  private long rate;

  @Option(
      names = "--least",
      paramLabel = "MB/S",
      description = "Exit with 1 if it is slower; ${DEFAULT-VALUE} by default.")
  private double least = 100;

  @Option(
      names = "--work",
      paramLabel = "DIR",
      description =
          "Where the stores are; a filled one is taken as it is, and stays. A temporary folder by"
              + " default.")
  private @Nullable Path work;

  /** For picocli. */
  public ShipCommand() {}

  @Override
  public Integer call() throws IOException {
    Path given = work;
    Path folder = given == null ? Files.createTempDirectory("varve-ship-") : given;
    Path source = folder.resolve("source");
    Path copy = folder.resolve("copy");
    try {
      Trees.delete(copy);
      if (!Files.exists(source.resolve("CURRENT"))) {
        fill(source);
      }
      return pull(source, copy) >= least ? 0 : 1;
    } finally {
      Trees.delete(copy);
      if (given == null) {
        Trees.delete(folder);
      }
    }
  }

  private static EngineConfig config(Path folder) {
    return EngineConfig.defaults(folder)
        .withFsync(FsyncPolicy.OS)
        .withClock(() -> Instant.ofEpochMilli(ORIGIN + DAY))
        .withBackgroundThreads(false);
  }

  /** Values that cannot be compressed fill the disk soonest. */
  private void fill(Path source) throws IOException {
    long begin = System.nanoTime();
    Random random = new Random(1);
    long time = ORIGIN - 300 * DAY;
    long samples = 0;
    try (Engine engine = Engine.open(config(source))) {
      long wanted = ((long) mib << 20) / Double.BYTES;
      while (samples < wanted) {
        for (int round = 0; round < 40 && samples < wanted; round++) {
          WriteBatch batch = new WriteBatch();
          for (int s = 0; s < SERIES; s++) {
            int row = batch.addSeries(Labels.of("__name__", "m" + s % 100, "instance", "i" + s));
            for (int i = 0; i < SAMPLES; i++) {
              long bits = 0x3ff0_0000_0000_0000L | random.nextLong() >>> 12;
              batch.addSample(row, time + i * 1_000L, bits, 0);
            }
          }
          engine.append(batch, WriteMode.ALL_OR_NOTHING);
          time += SAMPLES * 1_000L;
          samples += (long) SERIES * SAMPLES;
        }
        time += DAY;
        engine.flush();
      }
    }
    System.out.printf(
        Locale.ROOT,
        "filled with %,d samples in %.1f s%n",
        samples,
        (System.nanoTime() - begin) / 1e9);
  }

  private double pull(Path source, Path copy) throws IOException {
    try (Engine engine = Engine.open(config(source));
        HttpListener listener =
            new HttpListener(
                "127.0.0.1",
                0,
                new HttpListener.Limits(1 << 20, 60_000, 20_000, Origins.ALL, ""),
                ShipHandlers.routes(0, engine::shipping, new ClusterSecret(SECRET)),
                () -> Availability.READY,
                (failure, request, response) -> response.text(500, String.valueOf(failure)),
                (route, status, nanos, in, out) -> {});
        HttpClient http = HttpClient.newHttpClient();
        ShipClient client =
            new ShipClient(http, new ShipSettings(SECRET, parallel, rate, Duration.ofMinutes(1)))) {
      URI node = URI.create("http://127.0.0.1:" + listener.address().getPort());
      StoreInstall install = new StoreInstall(copy);
      StorePull pull = new StorePull(client, install, 0, List.of(node));
      long cpu = cpuNanos();
      long begin = System.nanoTime();
      StoreListing listing = pull.run();
      double seconds = (System.nanoTime() - begin) / 1e9;
      double cpuSeconds = (cpuNanos() - cpu) / 1e9;
      PullProgress.State state = pull.progress();
      begin = System.nanoTime();
      install.install(listing);
      double installSeconds = (System.nanoTime() - begin) / 1e9;
      pull.release(listing);
      double speed = state.bytes() / MB / seconds;
      System.out.printf(
          Locale.ROOT,
          "pulled %,d files, %,.0f MB in %.2f s: %.0f MB/s, %.1f core-ms per MB (%.2f cores);"
              + " put in place in %.0f ms%n",
          state.files(),
          state.bytes() / MB,
          seconds,
          speed,
          cpuSeconds * 1e3 / (state.bytes() / MB),
          cpuSeconds / seconds,
          installSeconds * 1e3);
      begin = System.nanoTime();
      StorePull again = new StorePull(client, install, 0, List.of(node));
      again.release(again.run());
      System.out.printf(
          Locale.ROOT,
          "once more, with everything in place: %.2f s, %,d bytes pulled%n",
          (System.nanoTime() - begin) / 1e9,
          again.progress().bytesReceived());
      try (Engine opened = Engine.open(config(copy))) {
        if (opened.stats().chunkSamples() != engine.stats().chunkSamples()) {
          throw new IOException("the copy holds other samples than the source");
        }
      }
      return speed;
    }
  }

  private static long cpuNanos() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getProcessCpuTime()
        : 0;
  }
}
