package io.varve.http.net;

import io.undertow.server.HttpServerExchange;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.xnio.ChannelListener;
import org.xnio.IoUtils;
import org.xnio.channels.StreamSourceChannel;

/**
 * Collects the body of one request in the connection's I/O thread, as its bytes arrive, and then
 * says what became of it.
 */
final class BodyReader implements ChannelListener<StreamSourceChannel> {
  /** What a body came to. */
  interface Result {
    /** It is complete; the array belongs to the receiver, who gives it back to {@link Bodies}. */
    void complete(byte[] body, int length);

    /** It is larger than allowed. */
    void tooLarge();

    /** There is no memory for it at the moment. */
    void noRoom();
  }

  private static final int FIRST_GUESS_BYTES = 1 << 14;

  /**
   * Where bytes arrive, one per I/O thread: large, because each read is a system call and each turn
   * of the event loop several. (The connection's own pooled buffers are made for headers.)
   */
  private static final ThreadLocal<ByteBuffer> ARRIVALS =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(1 << 18));

  private final HttpServerExchange exchange;
  private final Bodies bodies;
  private final int mostBytes;
  private final Result result;
  private final long declared; // −1: not known
  private byte @Nullable [] body;
  private int length;
  private boolean waited;

  private BodyReader(HttpServerExchange exchange, Bodies bodies, int mostBytes, Result result) {
    this.exchange = exchange;
    this.bodies = bodies;
    this.mostBytes = mostBytes;
    this.result = result;
    this.declared = exchange.getRequestContentLength();
  }

  /** Begins to collect; the result may be told before this returns. */
  static void read(HttpServerExchange exchange, Bodies bodies, int mostBytes, Result result) {
    long declared = exchange.getRequestContentLength();
    if (declared > mostBytes) {
      result.tooLarge();
      return;
    }
    BodyReader reader = new BodyReader(exchange, bodies, mostBytes, result);
    byte[] room = bodies.take(declared < 0 ? FIRST_GUESS_BYTES : (int) declared);
    if (room == null) {
      result.noRoom();
      return;
    }
    reader.body = room;
    exchange.getConnection().addCloseListener(connection -> reader.drop());
    StreamSourceChannel channel = exchange.getRequestChannel();
    if (channel == null) {
      throw new IllegalStateException("the body is being read already");
    }
    reader.handleEvent(channel);
  }

  @Override
  public void handleEvent(StreamSourceChannel channel) {
    try {
      ByteBuffer buffer = ARRIVALS.get();
      for (int reads = 0; ; reads++) {
        // After a read that did not fill the buffer nothing is there: asking costs a system call.
        // (The very first may only have returned what came together with the headers.)
        boolean drained = reads > (waited ? 0 : 1) && buffer.hasRemaining() && length < declared;
        buffer.clear();
        int read = drained ? 0 : channel.read(buffer);
        if (read < 0) {
          channel.suspendReads();
          byte[] whole = body;
          body = null;
          if (whole != null) {
            result.complete(whole, length);
          }
          return;
        }
        if (read == 0) {
          waited = true;
          channel.getReadSetter().set(this);
          channel.resumeReads();
          return;
        }
        buffer.flip();
        if (!append(buffer, read)) {
          channel.suspendReads();
          return;
        }
        buffer.limit(buffer.capacity());
      }
    } catch (IOException e) {
      drop();
      IoUtils.safeClose(exchange.getConnection());
    }
  }

  private boolean append(ByteBuffer buffer, int read) {
    byte[] room = body;
    if (room == null) {
      return false;
    }
    if (read > mostBytes - length) {
      drop();
      result.tooLarge();
      return false;
    }
    if (length + read > room.length) {
      byte[] larger = bodies.take((int) Math.min(mostBytes, 2L * (length + read)));
      if (larger == null) {
        drop();
        result.noRoom();
        return false;
      }
      System.arraycopy(room, 0, larger, 0, length);
      bodies.give(room);
      body = larger;
      room = larger;
    }
    buffer.get(room, length, read);
    length += read;
    return true;
  }

  /** Gives the memory back of a body that will not be completed. */
  private void drop() {
    byte[] room = body;
    body = null;
    if (room != null) {
      bodies.give(room);
    }
  }
}
