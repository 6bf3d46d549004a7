package io.varve.ingest;

import static io.varve.ingest.Proto.request;
import static io.varve.ingest.Proto.series;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.LateBacklogException;
import io.varve.engine.LimitExceededException;
import io.varve.engine.Seeds;
import io.varve.engine.SeriesLookup;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Labels;
import io.varve.ingest.intake.LabelLimits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The ingestor as http sees it: streams, limits, and what each failure of the engine answers. */
final class IngestorTest {
  private static final long NOW = 1_790_000_000_000L;
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(NOW));
  private static final Labels UP = Labels.of("__name__", "up");
  private static final byte[] ONE = request(series(UP, NOW, 1)).snappy();

  // What is expected to fail here need not fill the report with stack traces.
  private static final Logger LOG = Logger.getLogger(Ingestor.class.getName());

  @BeforeAll
  static void silence() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void speak() {
    LOG.setLevel(null);
  }

  private static IngestLimits limits(int compressed, int decoded, int entries, long inFlight) {
    return new IngestLimits(
        compressed,
        decoded,
        entries,
        inFlight,
        Duration.ofMinutes(10),
        1 << 20,
        1 << 20,
        LabelLimits.DEFAULT);
  }

  private static Ingestor failing(RuntimeException failure) {
    return new Ingestor(
        new FakeHead(),
        (batch, mode) -> {
          throw failure;
        },
        IngestLimits.DEFAULT,
        CLOCK);
  }

  private static IngestOutcome write(Ingestor ingestor, byte[] body) {
    return ingestor.write(body, 0, body.length, null, null, null);
  }

  @Test
  void aMemoryLimitIsA429WithTheEnginesWords() {
    IngestOutcome outcome = write(failing(new LimitExceededException("too many series")), ONE);
    assertThat(outcome.status()).isEqualTo(429);
    assertThat(outcome.message()).isEqualTo("too many series");
    assertThat(outcome.retryAfterSeconds()).isPositive();
    assertThat(outcome.ok()).isFalse();
  }

  @Test
  void aBacklogOfLateSamplesIsWorthWaitingAndNotCountedAsAnAnswer() {
    Ingestor ingestor = failing(new LateBacklogException("late samples wait"));
    IngestOutcome outcome = write(ingestor, ONE);
    assertThat(outcome.status()).isEqualTo(503);
    assertThat(outcome.worthWaiting()).isTrue();
    assertThat(outcome.message()).isEqualTo("late samples wait");
    assertThat(outcome.retryAfterSeconds()).isPositive();
    assertThat(ingestor.counters().waits()).isEqualTo(1);
    assertThat(ingestor.counters().requests()).isEmpty();
  }

  @Test
  void aStoppedStoreIsA503WithTheEnginesWords() {
    IngestOutcome outcome = write(failing(new StorageStoppedException("disk full")), ONE);
    assertThat(outcome.status()).isEqualTo(503);
    assertThat(outcome.message()).isEqualTo("disk full");
    assertThat(outcome.retryAfterSeconds()).isPositive();
  }

  @Test
  void aBugOrDamageInTheEngineIsA500NotA400() {
    for (RuntimeException failure :
        new RuntimeException[] {
          new IllegalStateException("secret"),
          new IllegalArgumentException("secret"),
          new CorruptDataException("wal/0/1", 5, "secret")
        }) {
      IngestOutcome outcome = write(failing(failure), ONE);
      assertThat(outcome.status()).isEqualTo(500);
      assertThat(outcome.message()).doesNotContain("secret");
    }
  }

  @Test
  void aFailureLeavesNothingTaken() {
    Ingestor ingestor = failing(new IllegalStateException("x"));
    write(ingestor, ONE);
    write(ingestor, new byte[] {9, 9, 9});
    assertThat(ingestor.inFlightBytes()).isZero();
    assertThat(ingestor.counters().requests()).isEqualTo(Map.of(400, 1L, 500, 1L));
  }

  @Test
  void bodiesComeFromStreamsInPieces() throws IOException {
    FakeHead head = new FakeHead();
    Ingestor ingestor = new Ingestor(head, head, IngestLimits.DEFAULT, CLOCK);
    Random random = new Random(Seeds.usual(5));
    Proto[] many = new Proto[3_000];
    for (int i = 0; i < many.length; i++) {
      byte[] noise = new byte[60];
      random.nextBytes(noise);
      many[i] = series(Labels.of("__name__", "m" + i, "x", Arrays.toString(noise)), NOW, i);
    }
    byte[] body = request(many).snappy();
    assertThat(body.length).isGreaterThan(1 << 18);
    for (long contentLength : new long[] {-1, body.length, 10, body.length * 2L}) {
      InputStream pieces =
          new ByteArrayInputStream(body) {
            @Override
            public int read(byte[] into, int off, int len) {
              return super.read(into, off, Math.min(len, 1_000));
            }
          };
      IngestOutcome outcome = ingestor.write(pieces, contentLength, null, null, null);
      assertThat(outcome.status()).as("Content-Length %d", contentLength).isEqualTo(204);
      assertThat(outcome.samples()).isEqualTo(3_000);
    }
    assertThat(ingestor.counters().compressedBytes()).isEqualTo(4L * body.length);
    assertThat(ingestor.counters().samples()).isEqualTo(12_000);
  }

  @Test
  void aStreamOverTheLimitIsA413WhetherItSaysSoOrNot() throws IOException {
    FakeHead head = new FakeHead();
    Ingestor ingestor = new Ingestor(head, head, limits(100_000, 1 << 20, 1_000, 1 << 24), CLOCK);
    assertThat(
            ingestor
                .write(new ByteArrayInputStream(new byte[100_001]), -1, null, null, null)
                .status())
        .isEqualTo(413);
    assertThat(
            ingestor
                .write(new ByteArrayInputStream(new byte[100_000]), -1, null, null, null)
                .status())
        .isEqualTo(400);
    InputStream untouched =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("was read");
          }

          @Override
          public int read(byte[] into, int off, int len) throws IOException {
            throw new IOException("was read");
          }
        };
    assertThat(ingestor.write(untouched, 100_001, null, null, null).status()).isEqualTo(413);
    assertThat(ingestor.write(untouched, 5, "text/plain", null, null).status()).isEqualTo(415);
    assertThat(ingestor.write(untouched, 5, null, null, "a|b").status()).isEqualTo(400);
    assertThatThrownBy(() -> ingestor.write(untouched, 5, null, null, null))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aBodyThatDecodesToMoreThanTheLimitIsA400() {
    FakeHead head = new FakeHead();
    Ingestor ingestor = new Ingestor(head, head, limits(1 << 20, 50, 1_000, 1 << 20), CLOCK);
    assertThat(write(ingestor, ONE).status()).isEqualTo(204);
    byte[] larger = request(series(UP, NOW, 1), series(UP, NOW, 1), series(UP, NOW, 1)).snappy();
    assertThat(write(ingestor, larger).status()).isEqualTo(400);
  }

  @Test
  void requestsBeyondTheMemoryForAllAreSentAwayWithA503() throws InterruptedException {
    FakeHead head = new FakeHead();
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    BatchSink slow =
        (batch, mode) -> {
          inside.countDown();
          try {
            leave.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return head.append(batch, mode);
        };
    Ingestor ingestor = new Ingestor(head, slow, limits(1_000, 1_000, 100, 100), CLOCK);
    Thread first = Thread.ofPlatform().start(() -> write(ingestor, ONE));
    inside.await();
    IngestOutcome outcome = write(ingestor, ONE);
    assertThat(outcome.status()).isEqualTo(503);
    assertThat(outcome.retryAfterSeconds()).isPositive();
    leave.countDown();
    first.join();
    assertThat(write(ingestor, ONE).status()).isEqualTo(204);
    assertThat(ingestor.inFlightBytes()).isZero();
  }

  @Test
  void entriesOfARequestAreLimited() {
    FakeHead head = new FakeHead();
    Ingestor ingestor = new Ingestor(head, head, limits(1 << 20, 1 << 20, 10, 1 << 22), CLOCK);
    Proto[] all = new Proto[11];
    for (int i = 0; i < all.length; i++) {
      all[i] = series(Labels.of("__name__", "m" + i), NOW, i);
    }
    assertThat(write(ingestor, request(all).snappy()).status()).isEqualTo(413);
    assertThat(head.series).isEmpty();
    assertThat(write(ingestor, request(Arrays.copyOf(all, 10)).snappy()).status()).isEqualTo(204);
  }

  @Test
  void threadsShareOneIngestor() throws InterruptedException {
    FakeHead head = new FakeHead();
    Object lock = new Object();
    // The fake is not thread-safe; its lookups run outside of the lock only while it is at rest.
    SeriesLookup lookup =
        new SeriesLookup() {
          @Override
          public int generation() {
            synchronized (lock) {
              return head.generation();
            }
          }

          @Override
          public int tenantId(String tenant) {
            synchronized (lock) {
              return head.tenantId(tenant);
            }
          }

          @Override
          public boolean is(int id, int tenantId, byte[] labels, int offset, int length) {
            synchronized (lock) {
              return head.is(id, tenantId, labels, offset, length);
            }
          }

          @Override
          public int find(int tenantId, byte[] labels, int offset, int length) {
            synchronized (lock) {
              return head.find(tenantId, labels, offset, length);
            }
          }
        };
    BatchSink sink =
        (batch, mode) -> {
          synchronized (lock) {
            return head.append(batch, mode);
          }
        };
    Ingestor ingestor = new Ingestor(lookup, sink, IngestLimits.DEFAULT, CLOCK);
    int threads = 4;
    int rounds = 150;
    Thread[] running = new Thread[threads];
    for (int t = 0; t < threads; t++) {
      int number = t;
      running[t] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    Random random = new Random(number);
                    for (int r = 0; r < rounds; r++) {
                      Proto[] all = new Proto[20];
                      int from = random.nextInt(30);
                      for (int i = 0; i < all.length; i++) {
                        int m = from + i;
                        long time = NOW - 1_000_000 + number * 1_000L + r;
                        all[i] =
                            m % 3 == 0
                                ? Proto.message(
                                    s ->
                                        s.field(1, Proto.label("job", "x"))
                                            .field(1, Proto.label("__name__", "m" + m))
                                            .field(2, Proto.sample(time, m)))
                                : Proto.message(
                                    s ->
                                        s.field(1, Proto.label("__name__", "m" + m))
                                            .field(1, Proto.label("job", "x"))
                                            .field(2, Proto.sample(time, m)));
                      }
                      write(ingestor, request(all).snappy());
                      if (random.nextInt(20) == 0) {
                        synchronized (lock) {
                          head.renumber();
                        }
                      }
                    }
                  });
    }
    for (Thread thread : running) {
      thread.join();
    }
    assertThat(ingestor.counters().requests()).containsOnlyKeys(204);
    long stored = 0;
    for (Map.Entry<FakeHead.Key, FakeHead.Stored> e : head.series.entrySet()) {
      long m = Long.parseLong(e.getKey().labels().get("__name__").substring(1));
      assertThat(e.getValue().samples.values()).containsOnly(m); // every value with its own series
      stored += e.getValue().samples.size();
    }
    assertThat(stored).isEqualTo(20L * threads * rounds);
    assertThat(ingestor.counters().seriesAliased()).isPositive();
  }
}
