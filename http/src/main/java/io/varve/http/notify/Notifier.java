package io.varve.http.notify;

import io.varve.engine.model.Labels;
import io.varve.http.config.AlertingConfig;
import io.varve.retention.rules.AlertSink;
import io.varve.retention.rules.Notification;
import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells every Alertmanager of every alert, as Prometheus does it: with the external labels that an
 * alert lacks, and without those in which replicas differ. Thread-safe.
 */
public final class Notifier implements AlertSink, AutoCloseable {
  private static final long CLOSE_MILLIS = 2_000;

  private final Labels externalLabels;
  private final Supplier<String> externalUrl;
  private final NotifyMeter meter;
  private final AlertmanagerQueue.Pause pause;
  private volatile Current current;

  /**
   * What is in force.
   *
   * @param client null if nobody is told: it takes a while to make one
   */
  private record Current(
      AlertingConfig config, @Nullable HttpClient client, List<AlertmanagerQueue> queues) {}

  /**
   * Begins.
   *
   * @param externalLabels what alerts get that lack them
   * @param externalUrl where users find the server
   * @throws IOException if the trusted certificates cannot be read
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
    this.externalLabels = externalLabels;
    this.externalUrl = externalUrl;
    this.meter = meter;
    this.pause = pause;
    HttpClient client = client(config);
    current = new Current(config, client, queues(config, client));
  }

  private static @Nullable HttpClient client(AlertingConfig config) throws IOException {
    return config.alertmanagers().isEmpty() ? null : Access.client(config);
  }

  private List<AlertmanagerQueue> queues(AlertingConfig config, @Nullable HttpClient client) {
    List<AlertmanagerQueue> queues = new ArrayList<>();
    if (client != null) {
      for (String url : config.alertmanagers()) {
        queues.add(
            new AlertmanagerQueue(
                url.replaceFirst("/+$", "") + "/api/v2/alerts", config, client, meter, pause));
      }
    }
    return queues;
  }

  /**
   * Makes ready for others who are to be told, without changing anything.
   *
   * @return what changes it: alerts that wait for somebody who stays go on waiting
   * @throws IOException if the trusted certificates cannot be read
   */
  public Runnable prepare(AlertingConfig next) throws IOException {
    if (next.equals(current.config)) {
      return () -> {};
    }
    HttpClient client = client(next);
    return () -> change(next, client);
  }

  private synchronized void change(AlertingConfig next, @Nullable HttpClient client) {
    Current before = current;
    List<AlertmanagerQueue> queues = queues(next, client);
    current = new Current(next, client, queues);
    for (AlertmanagerQueue old : before.queues) {
      for (AlertmanagerQueue queue : queues) {
        if (queue.url().equals(old.url())) {
          old.handOver(queue);
        }
      }
    }
    close(before, CLOSE_MILLIS);
  }

  @Override
  public void send(List<Notification> alerts) {
    Current now = current;
    if (now.queues.isEmpty()) {
      return;
    }
    List<OutgoingAlert> outgoing = new ArrayList<>();
    for (Notification alert : alerts) {
      outgoing.add(
          new OutgoingAlert(
              labels(alert.labels(), now.config),
              alert.annotations(),
              alert.startsMillis(),
              alert.endsMillis(),
              OutgoingAlert.generatorUrl(externalUrl.get(), alert.expression())));
    }
    now.queues.forEach(queue -> queue.add(outgoing));
  }

  private Labels labels(Labels own, AlertingConfig config) {
    Labels.Builder labels = new Labels.Builder(own);
    for (int i = 0; i < externalLabels.size(); i++) {
      if (!own.has(externalLabels.name(i))) {
        labels.set(externalLabels.name(i), externalLabels.value(i));
      }
    }
    config.dropLabels().forEach(labels::remove);
    return labels.build();
  }

  /** How it goes with each Alertmanager. */
  public List<AlertmanagerStatus> alertmanagers() {
    return current.queues.stream().map(AlertmanagerQueue::status).toList();
  }

  private static void close(Current old, long millis) {
    HttpClient client = old.client;
    if (client == null) {
      return;
    }
    old.queues.forEach(queue -> queue.beginClose(millis));
    boolean ended = true;
    for (AlertmanagerQueue queue : old.queues) {
      ended &= queue.awaitEnd(millis);
    }
    client.shutdownNow(); // which ends requests that run
    for (AlertmanagerQueue queue : old.queues) {
      if (!ended) {
        var _ = queue.awaitEnd(millis);
      }
    }
  }

  /** Sends for a while what still waits, then ends. */
  @Override
  public synchronized void close() {
    close(current, CLOSE_MILLIS);
  }
}
