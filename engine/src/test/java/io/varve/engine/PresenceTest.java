package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A series is present in a range if it has a sample there, wherever that is stored. */
final class PresenceTest {
  private static final long T = 1_763_683_200_000L; // a window begins
  private static final long MINUTE = 60_000;

  @TempDir private Path dir;

  private static void add(Engine engine, String name, double value, long... minutes) {
    WriteBatch batch = new WriteBatch();
    for (long minute : minutes) {
      batch.add(Labels.of("__name__", name), T + minute * MINUTE, value);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private static void addAll(Engine engine, String name, long from, long to, double step) {
    WriteBatch batch = new WriteBatch();
    for (long minute = from; minute <= to; minute++) {
      batch.add(Labels.of("__name__", name), T + minute * MINUTE, minute * step);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private Engine open() throws IOException {
    return Engine.open(EngineConfig.defaults(dir).withBackgroundThreads(false));
  }

  /** Who has samples in minutes from to to, both inclusive, proven by reading the samples. */
  private static List<String> present(Engine engine, long from, long to) {
    return present(engine, TimeRange.closed(T + from * MINUTE, T + to * MINUTE));
  }

  private static List<String> present(Engine engine, TimeRange range) {
    List<String> present = new ArrayList<>();
    List<String> read = new ArrayList<>();
    SampleColumns samples = new SampleColumns();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", List.of(), range, QueryBudget.UNLIMITED);
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          String name = set.labels(i).get("__name__");
          if (reader.anyIn(i, range)) {
            present.add(name);
          }
          reader.read(i, range, samples);
          if (samples.size > 0) {
            read.add(name);
          }
        }
      }
    }
    assertThat(present).isEqualTo(read);
    present.sort(null);
    assertThat(listed(engine, range)).containsAll(present);
    return present;
  }

  /** The names that are listed for a range. */
  private static List<String> listed(Engine engine, TimeRange range) {
    List<Matcher> any = List.of(new Matcher(Matcher.Type.NEQ, "__name__", ""));
    try (Snapshot snapshot = engine.snapshot()) {
      return snapshot.labelValues("", "__name__", any, range, 0, QueryBudget.UNLIMITED);
    }
  }

  private static void checkListed(Engine engine) {
    TimeRange range = TimeRange.closed(T + 500 * MINUTE, T + 599 * MINUTE);
    assertThat(listed(engine, range))
        .contains("always", "stale")
        .doesNotContain("before", "after", "short", "histogram");
    range = TimeRange.closed(T + 850 * MINUTE, T + 10_000 * MINUTE);
    assertThat(listed(engine, range)).containsExactly("after", "always", "gap");
    range = TimeRange.closed(T - 10_000 * MINUTE, T + MINUTE);
    assertThat(listed(engine, range)).containsExactly("always", "before", "gap");
    assertThat(listed(engine, TimeRange.closed(T + 901 * MINUTE, T + 4_999 * MINUTE))).isEmpty();
    assertThat(listed(engine, TimeRange.ALL)).hasSize(8);
  }

  private static void fill(Engine engine) {
    addAll(engine, "always", 1, 900, 0.7);
    addAll(engine, "before", 1, 300, 0.3);
    addAll(engine, "after", 600, 900, 0);
    addAll(engine, "gap", 1, 100, 0.1);
    addAll(engine, "gap", 800, 900, 0.1);
    add(engine, "short", 1, 450);
    add(engine, "stale", 1, 300);
    add(engine, "stale", StaleMarker.VALUE, 500);
    add(engine, "late", 1, 700);
    add(engine, "late", 2, 400);
    WriteBatch batch = new WriteBatch();
    int series = batch.addSeries(Labels.of("__name__", "histogram"));
    Histogram sample = GoldenHead.INTEGERS;
    batch.addHistogram(series, T + 350 * MINUTE, sample, 0);
    batch.addHistogram(series, T + 360 * MINUTE, sample, 0);
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private static void check(Engine engine) {
    assertThat(present(engine, 1, 900))
        .containsExactly("after", "always", "before", "gap", "histogram", "late", "short", "stale");
    assertThat(present(engine, -100, 0)).isEmpty();
    assertThat(present(engine, 901, 2000)).isEmpty();
    assertThat(present(engine, 301, 349)).containsExactly("always");
    assertThat(present(engine, 300, 300)).containsExactly("always", "before", "stale");
    assertThat(present(engine, 350, 350)).containsExactly("always", "histogram");
    assertThat(present(engine, 351, 359)).containsExactly("always");
    assertThat(present(engine, 360, 400)).containsExactly("always", "histogram", "late");
    assertThat(present(engine, 401, 449)).containsExactly("always");
    assertThat(present(engine, 450, 500)).containsExactly("always", "short", "stale");
    assertThat(present(engine, 500, 599)).containsExactly("always", "stale");
    assertThat(present(engine, 101, 200)).containsExactly("always", "before");
    assertThat(present(engine, 701, 799)).containsExactly("after", "always");
    assertThat(present(engine, 700, 800)).containsExactly("after", "always", "gap", "late");
    // Between two samples:
    assertThat(present(engine, new TimeRange(T + 50 * MINUTE, T + 51 * MINUTE - 1))).isEmpty();
    assertThat(present(engine, new TimeRange(T + 650 * MINUTE, T + 650 * MINUTE))).isEmpty();
    assertThat(present(engine, TimeRange.ALL)).hasSize(8);
  }

  @Test
  void inTheHeadInFilesAndAfterAMerge() throws IOException {
    try (Engine engine = open()) {
      fill(engine);
      check(engine);
      engine.flush();
      check(engine);
      add(engine, "always", 3, 5000); // another window, open
      check(engine);
      assertThat(present(engine, 901, 4999)).isEmpty();
      assertThat(present(engine, 901, 5000)).containsExactly("always");
      engine.flush();
      check(engine);
      engine.mergeAll();
      check(engine);
    }
    try (Engine engine = open()) {
      check(engine);
    }
  }

  @Test
  void deletedSamplesDoNotCount() throws IOException {
    try (Engine engine = open()) {
      fill(engine);
      TimeRange all = new TimeRange(T, T + 900 * MINUTE);
      TimeRange most = new TimeRange(T, T + 299 * MINUTE);
      engine.delete("", List.of(Matcher.equal("__name__", "after")), all);
      engine.delete("", List.of(Matcher.equal("__name__", "before")), most);
      List<String> left = List.of("always", "before", "gap", "histogram", "late", "short", "stale");
      assertThat(present(engine, 1, 900)).isEqualTo(left);
      assertThat(present(engine, 1, 299)).containsExactly("always", "gap");
      assertThat(present(engine, 299, 300)).containsExactly("always", "before", "stale");
      engine.mergeAll();
      assertThat(present(engine, 1, 900)).isEqualTo(left);
      assertThat(present(engine, 1, 299)).containsExactly("always", "gap");
    }
  }

  @Test
  void anyRangeOfAnySamples() throws IOException {
    Random random = new Random(Seeds.usual(1));
    try (Engine engine = open()) {
      for (int round = 0; round < 4; round++) {
        for (int s = 0; s < 30; s++) {
          WriteBatch batch = new WriteBatch();
          long minute = round * 700L + random.nextInt(600);
          for (int i = random.nextInt(250); i > 0; i--) {
            minute += random.nextInt(20) == 0 ? random.nextInt(100) : 1;
            double value = s % 3 == 0 ? 1 : random.nextDouble();
            batch.add(Labels.of("__name__", "s" + s), T + minute * MINUTE, value);
          }
          engine.append(batch, WriteMode.ALL_OR_NOTHING);
        }
        for (int i = 0; i < 50; i++) {
          long from = random.nextInt(3500);
          present(engine, from, from + random.nextInt(i % 2 == 0 ? 5 : 800));
        }
        if (round != 2) {
          engine.flush();
        }
      }
      engine.mergeAll();
      for (int i = 0; i < 50; i++) {
        long from = random.nextInt(3500);
        present(engine, from, from + random.nextInt(i % 2 == 0 ? 5 : 800));
      }
    }
  }

  @Test
  void labelsOfSeriesThatWereThereAtAnotherTimeOfTheDayAreNotListed() throws IOException {
    try (Engine engine = open()) {
      fill(engine);
      checkListed(engine);
      engine.flush();
      checkListed(engine);
      engine.mergeAll();
      checkListed(engine);
    }
    try (Engine engine = open()) {
      checkListed(engine);
      addAll(engine, "new", 901, 1000, 1);
      WriteBatch batch = new WriteBatch();
      for (int i = 0; i < 500; i++) {
        batch.add(Labels.of("__name__", "many", "i", "" + i), T + (902 + i % 2) * MINUTE, i);
      }
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
      engine.flush();
      TimeRange range = TimeRange.closed(T + 903 * MINUTE, T + 950 * MINUTE);
      assertThat(listed(engine, range)).containsExactly("many", "new");
      try (Snapshot snapshot = engine.snapshot()) {
        List<Matcher> most = List.of(Matcher.equal("__name__", "many"));
        assertThat(snapshot.labelValues("", "i", most, range, 0, QueryBudget.UNLIMITED))
            .hasSize(250)
            .allMatch(i -> Integer.parseInt(i) % 2 == 1);
        List<Matcher> few = List.of(new Matcher(Matcher.Type.RE, "i", "1|3|4|100|499"));
        assertThat(snapshot.labelValues("", "i", few, range, 0, QueryBudget.UNLIMITED))
            .containsExactly("1", "3", "499");
      }
    }
  }
}
