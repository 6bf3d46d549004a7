package io.varve.http.cli;

import io.varve.retention.backup.Progress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells on standard error, now and then, how far something has come that takes long. */
final class ProgressLine implements AutoCloseable {
  private static final long FIRST_MILLIS = 1_000;
  private static final long EVERY_MILLIS = 2_000;

  private final Thread thread;
  private volatile boolean ended;

  /**
   * Begins.
   *
   * @param text what to say; null if there is nothing
   */
  ProgressLine(Supplier<@Nullable String> text) {
    thread = Thread.ofPlatform().name("varve-progress").daemon().start(() -> loop(text));
  }

  static ProgressLine of(Progress progress) {
    return new ProgressLine(() -> progress.state().text());
  }

  private void loop(Supplier<@Nullable String> text) {
    String said = "";
    try {
      Thread.sleep(FIRST_MILLIS);
      while (!ended) {
        String now = text.get();
        if (now != null && !now.equals(said)) {
          System.err.println(now);
          said = now;
        }
        Thread.sleep(EVERY_MILLIS);
      }
    } catch (InterruptedException e) {
      return; // close() asks so
    }
  }

  @Override
  public void close() {
    ended = true;
    thread.interrupt();
  }
}
