package io.varve.http.cluster;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Shipping;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.http.net.Availability;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Origins;
import io.varve.http.net.Route;
import io.varve.ingest.ship.Scrub;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** A store that is changed at random, a port that gives its files away, and what a store holds. */
final class ShipWorld {
  static final String SECRET = "of the cluster";

  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final int SERIES = 40;

  private final Random random;
  private long now = ORIGIN;

  ShipWorld(Random random) {
    this.random = random;
  }

  /** A store with small windows, which does nothing by itself. */
  EngineConfig config(Path folder) {
    return EngineConfig.defaults(folder)
        .withWindow(WINDOW, WINDOW / 4)
        .withUndo(WINDOW, WINDOW)
        .withSizes(200_000, 4_000)
        .withFsync(FsyncPolicy.OS)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withBackgroundThreads(false);
  }

  /** Opens a port that gives a store's files away. */
  static HttpListener serve(Supplier<@Nullable Shipping> shipping) throws IOException {
    return serve(shipping, () -> null);
  }

  static HttpListener serve(Supplier<@Nullable Shipping> shipping, Supplier<@Nullable Scrub> scrub)
      throws IOException {
    ClusterSecret secret = new ClusterSecret(SECRET);
    List<Route> routes = new ArrayList<>(ShipHandlers.routes(0, shipping, secret));
    routes.addAll(ScrubHandlers.routes(0, scrub, secret));
    return new HttpListener(
        "127.0.0.1",
        0,
        new HttpListener.Limits(1 << 20, 60_000, 5_000, Origins.ALL, ""),
        routes,
        () -> Availability.READY,
        (failure, request, response) -> response.text(500, String.valueOf(failure)),
        (route, status, nanos, in, out) -> {});
  }

  static URI address(HttpListener listener) {
    return URI.create("http://127.0.0.1:" + listener.address().getPort());
  }

  /** A store that may be closed at times. */
  static Supplier<@Nullable Shipping> of(AtomicReference<@Nullable Engine> engine) {
    return () -> {
      Engine open = engine.get();
      return open == null ? null : open.shipping();
    };
  }

  /** One of the things that change a store. */
  void change(Engine engine) {
    int dice = random.nextInt(100);
    if (dice < 70) {
      append(engine);
    } else if (dice < 80) {
      engine.runBackgroundWork();
    } else if (dice < 88) {
      engine.flush();
    } else if (dice < 92) {
      engine.delete(
          "",
          List.of(Matcher.equal("instance", "host" + random.nextInt(SERIES))),
          TimeRange.closed(now - random.nextInt(200_000), now));
    } else if (dice < 95) {
      engine.mergeAll();
    } else if (dice < 97) {
      engine.cleanTombstones();
    } else if (dice < 99) {
      now += random.nextInt(2 * (int) WINDOW);
    } else {
      engine.setRetention(new RetentionPolicy((4 + random.nextInt(8)) * WINDOW, List.of()));
    }
  }

  /** Some samples of some series, now and then late. */
  void append(Engine engine) {
    WriteBatch batch = new WriteBatch();
    for (int s = random.nextInt(3); s < SERIES; s += 1 + random.nextInt(4)) {
      int row = batch.addSeries(Labels.of("__name__", "m" + s % 7, "instance", "host" + s));
      for (int i = random.nextInt(30); i >= 0; i--) {
        long time = now - (random.nextInt(8) == 0 ? random.nextInt(300_000) : -i * 40L);
        batch.addSample(row, time, Double.doubleToRawLongBits(random.nextGaussian()), 0);
      }
    }
    engine.append(batch, WriteMode.PARTIAL);
    now += random.nextInt(4_000);
  }

  /** What can be read of each series, in short. */
  static Map<String, String> content(Engine engine) {
    Map<String, String> content = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found =
          snapshot.select(
              "",
              List.of(new Matcher(Matcher.Type.RE, "__name__", ".+")),
              TimeRange.ALL,
              QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = found.reader()) {
        for (int i = 0; i < found.size(); i++) {
          rows.clear();
          reader.read(i, TimeRange.ALL, rows);
          StringBuilder line = new StringBuilder();
          for (int row = 0; row < rows.size; row++) {
            line.append(rows.times[row]).append('=');
            line.append(Double.doubleToRawLongBits(rows.values[row])).append(' ');
          }
          if (rows.size > 0) {
            CRC32 sum = new CRC32();
            sum.update(line.toString().getBytes(StandardCharsets.US_ASCII));
            content.put(
                found.labels(i).toString(),
                rows.size + " samples to " + rows.times[rows.size - 1] + ", " + sum.getValue());
          }
        }
      }
    }
    return content;
  }
}
