package io.varve.bench.peers;

import io.varve.bench.workload.EncodedWorkload;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Recorder;

/**
 * Writes at a steady pace, and dashboards and alert rules that are asked beside them, also at a
 * steady pace, about the newest samples. Latencies count from when something was due, so a store
 * that falls behind is charged for the wait. The first quarter is told apart: caches fill and code
 * is compiled then.
 *
 * @param seconds at most; less if the pass is over before
 */
record MixedLoad(List<BenchQuery> queries, double queriesPerSecond, int seconds) {
  private static final long LONGEST_NANOS = 600_000_000_000L;
  private static final int DIGITS = 3;
  private static final double SECOND = 1e9;

  /** What came of it. */
  record Outcome(Sender.Sent sent, Trial.Mixed mixed) {}

  /**
   * Runs.
   *
   * @param beforeMillis time of the newest sample that is there already
   */
  Outcome run(
      RunningStore store,
      Sender sender,
      EncodedWorkload.Pass pass,
      double samplesPerSecond,
      long beforeMillis)
      throws IOException, InterruptedException {
    sender.takeLatencies();
    Recorder recorder = new Recorder(LONGEST_NANOS, DIGITS);
    AtomicLong failed = new AtomicLong();
    AtomicReference<Latencies> coldWrites = new AtomicReference<>();
    AtomicReference<Latencies> coldQueries = new AtomicReference<>();
    long begin = System.nanoTime();
    double whole = Math.min(seconds, pass.samples() / samplesPerSecond);
    Thread asker =
        Thread.ofPlatform()
            .daemon()
            .name("bench-mixed-queries")
            .start(
                () -> {
                  long due = begin;
                  for (int turn = 0; await(due); turn++) {
                    ask(store, turn, Math.max(beforeMillis, sender.newestMillis()), failed);
                    recorder.recordValue(
                        Math.min(LONGEST_NANOS, Math.max(1, System.nanoTime() - due)));
                    due += (long) (SECOND / queriesPerSecond);
                    if (coldWrites.get() == null
                        && System.nanoTime() - begin > whole / 4 * SECOND) {
                      coldWrites.set(sender.takeLatencies());
                      coldQueries.set(Latencies.of(recorder.getIntervalHistogram()));
                    }
                  }
                });
    Sender.Sent sent;
    try {
      sent = sender.send(pass, samplesPerSecond, (long) (seconds * SECOND));
    } finally {
      asker.interrupt();
      asker.join();
    }
    Latencies writes = sender.takeLatencies();
    Latencies answers = Latencies.of(recorder.getIntervalHistogram());
    Latencies firstWrites = coldWrites.get();
    Latencies firstAnswers = coldQueries.get();
    return new Outcome(
        sent,
        new Trial.Mixed(
            samplesPerSecond,
            firstWrites == null ? writes : firstWrites,
            firstAnswers == null ? answers : firstAnswers,
            writes,
            answers,
            failed.get()));
  }

  /** False if the thread was interrupted, which is how it is told to end. */
  private static boolean await(long due) {
    long wait;
    while (!Thread.currentThread().isInterrupted() && (wait = due - System.nanoTime()) > 0) {
      LockSupport.parkNanos(wait);
    }
    return !Thread.currentThread().isInterrupted();
  }

  private void ask(RunningStore store, int turn, long millis, AtomicLong failed) {
    BenchQuery query = queries.get(turn % queries.size()).at(millis);
    try {
      HttpResponse<String> answer = store.client().get(query.path(CacheUse.OFF, 0));
      if (answer.statusCode() != 200) {
        failed.incrementAndGet();
      }
    } catch (IOException e) {
      failed.incrementAndGet();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
