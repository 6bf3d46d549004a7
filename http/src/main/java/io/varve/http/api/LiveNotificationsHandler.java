package io.varve.http.api;

import io.varve.http.api.Notifications.Notification;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * {@code /api/v1/notifications/live}: notifications as server-sent events, one when something comes
 * to hold and one when it is over. A few clients may listen at a time; others are answered 204.
 */
public final class LiveNotificationsHandler implements Handler {
  private static final int MOST_LISTENERS = 16;
  private static final long POLL_MILLIS = 200;
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(15);
  private static final byte[] COMMENT = ":\n\n".getBytes(StandardCharsets.US_ASCII);

  private final Notifications notifications;
  private final BooleanSupplier stopping;
  private final Semaphore listeners = new Semaphore(MOST_LISTENERS);

  /**
   * Tells {@code notifications}.
   *
   * @param stopping true when the server wants its requests to end
   */
  public LiveNotificationsHandler(Notifications notifications, BooleanSupplier stopping) {
    this.notifications = notifications;
    this.stopping = stopping;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    if (!listeners.tryAcquire()) {
      response.empty(204);
      return;
    }
    CountDownLatch gone = new CountDownLatch(1);
    try (var _ = request.onDisconnect(gone::countDown)) {
      response.header("Cache-Control", "no-cache").header("X-Accel-Buffering", "no");
      response.stream(200, "text/event-stream", stream -> listen(stream, gone));
    } finally {
      listeners.release();
    }
  }

  private void listen(Response.Stream stream, CountDownLatch gone) throws IOException {
    Map<String, Notification> told = new LinkedHashMap<>();
    long spoke = System.nanoTime();
    stream.send(COMMENT); // the client learns at once that it is listening
    while (!stopping.getAsBoolean()) {
      Map<String, Notification> over = new LinkedHashMap<>(told);
      for (Notification now : notifications.current()) {
        over.remove(now.text());
        if (told.put(now.text(), now) == null) {
          stream.send(event(now));
          spoke = System.nanoTime();
        }
      }
      for (Notification ended : over.values()) {
        told.remove(ended.text());
        stream.send(event(ended.over()));
        spoke = System.nanoTime();
      }
      if (System.nanoTime() - spoke > KEEP_ALIVE_NANOS) {
        stream.send(COMMENT);
        spoke = System.nanoTime();
      }
      try {
        if (gone.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new IOException("the client has gone");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static byte[] event(Notification notification) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("data: ".getBytes(StandardCharsets.US_ASCII));
    Json json = new Json(out);
    notification.write(json);
    json.finish();
    out.writeBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }
}
