package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.varve.engine.log.ShardLog;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.wal.WalContinuation;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine's log is copied while it grows, and continued elsewhere. */
final class LogFeedTest {
  private static final long T = 1_700_000_400_000L;

  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong(T);

  private record Logged(long sequence, boolean begins, int type, byte[] payload) {}

  private static final class Copy implements ShardLog.RecordConsumer {
    final List<Logged> records = new ArrayList<>();
    private boolean begins;

    @Override
    public void segment(long firstSequence) {
      begins = true;
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      records.add(
          new Logged(sequence, begins, type, Arrays.copyOfRange(payload, offset, offset + length)));
      begins = false;
    }
  }

  private EngineConfig config(String name, LogHold hold) {
    return EngineConfig.defaults(folder.resolve(name))
        .withClock(() -> Instant.ofEpochMilli(now.get()))
        .withBackgroundThreads(false)
        .withSizes(8 << 10, 1 << 20)
        .withStoredRetention()
        .withLogHold(hold);
  }

  private static void write(Engine engine, int round) {
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < 20; s++) {
      Labels labels = new Labels.Builder().add("__name__", "m").add("s", "x" + s).build();
      for (int i = 0; i < 10; i++) {
        batch.add(labels, T + (round * 10L + i) * 1_000, Math.sin(round * s + i));
      }
    }
    engine.append(batch, WriteMode.PARTIAL);
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

  @Test
  void whatIsHeldCanBeReadAndContinuesABackup() throws Exception {
    List<String> expected;
    Copy copy = new Copy();
    long base;
    long last;
    try (Engine engine = Engine.open(config("data", new LogHold(1 << 30, 1 << 30)))) {
      LogFeed feed = engine.logFeed();
      feed.hold(1, new LogHold(1 << 30, 1 << 30));
      for (int round = 0; round < 5; round++) {
        write(engine, round);
      }
      base = engine.backUp(folder.resolve("copy"));
      for (int round = 5; round < 60; round++) {
        write(engine, round);
        if (round % 13 == 0) {
          engine.flush();
        }
        if (round == 30) {
          engine.delete("", List.of(Matcher.equal("s", "x3")), TimeRange.ALL);
        }
        engine.runBackgroundWork();
      }
      last = feed.last();
      feed.sync(last);
      long at = 0;
      while (at < last) { // in small parts
        at = feed.read(at + 1, last, 3_000, copy);
      }
      expected = content(engine);
    }
    assertThat(copy.records.getFirst().sequence()).isEqualTo(1);
    assertThat(copy.records).hasSize((int) last);
    assertThat(copy.records.stream().filter(Logged::begins).count()).isGreaterThan(5);
    try (WalContinuation log = new DataFolder(folder.resolve("copy")).continueLog(false)) {
      assertThat(log.last()).isEqualTo(base);
      for (Logged record : copy.records) {
        if (record.begins()) {
          log.segment(record.sequence());
        }
        log.record(record.sequence(), record.type(), record.payload(), 0, record.payload().length);
        if (record.sequence() == base + 2) {
          break; // in the midst
        }
      }
    }
    try (WalContinuation log = new DataFolder(folder.resolve("copy")).continueLog(false)) {
      assertThat(log.last()).isEqualTo(base + 2);
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> log.record(base + 4, 1, new byte[1], 0, 1))
          .withMessageContaining("comes behind");
      for (Logged record : copy.records) {
        if (record.begins()) {
          log.segment(record.sequence());
        }
        log.record(record.sequence(), record.type(), record.payload(), 0, record.payload().length);
      }
    }
    try (Engine engine = Engine.open(config("copy", LogHold.NONE))) {
      assertThat(engine.stats().damage()).isEmpty();
      assertThat(content(engine)).isEqualTo(expected);
      write(engine, 60);
      engine.flush();
    }
    List<String> problems = new ArrayList<>();
    assertThat(new DataFolder(folder.resolve("copy")).verify(_ -> {}, problems::add)).isPositive();
    assertThat(problems).isEmpty();
  }

  @Test
  void whatNobodyCopiesIsLetGoBeyondTheLimit() throws Exception {
    try (Engine engine = Engine.open(config("data", new LogHold(100_000, 1 << 30)))) {
      LogFeed feed = engine.logFeed();
      for (int round = 0; round < 10; round++) {
        write(engine, round);
      }
      engine.flush();
      Copy copy = new Copy();
      feed.sync(feed.last());
      assertThat(feed.read(1, 5, 1 << 30, copy)).isEqualTo(5);
      feed.hold(6, new LogHold(100_000, 1 << 30));
      for (int round = 10; feed.isHeld() && round < 1_000; round++) {
        write(engine, round);
        if (round % 10 == 0) {
          engine.flush();
        }
      }
      assertThat(feed.isHeld()).isFalse();
      assertThat(feed.logBytes()).isLessThan(100_000);
      feed.sync(feed.last());
      assertThatExceptionOfType(NoSuchFileException.class)
          .isThrownBy(() -> feed.read(6, feed.last(), 1 << 30, copy))
          .withMessageContaining("record 6");
      // From here on once more, until nothing has been copied for too long.
      feed.hold(feed.last() + 1, new LogHold(1 << 30, 60_000));
      write(engine, 1_000);
      now.addAndGet(59_000);
      engine.flush();
      assertThat(feed.isHeld()).isTrue();
      now.addAndGet(2_000);
      write(engine, 1_001);
      engine.flush();
      assertThat(feed.isHeld()).isFalse();
    }
  }

  /** Of what is trimmed nothing is needed any more; of what is held nothing goes. */
  @Test
  void heldFromTheStartAndReleased() throws Exception {
    LogHold hold = new LogHold(1 << 30, 1 << 30);
    long first;
    try (Engine engine = Engine.open(config("data", hold))) {
      write(engine, 0);
      engine.flush();
      first = engine.logFeed().last();
    }
    try (Engine engine = Engine.open(config("data", hold))) {
      LogFeed feed = engine.logFeed();
      assertThat(feed.startPosition()).isEqualTo(first);
      Copy copy = new Copy();
      assertThat(feed.read(1, first, 1 << 30, copy)).isEqualTo(first);
      feed.release();
      write(engine, 1);
      engine.flush();
      assertThatExceptionOfType(NoSuchFileException.class)
          .isThrownBy(() -> feed.read(1, first, 1 << 30, copy));
    }
  }

  @Test
  void aMarkLiesBeforeTheFirstRecordOfItsSecond() throws Exception {
    try (Engine engine = Engine.open(config("data", LogHold.NONE))) {
      LogFeed feed = engine.logFeed();
      long begun = T / 1_000;
      write(engine, 0);
      long one = feed.last();
      now.addAndGet(2_500);
      write(engine, 1);
      write(engine, 2);
      long three = feed.last();
      now.addAndGet(-2_000); // back, as clocks do
      write(engine, 3);
      long four = feed.last();
      now.addAndGet(5_000);
      assertThat(feed.marks())
          .containsExactly(
              new LogFeed.Mark(begun, 0),
              new LogFeed.Mark(begun + 2, one),
              new LogFeed.Mark(begun + 5, four));
      assertThat(three).isLessThan(four);
      feed.forgetMarks(begun + 2);
      assertThat(feed.marks()).containsExactly(new LogFeed.Mark(begun + 5, four));
    }
  }
}
