package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.partition.ChunkFile;
import io.varve.engine.partition.Manifest;
import io.varve.engine.partition.WindowState;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a retention policy does to windows, files, lists of labels and writes. */
final class RetentionTest {
  private static final long HOUR = 3_600_000;
  private static final long ORIGIN = 1_700_000_000_000L / HOUR * HOUR;
  private static final long STEP = 300_000;
  private static final int SERIES = 40;
  private static final int FEW = 8;
  private static final List<Matcher> METRIC = List.of(Matcher.equal("__name__", "m"));

  private final Path dir = Path.of("/store");
  private final SimFileSystem fs = new SimFileSystem(1);
  private long now = ORIGIN + 10 * HOUR;

  private EngineConfig config() {
    return config(fs);
  }

  private EngineConfig config(SimFileSystem disk) {
    return EngineConfig.defaults(dir)
        .withFileSystem(disk)
        .withWindow(HOUR, HOUR)
        .withSizes(1 << 20, 100)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withBackgroundThreads(false);
  }

  private static Labels series(int number) {
    String team = "t" + number % 4;
    return Labels.of("__name__", "m", "host", "h" + number, "only_" + team, "yes", "team", team);
  }

  private void fill(Engine engine) {
    fill(engine, SERIES, HOUR / 2);
  }

  /** Ten windows of some series, flushed as they are written. */
  private void fill(Engine engine, int series, long flushMillis) {
    for (long from = ORIGIN; from < ORIGIN + 10 * HOUR; from += flushMillis) {
      now = from + flushMillis;
      WriteBatch batch = new WriteBatch();
      for (int number = 0; number < series; number++) {
        int row = batch.addSeries(series(number));
        for (long time = from + STEP; time <= now; time += STEP) {
          batch.addSample(row, time, Double.doubleToRawLongBits(number * 1.25 + time % 7), 0);
        }
      }
      assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).complete()).isTrue();
      engine.flush();
    }
  }

  private static RetentionRule team(int team, long keep) {
    return new RetentionRule(
        null, List.of(Matcher.equal("team", "t" + team)), RetentionRule.ANY, keep);
  }

  /** By series: how many samples, and the first. */
  private static Map<Integer, Long> first(Engine engine) {
    Map<Integer, Long> first = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", List.of(), TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, TimeRange.ALL, rows);
          int number = Integer.parseInt(set.labels(i).get("host").substring(1));
          if (rows.size > 0) {
            first.put(number, rows.times[0]);
            assertThat(rows.size)
                .isEqualTo((int) ((ORIGIN + 10 * HOUR - rows.times[0]) / STEP) + 1);
          }
        }
      }
    }
    return first;
  }

  private static Map<Integer, Long> expected(int series, long... horizonOfTeam) {
    Map<Integer, Long> first = new TreeMap<>();
    for (int number = 0; number < series; number++) {
      long horizon = horizonOfTeam[number % 4];
      if (horizon < ORIGIN + 10 * HOUR) {
        first.put(number, Math.max(horizon, ORIGIN) + STEP);
      }
    }
    return first;
  }

  private static List<String> values(Engine engine, String name, TimeRange range) {
    return values(engine, name, List.of(), range);
  }

  private static List<String> values(
      Engine engine, String name, List<Matcher> matchers, TimeRange range) {
    try (Snapshot snapshot = engine.snapshot()) {
      return snapshot.labelValues("", name, matchers, range, 0, QueryBudget.UNLIMITED);
    }
  }

  private List<String> classes() throws IOException {
    List<String> classes = new ArrayList<>();
    for (WindowState window : Manifest.read(fs, dir).windows().values()) {
      StringBuilder text = new StringBuilder();
      TreeMap<String, Integer> count = new TreeMap<>();
      for (ChunkFile chunk : window.chunks()) {
        count.merge(chunk.info().retentionClass(), 1, Integer::sum);
      }
      count.forEach((name, files) -> text.append(name.isEmpty() ? "-" : name).append(' '));
      classes.add(text.toString().strip());
    }
    return classes;
  }

  @Test
  void filesOfAClassGoAsTheyAre() throws IOException {
    RetentionPolicy policy =
        new RetentionPolicy(
            1000 * HOUR, List.of(team(1, 3 * HOUR), team(2, 6 * HOUR), team(3, 2000 * HOUR)));
    try (Engine engine = Engine.open(config().withRetention(policy))) {
      fill(engine);
      assertThat(first(engine)).hasSize(SERIES);
      engine.mergeAll();
      assertThat(classes().getLast()).isEqualTo("- 2000h 3h 6h");
      assertThat(engine.windows()).allMatch(WindowStats::merged);
      assertThat(Manifest.read(fs, dir).windows().firstEntry().getValue().buckets())
          .isGreaterThan(1);

      // Nothing has gone yet but what went before it was written.
      long merges = engine.stats().merges();
      now = ORIGIN + 12 * HOUR + 1;
      long blocks = engine.stats().blocksDecoded();
      try (Snapshot before = engine.snapshot()) {
        while (engine.runBackgroundWork()) {}
        assertThat(engine.stats().merges()).isEqualTo(merges);
        assertThat(engine.stats().blocksDecoded()).isEqualTo(blocks);
        assertThat(engine.stats().dropped(DropReason.AGE).bytes()).isPositive();
        assertThat(first(engine))
            .isEqualTo(expected(SERIES, ORIGIN, ORIGIN + 9 * HOUR, ORIGIN + 6 * HOUR, ORIGIN));
        // Who has it open reads on.
        assertThat(before.select("", List.of(), TimeRange.ALL, QueryBudget.UNLIMITED).size())
            .isEqualTo(SERIES);
      }
      assertThat(classes())
          .containsExactly(
              "- 2000h",
              "- 2000h",
              "- 2000h",
              "- 2000h",
              "- 2000h",
              "- 2000h",
              "- 2000h 6h",
              "- 2000h 6h",
              "- 2000h 6h",
              "- 2000h 3h 6h");
      // Labels of what is gone are not listed, though the index still has them.
      TimeRange early = new TimeRange(ORIGIN, ORIGIN + 5 * HOUR);
      assertThat(values(engine, "team", METRIC, early)).containsExactly("t0", "t3");
      assertThat(engine.windows().getFirst().series()).isEqualTo(SERIES);
      engine.cleanTombstones();
      assertThat(engine.windows().getFirst().series()).isEqualTo(SERIES / 2);
      assertThat(first(engine))
          .isEqualTo(expected(SERIES, ORIGIN, ORIGIN + 9 * HOUR, ORIGIN + 6 * HOUR, ORIGIN));
    }
    assertThat(verify()).isEmpty();
  }

  private List<String> verify() throws IOException {
    List<String> problems = new ArrayList<>();
    new DataFolder(fs, dir).verify(path -> {}, problems::add);
    return problems;
  }

  @Test
  void anotherPolicyHoldsAtOnceAndForGood() throws IOException {
    RetentionPolicy strict =
        new RetentionPolicy(1000 * HOUR, List.of(team(1, 3 * HOUR), team(2, HOUR)));
    try (Engine engine = Engine.open(config())) {
      fill(engine);
      engine.mergeAll();
      now = ORIGIN + 11 * HOUR + 1;
      long version = engine.version();
      engine.setRetention(strict);
      // Before any file has changed:
      assertThat(engine.version()).isGreaterThan(version);
      try (Snapshot snapshot = engine.snapshot()) {
        assertThat(snapshot.lastChange(new TimeRange(ORIGIN, ORIGIN + HOUR)))
            .isGreaterThan(version);
      }
      Map<Integer, Long> left =
          expected(SERIES, ORIGIN, ORIGIN + 8 * HOUR, ORIGIN + 10 * HOUR, ORIGIN);
      assertThat(first(engine)).isEqualTo(left);
      assertThat(values(engine, "team", METRIC, new TimeRange(ORIGIN, ORIGIN + 7 * HOUR)))
          .containsExactly("t0", "t3");
      engine.runBackgroundWork();
      assertThat(first(engine)).isEqualTo(left);
      assertThat(values(engine, "team", TimeRange.ALL)).containsExactly("t0", "t1", "t3");
      assertThat(values(engine, "host", TimeRange.ALL)).hasSize(SERIES * 3 / 4);
      try (Snapshot snapshot = engine.snapshot()) {
        assertThat(snapshot.labelNames("", List.of(), TimeRange.ALL, 0, QueryBudget.UNLIMITED))
            .contains("only_t1")
            .doesNotContain("only_t2");
      }
      // A milder one does not bring anything back, be it in files still or not.
      engine.setRetention(RetentionPolicy.KEEP_ALL);
      assertThat(first(engine)).isEqualTo(left);
      engine.runBackgroundWork();
      engine.mergeAll();
      assertThat(first(engine)).isEqualTo(left);
      assertThat(engine.windows().getFirst().series()).isEqualTo(SERIES / 2);

      // But what is written again is there.
      WriteBatch batch = new WriteBatch();
      batch.addSample(batch.addSeries(series(2)), ORIGIN + 5 * HOUR, 7, 0);
      assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).complete()).isTrue();
      assertThat(values(engine, "team", TimeRange.ALL)).contains("t2");
    }
    try (Engine engine = Engine.open(config().withRetention(strict))) {
      assertThat(engine.retention()).isEqualTo(strict);
      assertThat(values(engine, "team", METRIC, new TimeRange(ORIGIN, ORIGIN + 7 * HOUR)))
          .containsExactly("t0", "t3");
    }
    assertThat(verify()).isEmpty();
  }

  @Test
  void samplesThatAreTooOldForTheirSeriesAreRefused() throws IOException {
    RetentionPolicy policy =
        new RetentionPolicy(5 * HOUR, List.of(team(1, 2 * HOUR), team(2, RetentionPolicy.FOREVER)));
    try (Engine engine = Engine.open(config().withRetention(policy))) {
      now = ORIGIN + 10 * HOUR + 5;
      WriteBatch batch = new WriteBatch();
      long[] horizons = {ORIGIN + 5 * HOUR, ORIGIN + 8 * HOUR, Long.MIN_VALUE, ORIGIN + 5 * HOUR};
      int refused = 0;
      for (int number = 0; number < 4; number++) {
        int row = batch.addSeries(series(number));
        for (long time = ORIGIN; time <= now; time += HOUR / 2) {
          batch.addSample(row, time, 1, 0);
          refused += time <= horizons[number] ? 1 : 0;
        }
      }
      WriteResult result = engine.append(batch, WriteMode.PARTIAL);
      assertThat(result.rejected()).isEqualTo(refused);
      assertThat(result.problems().getFirst())
          .startsWith("out of bounds: older than the retention, which begins at " + horizons[0])
          .doesNotContain("seconds");
      WriteBatch inSeconds = new WriteBatch();
      inSeconds.addSample(inSeconds.addSeries(series(0)), now / 1000, 1, 0);
      assertThat(engine.append(inSeconds, WriteMode.PARTIAL).problems().getFirst())
          .contains("(times are milliseconds, this one looks like seconds)");
    }
  }

  @Test
  void thePolicyIsKeptWhenItHasLeftTheLog() throws IOException {
    RetentionPolicy policy = new RetentionPolicy(1000 * HOUR, List.of(team(1, 3 * HOUR)));
    try (Engine engine = Engine.open(config().withRetention(policy))) {
      fill(engine);
    }
    assertThat(RetentionMark.of(Manifest.read(fs, dir)).policy()).isEqualTo(policy);
    try (Engine engine = Engine.open(config().withRetention(policy))) {
      long position = engine.stats().logPosition();
      assertThat(engine.retention()).isEqualTo(policy);
      engine.setRetention(policy);
      assertThat(engine.stats().logPosition()).isEqualTo(position);
    }
  }

  private static long stored(Engine engine) {
    EngineStats stats = engine.stats();
    return stats.chunkBytes() + stats.indexBytes() + stats.logBytes();
  }

  @Test
  void theOldestWindowsGoWhenTheStoreIsTooLarge() throws IOException {
    try (Engine engine = Engine.open(config())) {
      fill(engine);
      engine.mergeAll();
      now = ORIGIN + 10 * HOUR + HOUR / 3;
      long before = stored(engine);
      long most = before * 2 / 3;
      DiskLimits limits = new DiskLimits(most, 0, 0);
      RetentionPlan plan = engine.retentionPlan(engine.retention(), limits);
      assertThat(plan.windows())
          .isNotEmpty()
          .allMatch(window -> window.isWhole() && window.reason() == DropReason.SIZE);
      assertThat(engine.windows()).hasSize(10);

      engine.setDiskLimits(limits);
      while (engine.runBackgroundWork()) {}
      int left = engine.windows().size();
      assertThat(left).isEqualTo(10 - plan.windows().size()).isBetween(4, 8);
      assertThat(engine.windows().getFirst().start()).isEqualTo(plan.windows().getLast().end());
      assertThat(stored(engine)).isLessThanOrEqualTo(most * 19 / 20 + 1000);
      EngineStats.Dropped dropped = engine.stats().dropped(DropReason.SIZE);
      assertThat(dropped.windows()).isEqualTo(10 - left);
      assertThat(dropped.bytes()).isEqualTo(plan.bytes());
      assertThat(engine.stats().disk().problem()).isEmpty();
      // Somewhat more went than had to, so that nothing more does for a while.
      now += 20_000;
      engine.runBackgroundWork();
      assertThat(engine.windows()).hasSize(left);

      // The newest window is not over: it stays, and that is told.
      engine.setDiskLimits(new DiskLimits(1, 0, 0));
      now = ORIGIN + 10 * HOUR + 60_000;
      for (int i = 0; i < 3; i++) {
        while (engine.runBackgroundWork()) {}
        now += 15_000;
      }
      assertThat(engine.windows()).hasSize(1);
      assertThat(engine.stats().disk().problem()).contains("max_bytes");
      assertThat(first(engine)).hasSize(SERIES);
    }
    assertThat(verify()).isEmpty();
  }

  @Test
  void theOldestWindowsGoWhenTheDiskIsTooFull() throws IOException {
    try (Engine engine = Engine.open(config().withDiskLimits(new DiskLimits(0, 10_000, 0)))) {
      fill(engine);
      engine.mergeAll();
      now = ORIGIN + 10 * HOUR + HOUR / 3;
      fs.setFreeBytes(20_000);
      engine.runBackgroundWork();
      assertThat(engine.windows()).hasSize(10);
      fs.setFreeBytes(9_000);
      now += 15_000;
      engine.runBackgroundWork();
      int left = engine.windows().size();
      assertThat(left).isBetween(5, 9);
      assertThat(engine.stats().dropped(DropReason.FREE_DISK).windows()).isEqualTo(10 - left);
      // What went may be open still: it is given a minute to come back.
      fs.setFreeBytes(9_000);
      now += 15_000;
      engine.runBackgroundWork();
      assertThat(engine.windows()).hasSize(left);
      now += 60_000;
      engine.runBackgroundWork();
      assertThat(engine.windows()).hasSizeLessThan(left);
      now += 75_000;
      fs.setFreeBytes(0);
      engine.setDiskLimits(new DiskLimits(0, 1L << 40, 0));
      engine.runBackgroundWork();
      assertThat(engine.stats().disk().minFreeBytes()).isEqualTo(1L << 40);
    }
  }

  @Test
  void youngWindowsStayHoweverFullTheDiskIs() throws IOException {
    DiskLimits limits = new DiskLimits(0, 10_000, 0, 4 * HOUR);
    try (Engine engine = Engine.open(config().withDiskLimits(limits))) {
      fill(engine);
      engine.mergeAll();
      now = ORIGIN + 10 * HOUR + HOUR / 3;
      assertThat(engine.windows()).hasSize(10);
      // Whatever goes, something else takes its place.
      for (int i = 0; i < 20; i++) {
        fs.setFreeBytes(5_000);
        engine.runBackgroundWork();
        now += 70_000;
      }
      List<WindowStats> left = engine.windows();
      assertThat(left).hasSize(4);
      assertThat(left.getFirst().start() + HOUR).isGreaterThan(now - 4 * HOUR);
      assertThat(engine.stats().disk().problem()).contains("min_free_disk_keeps");
      fs.setFreeBytes(5_000);
      RetentionPlan plan = engine.retentionPlan(engine.retention(), limits);
      assertThat(plan.windows()).isEmpty();
      assertThat(plan.problems()).singleElement().asString().contains("still too many");
      // They go for the sake of the store's own size, which the limit does not speak of.
      RetentionPlan bySize =
          engine.retentionPlan(engine.retention(), new DiskLimits(1, 10_000, 0, 4 * HOUR));
      assertThat(bySize.windows())
          .hasSize(4)
          .allMatch(window -> window.reason() == DropReason.SIZE);

      // With time they are old enough; and with space the limit holds.
      now += 2 * HOUR;
      fs.setFreeBytes(5_000);
      engine.runBackgroundWork();
      assertThat(engine.windows()).hasSize(2);
      now += 70_000;
      fs.setFreeBytes(20_000);
      engine.runBackgroundWork();
      assertThat(engine.stats().disk().problem()).isEmpty();
      assertThat(engine.windows()).hasSize(2);
    }
    assertThat(verify()).isEmpty();
  }

  @Test
  void recordsOfTheRetention() {
    ByteWriter out = new ByteWriter(64);
    Records.encodeDrop(-1, DropReason.AGE, out);
    assertThat(out.toByteArray()).isEqualTo(GoldenBytes.hex("01"));
    out.reset();
    Records.encodeDrop(500, DropReason.FREE_DISK, out);
    byte[] drop = GoldenBytes.hex("E8 07 02");
    assertThat(out.toByteArray()).isEqualTo(drop);
    ByteReader in = new ByteReader(drop, "drop");
    assertThat(Records.decodeWindow(in)).isEqualTo(500);
    assertThat(Records.decodeReason(in)).isEqualTo(DropReason.FREE_DISK);
    ByteReader old = new ByteReader(GoldenBytes.hex("E8 07"), "drop");
    assertThat(Records.decodeWindow(old)).isEqualTo(500);
    assertThat(Records.decodeReason(old)).isEqualTo(DropReason.AGE);
    assertThatThrownBy(() -> Records.decodeReason(new ByteReader(GoldenBytes.hex("07"), "drop")))
        .isInstanceOf(CorruptDataException.class);

    // POLICY at 1000: 30 days for all; EXPIRE is its beginning alone.
    out.reset();
    Records.encodeTime(1000, out);
    new RetentionPolicy(30 * 24 * HOUR, List.of()).encode(out);
    assertThat(out.toByteArray()).isEqualTo(GoldenBytes.hex("D0 0F 01 80 90 FB D3 09 00"));
    assertThatThrownBy(
            () ->
                Records.decodeTime(
                    new ByteReader(GoldenBytes.hex("FF FF FF FF FF FF FF FF FF 01"), "time")))
        .isInstanceOf(CorruptDataException.class);
  }

  /** The power is cut at every operation, from the policy to the last file that goes. */
  @Test
  void droppingSurvivesAPowerCutAnywhere() throws IOException {
    SimFileSystem counting = new SimFileSystem(2);
    prepare(counting);
    long from = counting.operations();
    assertThat(drop(counting, null)).isEqualTo(3);
    long operations = counting.operations();
    assertThat(operations - from).isGreaterThan(50);
    long seed = Seeds.usual(1);
    for (long n = from + 1 + Math.floorMod(seed, 5); n <= operations; n += 5) {
      SimFileSystem disk = new SimFileSystem(2 + n);
      prepare(disk);
      disk.cutPowerAt(n);
      int[] done = new int[1];
      try {
        drop(disk, done);
      } catch (PowerCutException | StorageStoppedException | UncheckedIOException e) {
        assertThat(disk.isDead()).isTrue();
      }
      SimFileSystem after = disk.restart();
      now = ORIGIN + 11 * HOUR + 1;
      List<String> problems = new ArrayList<>();
      try (Engine engine = Engine.open(config(after).withRetention(POLICIES[done[0]]))) {
        assertThat(engine.stats().damage()).isEmpty();
        Map<Integer, Long> found = first(engine);
        assertThat(found)
            .as("cut at %d, done %d", n, done[0])
            .isIn(STATES[done[0]], STATES[done[0] + 1]);
        while (engine.runBackgroundWork()) {}
        assertThat(first(engine)).as("cut at %d, at work", n).isEqualTo(found);
      }
      new DataFolder(after, dir).verify(path -> {}, problems::add);
      assertThat(problems).as("cut at %d", n).isEmpty();
    }
  }

  private static final RetentionPolicy[] POLICIES = {
    RetentionPolicy.KEEP_ALL,
    new RetentionPolicy(1000 * HOUR, List.of(team(1, 3 * HOUR))),
    new RetentionPolicy(1000 * HOUR, List.of(team(1, 3 * HOUR), team(2, HOUR))),
    new RetentionPolicy(4 * HOUR, List.of(team(3, 6 * HOUR)))
  };

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static final Map<Integer, Long>[] STATES =
      new Map[] {
        expected(FEW, ORIGIN, ORIGIN, ORIGIN, ORIGIN),
        expected(FEW, ORIGIN, ORIGIN + 8 * HOUR, ORIGIN, ORIGIN),
        expected(FEW, ORIGIN, ORIGIN + 8 * HOUR, ORIGIN + 10 * HOUR, ORIGIN),
        expected(FEW, ORIGIN + 7 * HOUR, ORIGIN + 8 * HOUR, ORIGIN + 10 * HOUR, ORIGIN + 5 * HOUR),
        expected(FEW, ORIGIN + 7 * HOUR, ORIGIN + 8 * HOUR, ORIGIN + 10 * HOUR, ORIGIN + 5 * HOUR)
      };

  private void prepare(SimFileSystem disk) throws IOException {
    now = ORIGIN + 10 * HOUR;
    try (Engine engine = Engine.open(config(disk))) {
      fill(engine, FEW, HOUR);
    }
  }

  /** Policy after policy, each carried out; counts those that were. */
  private int drop(SimFileSystem disk, int @Nullable [] done) throws IOException {
    now = ORIGIN + 11 * HOUR + 1;
    int[] count = done == null ? new int[1] : done;
    try (Engine engine = Engine.open(config(disk))) {
      for (int i = 1; i < POLICIES.length; i++) {
        engine.setRetention(POLICIES[i]);
        count[0] = i;
        assertThat(first(engine)).isEqualTo(STATES[i]);
        engine.runBackgroundWork();
        assertThat(first(engine)).isEqualTo(STATES[i]);
        if (i == 1) {
          engine.mergeAll();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return count[0];
  }

  /** After a restart an expiry must not overtake the rules by which cells are made of what goes. */
  @Test
  void samplesStayUntilItIsKnownWhatIsMadeOfThem() throws IOException {
    try (Engine engine = Engine.open(config())) {
      fill(engine);
    }
    RetentionRule samples = new RetentionRule(null, METRIC, RetentionRule.RAW, 2 * HOUR);
    RetentionPolicy policy = new RetentionPolicy(RetentionPolicy.FOREVER, List.of(samples));
    EngineConfig later = config().withRetention(policy).withAwaitedAggregates();
    try (Engine engine = Engine.open(later)) {
      engine.runBackgroundWork();
      assertThat(engine.stats().waitingJobs()).as("the expiry").isPositive();

      engine.aggregate(List.of(new AggregateRule("all", null, List.of(), List.of(HOUR))), 0);
      while (engine.runBackgroundWork()) {
        // until there is nothing left to do
      }
      assertThat(engine.stats().waitingJobs()).isZero();
      assertThat(engine.windows().getFirst().samples()).as("samples of the first hour").isZero();
    }
    assertThat(cellFiles()).isGreaterThanOrEqualTo(10);
  }

  private long cellFiles() throws IOException {
    try (Manifest manifest =
        Manifest.open(
            fs,
            dir,
            () -> {
              throw new AssertionError();
            })) {
      return manifest.state().windows().values().stream()
          .mapToLong(window -> window.cells().size())
          .sum();
    }
  }
}
