package io.varve.http.reload;

import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of a changed configuration into a running server. The whole file, and what it names, is
 * read and checked first; then each {@link Reloadable} part is told, in the order in which they
 * were registered; if anything is wrong, none is. Settings that no part takes over need a restart:
 * they stay as they were at the start, and are named. Thread-safe.
 */
public final class Reloader implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Reloader.class.getName());

  private final ServerConfig atStart;
  private final Supplier<ServerConfig> source;
  private final InstantSource clock;
  private final List<Reloadable> parts = new CopyOnWriteArrayList<>();
  private final CountDownLatch begun = new CountDownLatch(1);
  private final Object turn = new Object();
  private volatile Status status;
  private volatile boolean closed;

  /**
   * How the last reload went.
   *
   * @param config what was loaded last without an error
   * @param since when it was loaded
   * @param error what is wrong with what was to be loaded after it; null if nothing is
   * @param needRestart settings of {@code config} that are not in force before a restart
   */
  public record Status(
      ServerConfig config, Instant since, @Nullable String error, List<String> needRestart) {
    /** Whether the last reload, or the start, was successful. */
    public boolean isSuccessful() {
      return error == null;
    }
  }

  /**
   * Of a server that starts.
   *
   * @param source reads the configuration anew
   */
  public Reloader(ServerConfig atStart, Supplier<ServerConfig> source, InstantSource clock) {
    this.atStart = atStart;
    this.source = source;
    this.clock = clock;
    status = new Status(atStart, clock.instant(), null, List.of());
  }

  /** Adds a part, which has the settings of the start. */
  public void register(Reloadable part) {
    parts.add(part);
  }

  /** Ends the start: all parts are registered, and reloads that were asked for take place. */
  public void begin() {
    begun.countDown();
  }

  /** How it stands. */
  public Status status() {
    return status;
  }

  /**
   * Loads the configuration again; waits for the server's start and for a reload that is under way.
   *
   * @return how it stands, successfully
   * @throws ConfigException saying what is wrong; everything is as it was before
   */
  public Status reload() {
    try {
      begun.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConfigException("the reload was interrupted");
    }
    synchronized (turn) {
      if (closed) {
        throw new ConfigException("the server is stopping");
      }
      try {
        status = load();
      } catch (RuntimeException e) {
        String error =
            e instanceof ConfigException ? String.valueOf(e.getMessage()) : String.valueOf(e);
        status = new Status(status.config(), status.since(), error, status.needRestart());
        LOG.log(
            System.Logger.Level.ERROR,
            "the configuration was not reloaded: " + error,
            e instanceof ConfigException ? null : e);
        throw e instanceof ConfigException ? e : new ConfigException(error);
      }
      return status;
    }
  }

  private Status load() {
    ServerConfig next = source.get();
    List<Runnable> commits = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    for (Reloadable part : parts) {
      commits.add(part.prepare(next));
      taken.addAll(part.settings());
    }
    List<String> needRestart = new ArrayList<>();
    for (String key : atStart.differences(next)) {
      if (!isTaken(key, taken)) {
        needRestart.add(key);
      }
    }
    for (Runnable commit : commits) {
      commit.run();
    }
    LOG.log(System.Logger.Level.INFO, "configuration reloaded");
    if (!needRestart.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "settings that changed and need a restart: " + String.join(", ", needRestart));
    }
    return new Status(next, clock.instant(), null, List.copyOf(needRestart));
  }

  /** Whether a part takes a key itself or a section that it stands in. */
  private static boolean isTaken(String key, Set<String> taken) {
    for (int end = key.length(); end > 0; end = key.lastIndexOf('.', end - 1)) {
      if (taken.contains(key.substring(0, end))) {
        return true;
      }
    }
    return false;
  }

  /** Refuses reloads from now on; one that is under way ends first. */
  @Override
  public void close() {
    closed = true;
    begun.countDown();
    synchronized (turn) {
      return;
    }
  }
}
