package io.varve.bench.aggregates;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.FleetReplay;
import io.varve.engine.AggregateRule;
import io.varve.engine.CellPart;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Grouping;
import io.varve.engine.SeriesLookup;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.WriteBatch;
import io.varve.query.Cancellation;
import io.varve.query.QueryEngine;
import io.varve.query.grouped.GroupedUpkeep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * An engine with one metric, {@code x}, of many series over a long time, and its continuous
 * aggregates. One thread.
 */
final class LongStore implements AutoCloseable {
  private static final long HOUR = 3_600_000L;
  private static final long DAY = 24 * HOUR;
  private static final long INTERVAL = 15_000;

  /** Begins at midnight, 2025-01-01. */
  private static final long START = 1_735_689_600_000L;

  private static final int STEPS_A_BATCH = 60;
  private static final int STEPS_BETWEEN_WORK = 480;

  private final Capture capture;
  private final int series;
  private final int days;
  private final Engine engine;
  private long now = START;

  private LongStore(Capture capture, int series, int days, Path folder) throws IOException {
    this.capture = capture;
    this.series = series;
    this.days = days;
    engine =
        Engine.open(
            EngineConfig.defaults(folder)
                .withFsync(FsyncPolicy.OS)
                .withBackgroundThreads(false)
                .withClock(() -> Instant.ofEpochMilli(now)));
  }

  /** Opens a folder, and fills it if it is empty. */
  static LongStore open(Capture capture, int series, int days, Path folder) throws IOException {
    boolean empty = !Files.exists(folder.resolve("CURRENT"));
    LongStore store = new LongStore(capture, series, days, folder);
    if (empty) {
      store.fill();
    } else {
      store.now = START + days * DAY;
    }
    store.settle();
    return store;
  }

  Engine engine() {
    return engine;
  }

  long endSeconds() {
    return (START + days * DAY) / 1000;
  }

  private void fill() {
    int perHost = capture.series().size();
    int hosts = (series + perHost - 1) / perHost;
    FleetReplay replay = new FleetReplay(capture, hosts, INTERVAL, START + 1, 0, true);
    WriteBatch[] batches = new WriteBatch[hosts];
    for (int host = 0; host < hosts; host++) {
      batches[host] = new WriteBatch();
      int n = Math.min(perHost, series - host * perHost);
      for (int s = 0; s < n; s++) {
        batches[host].addSeries(labels(capture.series().get(s), host));
      }
    }
    int steps = Math.toIntExact(days * DAY / INTERVAL);
    for (int step = 0; step < steps; step += STEPS_A_BATCH) {
      for (int host = 0; host < hosts; host++) {
        append(batches[host], replay, host, step);
      }
      if (step % STEPS_BETWEEN_WORK == 0) {
        engine.runBackgroundWork();
      }
      if (step % (30 * DAY / INTERVAL) == 0) {
        System.err.printf(Locale.ROOT, "filling: day %d of %d%n", step * INTERVAL / DAY, days);
      }
    }
  }

  private static Labels labels(Capture.Series recorded, int host) {
    Labels.Builder labels = new Labels.Builder(Labels.EMPTY);
    for (int i = 0; i < recorded.labels().size(); i += 2) {
      labels.set(recorded.labels().get(i), recorded.labels().get(i + 1));
    }
    return labels
        .set(Labels.METRIC_NAME, "x")
        .set("of", recorded.metric())
        .set("kind", recorded.counter() ? "counter" : "gauge")
        .set("instance", "host-" + host)
        .build();
  }

  private void append(WriteBatch batch, FleetReplay replay, int host, int firstStep) {
    batch.sampleCount = 0;
    for (int row = 0; row < batch.seriesCount; row++) {
      for (int step = firstStep; step < firstStep + STEPS_A_BATCH; step++) {
        double value = replay.value(row, host, step);
        if (!Double.isNaN(value)) {
          batch.addSample(row, replay.time(host, step), Double.doubleToRawLongBits(value), 0);
        }
      }
    }
    now = START + (firstStep + STEPS_A_BATCH) * INTERVAL;
    SeriesLookup lookup = engine.seriesLookup();
    if (batch.generation != lookup.generation() || firstStep <= STEPS_A_BATCH) {
      batch.generation = lookup.generation();
      int tenant = lookup.tenantId(batch.tenant);
      for (int row = 0; row < batch.seriesCount; row++) {
        batch.seriesId[row] =
            lookup.find(
                tenant, batch.labelArray[row], batch.labelOffset[row], batch.labelLength[row]);
      }
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  /** Final files, and all cells. */
  private void settle() {
    engine.mergeAll();
    engine.aggregate(
        List.of(
            rule("counter", Set.of(CellPart.RESETS, CellPart.BOUNDS)),
            rule("gauge", Set.of(CellPart.FIRST, CellPart.SUM, CellPart.BOUNDS)),
            groups("rates", "sum(rate)", HOUR, Matcher.equal("kind", "counter")),
            groups("peaks", "max(max_over_time)", 6 * HOUR)),
        0);
    long begin = System.nanoTime();
    while (engine.runBackgroundWork()) {
      // chunk file after chunk file
    }
    System.err.printf(Locale.ROOT, "cells made in %.1f s%n", (System.nanoTime() - begin) / 1e9);
    long next = System.nanoTime();
    try (QueryEngine queries = new QueryEngine(QueryEngine.Options.DEFAULT)) {
      GroupedUpkeep upkeep = new GroupedUpkeep(engine, queries);
      while (upkeep.derive(now, new Cancellation())) {
        // window after window
      }
    }
    System.err.printf(Locale.ROOT, "groups derived in %.1f s%n", (System.nanoTime() - next) / 1e9);
  }

  /** By host, of one column. */
  private static AggregateRule groups(
      String name, String column, long stepMillis, Matcher... matchers) {
    List<Matcher> all = new ArrayList<>(List.of(Matcher.equal(Labels.METRIC_NAME, "x")));
    all.addAll(List.of(matchers));
    return new AggregateRule(
        name,
        null,
        all,
        List.of(stepMillis),
        new Grouping(false, List.of("instance"), List.of(column)));
  }

  /** Sums of counters and resets of gauges mean nothing, so they are left out. */
  private static AggregateRule rule(String kind, Set<CellPart> parts) {
    return new AggregateRule(
        kind + "s",
        null,
        List.of(Matcher.equal("kind", kind)),
        List.of(300_000L, 3_600_000L, DAY),
        parts);
  }

  @Override
  public void close() throws IOException {
    engine.close();
  }
}
