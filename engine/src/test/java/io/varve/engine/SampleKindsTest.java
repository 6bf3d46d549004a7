package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every kind of sample, and what comes with samples, through every station: open head, log and
 * restart, files of a flush, final files; in order and late.
 */
final class SampleKindsTest {
  private static final long NOW = 1_700_000_000_000L;
  private static final Labels FLOATS = Labels.of("__name__", "floats_total", "job", "a");
  private static final Labels MIXED = Labels.of("__name__", "mixed", "job", "a");
  private static final Labels STARTS = Labels.of("__name__", "starts_total", "job", "b");
  private static final double[] VALUES = {
    1.5,
    StaleMarker.VALUE,
    Double.longBitsToDouble(0x7ff8000000000001L),
    Double.longBitsToDouble(0xfff4000000abcdefL),
    -0.0,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.MIN_VALUE,
    Double.MIN_NORMAL / 3,
    Math.PI
  };

  @TempDir Path dir;

  private static final Histogram INTEGER =
      new Histogram(
          3,
          1e-128,
          false,
          21,
          2,
          18.4,
          2,
          new int[] {0, 2, 1, 2},
          new int[] {0, 2},
          new long[] {1, 1, -1, 0},
          new long[] {1, 1},
          new double[0],
          new double[0],
          new double[0]);
  private static final Histogram FLOAT =
      new Histogram(
          -2,
          0.001,
          true,
          Double.doubleToRawLongBits(7.5),
          Double.doubleToRawLongBits(0.5),
          StaleMarker.VALUE,
          3,
          new int[] {-3, 1},
          new int[0],
          new long[0],
          new long[0],
          new double[] {7.0},
          new double[0],
          new double[0]);
  private static final Histogram CUSTOM =
      new Histogram(
          Histogram.CUSTOM_BUCKETS_SCHEMA,
          0,
          false,
          5,
          0,
          12.25,
          0,
          new int[] {0, 3},
          new int[0],
          new long[] {1, 1, -1},
          new long[0],
          new double[0],
          new double[0],
          new double[] {0.5, 1, 2.5});

  @Test
  void everyKindPassesEveryStation() throws IOException {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withClock(() -> Instant.ofEpochMilli(NOW + 3 * 86_400_000L))
            .withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      write(engine);
      check(engine, "open head");
    }
    try (Engine engine = Engine.open(config)) {
      check(engine, "log and restart");
      engine.flush();
      assertThat(engine.stats().chunkFiles()).isPositive();
      check(engine, "L0");
    }
    try (Engine engine = Engine.open(config)) {
      check(engine, "L0 and restart");
      engine.mergeAll();
      assertThat(engine.stats().merges()).isPositive();
      check(engine, "L1");
    }
    try (Engine engine = Engine.open(config)) {
      check(engine, "L1 and restart");
    }
  }

  @Test
  void everyKindPassesTheCheckpoint() throws IOException {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withSizes(1, 1 << 20) // after every batch
            .withClock(() -> Instant.ofEpochMilli(NOW))
            .withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      write(engine);
      engine.runBackgroundWork();
      assertThat(engine.stats().checkpoints()).isPositive();
      check(engine, "after the checkpoint");
    }
    try (Engine engine = Engine.open(config)) {
      assertThat(engine.stats().recovery()).contains(" 0 records");
      check(engine, "from the checkpoint");
      engine.flush();
      check(engine, "flushed after it");
    }
  }

  private static void write(Engine engine) {
    WriteBatch batch = new WriteBatch();
    int floats = batch.addSeries(FLOATS);
    int mixed = batch.addSeries(MIXED);
    int starts = batch.addSeries(STARTS);
    for (int i = 0; i < VALUES.length; i++) {
      batch.addSample(floats, NOW + i * 1000, Double.doubleToRawLongBits(VALUES[i]), 0);
    }
    batch.addSample(mixed, NOW, Double.doubleToRawLongBits(42), 0);
    batch.addHistogram(mixed, NOW + 1000, INTEGER, 0);
    batch.addHistogram(mixed, NOW + 2000, FLOAT, 0);
    batch.addHistogram(mixed, NOW + 3000, CUSTOM, NOW - 5000);
    batch.addSample(starts, NOW, Double.doubleToRawLongBits(1), NOW - 60_000);
    batch.addSample(starts, NOW + 1000, Double.doubleToRawLongBits(2), NOW - 60_000);
    batch.addSample(starts, NOW + 2000, Double.doubleToRawLongBits(1), NOW + 1500);
    batch.addExemplar(floats, NOW + 1000, 0.25, Labels.of("trace_id", "abc"));
    batch.addExemplar(mixed, NOW + 2000, 0.5, Labels.EMPTY);
    batch.addMetadata("floats_total", new Metadata("counter", "bytes", "How many."));
    assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).complete()).isTrue();

    WriteBatch late = new WriteBatch();
    int row = late.addSeries(MIXED);
    late.addHistogram(row, NOW - 86_400_000, CUSTOM, NOW - 90_000_000);
    late.addSample(row, NOW - 86_399_000, Double.doubleToRawLongBits(-0.0), 0);
    late.addSample(late.addSeries(STARTS), NOW - 1000, Double.doubleToRawLongBits(9), NOW - 2000);
    assertThat(engine.append(late, WriteMode.ALL_OR_NOTHING).complete()).isTrue();
    assertThat(engine.stats().lateSamples()).isEqualTo(3);
  }

  private static void check(Engine engine, String station) {
    try (Snapshot snapshot = engine.snapshot()) {
      SampleColumns floats = read(snapshot, FLOATS);
      assertThat(floats.size).as(station).isEqualTo(VALUES.length);
      for (int i = 0; i < VALUES.length; i++) {
        assertThat(floats.times[i]).isEqualTo(NOW + i * 1000);
        assertThat(Double.doubleToRawLongBits(floats.values[i]))
            .as(station + " value " + i)
            .isEqualTo(Double.doubleToRawLongBits(VALUES[i]));
      }
      SampleColumns mixed = read(snapshot, MIXED);
      assertThat(mixed.size).as(station).isEqualTo(6);
      assertThat(mixed.histogram(0)).isEqualTo(CUSTOM);
      assertThat(mixed.start(0)).isEqualTo(NOW - 90_000_000);
      assertThat(Double.doubleToRawLongBits(mixed.values[1]))
          .isEqualTo(Double.doubleToRawLongBits(-0.0));
      assertThat(mixed.histogram(2)).as(station + ": a float between histograms").isNull();
      assertThat(mixed.values[2]).isEqualTo(42);
      assertThat(mixed.histogram(3)).isEqualTo(INTEGER);
      assertThat(mixed.histogram(4)).isEqualTo(FLOAT);
      assertThat(mixed.histogram(5)).isEqualTo(CUSTOM);
      assertThat(mixed.start(4)).isZero();
      assertThat(mixed.start(5)).isEqualTo(NOW - 5000);
      SampleColumns starts = read(snapshot, STARTS);
      assertThat(starts.size).as(station).isEqualTo(4);
      assertThat(new long[] {starts.start(0), starts.start(1), starts.start(2), starts.start(3)})
          .containsExactly(NOW - 2000, NOW - 60_000, NOW - 60_000, NOW + 1500);

      Map<Labels, List<Exemplar>> exemplars =
          snapshot.exemplars(
              "", List.of(Matcher.equal("job", "a")), TimeRange.ALL, QueryBudget.UNLIMITED);
      assertThat(exemplars.get(FLOATS))
          .as(station)
          .containsExactly(new Exemplar(NOW + 1000, 0.25, Labels.of("trace_id", "abc")));
      assertThat(exemplars.get(MIXED)).containsExactly(new Exemplar(NOW + 2000, 0.5, Labels.EMPTY));
      assertThat(snapshot.metadata(""))
          .containsEntry("floats_total", new Metadata("counter", "bytes", "How many."));
      assertThat(snapshot.damage()).isEmpty();
    }
  }

  private static SampleColumns read(Snapshot snapshot, Labels labels) {
    SeriesSet set =
        snapshot.select(
            "",
            List.of(Matcher.equal("__name__", labels.get("__name__"))),
            TimeRange.ALL,
            QueryBudget.UNLIMITED);
    assertThat(set.size()).isEqualTo(1);
    assertThat(set.labels(0)).isEqualTo(labels);
    SampleColumns rows = new SampleColumns();
    try (SeriesReader reader = set.reader()) {
      reader.read(0, TimeRange.ALL, rows);
    }
    return rows;
  }
}
