package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What deletes, undeletes, purges, receipts and corrections do, one after the other. */
final class DeletesTest {
  private static final long HOUR = 3_600_000;
  private static final long DAY = 24 * HOUR;
  private static final long T = 1_700_000_000_000L / DAY * DAY;
  private static final List<Matcher> M1 = List.of(Matcher.equal("__name__", "m1"));
  private static final List<Matcher> ALL = List.of(new Matcher(Matcher.Type.RE, "__name__", ".+"));

  @TempDir Path dir;
  private long now = T + 3 * DAY;
  private DuplicatePolicy policy = DuplicatePolicy.LAST;

  private IntConsumer atClock = calls -> {};
  private int clockCalls;

  private Engine open() throws IOException {
    return Engine.open(config());
  }

  private EngineConfig config() {
    return EngineConfig.defaults(dir)
        .withClock(
            () -> {
              atClock.accept(++clockCalls);
              return Instant.ofEpochMilli(now);
            })
        .withDuplicates(policy, 0)
        .withUndo(DAY, DAY)
        .withBackgroundThreads(false)
        .withFsync(FsyncPolicy.OS);
  }

  private static void write(Engine engine, int metrics, int series, int samples) {
    write(engine, metrics, series, samples, 0);
  }

  private static void write(Engine engine, int metrics, int series, int samples, int plus) {
    for (int i = 0; i < samples; i++) {
      WriteBatch batch = new WriteBatch();
      for (int m = 0; m < metrics; m++) {
        for (int s = 0; s < series; s++) {
          batch.add(labels(m, s), T + HOUR + i * 15_000L, value(m, s, i) + plus);
        }
      }
      assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).complete()).isTrue();
    }
  }

  private static Labels labels(int metric, int series) {
    return Labels.of("__name__", "m" + metric, "pod", "pod-" + metric + "-" + series);
  }

  private static double value(int metric, int series, int i) {
    return new Random(metric * 1_000_003L + series * 1009L + i).nextInt(1000);
  }

  private static TreeMap<Labels, TreeMap<Long, Double>> read(Engine engine) {
    TreeMap<Labels, TreeMap<Long, Double>> found = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", ALL, TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, TimeRange.ALL, rows);
          TreeMap<Long, Double> samples = new TreeMap<>();
          for (int k = 0; k < rows.size; k++) {
            samples.put(rows.times[k], rows.values[k]);
          }
          if (!samples.isEmpty()) {
            found.put(set.labels(i), samples);
          }
        }
      }
    }
    return found;
  }

  private static TreeMap<Long, Double> of(
      TreeMap<Labels, TreeMap<Long, Double>> all, int metric, int series) {
    return Objects.requireNonNull(all.get(labels(metric, series)));
  }

  private List<String> verify(List<String> receipts) throws IOException {
    List<String> problems = new ArrayList<>();
    new DataFolder(dir).verify(file -> {}, problems::add, receipts::add);
    return problems;
  }

  @Test
  void aMergeCarriesOverWhatMayBeUndoneAndLaterPurgesIt() throws IOException {
    try (Engine engine = open()) {
      write(engine, 3, 4, 300);
      TreeMap<Labels, TreeMap<Long, Double>> before = read(engine);
      TimeRange range = new TimeRange(T + HOUR, T + 2 * HOUR);
      long id = engine.delete("", M1, range);
      TreeMap<Labels, TreeMap<Long, Double>> without = read(engine);
      assertThat(without.get(labels(1, 0))).hasSize(60);
      assertThat(without.get(labels(0, 0))).hasSize(300);
      // Written after the delete, in its range: the delete does not hide it.
      WriteBatch later = new WriteBatch();
      later.add(labels(1, 0), T + HOUR + 15_000, 12345);
      engine.append(later, WriteMode.ALL_OR_NOTHING);
      of(without, 1, 0).put(T + HOUR + 15_000, 12345.0);
      assertThat(read(engine)).isEqualTo(without);

      engine.mergeAll();
      assertThat(engine.stats().merges()).isEqualTo(1);
      assertThat(read(engine)).isEqualTo(without);
      DeleteInfo hidden = engine.deletes().getFirst();
      assertThat(hidden.state()).isEqualTo(DeleteInfo.State.HIDDEN);
      assertThat(hidden.samples()).isEqualTo(4 * 240);
      assertThat(hidden.series()).isEqualTo(4);
      assertThat(hidden.atMillis()).isEqualTo(now);

      engine.undelete(id);
      of(before, 1, 0).put(T + HOUR + 15_000, 12345.0);
      assertThat(read(engine)).isEqualTo(before);
      engine.flush();
      assertThat(read(engine)).isEqualTo(before);
      assertThat(engine.deletes().getFirst().state()).isEqualTo(DeleteInfo.State.UNDONE);
      assertThatThrownBy(() -> engine.undelete(id))
          .isInstanceOf(UndeleteException.class)
          .hasMessageContaining("undone already");
      assertThatThrownBy(() -> engine.undelete(id + 1000)).hasMessageContaining("no delete");

      long again = engine.delete("", M1, range);
      of(without, 1, 0).remove(T + HOUR + 15_000);
      engine.mergeAll();
      now += DAY; // it cannot be undone any more from here on
      engine.mergeAll();
      assertThat(read(engine)).isEqualTo(without);
      DeleteInfo purged = engine.deletes().getLast();
      assertThat(purged.id()).isEqualTo(again);
      assertThat(purged.state()).isEqualTo(DeleteInfo.State.PURGED);
      assertThatThrownBy(() -> engine.undelete(again))
          .isInstanceOf(UndeleteException.class)
          .hasMessageContaining("purged in 1 of 1 windows");
    }
    try (Engine engine = open()) {
      assertThat(engine.deletes())
          .extracting(DeleteInfo::state)
          .containsExactly(DeleteInfo.State.UNDONE, DeleteInfo.State.PURGED);
      assertThatThrownBy(() -> engine.undelete(engine.deletes().getLast().id()))
          .isInstanceOf(UndeleteException.class);
    }
    List<String> receipts = new ArrayList<>();
    assertThat(verify(receipts)).isEmpty();
    assertThat(receipts).hasSize(2);
    assertThat(receipts.getLast())
        .contains(
            " of m1, from "
                + Instant.ofEpochMilli(T + HOUR + 1)
                + " to "
                + Instant.ofEpochMilli(T + 2 * HOUR)
                + ": ",
            "proven: nothing of it is left");
  }

  /** From the moment at which the purge counts, and while its files are cleared away. */
  @Test
  void whatAMergePurgesCannotBeUndoneWhileItEnds() throws IOException {
    SimFileSystem fs = new SimFileSystem(1);
    try (Engine engine = Engine.open(config().withFileSystem(fs))) {
      write(engine, 2, 2, 50);
      long id = engine.delete("", M1, TimeRange.ALL);
      engine.flush();
      TreeMap<Labels, TreeMap<Long, Double>> without = read(engine);
      now += 2 * DAY;
      List<String> refused = new ArrayList<>();
      int[] undone = new int[1];
      fs.beforeDelete(
          () -> {
            try {
              engine.undelete(id);
              undone[0]++;
            } catch (UndeleteException e) {
              refused.add(String.valueOf(e.getMessage()));
            }
          });
      engine.mergeAll();
      fs.beforeDelete(() -> {});
      assertThat(undone[0]).as("undeletes of what is purged").isZero();
      assertThat(refused).anyMatch(why -> why.contains("being purged"));
      assertThat(engine.deletes().getLast().state()).isEqualTo(DeleteInfo.State.PURGED);
      engine.flush();
      assertThat(read(engine)).isEqualTo(without);
    }
  }

  @Test
  void whatExpiredWhileItWasDeletedDoesNotComeBack() throws IOException {
    try (Engine engine = open()) {
      write(engine, 2, 2, 50);
      engine.flush();
      long id = engine.delete("", M1, TimeRange.ALL);
      engine.flush();
      TreeMap<Labels, TreeMap<Long, Double>> without = read(engine);
      RetentionRule rule = new RetentionRule(null, M1, RetentionRule.ANY, DAY);
      engine.setRetention(new RetentionPolicy(RetentionPolicy.FOREVER, List.of(rule)));
      engine.flush();
      engine.undelete(id);
      assertThat(read(engine)).isEqualTo(without);
      engine.setRetention(RetentionPolicy.KEEP_ALL);
      engine.mergeAll();
      assertThat(read(engine)).isEqualTo(without);
    }
  }

  @Test
  void aDeleteAmidMergesIsNotPurgedByThem() throws IOException {
    try (Engine engine = open()) {
      for (int day = 0; day < 3; day++) {
        WriteBatch batch = new WriteBatch();
        batch.add(labels(1, 0), T + day * DAY + HOUR, day);
        engine.append(batch, WriteMode.ALL_OR_NOTHING);
        engine.flush();
        batch.clear();
        batch.add(labels(1, 0), T + day * DAY + HOUR - 1000, day); // so that all are to be merged
        engine.append(batch, WriteMode.ALL_OR_NOTHING);
        engine.flush();
      }
      TreeMap<Labels, TreeMap<Long, Double>> before = read(engine);
      List<Long> ids = new ArrayList<>();
      clockCalls = 0;
      atClock = // the second call comes amid the decision to merge the first window
          calls -> {
            if (calls == 2) {
              ids.add(engine.delete("", M1, new TimeRange(T + DAY, T + 3 * DAY)));
            }
          };
      engine.mergeAll();
      atClock = calls -> {};
      assertThat(engine.stats().merges()).isEqualTo(3);
      assertThat(read(engine).get(labels(1, 0))).hasSize(2);
      engine.undelete(ids.getFirst());
      assertThat(read(engine)).isEqualTo(before);
    }
  }

  @Test
  void aMergeThatIsDueByTheDeadlinePurgesByItself() throws IOException {
    try (Engine engine = open()) {
      write(engine, 1, 100, 20);
      engine.flush();
      WriteBatch next = new WriteBatch();
      next.add(labels(0, 1), T + 2 * DAY, 1);
      engine.append(next, WriteMode.ALL_OR_NOTHING);
      engine.delete("", List.of(Matcher.equal("pod", "pod-0-7")), TimeRange.ALL);
      now += DAY + HOUR;
      work(engine);
      assertThat(engine.deletes().getFirst().state()).isEqualTo(DeleteInfo.State.HIDDEN);
      now += DAY;
      work(engine);
      assertThat(engine.deletes().getFirst().state()).isEqualTo(DeleteInfo.State.PURGED);
      assertThat(engine.windows().getFirst().series()).isEqualTo(99);
    }
  }

  private static void work(Engine engine) {
    for (int i = 0; i < 5; i++) {
      engine.runBackgroundWork();
    }
  }

  @Test
  void aTenthOfTheSeriesFreesItsBytesAndItsLabels() throws IOException {
    try (Engine engine = open()) {
      write(engine, 10, 60, 400);
      engine.mergeAll();
      engine.delete("", M1, TimeRange.ALL);
      DeleteInfo info = engine.deletes().getFirst();
      if (info.windows().isEmpty()) {
        engine.flush();
        info = engine.deletes().getFirst();
      }
      WindowStats before = engine.windows().getFirst();
      long disk = bytes();
      assertThat(info.samples()).isEqualTo(60L * 400);
      engine.cleanTombstones();
      WindowStats after = engine.windows().getFirst();
      double freed = 1 - (double) after.chunkBytes() / before.chunkBytes();
      double index = 1 - (double) after.indexBytes() / before.indexBytes();
      System.out.printf(
          "DeletesTest: 10 %% of 600 series deleted: chunk files %d -> %d bytes (-%.1f %%), index"
              + " %d -> %d (-%.1f %%), folder %d -> %d; told about %d%n",
          before.chunkBytes(),
          after.chunkBytes(),
          100 * freed,
          before.indexBytes(),
          after.indexBytes(),
          100 * index,
          disk,
          bytes(),
          info.bytes());
      assertThat(freed).isBetween(0.09, 0.11);
      assertThat(index).isBetween(0.07, 0.13);
      assertThat(bytes()).isLessThan(disk);
      assertThat(Math.abs((double) info.bytes() / (before.chunkBytes() - after.chunkBytes()) - 1))
          .isLessThan(0.1);
      try (Snapshot snapshot = engine.snapshot()) {
        List<String> pods =
            snapshot.labelValues(
                "", "pod", List.of(), TimeRange.ALL, 10_000, QueryBudget.UNLIMITED);
        assertThat(pods).hasSize(540).noneMatch(pod -> pod.startsWith("pod-1-"));
        assertThat(
                snapshot.labelValues(
                    "", "__name__", List.of(), TimeRange.ALL, 100, QueryBudget.UNLIMITED))
            .hasSize(9)
            .doesNotContain("m1");
      }
      List<String> receipts = new ArrayList<>();
      assertThat(verify(receipts)).isEmpty();
      assertThat(receipts.getFirst())
          .contains("m1", "24000 samples", "proven: nothing of it is left");
    }
    try (Engine engine = open()) {
      assertThat(engine.stats().activeSeries()).as("in the saved head").isZero();
    }
    // Not a word of it in any file but the receipt, which names it.
    try (Stream<Path> files = Files.walk(dir)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = dir.relativize(file).toString();
        if (!name.startsWith("deletes")) {
          assertThat(
                  new String(
                      Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1))
              .as(name)
              .doesNotContain("pod-1-7");
        }
      }
    }
  }

  private long bytes() throws IOException {
    long sum = 0;
    try (Stream<Path> files = Files.walk(dir)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = dir.relativize(file).toString();
        sum += name.startsWith("w=") ? Files.size(file) : 0;
      }
    }
    return sum;
  }

  @Test
  void aFileThatCameBackIsFound() throws IOException {
    Path kept = dir.resolveSibling(dir.getFileName() + "-kept");
    try (Engine engine = open()) {
      write(engine, 2, 3, 50);
      engine.delete("", M1, TimeRange.ALL);
      engine.flush();
      DeleteInfo info = engine.deletes().getFirst();
      assertThat(info.state()).isEqualTo(DeleteInfo.State.HIDDEN);
      Path chunk;
      try (Stream<Path> files = Files.walk(dir)) {
        chunk = files.filter(file -> file.toString().endsWith(".tch")).findFirst().orElseThrow();
      }
      Files.copy(chunk, kept);
      engine.cleanTombstones();
      assertThat(chunk).doesNotExist();
      DeleteInfo.Window window = engine.deletes().getFirst().windows().getFirst();
      assertThat(window.removed())
          .anyMatch(file -> dir.resolve(file.path()).equals(chunk) && file.sha256().length() == 64);
      assertThat(window.written()).isNotEmpty();
      assertThat(verify(new ArrayList<>())).isEmpty();
      Files.copy(kept, chunk);
      List<String> receipts = new ArrayList<>();
      assertThat(verify(receipts)).hasSize(1).first().asString().contains("should be gone");
      assertThat(receipts.getFirst()).contains("NOT proven");
    } finally {
      Files.deleteIfExists(kept);
    }
  }

  @Test
  void exemplarsAreHiddenAtOnceAndPurged() throws IOException {
    Labels counted = labels(1, 0);
    Labels bare = labels(1, 1); // of which there are samples elsewhere only
    TimeRange range = new TimeRange(T + HOUR - 1, T + HOUR + 1000);
    for (boolean open : new boolean[] {false, true}) {
      try (Engine engine = Engine.open(config().withFileSystem(new SimFileSystem(1)))) {
        WriteBatch batch = new WriteBatch();
        int a = batch.addSeries(counted);
        int b = batch.addSeries(bare);
        for (int i = 0; i < 2; i++) {
          long time = T + HOUR + i * 5000;
          batch.addSample(a, time, Double.doubleToRawLongBits(1), 0);
          batch.addExemplar(a, time, 0.5, Labels.of("trace", "c" + i));
          batch.addExemplar(b, time, 0.5, Labels.of("trace", "b" + i));
        }
        batch.addSample(b, T + 2 * HOUR, Double.doubleToRawLongBits(1), 0);
        engine.append(batch, WriteMode.ALL_OR_NOTHING);
        assertThat(traces(engine)).containsExactly("c0", "c1", "b0", "b1");
        if (!open) {
          engine.flush();
        }
        long id = engine.delete("", M1, range);
        assertThat(traces(engine)).containsExactly("c1", "b1");
        engine.flush();
        assertThat(traces(engine)).containsExactly("c1", "b1");
        engine.undelete(id);
        assertThat(traces(engine)).containsExactly("c0", "c1", "b0", "b1");
        engine.flush();
        assertThat(traces(engine)).containsExactly("c0", "c1", "b0", "b1");
        engine.delete("", M1, range);
        engine.cleanTombstones();
        assertThat(engine.deletes().getLast().state()).isEqualTo(DeleteInfo.State.PURGED);
        assertThat(traces(engine)).containsExactly("c1", "b1");
        engine.delete("", M1, new TimeRange(T + HOUR, T + 3 * HOUR));
        engine.cleanTombstones();
        assertThat(traces(engine)).isEmpty();
        assertThat(read(engine)).isEmpty();
      }
    }
  }

  private static List<String> traces(Engine engine) {
    List<String> traces = new ArrayList<>();
    try (Snapshot snapshot = engine.snapshot()) {
      snapshot
          .exemplars("", ALL, TimeRange.ALL, QueryBudget.UNLIMITED)
          .forEach(
              (labels, all) -> all.forEach(exemplar -> traces.add(exemplar.labels().get("trace"))));
    }
    return traces;
  }

  @Test
  void deletedSamplesLeaveTheLogAndTheSavedHead() throws IOException {
    try (Engine engine = open()) {
      write(engine, 2, 1, 20);
      engine.flush();
      // It goes into files at once: nothing is open afterwards, but the log has it.
      WriteBatch batch = new WriteBatch();
      batch.add(labels(1, 0), T + HOUR + 15_000, 4711);
      engine.correct(batch);
      engine.delete("", M1, TimeRange.ALL);
      now += DAY;
      engine.mergeAll();
      assertThat(engine.deletes().getLast().state()).isEqualTo(DeleteInfo.State.PURGED);
      List<String> receipts = new ArrayList<>();
      assertThat(verify(receipts)).isEmpty();
      assertThat(receipts).singleElement().asString().contains("proven: nothing of it is left");
    }
  }

  @Test
  void aReceiptSaysWhatIsInTheSavedHeadStill() throws IOException {
    try (Engine engine = open()) {
      write(engine, 2, 1, 20);
      engine.delete("", M1, TimeRange.ALL); // its flush saves the newest sample of each series
      engine.mergeAll();
      now += DAY;
      engine.mergeAll();
      assertThat(engine.deletes().getLast().state()).isEqualTo(DeleteInfo.State.PURGED);
      List<String> receipts = new ArrayList<>();
      assertThat(verify(receipts)).isEmpty();
      assertThat(receipts)
          .singleElement()
          .asString()
          .contains("not proven yet: the saved head has samples of 1 of its series");
      WriteBatch next = new WriteBatch();
      next.add(labels(0, 0), now, 1);
      engine.append(next, WriteMode.ALL_OR_NOTHING);
      engine.flush(); // what fell silent and was deleted leaves the saved head
      receipts.clear();
      assertThat(verify(receipts)).isEmpty();
      assertThat(receipts).singleElement().asString().contains("proven: nothing of it is left");
    }
  }

  @ParameterizedTest
  @EnumSource(DuplicatePolicy.class)
  void correctionsOverruleUnderEveryPolicy(DuplicatePolicy duplicates) throws IOException {
    policy = duplicates;
    TreeMap<Labels, TreeMap<Long, Double>> expected;
    try (Engine engine = open()) {
      write(engine, 2, 3, 100);
      expected = read(engine);
      correct(engine, expected, 10, -5); // of open samples
      correct(engine, expected, 99, -6); // of the newest one
      engine.flush();
      correct(engine, expected, 20, -7); // of samples in files
      correct(engine, expected, 20, -8); // once more
      assertThat(read(engine)).isEqualTo(expected);
      // A series and a time that are not there are written.
      WriteBatch batch = new WriteBatch();
      batch.add(Labels.of("__name__", "new"), T + 2 * HOUR, 1);
      batch.add(labels(0, 0), T + 5 * HOUR, 2);
      assertThat(engine.correct(batch).samples()).isEqualTo(2);
      expected.put(
          Labels.of("__name__", "new"), new TreeMap<>(java.util.Map.of(T + 2 * HOUR, 1.0)));
      of(expected, 0, 0).put(T + 5 * HOUR, 2.0);
      assertThat(read(engine)).isEqualTo(expected);
    }
    try (Engine engine = open()) {
      assertThat(read(engine)).isEqualTo(expected);
      engine.mergeAll();
      assertThat(read(engine)).isEqualTo(expected);
      assertThat(engine.windows().getFirst().samples()).isEqualTo(602);
      correct(engine, expected, 30, -9); // of merged samples
      assertThat(read(engine)).isEqualTo(expected);
      engine.mergeAll();
      assertThat(read(engine)).isEqualTo(expected);
      assertThat(engine.windows().getFirst().samples()).isEqualTo(602);
    }
    assertThat(verify(new ArrayList<>())).isEmpty();
  }

  private static void correct(
      Engine engine, TreeMap<Labels, TreeMap<Long, Double>> expected, int i, double value) {
    long time = T + HOUR + i * 15_000L;
    WriteBatch batch = new WriteBatch();
    batch.add(labels(1, 2), time, value);
    assertThat(engine.correct(batch).complete()).isTrue();
    of(expected, 1, 2).put(time, value);
    assertThat(read(engine)).isEqualTo(expected);
  }
}
