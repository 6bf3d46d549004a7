package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real process that writes, deletes, undeletes, corrects, merges, purges, and changes its
 * retention policy and its continuous aggregates, with its background threads at work, is killed at
 * random moments: nothing that should live is lost, nothing that was deleted or has expired comes
 * back, cells are what their samples are, and receipts hold.
 */
final class DeletesProcessCrashTest {
  private static final int KILLS = 8;
  private static final int SERIES = 12;
  private static final long WINDOW = 3_600_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final long STEP = 300_000;

  @TempDir Path dir;

  private long seed;
  private HistoryModel model = new HistoryModel(DuplicatePolicy.LAST);
  private RetentionPolicy policy = RetentionPolicy.KEEP_ALL;
  private final Map<String, Integer> acknowledged = new TreeMap<>();

  /** What the process does. */
  private enum Kind {
    APPEND(60),
    DELETE(10),
    UNDELETE(7),
    CORRECT(8),
    MERGE(4),
    PURGE(2),
    POLICY(7),
    DEFINE(2);

    private final int share; // of a hundred

    Kind(int share) {
      this.share = share;
    }

    static Kind of(int dice) {
      int left = dice;
      for (Kind kind : values()) {
        if (left < kind.share) {
          return kind;
        }
        left -= kind.share;
      }
      throw new IllegalStateException("shares do not sum up to a hundred");
    }
  }

  /** One operation of the process; what it does depends on the seed and its number alone. */
  private record Operation(
      Kind kind,
      long now,
      List<Row> rows,
      Matcher matcher,
      TimeRange range,
      boolean oldest,
      RetentionPolicy policy,
      List<AggregateRule> aggregates) {
    record Row(Labels labels, long time, double value) {}

    static Operation of(long seed, long n) {
      Random random = new Random(seed * 1_000_003 + n * 7919);
      Kind kind = Kind.of(random.nextInt(100));
      List<Row> rows = new ArrayList<>();
      long now = ORIGIN + n * STEP;
      for (int s = 0; s < SERIES; s++) {
        Labels one = Labels.of("__name__", "m", "s", "x" + s);
        boolean late = kind == Kind.CORRECT || random.nextInt(20) == 0;
        long back = late ? (1 + random.nextLong(Math.clamp(n, 1, 60))) * STEP : 0;
        rows.add(new Row(one, now - back, random.nextInt(1000)));
      }
      Matcher matcher =
          new Matcher(
              Matcher.Type.RE, "s", "x[" + random.nextInt(4) + "-" + (4 + random.nextInt(5)) + "]");
      long from = now - random.nextLong(Math.clamp(n + 1, 1, 80)) * STEP;
      TimeRange range = new TimeRange(from - 1, from + random.nextInt(40) * STEP);
      RetentionRule rule =
          new RetentionRule(
              null,
              List.of(new Matcher(Matcher.Type.RE, "s", "x[0-" + random.nextInt(9) + "]")),
              RetentionRule.ANY,
              (1 + random.nextInt(6)) * WINDOW);
      RetentionPolicy policy =
          new RetentionPolicy((2 + random.nextInt(10)) * WINDOW, List.of(rule));
      AggregateRule cells =
          new AggregateRule(
              "cells",
              null,
              random.nextBoolean() ? List.of() : List.of(matcher),
              List.of(STEP, 4 * STEP));
      return new Operation(
          kind, now, rows, matcher, range, random.nextBoolean(), policy, List.of(cells));
    }

    /** Its samples that are not too old. */
    List<Row> rows(RetentionPolicy by) {
      return rows.stream().filter(row -> row.time() > horizon(by, row.labels(), now)).toList();
    }

    WriteBatch batch(RetentionPolicy by) {
      WriteBatch batch = new WriteBatch();
      rows(by).forEach(row -> batch.add(row.labels(), row.time(), row.value()));
      return batch;
    }
  }

  /** What of a series is not kept: everything up to this time. */
  private static long horizon(RetentionPolicy by, Labels labels, long now) {
    long keep = by.keepMillis("", labels, RetentionRule.RAW);
    return keep == RetentionPolicy.FOREVER
        ? Long.MIN_VALUE
        : Math.floorDiv(now - keep - 1, WINDOW) * WINDOW;
  }

  /** The process that is killed. */
  public static final class Victim {
    private Victim() {}

    /** Arguments: the data folder, the number of the first operation, the seed. */
    public static void main(String[] arguments) throws IOException {
      long first = Long.parseLong(arguments[1]);
      long seed = Long.parseLong(arguments[2]);
      AtomicLong now = new AtomicLong(Operation.of(seed, first).now());
      try (Engine engine = Engine.open(config(Path.of(arguments[0]), now::get))) {
        engine.aggregate(Operation.of(seed, first).aggregates(), 1);
        for (long n = first; n < Long.MAX_VALUE; n++) {
          Operation operation = Operation.of(seed, n);
          now.set(operation.now());
          String more = "";
          switch (operation.kind()) {
            case APPEND ->
                engine.append(operation.batch(engine.retention()), WriteMode.ALL_OR_NOTHING);
            case CORRECT -> engine.correct(operation.batch(engine.retention()));
            case DELETE ->
                more = " " + engine.delete("", List.of(operation.matcher()), operation.range());
            case UNDELETE -> {
              List<DeleteInfo> hidden =
                  engine.deletes().stream()
                      .filter(delete -> delete.state() == DeleteInfo.State.HIDDEN)
                      .toList();
              if (!hidden.isEmpty()) {
                DeleteInfo one = operation.oldest() ? hidden.getFirst() : hidden.getLast();
                more = undelete(engine, one.id());
              }
            }
            case MERGE -> engine.mergeAll();
            case PURGE -> engine.cleanTombstones();
            case POLICY -> engine.setRetention(operation.policy());
            case DEFINE -> engine.aggregate(operation.aggregates(), 1);
          }
          System.out.println("done " + n + " " + operation.kind() + more);
        }
      }
    }

    private static String undelete(Engine engine, long id) {
      System.out.println("undoing " + id);
      try {
        engine.undelete(id);
        return " " + id;
      } catch (UndeleteException e) {
        return ""; // a merge was quicker
      }
    }
  }

  private static EngineConfig config(Path folder, LongSupplier now) {
    return EngineConfig.defaults(folder)
        .withWindow(WINDOW, WINDOW / 4)
        .withSizes(20_000, 1 << 20)
        .withUndo(6 * STEP, 6 * STEP)
        .withStoredRetention()
        .withClock(() -> Instant.ofEpochMilli(now.getAsLong()))
        .withFsync(FsyncPolicy.ALWAYS);
  }

  @Test
  void nothingIsLostAndNothingComesBack() throws Exception {
    seed = Seeds.usual(1);
    Random random = new Random(seed);
    long next = 0;
    int kills = Seeds.rounds(KILLS);
    for (int kill = 0; kill < kills; kill++) {
      next = runAndKill(next, 150 + random.nextInt(1200));
    }
    System.out.println("DeletesProcessCrashTest: " + kills + " kills, " + acknowledged);
    assertThat(acknowledged.keySet()).hasSizeGreaterThan(5).contains("APPEND", "DELETE");
    purge(next);
    List<String> problems = new ArrayList<>();
    List<String> receipts = new ArrayList<>();
    new DataFolder(dir.resolve("data")).verify(file -> {}, problems::add, receipts::add);
    assertThat(problems).isEmpty();
    assertThat(receipts).isNotEmpty().anyMatch(receipt -> receipt.contains("proven"));
  }

  /** Carries out everything that is left, which must change nothing that can be read. */
  private void purge(long next) throws IOException {
    Operation last = Operation.of(seed, next);
    EngineConfig config = config(dir.resolve("data"), last::now).withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      engine.aggregate(last.aggregates(), 1);
      engine.cleanTombstones();
      while (engine.runBackgroundWork()) {
        assertThat(engine.stats().jobFailures()).isZero();
      }
      Map<Labels, TreeMap<Long, Long>> found = read(engine);
      settle(model, found, last.now());
      assertThat(found).isEqualTo(model.visible(TimeRange.ALL));
      checkCells(engine, last.now());
    }
  }

  /** Runs the process from an operation on, and gives the operation with which to go on. */
  private long runAndKill(long first, long killAfterMillis) throws Exception {
    long[] next = {first};
    long[] undoing = {-1};
    KilledProcess.run(
        Victim.class,
        killAfterMillis,
        line -> {
          String[] words = line.split(" ");
          if (line.matches("undoing \\d+")) {
            undoing[0] = Long.parseLong(words[1]);
          } else if (line.matches("done \\d+ [A-Z]+( \\d+)?")) {
            assertThat(Long.parseLong(words[1])).isEqualTo(next[0]);
            apply(next[0], words.length > 3 ? Long.parseLong(words[3]) : -1);
            boolean idle = words[2].equals(Kind.UNDELETE.name()) && words.length == 3;
            acknowledged.merge(idle ? "idle" : words[2], 1, Integer::sum);
            undoing[0] = -1;
            next[0]++;
          }
        },
        dir.resolve("data").toString(),
        Long.toString(first),
        Long.toString(seed));
    return check(next[0], undoing[0]);
  }

  private void apply(long n, long id) {
    int before = model.size();
    apply(n, model, id);
    if (Operation.of(seed, n).kind() == Kind.POLICY) {
      policy = Operation.of(seed, n).policy();
      acknowledged.merge("samples gone by a policy", before - model.size(), Integer::sum);
    }
  }

  private void apply(long n, HistoryModel to, long id) {
    Operation operation = Operation.of(seed, n);
    switch (operation.kind()) {
      case APPEND, CORRECT -> {
        for (Operation.Row row : operation.rows(policy)) {
          to.write(
              row.labels(),
              row.time(),
              Double.doubleToRawLongBits(row.value()),
              operation.kind() == Kind.CORRECT);
        }
      }
      case DELETE -> to.delete(id, operation.matcher(), operation.range());
      case UNDELETE -> {
        if (id >= 0) {
          to.undelete(id);
        }
      }
      case POLICY -> {
        to.age(labels -> horizon(policy, labels, operation.now())); // by the one before
        if (!operation.policy().equals(policy)) {
          to.expire(labels -> horizon(operation.policy(), labels, operation.now()));
        }
      }
      case MERGE, PURGE, DEFINE -> {}
    }
  }

  /** Compares; the operation that was under way is there as a whole or not at all. */
  private long check(long next, long undoing) throws IOException {
    Operation last = Operation.of(seed, next);
    EngineConfig config = config(dir.resolve("data"), last::now).withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      assertThat(engine.stats().damage()).isEmpty();
      Map<Labels, TreeMap<Long, Long>> found = read(engine);
      Set<Long> known = new HashSet<>(model.ids());
      HistoryModel after = model.copy();
      boolean happened = false;
      switch (last.kind()) {
        case DELETE -> {
          for (DeleteInfo delete : engine.deletes()) {
            if (!known.contains(delete.id())) {
              apply(next, after, delete.id());
              happened = true;
            }
          }
        }
        case UNDELETE -> {
          for (DeleteInfo delete : engine.deletes()) {
            if (delete.id() == undoing && delete.state() == DeleteInfo.State.UNDONE) {
              after.undelete(undoing);
              happened = true;
            }
          }
        }
        case POLICY -> {
          apply(next, after, -1);
          happened = engine.retention().equals(last.policy());
          policy = happened ? last.policy() : policy;
        }
        case APPEND, CORRECT -> {
          apply(next, after, -1);
          settle(after, found, last.now());
          happened = found.equals(after.visible(TimeRange.ALL));
        }
        case MERGE, PURGE, DEFINE -> {}
      }
      if (happened) {
        model = after;
      }
      settle(model, found, last.now());
      assertThat(engine.retention()).isEqualTo(policy);
      assertThat(found.equals(model.visible(TimeRange.ALL)))
          .as(
              "operation %d (%s) under way, undoing %d, happened %s; known %s; deletes %s;"
                  + " differences %s",
              next,
              last.kind(),
              undoing,
              happened,
              known,
              engine.deletes(),
              differences(found, model.visible(TimeRange.ALL)))
          .isTrue();
      checkCells(engine, last.now());
      return happened ? next + 1 : next;
    }
  }

  /** What the clock has made too old may be there still, or not. */
  private void settle(HistoryModel history, Map<Labels, TreeMap<Long, Long>> found, long now) {
    history.age(labels -> horizon(policy, labels, now));
    history.settle(found);
  }

  /** What kills have left of continuous aggregates must be what the samples are. */
  private void checkCells(Engine engine, long now) {
    TimeRange range = new TimeRange(Math.max(ORIGIN - WINDOW, now - 20 * WINDOW), now + STEP);
    Random random = new Random(now);
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set =
          snapshot.select(
              "", List.of(Matcher.equal("__name__", "m")), range, QueryBudget.UNLIMITED);
      try (SeriesReader reader = set.reader()) {
        for (int series = 0; series < set.size(); series++) {
          long width = (random.nextBoolean() ? 4 : 12) * STEP;
          CellCheck.cellsAreTheirSamples(reader, series, range, width, random);
        }
      }
    }
    acknowledged.merge(
        "stored cells compared", (int) engine.aggregateStats().cellsRead(), Integer::sum);
  }

  /** Of each series the times that only one side has, or with another value. */
  private static Map<Labels, List<Long>> differences(
      Map<Labels, TreeMap<Long, Long>> found, Map<Labels, TreeMap<Long, Long>> expected) {
    Map<Labels, List<Long>> differences = new TreeMap<>();
    Set<Labels> all = new HashSet<>(found.keySet());
    all.addAll(expected.keySet());
    for (Labels labels : all) {
      Map<Long, Long> a = found.getOrDefault(labels, new TreeMap<>());
      Map<Long, Long> b = expected.getOrDefault(labels, new TreeMap<>());
      Set<Long> times = new TreeSet<>(a.keySet());
      times.addAll(b.keySet());
      times.removeIf(time -> Objects.equals(a.get(time), b.get(time)));
      if (!times.isEmpty()) {
        differences.put(labels, List.copyOf(times));
      }
    }
    return differences;
  }

  private static Map<Labels, TreeMap<Long, Long>> read(Engine engine) {
    Map<Labels, TreeMap<Long, Long>> found = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set = snapshot.select("", List.of(), TimeRange.ALL, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, TimeRange.ALL, rows);
          TreeMap<Long, Long> samples = new TreeMap<>();
          for (int k = 0; k < rows.size; k++) {
            samples.put(rows.times[k], Double.doubleToRawLongBits(rows.values[k]));
          }
          if (!samples.isEmpty()) {
            found.put(set.labels(i), samples);
          }
        }
      }
    }
    return found;
  }
}
