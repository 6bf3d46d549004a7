package io.varve.bench.peers;

import io.varve.bench.workload.BodyFile;
import io.varve.bench.workload.EncodedWorkload;
import io.varve.bench.workload.Protocol;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Sends encoded requests to a store, each connection its own file, none far ahead of the others. A
 * request that is answered 429 or 503 is sent again a little later, as every sender does; another
 * refusal ends the run. One thread calls, any may ask how far it is.
 */
public final class Sender {
  private static final long LONGEST_NANOS = 600_000_000_000L;
  private static final long SECOND = 1_000_000_000L;
  private static final long PAUSE_MILLIS = 50;
  private static final int MOST_REPEATS = 1_200;
  private static final int DIGITS = 3;
  private static final int MOST_AHEAD = 4; // requests

  private final List<Integer> ports;
  private final String path;
  private final List<String> headers;
  private final Recorder latencies = new Recorder(LONGEST_NANOS, DIGITS);
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicLong refusals = new AtomicLong();
  private volatile AtomicLongArray newest = new AtomicLongArray(0);
  private final Object turning = new Object();
  private long[] turns = new long[0]; // requests by connection; guarded by turning

  Sender(int port, String path, Protocol protocol) {
    this(List.of(port), path, protocol);
  }

  /** A sender to several nodes on the loopback address, over each connection to the next one. */
  public Sender(List<Integer> ports, String path, Protocol protocol) {
    this.ports = List.copyOf(ports);
    this.path = path;
    this.headers = protocol.headers();
  }

  /**
   * What has been sent.
   *
   * @param seconds from the first request to the last acknowledgement
   */
  public record Sent(long samples, double seconds) {}

  /** Sends a pass as fast as it goes. */
  public Sent send(EncodedWorkload.Pass pass) throws IOException, InterruptedException {
    return send(pass, 0, LONGEST_NANOS);
  }

  /**
   * Sends a pass, or the beginning of it.
   *
   * @param samplesPerSecond at a steady pace; 0: as fast as it goes
   * @param mostNanos no request begins after it
   */
  public Sent send(EncodedWorkload.Pass pass, double samplesPerSecond, long mostNanos)
      throws IOException, InterruptedException {
    int connections = pass.files().size();
    newest = new AtomicLongArray(connections);
    synchronized (turning) {
      turns = new long[connections];
    }
    long before = acknowledged.get();
    long begin = System.nanoTime();
    try (ExecutorService pool = Executors.newFixedThreadPool(connections)) {
      CompletionService<Void> running = new ExecutorCompletionService<>(pool);
      for (int c = 0; c < connections; c++) {
        int connection = c;
        Path file = pass.files().get(c);
        running.submit(
            () -> {
              try {
                send(connection, file, begin, samplesPerSecond / connections, mostNanos);
              } finally {
                turned(connection, Long.MAX_VALUE); // no one waits for it
              }
              return null;
            });
      }
      try {
        for (int c = 0; c < connections; c++) {
          running.take().get(); // the first one that fails ends all
        }
      } catch (ExecutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        throw new IOException(path + ": " + cause.getMessage(), cause);
      } finally {
        pool.shutdownNow();
      }
    }
    return new Sent(acknowledged.get() - before, (System.nanoTime() - begin) / 1e9);
  }

  private void send(int connection, Path file, long begin, double samplesPerSecond, long mostNanos)
      throws IOException, InterruptedException {
    long sent = 0;
    long requests = 0;
    try (BodyFile.Reader bodies = new BodyFile.Reader(file);
        WriteConnection http =
            new WriteConnection(ports.get(connection % ports.size()), path, headers)) {
      BodyFile.Body body;
      while ((body = bodies.next()) != null && !Thread.currentThread().isInterrupted()) {
        long due = System.nanoTime();
        if (samplesPerSecond > 0) {
          due = begin + (long) (sent / samplesPerSecond * SECOND);
          awaitNanos(due);
        }
        if (due - begin > mostNanos) {
          return;
        }
        awaitOthers(requests);
        post(http, body.bytes());
        latencies.recordValue(Math.min(LONGEST_NANOS, Math.max(1, System.nanoTime() - due)));
        sent += body.samples();
        acknowledged.addAndGet(body.samples());
        newest.set(connection, body.newestMillis());
        turned(connection, ++requests);
      }
    }
  }

  private void turned(int connection, long requests) {
    synchronized (turning) {
      turns[connection] = requests;
      turning.notifyAll();
    }
  }

  /** Connections carry the same time: none runs away, as none does where scrapes are live. */
  private void awaitOthers(long requests) throws InterruptedException {
    synchronized (turning) {
      for (int other = 0; other < turns.length; other++) {
        while (turns[other] < requests - MOST_AHEAD) {
          turning.wait();
        }
      }
    }
  }

  private void post(WriteConnection http, byte[] body) throws IOException, InterruptedException {
    for (int repeat = 0; ; repeat++) {
      int status = http.post(body);
      if (status / 100 == 2) {
        return;
      }
      if ((status != 429 && status != 503) || repeat == MOST_REPEATS) {
        throw new IOException("write answered " + status + ": " + http.answer());
      }
      refusals.incrementAndGet();
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  private static void awaitNanos(long due) {
    long wait;
    while ((wait = due - System.nanoTime()) > 0 && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(wait);
    }
  }

  /** Samples that were acknowledged so far. */
  public long acknowledged() {
    return acknowledged.get();
  }

  /** Requests that had to be sent again. */
  public long refusals() {
    return refusals.get();
  }

  /** Up to here all samples of this pass are acknowledged; 0 if it has hardly begun. */
  long newestMillis() {
    AtomicLongArray now = newest;
    long least = now.length() == 0 ? 0 : Long.MAX_VALUE;
    for (int i = 0; i < now.length(); i++) {
      least = Math.min(least, now.get(i));
    }
    return least;
  }

  /** How long requests took since the last call; paced ones from when they were due. */
  public Latencies takeLatencies() {
    Histogram histogram = latencies.getIntervalHistogram();
    return Latencies.of(histogram);
  }
}
