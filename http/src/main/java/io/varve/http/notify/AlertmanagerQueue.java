package io.varve.http.notify;

import io.varve.engine.model.Labels;
import io.varve.http.config.AlertmanagersConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The alerts that wait for one Alertmanager, and the thread that sends them: oldest first, in
 * batches, each until it is taken. An alert waits once, in its newest state: who hears late that it
 * has gone need not hear that it fired. Beyond the capacity the oldest are given up.
 */
final class AlertmanagerQueue {
  private static final System.Logger LOG = System.getLogger(AlertmanagerQueue.class.getName());
  private static final int BATCH = 64;
  private static final int MOST_ERROR_CHARS = 500;
  private static final long MOST_ANSWER_BYTES = 1 << 20;

  private final String url;
  private final AlertmanagersConfig config;
  private final int capacity;
  private final HttpClient client;
  private final NotifyMeter meter;
  private final Pause pause;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Under the lock.
  private final Map<Labels, OutgoingAlert> waiting = new LinkedHashMap<>();
  private boolean closing;
  private long endNanos;
  private @Nullable AlertmanagerQueue successor;
  private long sent;
  private long failed;
  private long dropped;

  /**
   * How long is waited after a request that failed, doubling up to the longest.
   *
   * @param firstMillis after the first one
   */
  record Pause(long firstMillis, long longestMillis) {
    static final Pause DEFAULT = new Pause(500, 30_000);

    long after(int failures) {
      return Math.min(longestMillis, firstMillis << Math.min(20, failures - 1));
    }
  }

  /** Begins to send. */
  AlertmanagerQueue(
      String url,
      AlertmanagersConfig config,
      int capacity,
      HttpClient client,
      NotifyMeter meter,
      Pause pause) {
    this.url = url;
    this.config = config;
    this.capacity = capacity;
    this.client = client;
    this.meter = meter;
    this.pause = pause;
    thread = Thread.ofPlatform().name("varve-notify " + url).start(this::loop);
  }

  String url() {
    return url;
  }

  void add(Collection<OutgoingAlert> alerts) {
    lock.lock();
    try {
      if (successor != null) {
        successor.add(alerts);
        return;
      }
      if (closing) {
        dropped += alerts.size();
        return;
      }
      for (OutgoingAlert alert : alerts) {
        waiting.put(alert.labels(), alert);
      }
      limit();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void limit() {
    long before = dropped;
    Iterator<OutgoingAlert> oldest = waiting.values().iterator();
    for (int over = waiting.size() - capacity; over > 0; over--) {
      oldest.next();
      oldest.remove();
      dropped++;
    }
    if (dropped > before) {
      LOG.log(
          System.Logger.Level.WARNING,
          "alertmanager " + url + ": the queue is full: gave up " + (dropped - before) + " alerts");
    }
  }

  AlertmanagerStatus status() {
    lock.lock();
    try {
      return new AlertmanagerStatus(url, waiting.size(), capacity, sent, failed, dropped);
    } finally {
      lock.unlock();
    }
  }

  private void loop() {
    int failures = 0;
    for (List<OutgoingAlert> batch = next(); !batch.isEmpty(); batch = next()) {
      long begin = System.nanoTime();
      Answer answer = send(batch);
      meter.answered(url, System.nanoTime() - begin);
      if (answer.problem.isEmpty()) {
        if (failures > 0) {
          LOG.log(System.Logger.Level.INFO, "alertmanager " + url + " takes alerts again");
        }
        failures = 0;
        count(batch.size(), 0, 0);
        continue;
      }
      LOG.log(
          System.Logger.Level.WARNING,
          "alertmanager " + url + ": " + batch.size() + " alerts not sent: " + answer.problem);
      if (answer.isFinal) {
        failures = 0;
        count(0, batch.size(), batch.size());
      } else {
        failures++;
        count(0, batch.size(), 0);
        back(batch);
        await(pause.after(failures));
      }
    }
    end();
  }

  private void end() {
    lock.lock();
    try {
      AlertmanagerQueue next = successor;
      if (next != null) {
        next.back(List.copyOf(waiting.values()));
      } else if (!waiting.isEmpty()) {
        dropped += waiting.size();
        LOG.log(
            System.Logger.Level.WARNING,
            "alertmanager " + url + ": gave up " + waiting.size() + " alerts at the end");
      }
      waiting.clear();
    } finally {
      lock.unlock();
    }
  }

  /** The next alerts to send; none at the end. */
  private List<OutgoingAlert> next() {
    lock.lock();
    try {
      while (waiting.isEmpty()) {
        if (closing) {
          return List.of();
        }
        changed.awaitUninterruptibly();
      }
      if (closing && (successor != null || System.nanoTime() - endNanos >= 0)) {
        return List.of();
      }
      List<OutgoingAlert> batch = new ArrayList<>();
      Iterator<OutgoingAlert> oldest = waiting.values().iterator();
      while (oldest.hasNext() && batch.size() < BATCH) {
        batch.add(oldest.next());
        oldest.remove();
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** Puts alerts that were not sent before all others, unless a newer state of them waits. */
  private void back(Collection<OutgoingAlert> batch) {
    lock.lock();
    try {
      Map<Labels, OutgoingAlert> others = new LinkedHashMap<>(waiting);
      waiting.clear();
      for (OutgoingAlert alert : batch) {
        OutgoingAlert newer = others.remove(alert.labels());
        waiting.put(alert.labels(), newer == null ? alert : newer);
      }
      waiting.putAll(others);
      limit();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void count(int nowSent, int nowFailed, int nowDropped) {
    lock.lock();
    try {
      sent += nowSent;
      failed += nowFailed;
      dropped += nowDropped;
    } finally {
      lock.unlock();
    }
  }

  /** Waits, less long if the end comes before that. */
  private void await(long millis) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    lock.lock();
    try {
      while (true) {
        long end = closing && endNanos - until < 0 ? endNanos : until;
        long left = end - System.nanoTime();
        if (left <= 0) {
          return;
        }
        var _ = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /**
   * What became of a request.
   *
   * @param problem "" if there was none
   * @param isFinal whether it would be the same next time
   */
  private record Answer(String problem, boolean isFinal) {
    static final Answer TAKEN = new Answer("", true);
  }

  private Answer send(List<OutgoingAlert> batch) {
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(url))
              .header("Content-Type", "application/json")
              .header("User-Agent", "Varve")
              .POST(HttpRequest.BodyPublishers.ofByteArray(OutgoingAlert.json(batch)));
      String authorization = Access.authorization(config.client());
      if (!authorization.isEmpty()) {
        request.header("Authorization", authorization);
      }
      CompletableFuture<HttpResponse<String>> sending =
          client.sendAsync(
              request.build(),
              HttpResponse.BodyHandlers.limiting(
                  HttpResponse.BodyHandlers.ofString(), MOST_ANSWER_BYTES));
      HttpResponse<String> response;
      try {
        // A time-out of the request itself would end with the headers of the answer.
        response = sending.get(config.timeoutMillis(), TimeUnit.MILLISECONDS);
      } finally {
        sending.cancel(true);
      }
      int status = response.statusCode();
      if (status / 100 == 2) {
        return Answer.TAKEN;
      }
      String body = response.body();
      return new Answer(
          status + " " + body.substring(0, Math.min(MOST_ERROR_CHARS, body.length())).strip(),
          status == 400 || status == 413 || status == 422);
    } catch (ExecutionException e) {
      return new Answer(String.valueOf(e.getCause()), false);
    } catch (TimeoutException e) {
      return new Answer("no answer after " + config.timeoutMillis() + " ms", false);
    } catch (IOException | IllegalArgumentException e) {
      return new Answer(e.toString(), false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer("interrupted", false);
    }
  }

  /** Takes no more alerts, and sends those that wait for some time; does not wait for that. */
  void beginClose(long millis) {
    lock.lock();
    try {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      if (!closing || end - endNanos < 0) {
        closing = true;
        endNanos = end;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** True if it has ended, at the latest so long after the end of its time. */
  boolean awaitEnd(long millis) {
    try {
      return thread.join(Duration.ofMillis(millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Ends, and lets another queue for the same Alertmanager go on with what waits; a request that
   * runs comes to its end before.
   */
  void handOver(AlertmanagerQueue next) {
    lock.lock();
    try {
      successor = next;
      next.back(List.copyOf(waiting.values()));
      waiting.clear();
    } finally {
      lock.unlock();
    }
    beginClose(0);
  }
}
