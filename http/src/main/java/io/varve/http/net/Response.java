package io.varve.http.net;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.xnio.IoUtils;
import org.xnio.channels.StreamSinkChannel;

/**
 * The answer to one request, given once. Nothing goes out before some kilobytes are written or the
 * body is closed, so that what fails early can still become a proper status. For the thread that
 * handles the request.
 */
public final class Response {
  private static final int HELD_BYTES = 1 << 14;
  private static final int WORTH_COMPRESSING = 1_024;

  private final HttpServerExchange exchange;
  private final Encoding encoding;
  private final long waitMillis;
  private @Nullable Sink sink;
  private @Nullable ByteBuffer whole;
  private @Nullable IntConsumer beforeAnswer;
  private final List<String> warnings = new ArrayList<>(0);
  private boolean given;

  Response(HttpServerExchange exchange, Encoding encoding, long waitMillis) {
    this.exchange = exchange;
    this.encoding = encoding;
    this.waitMillis = waitMillis;
  }

  /** Sets a header. */
  public Response header(String name, String value) {
    exchange.getResponseHeaders().put(new HttpString(name), value);
    return this;
  }

  /**
   * Has {@code action} run once, when an answer is about to be given: all that it says is known by
   * then, and headers can still be set.
   *
   * @param action takes the status; what it throws is answered instead
   */
  public void beforeAnswer(IntConsumer action) {
    beforeAnswer = action;
  }

  /** Adds a warning to the answer; only those of the JSON API show it. */
  public void warn(String text) {
    warnings.add(text);
  }

  /** What was added by {@link #warn}. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** Answers with plain text. */
  public void text(int status, String text) throws IOException {
    body(
        status,
        "text/plain; charset=utf-8",
        out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Answers without a body. */
  public void empty(int status) throws IOException {
    begin(status);
    complete(new byte[0], 0);
  }

  /** Writes a body. */
  public interface BodyWriter {
    /** Writes it, all of it; closing the stream does nothing. */
    void write(OutputStream out) throws IOException;
  }

  /**
   * Answers with a body. If the writer throws, nothing has been answered yet, or, when part of the
   * body is gone already, the connection is broken: a client never takes half an answer for a whole
   * one.
   */
  public void body(int status, String contentType, BodyWriter writer) throws IOException {
    begin(status);
    exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, contentType);
    Body body = new Body();
    writer.write(body);
    body.end();
  }

  /** An answer that goes out piece by piece. */
  public interface Stream {
    /** Sends a piece; returns when it is with the operating system. */
    void send(byte[] piece) throws IOException;
  }

  /** Writes an answer piece by piece. */
  public interface StreamWriter {
    /** Writes it, all of it. */
    void write(Stream stream) throws IOException;
  }

  /** Answers with pieces that are sent as they come; never compressed. */
  public void stream(int status, String contentType, StreamWriter writer) throws IOException {
    begin(status);
    exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, contentType);
    Sink out = open();
    writer.write(
        piece -> {
          out.write(piece, 0, piece.length);
          out.flush();
        });
    out.close();
  }

  /**
   * Answers with what another server has answered, as it is: it is not compressed again.
   *
   * @throws IOException if {@code body} breaks off; if that is early, nothing has been answered yet
   */
  public void passOn(int status, InputStream body) throws IOException {
    byte[] first = body.readNBytes(HELD_BYTES);
    if (first.length < HELD_BYTES) {
      begin(status);
      complete(first, first.length);
      return;
    }
    begin(status);
    Sink out = open();
    out.write(first);
    body.transferTo(out);
    out.close();
  }

  private void begin(int status) {
    if (given) {
      throw new IllegalStateException("the answer has been given already");
    }
    IntConsumer action = beforeAnswer;
    if (action != null) {
      beforeAnswer = null;
      action.accept(status);
    }
    given = true;
    exchange.setStatusCode(status);
  }

  /** Sends a small body, in one piece with the headers, when the request has been handled. */
  private void complete(byte[] body, int length) {
    exchange.setResponseContentLength(length);
    whole = ByteBuffer.wrap(body, 0, length);
  }

  private Sink open() throws IOException {
    Sink begun = new Sink(exchange, waitMillis);
    sink = begun;
    return begun;
  }

  /** The status that was answered; 0 before. */
  int status() {
    return given ? exchange.getStatusCode() : 0;
  }

  /** True if an answer has been begun, and has not been taken back by {@link #restart}. */
  boolean given() {
    return given;
  }

  /** Takes an answer back; false if something of it went out already. */
  public boolean restart() {
    if (exchange.isResponseStarted() || sink != null) {
      return false;
    }
    given = false;
    whole = null;
    exchange.getResponseHeaders().remove(Headers.CONTENT_LENGTH);
    exchange.getResponseHeaders().remove(Headers.CONTENT_TYPE);
    return true;
  }

  /** Bytes of the body, as they go to the client. */
  long bytes() {
    Sink begun = sink;
    ByteBuffer small = whole;
    return begun != null ? begun.bytes() : small != null ? small.limit() : 0;
  }

  /**
   * Sends what is not sent yet and ends the exchange; an answer that is not complete is broken off.
   * Returns at once; nobody touches the exchange from now on.
   *
   * @param over called once when the exchange has ended, in another thread or this one
   */
  void depart(Runnable over) {
    Sink begun = sink;
    if (begun != null) {
      begun.depart(over);
      return;
    }
    ByteBuffer small = whole;
    StreamSinkChannel channel = small == null ? null : exchange.getResponseChannel();
    if (small != null && channel != null) {
      new Farewell(exchange, channel, small, null, waitMillis, over).begin();
      return;
    }
    IoUtils.safeClose(exchange.getConnection());
    try {
      exchange.endExchange();
    } finally {
      over.run();
    }
  }

  /** Holds the beginning of the body, then passes on. */
  private final class Body extends OutputStream {
    private byte[] held = new byte[2_048];
    private int size;
    private @Nullable OutputStream out;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      OutputStream open = out;
      if (open == null && size + length <= HELD_BYTES) {
        if (size + length > held.length) {
          held = Arrays.copyOf(held, HELD_BYTES);
        }
        System.arraycopy(bytes, offset, held, size, length);
        size += length;
        return;
      }
      if (open == null) {
        if (encoding != Encoding.IDENTITY) {
          exchange.getResponseHeaders().put(Headers.CONTENT_ENCODING, encoding.headerName());
        }
        open = encoding.wrap(open());
        out = open;
        open.write(held, 0, size);
      }
      open.write(bytes, offset, length);
    }

    /** The writer is done. */
    void end() throws IOException {
      OutputStream open = out;
      if (open != null) {
        open.close();
        return;
      }
      byte[] all = held;
      int length = size;
      if (encoding != Encoding.IDENTITY && size >= WORTH_COMPRESSING) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream(size / 2);
        try (OutputStream compressor = encoding.wrap(compressed)) {
          compressor.write(held, 0, size);
        }
        all = compressed.toByteArray();
        length = all.length;
        exchange.getResponseHeaders().put(Headers.CONTENT_ENCODING, encoding.headerName());
      }
      complete(all, length);
    }
  }
}
