package io.varve.retention.chunkstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpServer;
import io.varve.engine.S3Mock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Objects in a bucket, against S3Mock in a process of its own. */
final class S3ChunkStoreTest extends ChunkStoreTest {
  private static final AtomicInteger PREFIXES = new AtomicInteger();

  @TempDir static Path folder;

  private static @Nullable S3Mock mock;

  @BeforeAll
  static void start() throws Exception {
    mock = S3Mock.start(folder);
  }

  @AfterAll
  static void stop() {
    if (mock != null) {
      mock.close();
    }
  }

  private static S3Settings settings(String endpoint, String bucket) {
    return new S3Settings(
        bucket,
        "some/prefix-" + PREFIXES.incrementAndGet(),
        endpoint,
        "eu-central-1",
        true,
        "key",
        "secret",
        Duration.ofSeconds(20));
  }

  private static String endpoint() {
    return Objects.requireNonNull(mock).endpoint();
  }

  @Override
  ChunkStore open() {
    return new S3ChunkStore(settings(endpoint(), S3Mock.BUCKET), 5 << 20, 7);
  }

  @Test
  void namesWhatItCannotReach() throws Exception {
    try (ChunkStore store = new S3ChunkStore(settings(endpoint(), "no-such-bucket"))) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> store.list(""))
          .withMessageContaining("s3://no-such-bucket/some/prefix-");
    }
  }

  @Test
  void triesAgainAndTellsSo() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    AtomicInteger requests = new AtomicInteger();
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          int status = requests.incrementAndGet() < 3 ? 503 : 200;
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    server.start();
    try (ChunkStore store =
        new S3ChunkStore(
            settings("http://127.0.0.1:" + server.getAddress().getPort(), S3Mock.BUCKET))) {
      store.delete("x");
      assertThat(requests.get()).isEqualTo(3);
      assertThat(store.retries()).isEqualTo(2);
    } finally {
      server.stop(0);
    }
  }
}
