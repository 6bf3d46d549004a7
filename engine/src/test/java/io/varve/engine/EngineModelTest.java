package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random operations on an engine against a map of maps: appends in order and late, duplicates,
 * equal and different, samples on window edges, deletes, undeletes, purges, corrections, flushes,
 * merges, restarts. After every few operations random ranges of all series must read the same.
 */
final class EngineModelTest {
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final double[] SPECIAL = {
    StaleMarker.VALUE,
    Double.longBitsToDouble(0x7ff8000000000001L),
    Double.longBitsToDouble(0xfff8000000012345L),
    -0.0,
    0.0,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.MIN_VALUE,
    -Double.MAX_VALUE
  };

  @TempDir Path dir;

  private HistoryModel model = new HistoryModel(DuplicatePolicy.LAST);
  private final List<Long> deletes = new ArrayList<>();
  private final Map<DeleteInfo.State, Integer> ends = new EnumMap<>(DeleteInfo.State.class);
  private final List<Labels> series = new ArrayList<>();
  private DuplicatePolicy policy = DuplicatePolicy.LAST;
  private long now = ORIGIN;
  private long cellsRead;
  private long knownFinite;

  @ParameterizedTest
  @EnumSource(DuplicatePolicy.class)
  void readsWhatTheModelSays(DuplicatePolicy duplicates) throws IOException {
    policy = duplicates;
    for (int round = 0; round < 3; round++) {
      long seed = Seeds.usual(1) + round;
      run(seed, dir.resolve("round" + round));
    }
    assertThat(ends)
        .as("how deletes ended")
        .containsKeys(DeleteInfo.State.PURGED, DeleteInfo.State.UNDONE);
    assertThat(knownFinite).as("samples that were said to be finite").isPositive();
    assertThat(cellsRead).as("cells of continuous aggregates that were read").isPositive();
  }

  private void run(long seed, Path folder) throws IOException {
    Random random = new Random(seed);
    model = new HistoryModel(policy);
    deletes.clear();
    series.clear();
    now = ORIGIN;
    for (int i = 0; i < 12; i++) {
      series.add(Labels.of("__name__", "m" + i % 3, "instance", "host" + i, "job", "j"));
    }
    EngineConfig config =
        EngineConfig.defaults(folder)
            .withWindow(WINDOW, WINDOW / 4)
            .withDuplicates(policy, 1L << 40)
            .withUndo(WINDOW, 2 * WINDOW)
            .withSizes(20_000, 2_000)
            .withLimits(1000, 64 << 20, 4_000)
            .withClock(() -> Instant.ofEpochMilli(now))
            .withBackgroundThreads(false)
            .withFsync(FsyncPolicy.OS);
    Engine engine = Engine.open(config);
    engine.aggregate(rules(random), 1);
    try {
      for (int step = 0; step < 300; step++) {
        int dice = random.nextInt(100);
        if (dice < 70) {
          append(engine, random);
        } else if (dice < 76) {
          for (int i = random.nextInt(12); i >= 0; i--) {
            engine.runBackgroundWork();
          }
        } else if (dice < 81) {
          engine.flush();
        } else if (dice < 84) {
          engine.mergeAll();
        } else if (dice < 87) {
          delete(engine, random);
        } else if (dice < 89) {
          undelete(engine, random);
        } else if (dice < 91) {
          correct(engine, random);
        } else if (random.nextInt(60) == 0) {
          engine.cleanTombstones();
        } else if (dice < 95) {
          cellsRead += engine.aggregateStats().cellsRead();
          engine.close();
          engine = Engine.open(config);
          assertThat(engine.stats().damage()).isEmpty();
          engine.aggregate(rules(random), 1);
        } else {
          check(engine, random, seed, step);
        }
      }
      check(engine, random, seed, 300);
      engine.mergeAll();
      check(engine, random, seed, 301);
      engine.deletes().forEach(delete -> ends.merge(delete.state(), 1, Integer::sum));
      cellsRead += engine.aggregateStats().cellsRead();
      engine.close();
      engine = Engine.open(config);
      check(engine, random, seed, 302);
    } finally {
      engine.close();
    }
  }

  private void append(Engine engine, Random random) {
    WriteBatch batch = new WriteBatch();
    int n = 1 + random.nextInt(60);
    int refused = 0;
    int written = 0;
    Set<String> seen = new HashSet<>();
    now += random.nextInt(3000);
    // Now and then many samples of one series: those are logged as columns.
    Labels only = random.nextInt(6) == 0 ? series.get(random.nextInt(series.size())) : null;
    int onlyRow = only == null ? -1 : batch.addSeries(only);
    for (int i = 0; i < n; i++) {
      Labels labels = only == null ? series.get(random.nextInt(series.size())) : only;
      long time =
          switch (random.nextInt(10)) {
            case 0 -> now - random.nextInt(300_000); // late
            case 1 -> now / WINDOW * WINDOW; // on the edge of a window
            case 2 -> now / WINDOW * WINDOW + 1;
            default -> now + i * 10L;
          };
      double value =
          random.nextInt(8) == 0 && !labels.get("__name__").equals("m2")
              ? SPECIAL[random.nextInt(SPECIAL.length)]
              : random.nextInt(3) == 0 ? 7.0 : random.nextInt(1000) / 10.0;
      if (policy == DuplicatePolicy.REJECT && !seen.add(labels + "@" + time)) {
        continue; // which of two in one batch is refused is not this test's affair
      }
      written++;
      int row = onlyRow >= 0 ? onlyRow : batch.addSeries(labels);
      long bits = Double.doubleToRawLongBits(value);
      batch.addSample(row, time, bits, 0);
      refused += isRefused(labels, time, bits) ? 1 : 0;
      if (policy != DuplicatePolicy.REJECT || model.at(labels, time) == null) {
        model.write(labels, time, bits, false);
      }
    }
    WriteResult result = engine.append(batch, WriteMode.PARTIAL);
    assertThat(result.rejected()).isEqualTo(refused);
    assertThat(result.samples()).isEqualTo(written - refused);
    now += n * 10L;
  }

  private boolean isRefused(Labels labels, long time, long bits) {
    Long there = model.at(labels, time);
    return policy == DuplicatePolicy.REJECT && there != null && there != bits;
  }

  private void correct(Engine engine, Random random) {
    WriteBatch batch = new WriteBatch();
    Map<Labels, TreeMap<Long, Long>> all = model.visible(TimeRange.ALL);
    for (int i = random.nextInt(40); i >= 0; i--) {
      Labels labels = series.get(random.nextInt(series.size()));
      TreeMap<Long, Long> there = all.get(labels);
      long time = now + random.nextInt(100);
      if (there != null && random.nextInt(8) != 0) {
        List<Long> times = new ArrayList<>(there.keySet());
        time = random.nextInt(5) == 0 ? times.getLast() : times.get(random.nextInt(times.size()));
      }
      long bits = Double.doubleToRawLongBits(-random.nextInt(1000));
      batch.addSample(batch.addSeries(labels), time, bits, 0);
      model.write(labels, time, bits, true);
    }
    WriteResult result = engine.correct(batch);
    assertThat(result.complete()).isTrue();
    now += 100;
  }

  private void undelete(Engine engine, Random random) {
    if (deletes.isEmpty()) {
      return;
    }
    long id = deletes.get(random.nextInt(deletes.size()));
    try {
      engine.undelete(id);
      model.undelete(id);
    } catch (UndeleteException e) {
      assertThat(e.getMessage()).containsPattern("undone already|purged|nothing that is stored");
    }
  }

  private void delete(Engine engine, Random random) {
    long from = ORIGIN + random.nextLong(Math.max(1, now - ORIGIN)) - 1000;
    TimeRange range = new TimeRange(from, from + random.nextInt(60_000));
    Matcher matcher =
        random.nextBoolean()
            ? Matcher.equal("__name__", "m" + random.nextInt(3))
            : new Matcher(Matcher.Type.RE, "instance", "host[0-" + random.nextInt(9) + "]");
    DeletePreview preview =
        engine.previewDelete("", List.of(matcher), range, QueryBudget.UNLIMITED);
    Map<Labels, TreeMap<Long, Long>> hit = model.visible(range);
    hit.keySet().removeIf(labels -> !matcher.matches(labels.get(matcher.name())));
    assertThat(preview.series()).isEqualTo(hit.size());
    assertThat(preview.samples()).isEqualTo(hit.values().stream().mapToLong(TreeMap::size).sum());
    long id = engine.delete("", List.of(matcher), range);
    model.delete(id, matcher, range);
    deletes.add(id);
    if (engine.stats().waitingJobs() == 0) {
      assertThat(engine.deletes().getLast().samples()).isEqualTo(preview.samples());
    }
  }

  private void check(Engine engine, Random random, long seed, int step) {
    for (int round = 0; round < 3; round++) {
      long a = ORIGIN - 310_000 + random.nextLong(now - ORIGIN + 320_000);
      long b = a + random.nextLong(now - ORIGIN + 320_000);
      TimeRange range = round == 0 ? TimeRange.ALL : new TimeRange(a, b);
      Map<Labels, TreeMap<Long, Long>> found = new TreeMap<>();
      try (Snapshot snapshot = engine.snapshot()) {
        SeriesSet set =
            snapshot.select(
                "",
                List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*")),
                range,
                QueryBudget.UNLIMITED);
        SampleColumns rows = new SampleColumns();
        RangeAggregate aggregate = new RangeAggregate();
        try (SeriesReader reader = set.reader()) {
          for (int i = 0; i < set.size(); i++) {
            reader.read(i, range, rows);
            TreeMap<Long, Long> samples = new TreeMap<>();
            for (int k = 0; k < rows.size; k++) {
              samples.put(rows.times[k], Double.doubleToRawLongBits(rows.values[k]));
            }
            assertThat(samples).as("distinct times").hasSize(rows.size);
            checkFinite(rows);
            if (!samples.isEmpty()) {
              found.put(set.labels(i), samples);
            }
            checkTimes(reader, i, range, rows);
            if (reader.aggregate(i, range, aggregate)) {
              checkAggregate(aggregate, rows);
            }
            if (reader.aggregate(i, range, CellPart.ALL, aggregate)) {
              checkAggregate(aggregate, rows);
            }
            if (!range.equals(TimeRange.ALL)) {
              CellCheck.cellsAreTheirSamples(reader, i, range, random);
            }
          }
        }
        assertThat(snapshot.damage()).isEmpty();
      }
      Map<Labels, TreeMap<Long, Long>> expected = model.visible(range);
      assertThat(found).as("seed %d step %d range %s", seed, step, range).isEqualTo(expected);
    }
  }

  /** Continuous aggregates of some of the series, of other widths each time. */
  private static List<AggregateRule> rules(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> List.of();
      case 1 -> List.of(new AggregateRule("all", null, List.of(), List.of(5_000L, 20_000L)));
      case 2 ->
          List.of(
              new AggregateRule(
                  "some", "", List.of(Matcher.equal("__name__", "m2")), List.of(5_000L)),
              new AggregateRule(
                  "others", "", List.of(Matcher.equal("__name__", "m1")), List.of(60_000L)));
      default ->
          List.of(
              new AggregateRule(
                  "one", null, List.of(Matcher.equal("instance", "host2")), List.of(20_000L)),
              new AggregateRule(
                  "sums",
                  "",
                  List.of(Matcher.equal("__name__", "m2")),
                  List.of(5_000L, 20_000L),
                  Set.of(CellPart.SUM)),
              new AggregateRule(
                  "rises",
                  "",
                  List.of(Matcher.equal("instance", "host5")),
                  List.of(20_000L),
                  Set.of(CellPart.RESETS)),
              new AggregateRule(
                  "changes",
                  "",
                  List.of(Matcher.equal("instance", "host8")),
                  List.of(20_000L),
                  Set.of(CellPart.FIRST, CellPart.SUM)));
    };
  }

  private void checkFinite(SampleColumns rows) {
    if (!rows.finite) {
      return;
    }
    knownFinite += rows.size;
    for (int k = 0; k < rows.size; k++) {
      assertThat(rows.values[k]).as("said to be finite").isFinite();
    }
  }

  /** Who asks for times only sees them all, and which of them are of stale markers. */
  private static void checkTimes(
      SeriesReader reader, int series, TimeRange range, SampleColumns rows) {
    SampleColumns times = new SampleColumns();
    reader.readTimes(series, range, times);
    assertThat(times.size).isEqualTo(rows.size);
    for (int k = 0; k < rows.size; k++) {
      assertThat(times.times[k]).isEqualTo(rows.times[k]);
      assertThat(StaleMarker.is(times.values[k])).isEqualTo(StaleMarker.is(rows.values[k]));
    }
  }

  private static void checkAggregate(RangeAggregate aggregate, SampleColumns rows) {
    long count = 0;
    long stale = 0;
    long resets = 0;
    double correction = 0;
    double sum = 0;
    double last = Double.NaN;
    double min = Double.POSITIVE_INFINITY;
    for (int i = 0; i < rows.size; i++) {
      double value = rows.values[i];
      if (StaleMarker.is(value)) {
        stale++;
        continue;
      }
      count++;
      if (value < last) {
        resets++;
        correction += last;
      }
      last = value;
      sum += value;
      min = Math.min(min, value);
    }
    assertThat(aggregate.count).isEqualTo(count);
    assertThat(aggregate.staleCount).isEqualTo(stale);
    assertThat(aggregate.resets).isEqualTo(resets);
    if (count > 0) {
      assertThat(aggregate.last).isEqualTo(last);
      assertThat(aggregate.min).isEqualTo(min);
      if (Math.abs(sum) < 1e100) {
        double scale = Math.max(1, Math.abs(sum));
        assertThat(Math.abs(aggregate.sum + aggregate.sumLow - sum) / scale).isLessThan(1e-9);
        assertThat(Math.abs(aggregate.resetCorrection - correction) / scale).isLessThan(1e-9);
      }
    }
  }
}
