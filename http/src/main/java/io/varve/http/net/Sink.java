package io.varve.http.net;

import io.undertow.connector.PooledByteBuffer;
import io.undertow.server.HttpServerExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.xnio.IoUtils;
import org.xnio.channels.StreamSinkChannel;

/**
 * The body of an answer on its way to the socket. Blocks its (virtual) thread while the client does
 * not read, by waiting for the I/O thread's word instead of on a selector, which would hold the
 * carrier thread.
 */
final class Sink extends OutputStream {
  private final HttpServerExchange exchange;
  private final long waitMillis;
  private final StreamSinkChannel channel;
  private final PooledByteBuffer pooled;
  private final ByteBuffer buffer;
  private final Semaphore writable = new Semaphore(0);
  private boolean listening;
  private boolean closed;
  private long bytes;

  /** Begins the answer: status and headers are final. */
  Sink(HttpServerExchange exchange, long waitMillis) throws IOException {
    this.exchange = exchange;
    this.waitMillis = waitMillis;
    StreamSinkChannel got = exchange.getResponseChannel();
    if (got == null) {
      throw new IOException("the answer has been given already");
    }
    this.channel = got;
    this.pooled = exchange.getConnection().getByteBufferPool().allocate();
    this.buffer = pooled.getBuffer();
    this.buffer.clear();
  }

  @Override
  public void write(int b) throws IOException {
    if (!buffer.hasRemaining()) {
      drain();
    }
    buffer.put((byte) b);
    bytes++;
  }

  @Override
  public void write(byte[] from, int offset, int length) throws IOException {
    bytes += length;
    while (length > 0) {
      if (!buffer.hasRemaining()) {
        drain();
      }
      int part = Math.min(length, buffer.remaining());
      buffer.put(from, offset, part);
      offset += part;
      length -= part;
    }
  }

  private void drain() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      if (channel.write(buffer) == 0) {
        await();
      }
    }
    buffer.clear();
  }

  /** Returns when what was written is with the operating system. */
  @Override
  public void flush() throws IOException {
    drain();
    while (!channel.flush()) {
      await();
    }
  }

  private void await() throws IOException {
    if (!listening) {
      listening = true;
      channel
          .getWriteSetter()
          .set(
              c -> {
                c.suspendWrites();
                writable.release();
              });
      exchange.getConnection().addCloseListener(c -> writable.release());
    }
    channel.resumeWrites();
    boolean inTime = false;
    try {
      inTime = writable.tryAcquire(waitMillis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!inTime) {
      IoUtils.safeClose(exchange.getConnection());
      throw new IOException("the client did not read its answer for " + waitMillis + " ms");
    }
  }

  /** Nothing more comes; the rest goes out with {@link #depart}. */
  @Override
  public void close() {
    closed = true;
  }

  /** What was given to it, on its way or gone. */
  long bytes() {
    return bytes;
  }

  /**
   * Sends the rest, or breaks the connection if this was not closed: the client then sees that, not
   * a short answer. Returns at once; nobody touches the exchange from now on.
   *
   * @param over called once when the exchange has ended, in another thread
   */
  void depart(Runnable over) {
    if (!closed) {
      IoUtils.safeClose(exchange.getConnection());
    }
    buffer.flip();
    new Farewell(exchange, channel, buffer, pooled, waitMillis, over).begin();
  }
}
