package io.varve.retention.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.LogFeed;
import io.varve.engine.LogHold;
import io.varve.engine.QueryBudget;
import io.varve.engine.Seeds;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.retention.chunkstore.FolderChunkStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The state at a second comes back from a backup and the archived log, under a clock that jumps.
 */
final class LogArchiveTest {
  private static final long DAY = 86_400_000L;
  private static final long T = 1_700_006_400_000L;
  private static final LogHold HOLD = new LogHold(1L << 30, 1L << 40);
  private static final BackupKey KEY = BackupKey.parse("5a".repeat(32));

  @TempDir Path folder;

  private long now = T + 20 * DAY;
  private final InstantSource clock = () -> Instant.ofEpochMilli(now);
  private int copies;

  private EngineConfig config(Path data) {
    return EngineConfig.defaults(data)
        .withClock(clock)
        .withBackgroundThreads(false)
        .withSizes(4 << 10, 1 << 20)
        .withStoredRetention()
        .withUndo(0, 0)
        .withLogHold(HOLD);
  }

  private static List<String> content(Engine engine) {
    List<String> rows = new ArrayList<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet found =
          snapshot.select(
              "", List.of(Matcher.equal("__name__", "m")), TimeRange.ALL, QueryBudget.UNLIMITED);
      for (int series = 0; series < found.size(); series++) {
        SampleColumns columns = new SampleColumns(8);
        try (SeriesReader reader = found.reader()) {
          reader.read(series, TimeRange.ALL, columns);
        }
        for (int i = 0; i < columns.size; i++) {
          rows.add(found.labels(series) + " " + columns.times[i] + " " + columns.values[i]);
        }
      }
    }
    rows.sort(null);
    return rows;
  }

  /** A store that is written to, archived and backed up; every second's state is remembered. */
  private final class Life implements AutoCloseable {
    final Random random;
    final Backups backups;
    final Engine engine;
    final LogFeed feed;
    final TreeMap<Long, List<String>> then = new TreeMap<>();
    LogArchive archive;

    Life(Random random, Path data, Backups backups, @Nullable LogArchive before)
        throws IOException {
      this.random = random;
      this.backups = backups;
      engine = Engine.open(config(data));
      feed = engine.logFeed();
      if (before == null) {
        feed.hold(feed.last() + 1, HOLD);
        archive =
            backups.archive(backups.newTimeline(), engine.storeId(), feed.last(), now / 1_000);
      } else {
        archive = backups.archive(before.timeline(), engine.storeId(), 0, 0);
        if (feed.startPosition() != archive.last()) {
          archive.loseTrackOfTime(now / 1_000);
        }
        feed.hold(archive.last() + 1, HOLD);
      }
    }

    /** Lets time pass; nothing changes meanwhile. */
    void pass(long millis) {
      long before = now / 1_000;
      now += millis;
      if (now / 1_000 > before) {
        List<String> content = content(engine);
        for (long second = before + 1; second <= now / 1_000; second++) {
          then.put(second, content);
        }
      }
    }

    void work(int steps) {
      for (int step = 0; step < steps; step++) {
        switch (random.nextInt(20)) {
          case 0 -> engine.flush();
          case 1 -> engine.mergeAll();
          case 2 -> {
            long from = T + random.nextInt(20) * DAY / 2;
            engine.delete(
                "",
                List.of(Matcher.equal("s", "x" + random.nextInt(5))),
                new TimeRange(from, from + random.nextLong(2 * DAY)));
          }
          case 3 -> engine.correct(batch());
          case 4 -> engine.cleanTombstones();
          case 5 ->
              engine.setRetention(new RetentionPolicy((20 + random.nextInt(3)) * DAY, List.of()));
          default -> engine.append(batch(), WriteMode.PARTIAL);
        }
        engine.runBackgroundWork();
        pass(random.nextInt(8) == 0 ? random.nextInt(4_000) : random.nextInt(300));
      }
    }

    private WriteBatch batch() {
      WriteBatch batch = new WriteBatch();
      long from = T + random.nextInt(100) * DAY / 10;
      for (int s = 0; s < 5; s++) {
        Labels labels = new Labels.Builder().add("__name__", "m").add("s", "x" + s).build();
        for (int i = 0; i < 4; i++) {
          batch.add(labels, from + i * 60_000L, random.nextInt(1_000));
        }
      }
      return batch;
    }

    void archive(long mostBytes) throws IOException {
      long target = feed.last();
      List<LogFeed.Mark> marks = feed.marks();
      feed.sync(target);
      do {
        LogStretch stretch = new LogStretch(archive.last());
        if (target > archive.last()) {
          feed.read(archive.last() + 1, target, mostBytes, stretch);
        }
        archive.put(stretch, marks);
      } while (archive.last() < target);
      feed.forgetMarks(archive.endSecond());
      feed.hold(archive.last() + 1, HOLD);
    }

    String backUp() throws IOException {
      Path copy = folder.resolve("copy-" + copies++);
      Instant begun = clock.instant();
      long position = engine.backUp(copy);
      return backups
          .create(copy, position, begun, archive.timeline(), now, new Progress())
          .listing()
          .name();
    }

    @Override
    public void close() throws IOException {
      engine.close();
    }
  }

  private List<String> restored(Backups backups, long second, boolean evenEarlier)
      throws IOException {
    Path data = folder.resolve("restored-" + copies++);
    backups.restoreAt(second, "", evenEarlier, data, new Progress());
    try (Engine engine = Engine.open(config(data).withLogHold(LogHold.NONE))) {
      assertThat(engine.stats().damage()).isEmpty();
      return content(engine);
    }
  }

  private static boolean isIn(List<Backups.Range> ranges, long second) {
    return ranges.stream().anyMatch(r -> r.fromSecond() <= second && second <= r.toSecond());
  }

  @Test
  void everySecondComesBack() throws Exception {
    Random random = new Random(Seeds.usual(8_603));
    for (BackupKey key : new BackupKey[] {null, KEY}) {
      Path place = folder.resolve("store-" + (key == null));
      Path data = folder.resolve("data-" + (key == null));
      Backups backups = new Backups(new FolderChunkStore(place), key, clock);
      TreeMap<Long, List<String>> then = new TreeMap<>();
      LogArchive archive = null;
      long archivedTo = 0;
      for (int run = 0; run < 3; run++) {
        try (Life life = new Life(random, data, backups, archive)) {
          if (run > 0) {
            // Nothing happens while nobody is there.
            List<String> content = content(life.engine);
            for (long second = then.lastKey() + 1; second <= now / 1_000; second++) {
              then.put(second, content);
            }
          }
          if (run == 0) {
            life.work(5);
            life.archive(1 << 20);
            life.backUp();
          }
          for (int round = 0; round < 4; round++) {
            life.work(12);
            life.archive(round == 2 ? 300 : 1 << 20);
            if (run + round == 3) {
              life.backUp();
            }
          }
          archive = life.archive;
          if (run == 0) {
            // As if it were killed: what comes now is archived by the next life, without its times.
            archivedTo = archive.endSecond();
            life.work(6);
          }
          then.putAll(life.then);
        }
        now += random.nextInt(5_000); // nobody is there
      }
      List<Backups.Range> ranges = backups.ranges();
      assertThat(ranges).hasSize(2);
      assertThat(ranges.getFirst().toSecond()).isEqualTo(archivedTo);
      assertThat(backups.verify("", new Progress()).problems()).isEmpty();
      int compared = 0;
      for (var moment : then.entrySet()) {
        long second = moment.getKey();
        if (isIn(ranges, second)) {
          if (random.nextInt(6) == 0) {
            assertThat(restored(backups, second, false))
                .as(Instant.ofEpochSecond(second).toString())
                .isEqualTo(moment.getValue());
            compared++;
          }
        }
      }
      assertThat(compared).isGreaterThan(4);
      long inGap = ranges.getFirst().toSecond() + 1;
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> restored(backups, inGap, false))
          .withMessageContaining("--allow-gap")
          .withMessageContaining(ranges.getFirst().text())
          .withMessageContaining(ranges.get(1).text());
      assertThat(restored(backups, inGap, true)).isEqualTo(then.get(ranges.getFirst().toSecond()));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> restored(backups, ranges.getFirst().fromSecond() - 1, true))
          .withMessageContaining("those of these seconds are");
    }
  }

  /** What is restored goes on in a timeline of its own, beside what really happened. */
  @Test
  void aRestoredStoreGoesOnElsewhere() throws Exception {
    Random random = new Random(Seeds.usual(8_604));
    Backups backups = new Backups(new FolderChunkStore(folder.resolve("store")), null, clock);
    TreeMap<Long, List<String>> first;
    TreeMap<Long, List<String>> second;
    try (Life life = new Life(random, folder.resolve("data"), backups, null)) {
      life.backUp();
      life.work(40);
      life.backUp();
      life.work(20);
      life.archive(1 << 20);
      first = new TreeMap<>(life.then);
    }
    long from = backups.ranges().getFirst().fromSecond();
    long at = from + (first.lastKey() - from) / 3;
    Path data = folder.resolve("restored");
    backups.restoreAt(at, "", false, data, new Progress());
    now += 10_000;
    try (Life life = new Life(random, data, backups, null)) {
      assertThat(content(life.engine)).isEqualTo(first.get(at));
      life.backUp();
      life.work(60);
      life.archive(1 << 20);
      second = new TreeMap<>(life.then);
    }
    List<Backups.Range> ranges = backups.ranges();
    assertThat(ranges).extracting(Backups.Range::timeline).doesNotHaveDuplicates().hasSize(2);
    for (TreeMap<Long, List<String>> then : List.of(first, second)) {
      int compared = 0;
      for (var moment : then.entrySet()) {
        if (isIn(ranges, moment.getKey()) && random.nextInt(3) == 0) {
          assertThat(restored(backups, moment.getKey(), false)).isEqualTo(moment.getValue());
          compared++;
        }
      }
      assertThat(compared).isPositive();
    }
  }

  private static List<Path> logObjects(Path place) throws IOException {
    try (Stream<Path> walk = Files.walk(place.resolve("log"))) {
      return walk.filter(Files::isRegularFile).sorted(Comparator.naturalOrder()).toList();
    }
  }

  @Test
  void everyDamagedOrMissingObjectIsNamed() throws Exception {
    Random random = new Random(Seeds.usual(8_605));
    for (BackupKey key : new BackupKey[] {null, KEY}) {
      Path place = folder.resolve("store-" + (key == null));
      Backups backups = new Backups(new FolderChunkStore(place), key, clock);
      try (Life life = new Life(random, folder.resolve("data-" + (key == null)), backups, null)) {
        life.backUp();
        for (int round = 0; round < 5; round++) {
          life.work(10);
          life.archive(1 << 20);
        }
      }
      Backups.Verified sound = backups.verify("", new Progress());
      assertThat(sound.problems()).isEmpty();
      List<Path> objects = logObjects(place);
      assertThat(sound.stretches()).isEqualTo(objects.size() - 1).isEqualTo(5);
      long last = backups.ranges().getLast().toSecond();
      for (Path object : objects) {
        byte[] bytes = Files.readAllBytes(object);
        String name = place.relativize(object).toString();
        boolean isNewest = name.endsWith("/newest");
        for (int way = 0; way < 3; way++) {
          byte[] damaged = bytes.clone();
          switch (way) {
            case 0 -> damaged[random.nextInt(bytes.length)] ^= 8;
            case 1 -> damaged = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            default -> Files.delete(object);
          }
          if (way < 2) {
            Files.write(object, damaged);
          }
          List<String> problems = backups.verify("", new Progress()).problems();
          assertThat(problems).as(name + " " + way).isNotEmpty();
          if (way < 2 || isNewest) {
            assertThat(String.join("\n", problems))
                .contains(isNewest && way == 0 ? "object log/" : "object " + name);
          } else {
            assertThat(problems)
                .singleElement()
                .asString()
                .contains("object " + name + " is missing");
          }
          if (!isNewest) {
            assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> restored(backups, last, false))
                .satisfies(
                    e ->
                        assertThat(e.getMessage())
                            .containsAnyOf(name, "those of these seconds are", "can be restored"));
          }
          Files.write(object, bytes);
        }
      }
      assertThat(backups.verify("", new Progress()).problems()).isEmpty();
      assertThat(restored(backups, last, false)).isNotNull();
    }
  }

  @Test
  void theLogBehindTheOldestBackupGoesWithIt() throws Exception {
    Random random = new Random(Seeds.usual(8_606));
    Path place = folder.resolve("store");
    Backups backups = new Backups(new FolderChunkStore(place), null, clock);
    TreeMap<Long, List<String>> then;
    String newest;
    long from;
    try (Life life = new Life(random, folder.resolve("data"), backups, null)) {
      life.backUp();
      for (int round = 0; round < 6; round++) {
        life.work(8);
        life.archive(1 << 20);
      }
      now += 700; // in the midst of a second
      newest = life.backUp();
      from = Math.ceilDiv(now, 1_000);
      assertThat(backups.prune(new KeepRules(1, 0)).removed()).hasSize(1);
      assertThat(backups.verify("", new Progress()).problems()).isEmpty();
      assertThat(logObjects(place)).hasSize(2); // its end, and the name of that
      LogArchive reopened = backups.archive(life.archive.timeline(), life.engine.storeId(), 0, 0);
      assertThat(reopened.last()).isEqualTo(life.archive.last());
      life.work(10);
      life.archive(1 << 20);
      then = life.then;
    }
    assertThat(backups.verify("", new Progress()).problems()).isEmpty();
    List<Backups.Range> ranges = backups.ranges();
    assertThat(ranges).singleElement().satisfies(r -> assertThat(r.fromSecond()).isEqualTo(from));
    assertThat(restored(backups, from, false)).isEqualTo(then.get(from));
    long to = Objects.requireNonNull(ranges.getFirst()).toSecond();
    assertThat(restored(backups, to, false)).isEqualTo(then.get(to));
    assertThat(backups.list()).extracting(Backups.Found::name).containsExactly(newest);
  }
}
