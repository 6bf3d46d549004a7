package io.varve.http.net;

import io.undertow.server.HttpServerExchange;
import io.undertow.server.ServerConnection;
import io.undertow.server.protocol.http.HttpServerConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.xnio.conduits.StreamSourceConduit;

/**
 * Notices clients that go away while their request is being worked on. Nobody reads a connection in
 * that time, so its end would go unseen: every watched connection is asked now and then, in its own
 * I/O thread, whether it has come to its end.
 *
 * <p>A byte that is read instead belongs to a pipelined request; it is put back, and that
 * connection is not asked again. Reading is safe because the watch ends, under a lock, before the
 * last byte of the answer goes out: as long as it lasts no next request is being read.
 */
public final class Disconnects implements AutoCloseable {
  private static final long EVERY_MILLIS = 250;

  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("varve-disconnects").factory());

  Disconnects() {
    // The future would only tell of exceptions, and ask() throws none.
    var _ =
        clock.scheduleWithFixedDelay(this::ask, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** A connection that is being watched. */
  public final class Watch implements AutoCloseable {
    private final HttpServerExchange exchange;
    private final HttpServerConnection connection;
    private final Runnable action;
    private boolean over;

    private Watch(HttpServerExchange exchange, HttpServerConnection connection, Runnable action) {
      this.exchange = exchange;
      this.connection = connection;
      this.action = action;
    }

    private void ask() {
      boolean gone = false;
      synchronized (this) {
        if (over) {
          return;
        }
        StreamSourceConduit source = connection.getOriginalSourceConduit();
        var pooled = connection.getByteBufferPool().allocate();
        boolean kept = false;
        try {
          ByteBuffer buffer = pooled.getBuffer();
          buffer.clear().limit(1);
          int read = source.read(buffer);
          if (read > 0) {
            buffer.flip();
            connection.ungetRequestBytes(pooled);
            kept = true;
            over = true;
            watches.remove(this);
          }
          gone = read < 0;
        } catch (IOException e) {
          gone = true;
        } finally {
          if (!kept) {
            pooled.close();
          }
        }
        over |= gone;
      }
      if (gone) {
        watches.remove(this);
        action.run();
      }
    }

    /** Ends the watch; the action is not started after this. */
    @Override
    public void close() {
      synchronized (this) {
        over = true;
      }
      watches.remove(this);
    }
  }

  Watch watch(HttpServerExchange exchange, Runnable action) {
    ServerConnection connection = exchange.getConnection();
    if (!(connection instanceof HttpServerConnection http)) {
      throw new IllegalStateException("not an HTTP/1 connection: " + connection.getClass());
    }
    Watch watch = new Watch(exchange, http, action);
    watches.add(watch);
    return watch;
  }

  private void ask() {
    for (Watch watch : watches) {
      try {
        watch.exchange.getIoThread().execute(watch::ask);
      } catch (RejectedExecutionException e) {
        return; // the server is stopping
      }
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
