package io.varve.retention.backup;

import io.varve.retention.chunkstore.ChunkStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.time.InstantSource;

/**
 * An object that says that somebody is at work. Who makes a backup relies on objects that are there
 * and that no listing names yet; who removes objects must not take those. So each first puts its
 * own marker, then looks for the other's: at least one of them sees the other and gives way.
 *
 * <p>A marker holds the time at which it was last renewed. One that was not for ten minutes is that
 * of a process that was killed.
 */
final class Marker implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Marker.class.getName());
  private static final long RENEW_MILLIS = 60_000;
  private static final long STALE_MILLIS = 10 * RENEW_MILLIS;
  private static final int MOST_BYTES = 64;

  private final Repository repository;
  private final String name;
  private final InstantSource clock;
  private long renewed;

  private Marker(Repository repository, String name, InstantSource clock) {
    this.repository = repository;
    this.name = name;
    this.clock = clock;
  }

  static Marker put(Repository repository, String kind, String name, InstantSource clock)
      throws IOException {
    Marker marker = new Marker(repository, kind + name, clock);
    marker.write();
    return marker;
  }

  private void write() throws IOException {
    renewed = clock.millis();
    byte[] time = Long.toString(renewed).getBytes(StandardCharsets.US_ASCII);
    repository.store.put(name, Repository.source(time));
  }

  /** To be called often by who is at work. */
  synchronized void renew() throws IOException {
    if (clock.millis() - renewed >= RENEW_MILLIS) {
      write();
    }
  }

  /**
   * True if it has not been renewed for so long that others take it for dead: whoever holds it must
   * not rely on it any more.
   */
  synchronized boolean isLost() {
    return clock.millis() - renewed >= STALE_MILLIS;
  }

  /** True if somebody is at work; what others left behind is removed. */
  static boolean isFresh(Repository repository, String kind, InstantSource clock)
      throws IOException {
    boolean fresh = false;
    for (ChunkStore.Item item : repository.store.list(kind)) {
      long time = time(repository, item.name());
      if (Math.abs(clock.millis() - time) < STALE_MILLIS) {
        fresh = true;
      } else {
        repository.store.delete(item.name());
      }
    }
    return fresh;
  }

  private static long time(Repository repository, String marker) throws IOException {
    try (InputStream in = repository.store.get(marker, 0, MOST_BYTES)) {
      return Long.parseLong(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
    } catch (NoSuchFileException e) {
      return 0;
    } catch (NumberFormatException e) {
      LOG.log(System.Logger.Level.DEBUG, marker + " holds no time", e);
      return 0;
    }
  }

  @Override
  public void close() {
    try {
      repository.store.delete(name);
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          name + " stays behind for ten minutes, since it cannot be removed: " + e.getMessage());
    }
  }
}
