package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real process that writes, deletes, undeletes, corrects, merges and purges with its background
 * threads at work is killed at random moments: nothing that should live is lost, nothing that was
 * deleted comes back, and receipts hold.
 */
final class DeletesProcessCrashTest {
  private static final int KILLS = 8;
  private static final int SERIES = 12;
  private static final long ORIGIN = 1_700_000_000_000L;
  private static final long STEP = 60_000;

  @TempDir Path dir;

  private HistoryModel model = new HistoryModel(DuplicatePolicy.LAST);
  private final Map<String, Integer> acknowledged = new TreeMap<>();

  /** One operation of the process; what it does depends on its number alone. */
  private record Operation(
      String kind, WriteBatch batch, List<Labels> labels, Matcher matcher, TimeRange range) {
    static Operation of(long n) {
      Random random = new Random(n * 7919);
      int dice = random.nextInt(100);
      String kind =
          dice < 70
              ? "append"
              : dice < 80
                  ? "delete"
                  : dice < 85 ? "undelete" : dice < 94 ? "correct" : dice < 98 ? "merge" : "purge";
      WriteBatch batch = new WriteBatch();
      List<Labels> labels = new ArrayList<>();
      long now = ORIGIN + n * STEP;
      for (int s = 0; s < SERIES; s++) {
        Labels one = Labels.of("__name__", "m", "s", "x" + s);
        long back = kind.equals("correct") ? (1 + random.nextLong(Math.max(1, n))) * STEP : 0;
        batch.add(one, now - back, random.nextInt(1000));
        labels.add(one);
      }
      Matcher matcher =
          new Matcher(
              Matcher.Type.RE, "s", "x[" + random.nextInt(4) + "-" + (4 + random.nextInt(5)) + "]");
      long from = now - random.nextLong(n + 1) * STEP;
      TimeRange range = new TimeRange(from - 1, from + random.nextInt(40) * STEP);
      return new Operation(kind, batch, labels, matcher, range);
    }
  }

  /** The process that is killed. */
  public static final class Victim {
    private Victim() {}

    /** Arguments: the data folder, the number of the first operation. */
    public static void main(String[] arguments) throws IOException {
      try (Engine engine = Engine.open(config(Path.of(arguments[0])))) {
        for (long n = Long.parseLong(arguments[1]); n < Long.MAX_VALUE; n++) {
          Operation operation = Operation.of(n);
          String more = "";
          switch (operation.kind()) {
            case "append" -> engine.append(operation.batch(), WriteMode.ALL_OR_NOTHING);
            case "correct" -> engine.correct(operation.batch());
            case "delete" ->
                more = " " + engine.delete("", List.of(operation.matcher()), operation.range());
            case "undelete" -> {
              List<DeleteInfo> hidden =
                  engine.deletes().stream()
                      .filter(delete -> delete.state() == DeleteInfo.State.HIDDEN)
                      .toList();
              more = hidden.isEmpty() ? "" : undelete(engine, hidden.getLast().id());
            }
            case "merge" -> engine.mergeAll();
            default -> engine.cleanTombstones();
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

  private static EngineConfig config(Path folder) {
    return EngineConfig.defaults(folder)
        .withWindow(3_600_000, 300_000)
        .withSizes(20_000, 1 << 20)
        .withUndo(150, 150)
        .withFsync(FsyncPolicy.ALWAYS);
  }

  @Test
  void nothingIsLostAndNothingComesBack() throws Exception {
    Random random = new Random(Seeds.usual(1));
    long next = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      next = runAndKill(next, 100 + random.nextInt(900));
    }
    System.out.println("DeletesProcessCrashTest: " + KILLS + " kills, " + acknowledged);
    assertThat(acknowledged).containsKeys("append", "delete", "undelete", "correct", "merge");
    List<String> problems = new ArrayList<>();
    List<String> receipts = new ArrayList<>();
    new DataFolder(dir.resolve("data")).verify(file -> {}, problems::add, receipts::add);
    assertThat(problems).isEmpty();
    assertThat(receipts).anyMatch(receipt -> receipt.contains("proven"));
  }

  /** Runs the process from an operation on, and gives the operation with which to go on. */
  private long runAndKill(long first, long killAfterMillis) throws Exception {
    Process victim =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("varve.test.class.path", System.getProperty("java.class.path")),
                Victim.class.getName(),
                dir.resolve("data").toString(),
                Long.toString(first))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    long next = first;
    long undoing = -1;
    Thread killer = null;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        String[] words = line.split(" ");
        if (line.matches("undoing \\d+")) {
          undoing = Long.parseLong(words[1]);
        } else if (line.matches("done \\d+ [a-z]+( \\d+)?")) {
          long n = Long.parseLong(words[1]);
          assertThat(n).isEqualTo(next);
          apply(n, model, words.length > 3 ? Long.parseLong(words[3]) : -1);
          boolean idle = words[2].equals("undelete") && words.length == 3;
          acknowledged.merge(idle ? "idle" : words[2], 1, Integer::sum);
          undoing = -1;
          next++;
        }
        if (killer == null) {
          killer =
              Thread.ofPlatform()
                  .start(
                      () -> {
                        try {
                          Thread.sleep(killAfterMillis);
                        } catch (InterruptedException e) {
                          Thread.currentThread().interrupt();
                        }
                        victim.toHandle().destroyForcibly();
                      });
        }
      }
    } finally {
      victim.destroyForcibly();
      assertThat(victim.waitFor(30, TimeUnit.SECONDS)).isTrue();
      if (killer != null) {
        killer.join();
      }
    }
    assertThat(killer).as("the process came to its first operation").isNotNull();
    return check(next, undoing);
  }

  private static void apply(long n, HistoryModel to, long id) {
    Operation operation = Operation.of(n);
    switch (operation.kind()) {
      case "append", "correct" -> {
        WriteBatch batch = operation.batch();
        for (int i = 0; i < batch.sampleCount; i++) {
          to.write(
              operation.labels().get(i),
              batch.sampleTime[i],
              batch.sampleBits[i],
              operation.kind().equals("correct"));
        }
      }
      case "delete" -> to.delete(id, operation.matcher(), operation.range());
      case "undelete" -> {
        if (id >= 0) {
          to.undelete(id);
        }
      }
      default -> {}
    }
  }

  /** Compares; the operation that was under way is there as a whole or not at all. */
  private long check(long next, long undoing) throws IOException {
    EngineConfig config = config(dir.resolve("data")).withBackgroundThreads(false);
    try (Engine engine = Engine.open(config)) {
      assertThat(engine.stats().damage()).isEmpty();
      Operation last = Operation.of(next);
      Map<Labels, TreeMap<Long, Long>> found = read(engine);
      Set<Long> known = new HashSet<>(model.ids());
      HistoryModel after = model.copy();
      boolean happened = false;
      if (last.kind().equals("delete")) {
        for (DeleteInfo delete : engine.deletes()) {
          if (!known.contains(delete.id())) {
            apply(next, after, delete.id());
            happened = true;
          }
        }
      } else if (last.kind().equals("undelete")) {
        for (DeleteInfo delete : engine.deletes()) {
          if (delete.id() == undoing && delete.state() == DeleteInfo.State.UNDONE) {
            after.undelete(undoing);
            happened = true;
          }
        }
      } else {
        apply(next, after, -1);
        happened = found.equals(after.visible(TimeRange.ALL));
      }
      if (happened) {
        model = after;
      }
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
      return happened ? next + 1 : next;
    }
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
