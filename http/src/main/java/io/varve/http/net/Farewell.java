package io.varve.http.net;

import io.undertow.connector.PooledByteBuffer;
import io.undertow.server.HttpServerExchange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.xnio.ChannelListener;
import org.xnio.IoUtils;
import org.xnio.XnioExecutor;
import org.xnio.channels.StreamSinkChannel;

/**
 * The last bytes of an answer, and the end of its exchange in the I/O thread of the connection.
 *
 * <p>The client may send its next request as soon as it has those bytes, and the I/O thread reads
 * it once the exchange is over. Were the exchange ended by another thread, the I/O thread would
 * spin until that thread has done so: a third of the CPU of small requests when the cores are busy.
 */
final class Farewell implements ChannelListener<StreamSinkChannel>, Runnable {
  private final HttpServerExchange exchange;
  private final StreamSinkChannel channel;
  private final ByteBuffer rest;
  private final @Nullable PooledByteBuffer pooled;
  private final long waitMillis;
  private final Runnable over;
  private boolean shut;
  private final AtomicBoolean ended = new AtomicBoolean();
  private boolean waited;
  private XnioExecutor.@Nullable Key clock;

  /**
   * @param rest what is left of the answer
   * @param pooled what {@code rest} belongs to, given back at the end
   * @param waitMillis how long the client may read nothing
   * @param over called once, when the answer has gone out or cannot
   */
  Farewell(
      HttpServerExchange exchange,
      StreamSinkChannel channel,
      ByteBuffer rest,
      @Nullable PooledByteBuffer pooled,
      long waitMillis,
      Runnable over) {
    this.exchange = exchange;
    this.channel = channel;
    this.rest = rest;
    this.pooled = pooled;
    this.waitMillis = waitMillis;
    this.over = over;
  }

  /**
   * Writes what the client takes at once, so that it need not wait until the I/O thread has woken
   * up, and hands all else over; the caller touches neither exchange nor buffer from now on.
   */
  void begin() {
    try {
      channel.write(rest);
      exchange.getIoThread().execute(this);
    } catch (IOException | RejectedExecutionException e) {
      breakOff(); // the client is gone, or the listener is closed and its I/O threads have ended
    }
  }

  @Override
  public void run() {
    handleEvent(channel);
  }

  @Override
  public void handleEvent(StreamSinkChannel ready) {
    if (ended.get()) {
      return;
    }
    try {
      while (rest.hasRemaining()) {
        if (channel.write(rest) == 0) {
          await();
          return;
        }
      }
      if (!shut) {
        shut = true;
        channel.shutdownWrites();
      }
      if (!channel.flush()) {
        await();
        return;
      }
      end();
    } catch (IOException e) {
      breakOff(); // the client is gone
    }
  }

  private void await() {
    if (!waited) {
      waited = true;
      channel.getWriteSetter().set(this);
      exchange.getConnection().addCloseListener(c -> end());
    }
    stopClock();
    clock = exchange.getIoThread().executeAfter(this::breakOff, waitMillis, TimeUnit.MILLISECONDS);
    channel.resumeWrites();
  }

  private void stopClock() {
    XnioExecutor.Key running = clock;
    if (running != null) {
      running.remove();
      clock = null;
    }
  }

  /** The client sees a broken connection, not a short answer. */
  private void breakOff() {
    IoUtils.safeClose(exchange.getConnection());
    end();
  }

  private void end() {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    stopClock();
    if (pooled != null) {
      pooled.close();
    }
    try {
      exchange.endExchange();
    } finally {
      over.run();
    }
  }
}
