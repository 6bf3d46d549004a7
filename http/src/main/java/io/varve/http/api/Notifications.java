package io.varve.http.api;

import io.varve.engine.EngineStats;
import io.varve.http.json.Json;
import io.varve.http.reload.Reloader;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What whoever runs the server should know now: that it is starting, that its settings could not be
 * reloaded, that writes are stopped, that data is damaged. Each is dated by when it was first seen.
 * Thread-safe.
 */
public final class Notifications {
  private final Supplier<@Nullable Store> store;
  private final Supplier<Reloader.Status> reloads;
  private final InstantSource clock;
  private final Map<String, Instant> seen = new ConcurrentHashMap<>();

  /**
   * Watches a store.
   *
   * @param store null as long as it is being recovered
   * @param reloads how the configuration was loaded last
   */
  public Notifications(
      Supplier<@Nullable Store> store, Supplier<Reloader.Status> reloads, InstantSource clock) {
    this.store = store;
    this.reloads = reloads;
    this.clock = clock;
  }

  /** Something to know, as long as it holds. */
  record Notification(String text, Instant date, boolean active) {
    void write(Json json) throws IOException {
      json.beginObject()
          .key("text")
          .string(text)
          .key("date")
          .string(date.toString())
          .key("active")
          .flag(active)
          .endObject();
    }

    Notification over() {
      return new Notification(text, date, false);
    }
  }

  /** All that hold now. */
  List<Notification> current() {
    List<String> texts = texts();
    seen.keySet().retainAll(texts);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    List<Notification> current = new ArrayList<>();
    for (String text : texts) {
      current.add(new Notification(text, seen.computeIfAbsent(text, t -> now), true));
    }
    return current;
  }

  private List<String> texts() {
    Store now = store.get();
    if (now == null) {
      return List.of("Varve is starting and recovering its data.");
    }
    EngineStats stats = now.stats().get();
    List<String> texts = new ArrayList<>();
    String error = reloads.get().error();
    if (error != null) {
      texts.add("Configuration reload has failed: " + error);
    }
    if (stats.stopped() != null) {
      texts.add("Writes are stopped: " + stats.stopped());
    }
    if (!stats.disk().problem().isEmpty()) {
      texts.add("A limit of the disk does not hold: " + stats.disk().problem());
    }
    for (String damage : stats.damage()) {
      String text = "Data cannot be read: " + damage;
      if (!texts.contains(text)) {
        texts.add(text);
      }
    }
    return texts;
  }
}
