package io.varve.bench.peers;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * A kept-alive HTTP/1.1 connection that posts bodies one after the other, and is made anew when the
 * server closes it (VictoriaMetrics does after two minutes). It shares the cores with the server
 * that it measures, so it does no more than it must: a write of the head, one of the body, and a
 * read of the answer. One thread.
 */
final class WriteConnection implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 120_000;
  private static final int MOST_ANSWER_BYTES = 1 << 20;

  private final int port;
  private final byte[] head;
  private Socket socket;
  private InputStream in;
  private OutputStream out;
  private boolean proven; // the connection has carried an answer
  private boolean ending; // the server said that it would close it
  private String answer = "";

  /** Connects to a server on the loopback address. */
  WriteConnection(int port, String path, List<String> headers) throws IOException {
    this.port = port;
    this.socket = connect(port);
    this.in = new BufferedInputStream(socket.getInputStream(), 4096);
    this.out = socket.getOutputStream();
    StringBuilder text = new StringBuilder("POST " + path + " HTTP/1.1\r\n");
    text.append("Host: 127.0.0.1:").append(port).append("\r\n");
    for (int i = 0; i < headers.size(); i += 2) {
      text.append(headers.get(i)).append(": ").append(headers.get(i + 1)).append("\r\n");
    }
    head = text.append("Content-Length: ").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Socket connect(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(PATIENCE_MILLIS);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private void reconnect() throws IOException {
    socket.close();
    socket = connect(port);
    in = new BufferedInputStream(socket.getInputStream(), 4096);
    out = socket.getOutputStream();
    proven = false;
    ending = false;
  }

  /**
   * Sends a body and returns the status of the answer; sends it again if the server has closed a
   * connection that was in use before, as clients of remote write do.
   */
  int post(byte[] body) throws IOException {
    if (ending) {
      reconnect();
    }
    try {
      return exchange(body);
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      if (!proven) {
        throw e;
      }
      reconnect();
      return exchange(body);
    }
  }

  private int exchange(byte[] body) throws IOException {
    byte[] length = (body.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[head.length + length.length];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(length, 0, all, head.length, length.length);
    out.write(all);
    out.write(body);
    String line = line();
    if (!line.startsWith("HTTP/1.1 ")) {
      throw new IOException("not an answer: " + line);
    }
    int status = Integer.parseInt(line.substring(9, 12));
    int bytes = 0;
    boolean chunked = false;
    for (line = line(); !line.isEmpty(); line = line()) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        bytes = Integer.parseInt(line.substring(line.indexOf(':') + 1).trim());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.contains("chunked");
      } else if (lower.startsWith("connection:")) {
        ending = lower.contains("close");
      }
    }
    answer = chunked ? chunks() : bytes == 0 ? "" : text(bytes);
    proven = true;
    return status;
  }

  /** The body of the last answer. */
  String answer() {
    return answer;
  }

  private String chunks() throws IOException {
    StringBuilder all = new StringBuilder();
    int bytes;
    while ((bytes = Integer.parseInt(line().trim(), 16)) > 0) {
      all.append(text(bytes));
      line();
    }
    line();
    return all.toString();
  }

  private String text(int bytes) throws IOException {
    if (bytes < 0 || bytes > MOST_ANSWER_BYTES) {
      throw new IOException("an answer of " + bytes + " bytes");
    }
    byte[] read = in.readNBytes(bytes);
    if (read.length < bytes) {
      throw new EOFException("the server has closed the connection");
    }
    return new String(read, StandardCharsets.UTF_8);
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder(64);
    int c;
    while ((c = in.read()) != '\n') {
      if (c < 0 || line.length() > 8192) {
        throw new EOFException("the server has closed the connection");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
