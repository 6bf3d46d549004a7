package io.varve.engine.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.log.ShardLog.RecordConsumer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every {@link ShardLog} does, whatever it stands on: a local file, or other nodes. An
 * implementation's test extends this and says how a log begins, and what of it comes back.
 */
public abstract class ShardLogContract {
  /** A log without records that takes appends. */
  protected abstract ShardLog begin() throws IOException;

  /** What a store is given that has saved nothing, after the log of {@link #begin} was closed. */
  protected abstract Collector readBack() throws IOException;

  /** A record as it came back from a replay. */
  public record Replayed(long sequence, int type, String payload) {}

  /** Remembers everything it is told. */
  public static final class Collector implements RecordConsumer {
    public final List<Long> segments = new ArrayList<>();
    public final List<Replayed> records = new ArrayList<>();

    @Override
    public void segment(long firstSequence) {
      segments.add(firstSequence);
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      records.add(
          new Replayed(
              sequence, type, new String(payload, offset, length, StandardCharsets.ISO_8859_1)));
    }

    public List<Long> sequences() {
      return records.stream().map(Replayed::sequence).toList();
    }
  }

  /** Appends a text. */
  public static long append(ShardLog log, int type, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return log.append(type, bytes, 0, bytes.length);
  }

  @Test
  void recordsComeBackInOrderUnderTheNumbersThatTheyGot() throws IOException {
    List<Replayed> expected = new ArrayList<>();
    Random random = new Random(Seeds.usual(7));
    try (ShardLog log = begin()) {
      long last = 0;
      for (int i = 1; i <= 300; i++) {
        String text = "x".repeat(random.nextInt(i)) + i;
        int type = 1 + random.nextInt(255);
        long sequence = append(log, type, text);
        assertThat(sequence).isGreaterThan(last);
        assertThat(log.last()).isEqualTo(sequence);
        expected.add(new Replayed(sequence, type, text));
        last = sequence;
      }
      log.sync(last);
    }
    assertThat(readBack().records).isEqualTo(expected);
  }

  @Test
  void payloadsAreTakenFromTheirOffsetAndNotKept() throws IOException {
    byte[] bytes = "..payload..".getBytes(StandardCharsets.ISO_8859_1);
    long first;
    long second;
    try (ShardLog log = begin()) {
      first = log.append(9, bytes, 2, 7);
      Arrays.fill(bytes, (byte) '!');
      second = log.append(10, bytes, 3, 0);
      log.sync(second);
    }
    assertThat(readBack().records)
        .containsExactly(new Replayed(first, 9, "payload"), new Replayed(second, 10, ""));
  }

  @Test
  void largeRecordsComeBackWhole() throws IOException {
    byte[] bytes = new byte[3_000_001];
    new Random(11).nextBytes(bytes);
    List<Long> sequences = new ArrayList<>();
    try (ShardLog log = begin()) {
      sequences.add(append(log, 1, "before"));
      sequences.add(log.append(2, bytes, 0, bytes.length));
      sequences.add(append(log, 3, "behind"));
      log.sync(sequences.getLast());
    }
    Collector collector = readBack();
    assertThat(collector.sequences()).isEqualTo(sequences);
    assertThat(collector.records.get(1).payload().getBytes(StandardCharsets.ISO_8859_1))
        .isEqualTo(bytes);
  }

  @Test
  void typesOutsideOneTo255AreRefused() throws IOException {
    try (ShardLog log = begin()) {
      assertThatThrownBy(() -> append(log, 0, "x")).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> append(log, 256, "x")).isInstanceOf(IllegalArgumentException.class);
      long sequence = append(log, 255, "x");
      log.sync(sequence);
    }
    assertThat(readBack().records).extracting(Replayed::type).containsExactly(255);
  }

  @Test
  void syncMakesDurable() throws IOException {
    try (ShardLog log = begin()) {
      long a = append(log, 1, "a");
      log.sync(a);
      assertThat(log.durable()).isGreaterThanOrEqualTo(a);
      long b = append(log, 1, "b");
      log.sync(a);
      log.sync(b);
      assertThat(log.durable()).isGreaterThanOrEqualTo(b);
      assertThatThrownBy(() -> log.sync(b + 1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void rollBeginsASegmentOnceThereIsARecord() throws IOException {
    List<Long> begins = new ArrayList<>();
    try (ShardLog log = begin()) {
      log.roll();
      begins.add(append(log, 1, "a"));
      append(log, 1, "b");
      long open = log.segmentBytes();
      assertThat(open).isPositive();
      log.roll();
      assertThat(log.segmentBytes()).isLessThan(open);
      log.roll();
      begins.add(append(log, 1, "c"));
      log.roll();
      begins.add(append(log, 1, "d"));
      log.sync(log.last());
    }
    Collector collector = readBack();
    assertThat(collector.segments).isEqualTo(begins);
    assertThat(collector.records).hasSize(4);
  }

  @Test
  @Timeout(60)
  void manyThreadsSyncBesideTheAppender() throws Exception {
    int total = 1_000;
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    long end;
    try (ShardLog log = begin()) {
      int syncers = 16;
      CountDownLatch started = new CountDownLatch(syncers);
      CountDownLatch appended = new CountDownLatch(1);
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < syncers; t++) {
        threads.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        started.countDown();
                        while (appended.getCount() > 0 || log.durable() < log.last()) {
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
      end = 0;
      for (int i = 1; i <= total; i++) {
        end = append(log, 1, "record " + i);
        if (i % 100 == 0) {
          log.roll();
        }
      }
      appended.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(failures).isEmpty();
    List<Replayed> records = readBack().records;
    assertThat(records).hasSize(total);
    assertThat(records.getLast()).isEqualTo(new Replayed(end, 1, "record " + total));
  }

  @Test
  void afterCloseEveryCallIsRefused() throws IOException {
    ShardLog log = begin();
    long sequence = append(log, 1, "x");
    log.close();
    assertThat(log.durable()).isGreaterThanOrEqualTo(sequence);
    assertThatThrownBy(() -> append(log, 1, "y")).isInstanceOf(IOException.class);
    assertThatThrownBy(log::roll).isInstanceOf(IOException.class);
    log.close();
  }
}
