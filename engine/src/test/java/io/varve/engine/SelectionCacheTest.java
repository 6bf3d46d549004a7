package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is remembered of selections is what the indexes would say. */
final class SelectionCacheTest {
  private static final long DAY = 86_400_000;
  private static final long T = 1_763_683_200_000L; // a window begins
  private static final TimeRange RANGE = new TimeRange(T, T + DAY);
  private static final List<Matcher> ALL = List.of(new Matcher(Matcher.Type.RE, "job", ".+"));

  @TempDir Path dir;

  private Engine open(String name, long cacheBytes) throws IOException {
    return Engine.open(
        EngineConfig.defaults(dir.resolve(name))
            .withFsync(FsyncPolicy.OS)
            .withSelectionCache(cacheBytes)
            .withBackgroundThreads(false));
  }

  private static Labels labels(String metric, int host) {
    return Labels.of("__name__", metric, "host", "h" + host, "job", "node");
  }

  private static void write(Engine engine, Labels labels, long time, double value) {
    WriteBatch batch = new WriteBatch();
    batch.add(labels, time, value);
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private static List<String> names(Engine engine, TimeRange range) {
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", ALL, range, QueryBudget.UNLIMITED);
      List<String> names = new ArrayList<>();
      for (int i = 0; i < set.size(); i++) {
        names.add(set.labels(i).get("__name__") + set.labels(i).get("host"));
      }
      names.sort(null);
      return names;
    }
  }

  @Test
  void theSameIsRemembered() throws Exception {
    try (Engine engine = open("a", 1 << 20)) {
      write(engine, labels("m", 1), T + 1, 1);
      engine.flush();
      write(engine, labels("m", 2), T + 2, 1);
      assertThat(names(engine, RANGE)).containsExactly("mh1", "mh2");
      assertThat(engine.stats().selectionsSearched()).isEqualTo(1);
      assertThat(names(engine, RANGE)).containsExactly("mh1", "mh2");
      assertThat(names(engine, new TimeRange(T, T + DAY / 2))).containsExactly("mh1", "mh2");
      EngineStats stats = engine.stats();
      assertThat(stats.selectionsKnown()).isEqualTo(2);
      assertThat(stats.selectionsSearched()).isEqualTo(1);
      assertThat(stats.selectionCacheBytes()).isBetween(200L, 5_000L);
    }
  }

  @Test
  void newSeriesAreThereAtOnce() throws Exception {
    try (Engine engine = open("a", 1 << 20)) {
      write(engine, labels("m", 1), T + 1, 1);
      assertThat(names(engine, RANGE)).containsExactly("mh1");
      write(engine, labels("m", 2), T + 1, 1);
      assertThat(names(engine, RANGE)).containsExactly("mh1", "mh2");
      write(engine, Labels.of("__name__", "other"), T + 1, 1);
      assertThat(names(engine, RANGE)).containsExactly("mh1", "mh2");
      engine.flush();
      write(engine, labels("m", 3), T + 2, 1);
      assertThat(names(engine, RANGE)).containsExactly("mh1", "mh2", "mh3");
      write(engine, labels("m", 1), T + 3, 1); // known in the window, new in what was remembered
      assertThat(names(engine, RANGE)).containsExactly("mh1", "mh2", "mh3");
    }
  }

  @Test
  void aRangeWithoutTheirSamplesLeavesSeriesOfTheHeadOut() throws Exception {
    try (Engine engine = open("a", 1 << 20)) {
      write(engine, labels("early", 1), T + 1_000, 1);
      write(engine, labels("late", 1), T + 9_000, 1);
      assertThat(names(engine, new TimeRange(T, T + 9_000))).containsExactly("earlyh1", "lateh1");
      assertThat(names(engine, new TimeRange(T, T + 5_000))).containsExactly("earlyh1");
      assertThat(names(engine, new TimeRange(T + 5_000, T + 9_000))).containsExactly("lateh1");
      assertThat(engine.stats().selectionsSearched()).isEqualTo(1);
    }
  }

  @Test
  void itIsBounded() throws Exception {
    try (Engine engine = open("a", 256 << 10)) {
      for (int host = 0; host < 100; host++) {
        write(engine, labels("m", host), T + 1, 1);
      }
      try (Snapshot snapshot = engine.snapshot()) {
        for (int i = 0; i < 1_000; i++) {
          List<Matcher> some =
              List.of(new Matcher(Matcher.Type.NEQ, "host", "x" + i), Matcher.equal("job", "node"));
          assertThat(snapshot.select("", some, RANGE, QueryBudget.UNLIMITED).size()).isEqualTo(100);
        }
      }
      assertThat(engine.stats().selectionCacheBytes()).isBetween(1L, 256L << 10);
    }
  }

  @Test
  void whatIsTooLargeLeavesNothingOutOfDateBehind() throws Exception {
    try (Engine engine = open("a", 40 << 10)) {
      for (int host = 0; host < 100; host++) {
        write(engine, labels("m", host), T + 1, 1);
        assertThat(names(engine, RANGE)).hasSize(host + 1);
      }
      assertThat(engine.stats().selectionCacheBytes()).isZero();
    }
  }

  @Test
  void seriesOutsideTheRangeAreNotCharged() throws Exception {
    try (Engine engine = open("a", 1 << 20)) {
      for (int host = 0; host < 100; host++) {
        write(engine, labels("m", host), T + (host < 90 ? 1_000 : 9_000), 1);
      }
      for (int again = 0; again < 2; again++) {
        long[] held = new long[1];
        QueryBudget counting =
            new QueryBudget() {
              @Override
              public void chargeBytes(long bytes) {
                held[0] += bytes;
              }

              @Override
              public void releaseBytes(long bytes) {
                held[0] -= bytes;
              }

              @Override
              public void chargeSamples(long samples) {}
            };
        try (Snapshot snapshot = engine.snapshot()) {
          TimeRange late = new TimeRange(T + 5_000, T + 9_000);
          assertThat(snapshot.select("", ALL, late, counting).size()).isEqualTo(10);
        }
        assertThat(held[0]).isBetween(10 * 64L, 10 * 200L);
      }
    }
  }

  @Test
  void whatGrowsTakesTheMemoryOfWhatIsThere() throws Exception {
    try (Engine engine = open("grown", 1 << 20);
        Engine other = open("at-once", 1 << 20)) {
      for (int host = 0; host < 200; host++) {
        write(engine, labels("m", host), T + 1, 1);
        write(other, labels("m", host), T + 1, 1);
        assertThat(names(engine, RANGE)).hasSize(host + 1);
      }
      assertThat(names(other, RANGE)).hasSize(200);
      long grown = engine.stats().selectionCacheBytes();
      assertThat(grown).isBetween(1L, 2 * other.stats().selectionCacheBytes());
    }
  }

  @Test
  void nothingIsRememberedWithoutMemory() throws Exception {
    try (Engine engine = open("a", 0)) {
      write(engine, labels("m", 1), T + 1, 1);
      assertThat(names(engine, RANGE)).containsExactly("mh1");
      assertThat(names(engine, RANGE)).containsExactly("mh1");
      assertThat(engine.stats().selectionsKnown()).isZero();
      assertThat(engine.stats().selectionsSearched()).isEqualTo(2);
    }
  }

  @Test
  void twoStoresAgreeWhateverHappens() throws Exception {
    Random random = new Random(Seeds.usual(20_251));
    try (Engine with = open("with", 1 << 20);
        Engine without = open("without", 0)) {
      long time = T;
      for (int step = 0; step < 600; step++) {
        switch (random.nextInt(12)) {
          case 0 -> {
            with.flush();
            without.flush();
          }
          case 1 -> {
            if (random.nextInt(6) == 0) {
              with.mergeAll();
              without.mergeAll();
            }
          }
          case 2 -> {
            List<Matcher> gone = List.of(Matcher.equal("host", "h" + random.nextInt(40)));
            TimeRange range = new TimeRange(time - random.nextInt((int) DAY), time);
            with.delete("", gone, range);
            without.delete("", gone, range);
          }
          case 6 -> {
            List<DeleteInfo> deletes = with.deletes();
            if (!deletes.isEmpty() && random.nextBoolean()) {
              long id = deletes.get(random.nextInt(deletes.size())).id(); // the logs are the same
              assertThat(undelete(with, id)).isEqualTo(undelete(without, id));
            } else {
              Labels labels = labels("m" + random.nextInt(3), random.nextInt(40));
              long at = time - random.nextInt((int) DAY);
              for (Engine engine : List.of(with, without)) {
                WriteBatch batch = new WriteBatch();
                batch.add(labels, at, step);
                engine.correct(batch);
              }
            }
          }
          case 3, 4, 5 -> {
            time += random.nextInt((int) DAY / 20);
            long at = random.nextInt(4) == 0 ? time - random.nextInt((int) DAY) : time;
            WriteBatch batch = new WriteBatch();
            WriteBatch same = new WriteBatch();
            for (int n = random.nextInt(8); n >= 0; n--) {
              Labels labels = labels("m" + random.nextInt(3), random.nextInt(40));
              batch.add(labels, at + n, n);
              same.add(labels, at + n, n);
            }
            with.append(batch, WriteMode.ALL_OR_NOTHING);
            without.append(same, WriteMode.ALL_OR_NOTHING);
          }
          default -> {
            List<Matcher> matchers =
                switch (random.nextInt(4)) {
                  case 0 -> ALL;
                  case 1 -> List.of(Matcher.equal("__name__", "m" + random.nextInt(3)));
                  case 2 -> List.of(Matcher.equal("host", "h" + random.nextInt(40)));
                  default ->
                      List.of(
                          Matcher.equal("__name__", "m1"),
                          new Matcher(Matcher.Type.NRE, "host", "h[12].*"));
                };
            long end = time - random.nextInt(3) * (DAY / 3);
            TimeRange range = new TimeRange(end - random.nextInt((int) DAY), end);
            assertThat(content(with, matchers, range))
                .as("step %d", step)
                .isEqualTo(content(without, matchers, range));
            assertThat(values(with, matchers, range))
                .as("step %d", step)
                .isEqualTo(values(without, matchers, range));
          }
        }
      }
      assertThat(with.stats().selectionsKnown()).isGreaterThan(20);
      assertThat(without.stats().selectionsKnown()).isZero();
    }
  }

  private static boolean undelete(Engine engine, long id) {
    try {
      engine.undelete(id);
      return true;
    } catch (UndeleteException e) {
      return false;
    }
  }

  private static List<String> values(Engine engine, List<Matcher> matchers, TimeRange range) {
    try (Snapshot snapshot = engine.snapshot()) {
      return snapshot.labelValues("", "host", matchers, range, 0, QueryBudget.UNLIMITED);
    }
  }

  private static List<String> content(Engine engine, List<Matcher> matchers, TimeRange range) {
    List<String> lines = new ArrayList<>();
    SampleColumns samples = new SampleColumns();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", matchers, range, QueryBudget.UNLIMITED);
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, range, samples);
          StringBuilder line = new StringBuilder().append(set.labels(i));
          for (int s = 0; s < samples.size; s++) {
            line.append(' ').append(samples.times[s]).append('=').append(samples.values[s]);
          }
          assertThat(reader.anyIn(i, range)).isEqualTo(samples.size > 0);
          lines.add(line.toString());
        }
      }
    }
    lines.sort(null);
    return lines;
  }
}
