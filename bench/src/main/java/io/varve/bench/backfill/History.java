package io.varve.bench.backfill;

import io.varve.bench.peers.Client;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The old samples, one a minute: sent oldest first as backfilling tools send them, in bodies that
 * hold consecutive samples of several series. Whatever the server answers with 429, 503 or another
 * 5xx is sent again after a while.
 */
final class History implements AutoCloseable {
  static final long MINUTE = 60_000;

  private static final long LONGEST_PAUSE = 2_000;
  private static final long MOST_REFUSALS_IN_A_ROW = 200;

  private final Series series;
  private final int count;
  private final long startMillis;
  private final int minutes;
  private final Plan plan;
  private final String writePath;
  private final Client client;
  private final ExecutorService pool;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong refusals = new AtomicLong();
  private final double[][] sums; // by connection, then period

  /**
   * How it is sent.
   *
   * @param connections requests that are under way at one time
   * @param samplesPerSeries consecutive samples of one series in a body
   * @param samplesPerBody of all series of a body
   * @param samplesPerSecond at most, 0 for as fast as it goes
   * @param periodMinutes samples are summed up per so many minutes
   */
  record Plan(
      int connections,
      int samplesPerSeries,
      int samplesPerBody,
      long samplesPerSecond,
      int periodMinutes) {}

  /** Sample i of each of the first {@code count} series is at start + (i + 1) minutes. */
  History(
      int port,
      String writePath,
      Series series,
      int count,
      long startMillis,
      int minutes,
      Plan plan) {
    this.series = series;
    this.count = count;
    this.startMillis = startMillis;
    this.minutes = minutes;
    this.plan = plan;
    this.writePath = writePath;
    this.client = new Client(port);
    this.pool = Executors.newFixedThreadPool(plan.connections());
    this.sums = new double[plan.connections()][periods()];
  }

  /** Periods, the last one perhaps shorter. */
  int periods() {
    return (minutes + plan.periodMinutes() - 1) / plan.periodMinutes();
  }

  /** The last minute of a period. */
  long periodEndMillis(int period) {
    return startMillis + MINUTE * Math.min(minutes, (period + 1) * plan.periodMinutes());
  }

  int periodMinutes(int period) {
    return Math.min(plan.periodMinutes(), minutes - period * plan.periodMinutes());
  }

  /** The sum of all values of a period that were sent. */
  double periodSum(int period) {
    double sum = 0;
    for (double[] perConnection : sums) {
      sum += perConnection[period];
    }
    return sum;
  }

  long total() {
    return (long) count * minutes;
  }

  /** Acknowledged so far. */
  long sent() {
    return sent.get();
  }

  /** Requests that had to be sent again so far. */
  long refusals() {
    return refusals.get();
  }

  /** Sends everything; returns when all of it is acknowledged. */
  void send() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    int perBody = Math.max(1, plan.samplesPerBody() / plan.samplesPerSeries());
    // All connections finish a stretch of time before the next one begins, so that no part of the
    // history runs ahead.
    for (int from = 0; from < minutes; from += plan.samplesPerSeries()) {
      int first = from;
      int end = Math.min(minutes, from + plan.samplesPerSeries());
      List<Future<?>> parts = new ArrayList<>();
      for (int c = 0; c < plan.connections(); c++) {
        int connection = c;
        parts.add(
            pool.submit(
                () -> {
                  Body body = new Body();
                  for (int s = connection * perBody; s < count; s += plan.connections() * perBody) {
                    int to = Math.min(count, s + perBody);
                    fill(body, connection, s, to, first, end);
                    deliver(body.take());
                    pace(begin, sent.addAndGet((long) (to - s) * (end - first)));
                  }
                  return null;
                }));
      }
      for (Future<?> part : parts) {
        try {
          part.get();
        } catch (ExecutionException e) {
          throw new IOException("the backfill failed: " + e.getCause(), e.getCause());
        }
      }
    }
  }

  private void fill(Body body, int connection, int fromSeries, int toSeries, int first, int end) {
    for (int s = fromSeries; s < toSeries; s++) {
      body.begin(series.labelFields(s));
      for (int minute = first; minute < end; minute++) {
        double value = series.next(s);
        sums[connection][minute / plan.periodMinutes()] += value;
        body.sample(startMillis + (minute + 1) * MINUTE, value);
      }
      body.end();
    }
  }

  private void deliver(byte[] body) throws IOException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      HttpResponse<String> answer = client.post(writePath, body);
      int status = answer.statusCode();
      if (status / 100 == 2) {
        return;
      }
      if ((status != 429 && status / 100 != 5) || attempt == MOST_REFUSALS_IN_A_ROW) {
        throw new IOException("write answered " + status + ": " + answer.body());
      }
      refusals.incrementAndGet();
      Thread.sleep(Math.min(LONGEST_PAUSE, 50L * attempt));
    }
  }

  private void pace(long begin, long samples) throws InterruptedException {
    if (plan.samplesPerSecond() > 0) {
      long due = begin + (long) (samples * 1e9 / plan.samplesPerSecond());
      long wait = due - System.nanoTime();
      if (wait > 0) {
        Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
      }
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
    client.close();
  }
}
