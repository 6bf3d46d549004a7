package io.varve.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** Sends bytes to a server, well-formed or not, each time over a connection of its own. */
final class RawHttp {
  private static final int MOST_ANSWER_BYTES = 64 << 20;

  /** An answer that has no end. */
  private static final String STREAM = "text/event-stream";

  private final int port;
  private final int timeoutMillis;

  /**
   * What came back.
   *
   * @param status 0 if the connection was closed without an answer
   * @param head status line and headers
   * @param body as it came, chunked or compressed
   */
  record Answer(int status, String head, byte[] body) {
    @Override
    public String toString() {
      String text = new String(body, 0, Math.min(body.length, 500), StandardCharsets.UTF_8);
      return status + " " + head.lines().skip(1).toList() + " " + text;
    }
  }

  /** A server on this machine, which must never be silent for so long. */
  RawHttp(int port, int timeoutMillis) {
    this.port = port;
    this.timeoutMillis = timeoutMillis;
  }

  /**
   * Sends all of it and reads until the server closes.
   *
   * @param last says that no more comes: needed when the bytes may be no whole request, but a
   *     client that has said so may be taken for one that is gone
   * @throws SocketTimeoutException if the server neither answers nor closes in time
   */
  Answer send(byte[] bytes, boolean last) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), timeoutMillis);
      socket.setSoTimeout(timeoutMillis);
      try {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
        if (last) {
          socket.shutdownOutput();
        }
      } catch (IOException e) {
        // Refused before all of it was there; the answer may have come all the same.
      }
      return parse(readAll(socket.getInputStream()));
    }
  }

  private static byte[] readAll(InputStream in) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[1 << 16];
    try {
      for (int n; (n = in.read(buffer)) >= 0; ) {
        all.write(buffer, 0, n);
        if (all.size() < 2_000 && all.toString(StandardCharsets.ISO_8859_1).contains(STREAM)) {
          break;
        }
        if (all.size() > MOST_ANSWER_BYTES) {
          throw new IllegalStateException("an answer of more than " + MOST_ANSWER_BYTES);
        }
      }
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      // Reset by a server that did not want the rest.
    }
    return all.toByteArray();
  }

  private static Answer parse(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0 || !text.matches("(?s)HTTP/1\\.[01] \\d{3}.*")) {
      return new Answer(0, text.substring(0, Math.min(200, text.length())), new byte[0]);
    }
    int status = Integer.parseInt(text.substring(9, 12));
    byte[] body = text.substring(end + 4).getBytes(StandardCharsets.ISO_8859_1);
    if (status == 100) { // an interim answer: what counts comes after it
      return parse(body);
    }
    return new Answer(status, text.substring(0, end), body);
  }
}
