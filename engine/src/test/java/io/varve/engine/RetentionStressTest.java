package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Policies that change beside writers, readers and the engine's own threads: readers always find
 * all of what every policy keeps, and nothing of what a policy has let go of once it is set.
 */
final class RetentionStressTest {
  private static final long WINDOW = 3_600_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;
  private static final long STEP = 60_000;
  private static final Duration MOST_TIME = Duration.ofSeconds(15);

  private final AtomicLong written = new AtomicLong(ORIGIN);
  private final AtomicBoolean ends = new AtomicBoolean();
  private final AtomicLong turns = new AtomicLong();

  @Test
  void readersDoNotWaitAndMissNothing(@TempDir Path dir) throws Exception {
    EngineConfig config =
        EngineConfig.defaults(dir)
            .withWindow(WINDOW, WINDOW / 2)
            .withSizes(20_000, 1 << 20)
            .withClock(() -> Instant.ofEpochMilli(written.get()))
            .withFsync(FsyncPolicy.OS);
    try (Engine engine = Engine.open(config);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      // Windows of two flushes are merged, and their files split by class: a window that was merged
      // under another policy would stay as it is. The first shorter keep lets go of some.
      engine.setRetention(keep(10 * WINDOW));
      for (int hour = 0; hour < 12; hour++) {
        write(engine, 30);
        engine.flush();
        write(engine, 30);
      }
      engine.mergeAll();
      List<Future<Long>> work = new ArrayList<>();
      work.add(threads.submit(until(() -> writeSlowly(engine))));
      work.add(threads.submit(until(() -> read(engine))));
      long end = System.nanoTime() + MOST_TIME.toNanos();
      int policies = 0;
      // The others get their turns, however quick this is.
      while ((policies < 20 || turns.get() < 20) && System.nanoTime() < end) {
        long keep = (2 + policies % 9) * WINDOW;
        long at = written.get();
        engine.setRetention(keep(keep));
        long horizon = Math.floorDiv(at - keep - 1, WINDOW) * WINDOW;
        assertThat(count(engine, "short", new TimeRange(0, horizon))).isZero();
        policies++;
        if (policies % 5 == 0) {
          engine.mergeAll();
        }
      }
      ends.set(true);
      for (Future<Long> one : work) {
        assertThat(one.get()).isGreaterThan(2);
      }
      assertThat(policies).isGreaterThan(2);
      assertThat(engine.stats().dropped(DropReason.AGE).bytes()).isPositive();
      assertThat(engine.stats().jobFailures()).isZero();
      assertThat(engine.stats().damage()).isEmpty();
      System.out.printf(
          "RetentionStressTest: %d policies beside %d writes and %d reads%n",
          policies, work.get(0).get(), work.get(1).get());
    }
    List<String> problems = new ArrayList<>();
    new DataFolder(dir).verify(path -> {}, problems::add);
    assertThat(problems).isEmpty();
  }

  private static RetentionPolicy keep(long millis) {
    return new RetentionPolicy(
        RetentionPolicy.FOREVER,
        List.of(
            new RetentionRule(
                null, List.of(Matcher.equal("team", "short")), RetentionRule.ANY, millis)));
  }

  private Callable<Long> until(Runnable turn) {
    return () -> {
      long done = 0;
      while (!ends.get()) {
        turn.run();
        done++;
        turns.incrementAndGet();
      }
      return done;
    };
  }

  /** A few hours in each second: new windows begin all the time, but not too many. */
  private void writeSlowly(Engine engine) {
    write(engine, 10);
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(Engine engine, int steps) {
    WriteBatch batch = new WriteBatch();
    long from = written.get();
    for (String team : new String[] {"short", "long"}) {
      for (int host = 0; host < 8; host++) {
        int row = batch.addSeries(Labels.of("__name__", "m", "host", "h" + host, "team", team));
        for (int i = 1; i <= steps; i++) {
          batch.addSample(row, from + i * STEP, Double.doubleToRawLongBits(i * 1.5 + host), 0);
        }
      }
    }
    assertThat(engine.append(batch, WriteMode.ALL_OR_NOTHING).complete()).isTrue();
    written.set(from + steps * STEP);
  }

  private void read(Engine engine) {
    Thread.yield();
    long to = written.get();
    assertThat(count(engine, "long", new TimeRange(ORIGIN, to)))
        .isEqualTo(8 * (to - ORIGIN) / STEP);
  }

  private static long count(Engine engine, String team, TimeRange range) {
    long count = 0;
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set =
          snapshot.select("", List.of(Matcher.equal("team", team)), range, QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, range, rows);
          count += rows.size;
        }
      }
    }
    return count;
  }
}
