package io.varve.http.notify;

import io.varve.engine.model.Labels;
import io.varve.http.config.AlertingConfig;
import io.varve.http.config.AlertmanagersConfig;
import io.varve.http.relabel.Relabeling;
import io.varve.retention.rules.AlertSink;
import io.varve.retention.rules.Notification;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells every Alertmanager of every alert, as Prometheus does it: with the external labels that an
 * alert lacks, then relabelled, and without those labels in which replicas differ. Where files name
 * Alertmanagers, a thread looks at these again and again. Thread-safe.
 */
public final class Notifier implements AlertSink, AutoCloseable {
  private static final long CLOSE_MILLIS = 2_000;

  private final Supplier<String> externalUrl;
  private final NotifyMeter meter;
  private final AlertmanagerQueue.Pause pause;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile Current current;

  // Under the lock.
  private @Nullable Thread looking;
  private boolean closed;

  /** What is in force. */
  private record Current(
      AlertingConfig config,
      Labels externalLabels,
      Relabeling relabeling,
      List<AlertmanagerSet> sets) {}

  /**
   * Begins.
   *
   * @param externalLabels what alerts get that lack them
   * @param externalUrl where users find the server
   * @throws IOException if certificates or keys cannot be read
   */
  public Notifier(
      AlertingConfig config, Labels externalLabels, Supplier<String> externalUrl, NotifyMeter meter)
      throws IOException {
    this(config, externalLabels, externalUrl, meter, AlertmanagerQueue.Pause.DEFAULT);
  }

  Notifier(
      AlertingConfig config,
      Labels externalLabels,
      Supplier<String> externalUrl,
      NotifyMeter meter,
      AlertmanagerQueue.Pause pause)
      throws IOException {
    this.externalUrl = externalUrl;
    this.meter = meter;
    this.pause = pause;
    current = make(config, externalLabels);
    current.sets.forEach(set -> set.look(CLOSE_MILLIS));
    startLooking();
  }

  private Current make(AlertingConfig config, Labels externalLabels) throws IOException {
    return new Current(
        config,
        externalLabels,
        new Relabeling(config.relabel()),
        AlertmanagerSet.of(
            config.alertmanagers(),
            (url, entry, client) ->
                new AlertmanagerQueue(url, entry, config.queueCapacity(), client, meter, pause)));
  }

  /**
   * Makes ready for others who are to be told, and for other external labels, without changing
   * anything.
   *
   * @return what changes it: alerts that wait for somebody who stays go on waiting
   * @throws IOException if certificates or keys cannot be read
   */
  public Runnable prepare(AlertingConfig next, Labels externalLabels) throws IOException {
    if (next.equals(current.config)) {
      return () -> change(externalLabels);
    }
    Current made = make(next, externalLabels);
    return () -> change(made);
  }

  private void change(Labels externalLabels) {
    lock.lock();
    try {
      Current c = current;
      current = new Current(c.config, externalLabels, c.relabeling, c.sets);
    } finally {
      lock.unlock();
    }
  }

  private void change(Current next) {
    Current before;
    lock.lock();
    try {
      before = current;
      next.sets.forEach(set -> set.look(CLOSE_MILLIS));
      current = next;
      AlertmanagerSet.takeOver(before.sets, next.sets);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    startLooking();
    AlertmanagerSet.close(before.sets, CLOSE_MILLIS);
  }

  private void startLooking() {
    lock.lock();
    try {
      boolean needed = current.sets.stream().anyMatch(set -> set.refreshMillis() > 0);
      if (needed && looking == null && !closed) {
        looking = Thread.ofPlatform().name("varve-notify-files").daemon().start(this::look);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Looks at files again, each set at its times, until there is none that has files. */
  private void look() {
    lock.lock();
    try {
      while (!closed) {
        long wait = Long.MAX_VALUE;
        for (AlertmanagerSet set : current.sets) {
          if (set.refreshMillis() > 0) {
            if (set.waitNanos() <= 0) {
              set.look(CLOSE_MILLIS);
            }
            wait = Math.min(wait, set.waitNanos());
          }
        }
        if (wait == Long.MAX_VALUE) {
          break;
        }
        var _ = changed.awaitNanos(Math.max(wait, TimeUnit.MILLISECONDS.toNanos(1)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      looking = null;
      lock.unlock();
    }
  }

  @Override
  public void send(List<Notification> alerts) {
    Current now = current;
    if (now.sets.isEmpty()) {
      return;
    }
    List<OutgoingAlert> outgoing = new ArrayList<>();
    for (Notification alert : alerts) {
      Labels labels = labels(alert, now);
      if (labels != null) {
        outgoing.add(
            new OutgoingAlert(
                labels,
                alert.annotations(),
                alert.startsMillis(),
                alert.endsMillis(),
                OutgoingAlert.generatorUrl(externalUrl.get(), alert.expression())));
      }
    }
    now.sets.forEach(set -> set.send(outgoing));
  }

  /** Null if the alert is not told of. */
  private static @Nullable Labels labels(Notification alert, Current now) {
    Labels own = alert.labels();
    if (!now.config.tenantLabel().isEmpty() && !alert.tenant().isEmpty()) {
      own = own.withMissing(Labels.of(now.config.tenantLabel(), alert.tenant()));
    }
    Labels relabeled = now.relabeling.apply(own.withMissing(now.externalLabels));
    if (relabeled == null || now.config.dropLabels().isEmpty()) {
      return relabeled;
    }
    return relabeled.filter(name -> !now.config.dropLabels().contains(name));
  }

  /** How it goes with each Alertmanager. */
  public List<AlertmanagerStatus> alertmanagers() {
    return current.sets.stream()
        .flatMap(set -> set.queues().stream())
        .map(AlertmanagerQueue::status)
        .toList();
  }

  /** URLs of those whom the configuration names and its relabelling drops. */
  public List<String> droppedAlertmanagers() {
    return current.sets.stream().flatMap(set -> set.dropped().stream()).toList();
  }

  /**
   * Looks at all files that a configuration names.
   *
   * @return what is wrong with them, a text for each problem
   */
  public static List<String> problems(AlertingConfig config) {
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < config.alertmanagers().size(); i++) {
      AlertmanagersConfig entry = config.alertmanagers().get(i);
      String place = "alerting.alertmanagers[" + i + "]: ";
      try {
        Access.client(entry).close();
        var _ = Access.authorization(entry.client());
      } catch (IOException e) {
        problems.add(place + e.getMessage());
      }
      TargetFiles files = new TargetFiles(entry.files());
      var _ = files.read();
      files.problems().forEach((file, problem) -> problems.add(place + file + ": " + problem));
    }
    return problems;
  }

  /** Sends for a while what still waits, then ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    AlertmanagerSet.close(current.sets, CLOSE_MILLIS);
  }
}
