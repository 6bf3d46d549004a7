package io.varve.http.notify;

import io.varve.engine.model.Labels;
import io.varve.http.config.AlertmanagersConfig;
import io.varve.http.relabel.Relabeling;
import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The Alertmanagers of one entry of the configuration, with a queue each. Queues come and go as the
 * files change that name Alertmanagers. {@link #send} and {@link #queues} are for any thread; the
 * others are called one at a time.
 */
final class AlertmanagerSet {
  private static final System.Logger LOG = System.getLogger(AlertmanagerSet.class.getName());

  private final AlertmanagersConfig config;
  private final HttpClient client;
  private final Relabeling relabeling;
  private final TargetFiles files;
  private final Maker maker;
  private final List<AlertmanagerQueue> leaving = new ArrayList<>();
  private volatile Now now = new Now(List.of(), List.of());
  private long readAt;

  private record Now(List<AlertmanagerQueue> queues, List<String> dropped) {}

  /** Makes the queue for an Alertmanager. */
  interface Maker {
    AlertmanagerQueue queue(String url, AlertmanagersConfig config, HttpClient client);
  }

  /** Without queues before {@link #look}. */
  private AlertmanagerSet(AlertmanagersConfig config, HttpClient client, Maker maker) {
    this.config = config;
    this.client = client;
    this.maker = maker;
    relabeling = new Relabeling(config.alertRelabel());
    files = new TargetFiles(config.files());
  }

  /**
   * Sets for the entries of a configuration, without queues yet.
   *
   * @throws IOException if certificates or keys cannot be read
   */
  static List<AlertmanagerSet> of(List<AlertmanagersConfig> configs, Maker maker)
      throws IOException {
    List<AlertmanagerSet> sets = new ArrayList<>();
    try {
      for (AlertmanagersConfig config : configs) {
        sets.add(new AlertmanagerSet(config, Access.client(config), maker));
      }
    } catch (IOException e) {
      sets.forEach(set -> set.client.shutdownNow());
      throw e;
    }
    return sets;
  }

  AlertmanagersConfig config() {
    return config;
  }

  TargetFiles files() {
    return files;
  }

  List<AlertmanagerQueue> queues() {
    return now.queues;
  }

  /** URLs that the relabelling drops. */
  List<String> dropped() {
    return now.dropped;
  }

  /** How often to look again; 0 for never. */
  long refreshMillis() {
    return files.refreshMillis();
  }

  /** Nanoseconds until it is time to look again. */
  long waitNanos() {
    return readAt + refreshMillis() * 1_000_000 - System.nanoTime();
  }

  /**
   * Looks who is there, begins with those who have come and ends with those who have gone.
   *
   * @param closeMillis how long those who have gone are told of what still waits for them
   */
  void look(long closeMillis) {
    readAt = System.nanoTime();
    Map<String, String> known = files.problems();
    Found found = Found.of(config, files.read());
    files
        .problems()
        .forEach(
            (file, problem) -> {
              if (!problem.equals(known.get(file))) {
                LOG.log(System.Logger.Level.WARNING, "alertmanagers: " + file + ": " + problem);
              }
            });
    List<AlertmanagerQueue> before = new ArrayList<>(now.queues);
    List<AlertmanagerQueue> queues = new ArrayList<>();
    for (String url : found.urls()) {
      AlertmanagerQueue same = take(before, url);
      queues.add(same == null ? maker.queue(url, config, client) : same);
    }
    now = new Now(List.copyOf(queues), found.dropped());
    before.forEach(queue -> queue.beginClose(closeMillis));
    leaving.removeIf(queue -> queue.awaitEnd(1));
    leaving.addAll(before);
  }

  private static @Nullable AlertmanagerQueue take(List<AlertmanagerQueue> from, String url) {
    for (AlertmanagerQueue queue : from) {
      if (queue.url().equals(url)) {
        from.remove(queue);
        return queue;
      }
    }
    return null;
  }

  /** Lets those who stay go on with what waits for them in other sets. */
  static void takeOver(List<AlertmanagerSet> before, List<AlertmanagerSet> after) {
    List<AlertmanagerQueue> old = new ArrayList<>();
    before.forEach(set -> old.addAll(set.queues()));
    for (AlertmanagerSet set : after) {
      for (AlertmanagerQueue queue : set.queues()) {
        AlertmanagerQueue same = take(old, queue.url());
        if (same != null) {
          same.handOver(queue);
        }
      }
    }
  }

  /** Alerts as these are to be told of them. */
  void send(List<OutgoingAlert> alerts) {
    List<AlertmanagerQueue> to = now.queues;
    if (to.isEmpty()) {
      return;
    }
    List<OutgoingAlert> changed = new ArrayList<>();
    for (OutgoingAlert alert : alerts) {
      Labels labels = relabeling.apply(alert.labels());
      if (labels != null) {
        changed.add(alert.withLabels(labels));
      }
    }
    if (!changed.isEmpty()) {
      to.forEach(queue -> queue.add(changed));
    }
  }

  /** Ends all, sending for a while what still waits. */
  static void close(List<AlertmanagerSet> sets, long millis) {
    List<AlertmanagerQueue> all = new ArrayList<>();
    for (AlertmanagerSet set : sets) {
      all.addAll(set.queues());
      all.addAll(set.leaving);
    }
    all.forEach(queue -> queue.beginClose(millis));
    long until = System.nanoTime() + millis * 1_000_000;
    boolean ended = true;
    for (AlertmanagerQueue queue : all) {
      ended &= queue.awaitEnd(Math.max(1, (until - System.nanoTime()) / 1_000_000));
    }
    sets.forEach(set -> set.client.shutdownNow()); // which ends requests that run
    for (AlertmanagerQueue queue : all) {
      if (!ended) {
        var _ = queue.awaitEnd(millis);
      }
    }
  }
}
