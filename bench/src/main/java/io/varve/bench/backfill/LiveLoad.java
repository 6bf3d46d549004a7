package io.varve.bench.backfill;

import io.varve.bench.peers.Client;
import io.varve.bench.peers.Latencies;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Recorder;

/**
 * What a server does every day: writes of current samples at a fixed rate, and a small query every
 * second, each over a connection of its own. Latencies count from the moment at which a request was
 * due, so a server that falls behind is charged for the wait, too. A write that is not acknowledged
 * is not repeated, it is a failure.
 */
final class LiveLoad implements AutoCloseable {
  private static final long LONGEST_NANOS = 120_000_000_000L;
  private static final int DIGITS = 3;
  private static final long SECOND = 1_000_000_000L;

  private final Series series;
  private final Client writer;
  private final Client reader;
  private final String writePath;
  private final int samplesPerBody;
  private final long bodyNanos;
  private final Recorder writes = new Recorder(LONGEST_NANOS, DIGITS);
  private final Recorder queries = new Recorder(LONGEST_NANOS, DIGITS);
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final AtomicLong failedQueries = new AtomicLong();
  private final Thread writing;
  private final Thread asking;
  private volatile boolean ending;
  private volatile String failure = "";
  private int next;

  /**
   * What was measured in a stretch of time.
   *
   * @param failedWrites without acknowledgement
   * @param failedQueries without an answer
   */
  record Stretch(Latencies writes, Latencies queries, long failedWrites, long failedQueries) {}

  LiveLoad(int port, String writePath, Series series, int samplesPerSecond, int samplesPerBody) {
    this.series = series;
    this.writePath = writePath;
    this.samplesPerBody = Math.min(samplesPerBody, series.count());
    this.bodyNanos = SECOND * this.samplesPerBody / samplesPerSecond;
    this.writer = new Client(port);
    this.reader = new Client(port);
    this.writing = Thread.ofPlatform().daemon().name("bench-live-writes").unstarted(this::write);
    this.asking = Thread.ofPlatform().daemon().name("bench-live-queries").unstarted(this::ask);
  }

  /** Sends every series once, as fast as it goes, and then begins. */
  void start() throws IOException, InterruptedException {
    Body body = new Body();
    for (int sent = 0; sent < series.count(); sent += samplesPerBody) {
      HttpResponse<String> answer = writer.post(writePath, nextBody(body));
      if (answer.statusCode() / 100 != 2) {
        throw new IOException("write answered " + answer.statusCode() + ": " + answer.body());
      }
      acknowledged.addAndGet(samplesPerBody);
    }
    writing.start();
    asking.start();
  }

  private byte[] nextBody(Body body) throws IOException {
    long now = System.currentTimeMillis();
    for (int i = 0; i < samplesPerBody; i++) {
      body.begin(series.labelFields(next));
      body.sample(now, series.next(next));
      body.end();
      next = next + 1 == series.count() ? 0 : next + 1;
    }
    return body.take();
  }

  private void write() {
    Body body = new Body();
    long due = System.nanoTime();
    while (!ending) {
      awaitNanos(due);
      try {
        HttpResponse<String> answer = writer.post(writePath, nextBody(body));
        if (answer.statusCode() / 100 == 2) {
          acknowledged.addAndGet(samplesPerBody);
        } else {
          failed(failures, "write answered " + answer.statusCode() + ": " + answer.body());
        }
      } catch (IOException e) {
        failed(failures, "write: " + e);
      } catch (InterruptedException e) {
        return;
      }
      record(writes, due);
      due += bodyNanos;
    }
  }

  private void ask() {
    long due = System.nanoTime();
    for (int turn = 0; !ending; turn++) {
      awaitNanos(due);
      try {
        reader.query(
            String.format(
                Locale.ROOT,
                "sum by (instance) (rate(%s{zone=\"zone-a\"}[1m]))",
                Series.metric(50 + turn % 20)),
            System.currentTimeMillis());
      } catch (IOException e) {
        failed(failedQueries, "query: " + e);
      } catch (InterruptedException e) {
        return;
      }
      record(queries, due);
      due += SECOND;
    }
  }

  private void failed(AtomicLong count, String why) {
    count.incrementAndGet();
    failure = why;
  }

  private static void record(Recorder recorder, long due) {
    recorder.recordValue(Math.min(LONGEST_NANOS, Math.max(1, System.nanoTime() - due)));
  }

  private static void awaitNanos(long due) {
    long wait;
    while ((wait = due - System.nanoTime()) > 0) {
      LockSupport.parkNanos(wait);
    }
  }

  /** What was measured since the last call. */
  Stretch takeStretch() {
    return new Stretch(
        Latencies.of(writes.getIntervalHistogram()),
        Latencies.of(queries.getIntervalHistogram()),
        failures.getAndSet(0),
        failedQueries.getAndSet(0));
  }

  /** Samples that the server has acknowledged. */
  long acknowledged() {
    return acknowledged.get();
  }

  /** What went wrong last, empty if nothing did. */
  String failure() {
    return failure;
  }

  /** Ends both after the request that they are at. */
  void stop() throws InterruptedException {
    ending = true;
    writing.join();
    asking.join();
  }

  @Override
  public void close() {
    ending = true;
    writing.interrupt();
    asking.interrupt();
    writer.close();
    reader.close();
  }
}
