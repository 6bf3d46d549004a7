package io.varve.engine.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.log.ShardLog.Damage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a {@link ShardLog} does that is the store's own: its numbers have no gap, and it replays
 * itself. An implementation's test extends this and says how to open a log in a folder; opening it
 * again finds what was appended.
 */
public abstract class LocalLogContract extends ShardLogContract {
  @TempDir protected Path folder;

  /** Opens the log that lives in {@code folder}, not yet replayed. */
  protected abstract ShardLog open(Path folder) throws IOException;

  @Override
  protected ShardLog begin() throws IOException {
    ShardLog log = open(folder);
    replayAll(log, 1);
    return log;
  }

  @Override
  protected Collector readBack() throws IOException {
    try (ShardLog log = open(folder)) {
      return replayAll(log, 1);
    }
  }

  private Collector replayAll(ShardLog log, long from) throws IOException {
    Collector collector = new Collector();
    List<Damage> damages = log.replay(from, collector);
    assertThat(damages).isEmpty();
    return collector;
  }

  @Test
  void aNewLogIsEmpty() throws IOException {
    try (ShardLog log = open(folder)) {
      Collector collector = replayAll(log, 1);
      assertThat(collector.records).isEmpty();
      assertThat(log.last()).isZero();
      assertThat(log.durable()).isZero();
      assertThat(log.segmentBytes()).isZero();
    }
  }

  @Test
  void recordsAreNumberedFromOneAndComeBackInOrder() throws IOException {
    List<Replayed> expected = new ArrayList<>();
    Random random = new Random(Seeds.usual(7));
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      for (int i = 1; i <= 300; i++) {
        String text = "x".repeat(random.nextInt(i)) + i;
        int type = 1 + random.nextInt(255);
        assertThat(append(log, type, text)).isEqualTo(i);
        assertThat(log.last()).isEqualTo(i);
        expected.add(new Replayed(i, type, text));
      }
    }
    try (ShardLog log = open(folder)) {
      assertThat(replayAll(log, 1).records).isEqualTo(expected);
      assertThat(log.last()).isEqualTo(300);
      assertThat(append(log, 1, "next")).isEqualTo(301);
    }
  }

  @Test
  void rollSyncsAndBeginsASegmentOnceThereIsARecord() throws IOException {
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      log.roll();
      append(log, 1, "a");
      append(log, 1, "b");
      long open = log.segmentBytes();
      log.roll();
      assertThat(log.durable()).isEqualTo(2);
      assertThat(log.segmentBytes()).isLessThan(open);
      log.roll();
      append(log, 1, "c");
      log.roll();
      append(log, 1, "d");
    }
    try (ShardLog log = open(folder)) {
      Collector collector = replayAll(log, 1);
      assertThat(collector.segments).containsExactly(1L, 3L, 4L);
      assertThat(collector.sequences()).containsExactly(1L, 2L, 3L, 4L);
    }
  }

  @Test
  void replayStartsAtTheSegmentThatHoldsTheFirstWantedRecord() throws IOException {
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      for (int segment = 0; segment < 4; segment++) {
        append(log, 1, "x");
        append(log, 1, "y");
        append(log, 1, "z");
        log.roll();
      }
    }
    for (long from = 1; from <= 13; from++) {
      try (ShardLog log = open(folder)) {
        Collector collector = replayAll(log, from);
        long segment = (from - 1) / 3 * 3 + 1;
        List<Long> expected = new ArrayList<>();
        for (long s = segment; s <= 12; s++) {
          expected.add(s);
        }
        assertThat(collector.sequences()).as("from " + from).isEqualTo(expected);
        assertThat(log.last()).isEqualTo(12);
      }
    }
  }

  @Test
  void theLogGoesOnBehindTheRecordsThatFilesAlreadyHold() throws IOException {
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      append(log, 1, "x");
    }
    try (ShardLog log = open(folder)) {
      replayAll(log, 101);
      assertThat(log.last()).isEqualTo(100);
      assertThat(append(log, 1, "y")).isEqualTo(101);
    }
    try (ShardLog log = open(folder)) {
      assertThat(replayAll(log, 101).records).containsExactly(new Replayed(101, 1, "y"));
    }
  }

  @Test
  void trimDeletesWholeSegmentsOnlyAndKeepsThePosition() throws IOException {
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      for (int i = 0; i < 10; i++) {
        append(log, 1, "0123456789");
        if (i % 2 == 1) {
          log.roll();
        }
      }
      log.sync(10);
      long all = log.totalBytes();
      log.trim(6);
      assertThat(log.totalBytes()).isLessThan(all);
    }
    try (ShardLog log = open(folder)) {
      assertThat(replayAll(log, 6).sequences()).containsExactly(5L, 6L, 7L, 8L, 9L, 10L);
      log.trim(11);
    }
    try (ShardLog log = open(folder)) {
      replayAll(log, 11);
      assertThat(append(log, 1, "next")).isEqualTo(11);
      log.sync(11);
      log.trim(11);
    }
    try (ShardLog log = open(folder)) {
      assertThat(replayAll(log, 11).records).containsExactly(new Replayed(11, 1, "next"));
    }
  }

  @Test
  void trimAfterARollLeavesNoRecordAndKeepsThePosition() throws IOException {
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      long empty = 0;
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
          append(log, 1, "0123456789".repeat(100));
        }
        log.trim(log.last() + 1);
        assertThat(log.totalBytes()).as("the open segment stays").isGreaterThan(10_000);
        log.roll();
        log.trim(log.last() + 1);
        assertThat(log.totalBytes()).isLessThan(100);
        empty = log.last() + 1;
      }
      assertThat(empty).isEqualTo(31);
    }
    for (int life = 0; life < 3; life++) {
      try (ShardLog log = open(folder)) {
        assertThat(replayAll(log, 31).records).isEmpty();
        assertThat(log.last()).isEqualTo(30);
      }
    }
    try (ShardLog log = open(folder)) {
      replayAll(log, 31);
      assertThat(append(log, 1, "next")).isEqualTo(31);
    }
    try (ShardLog log = open(folder)) {
      assertThat(replayAll(log, 31).records).containsExactly(new Replayed(31, 1, "next"));
      log.roll();
      log.trim(32);
      assertThat(log.totalBytes()).as("what an earlier life wrote goes too").isLessThan(100);
    }
  }

  @Test
  @Timeout(60)
  void manyThreadsSyncBesideTrimming() throws Exception {
    int total = 2_000;
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (ShardLog log = open(folder)) {
      log.replay(1, new Collector());
      int syncers = 16;
      CountDownLatch started = new CountDownLatch(syncers);
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < syncers; t++) {
        threads.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        started.countDown();
                        while (log.durable() < total) {
                          long to = log.last();
                          log.sync(to);
                          assertThat(log.durable()).isGreaterThanOrEqualTo(to);
                          // A sync that had nothing to do must not keep the others off the CPU.
                          LockSupport.parkNanos(50_000);
                        }
                      } catch (Throwable e) {
                        failures.add(e);
                      }
                    }));
      }
      started.await();
      for (int i = 1; i <= total; i++) {
        append(log, 1, "record " + i);
        if (i % 100 == 0) {
          log.roll();
          log.trim(i - 500);
        }
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(failures).isEmpty();
    try (ShardLog log = open(folder)) {
      Collector collector = replayAll(log, total - 100);
      assertThat(collector.records.getLast()).isEqualTo(new Replayed(total, 1, "record " + total));
    }
  }

  @Test
  void manyRestartsKeepEverything() throws IOException {
    Random random = new Random(Seeds.usual(5));
    List<Replayed> expected = new ArrayList<>();
    for (int life = 0; life < 30; life++) {
      try (ShardLog log = open(folder)) {
        assertThat(replayAll(log, 1).records).isEqualTo(expected);
        for (int i = random.nextInt(4); i > 0; i--) {
          String text = "life " + life + " " + i;
          expected.add(new Replayed(append(log, 1, text), 1, text));
          if (random.nextInt(3) == 0) {
            log.roll();
          }
        }
      }
    }
  }
}
