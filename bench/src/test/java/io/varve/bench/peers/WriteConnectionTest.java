package io.varve.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** A connection of the benchmark's client outlives what servers do to connections. */
@NullMarked
final class WriteConnectionTest {
  private static final byte[] BODY = "body".getBytes(StandardCharsets.ISO_8859_1);

  /** Answers so many requests on each connection, then closes it. */
  private static final class ShortTempered implements AutoCloseable {
    final ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    final AtomicInteger bodies = new AtomicInteger();
    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger broken = new AtomicInteger(); // by the client, before the last answer
    final AtomicInteger afterTheEnd = new AtomicInteger(); // requests though it said it would close
    final ExecutorService thread = Executors.newSingleThreadExecutor();

    ShortTempered(int answers, String header) throws IOException {
      thread.execute(
          () -> {
            while (!socket.isClosed()) {
              try (Socket client = socket.accept()) {
                connections.incrementAndGet();
                for (int i = 0; i < answers; i++) {
                  readRequest(client.getInputStream());
                  bodies.incrementAndGet();
                  String answer = "HTTP/1.1 204 No Content\r\n" + header + "\r\n";
                  client.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
                }
                if (!header.isEmpty() && client.getInputStream().read() >= 0) {
                  afterTheEnd.incrementAndGet();
                }
              } catch (IOException e) {
                broken.incrementAndGet(); // the client has gone, or the test has ended
              }
            }
          });
    }

    private static void readRequest(InputStream in) throws IOException {
      int matched = 0;
      while (matched < 4) {
        int c = in.read();
        if (c < 0) {
          throw new IOException("gone");
        }
        matched = c == "\r\n\r\n".charAt(matched) ? matched + 1 : c == '\r' ? 1 : 0;
      }
      assertThat(in.readNBytes(BODY.length)).isEqualTo(BODY);
    }

    @Override
    public void close() throws IOException {
      socket.close();
      thread.shutdownNow();
    }
  }

  @Test
  void sendsAgainWhatAClosedConnectionSwallowed() throws IOException {
    try (ShortTempered server = new ShortTempered(3, "");
        WriteConnection http =
            new WriteConnection(server.socket.getLocalPort(), "/write", List.of())) {
      for (int i = 0; i < 10; i++) {
        assertThat(http.post(BODY)).isEqualTo(204);
      }
      assertThat(server.bodies).hasValue(10);
      assertThat(server.connections).hasValue(4);
    }
  }

  @Test
  void takesAnotherConnectionWhenTheServerSaysSo() throws IOException {
    try (ShortTempered server = new ShortTempered(1, "Connection: close\r\n");
        WriteConnection http =
            new WriteConnection(server.socket.getLocalPort(), "/write", List.of())) {
      assertThat(http.post(BODY)).isEqualTo(204);
      assertThat(http.post(BODY)).isEqualTo(204);
      assertThat(server.bodies).hasValue(2);
      assertThat(server.afterTheEnd).hasValue(0);
    }
  }

  @Test
  void givesUpOnAServerThatNeverAnswers() throws IOException {
    try (ShortTempered server = new ShortTempered(0, "");
        WriteConnection http =
            new WriteConnection(server.socket.getLocalPort(), "/write", List.of())) {
      assertThatThrownBy(() -> http.post(BODY)).isInstanceOf(IOException.class);
    }
  }
}
