package io.varve.engine;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * An object store that speaks S3: Adobe's S3Mock as a process of its own, on loopback. The build
 * fetches its jar; tests are skipped where it cannot be had.
 */
public final class S3Mock implements AutoCloseable {
  /** The bucket that is there. */
  public static final String BUCKET = "varve";

  private static final String VERSION = "5.2.0";
  private static final String JAR = "s3mock-" + VERSION + "-exec.jar";
  private static final long START_SECONDS = 60;

  private final Process process;
  private final Path objects;
  private final int port;

  private S3Mock(Process process, Path objects, int port) {
    this.process = process;
    this.objects = objects;
    this.port = port;
  }

  /**
   * Starts one.
   *
   * @param folder for its objects and its output
   */
  public static S3Mock start(Path folder) throws IOException, InterruptedException {
    Path jar = jar();
    Assumptions.assumeTrue(jar != null, "S3Mock (" + JAR + ") is not in the Maven repository");
    Path objects = Files.createDirectories(folder.resolve("s3mock"));
    Path output = folder.resolve("s3mock.log");
    int port = freePort();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-jar",
                String.valueOf(jar),
                "--server.address=127.0.0.1",
                "--http.port=" + port,
                "--server.port=0",
                "--logging.level.root=WARN",
                "--com.adobe.testing.s3mock.max-payload-size=256MB",
                "--com.adobe.testing.s3mock.store.root=" + objects,
                "--com.adobe.testing.s3mock.store.retain-files-on-exit=true",
                "--com.adobe.testing.s3mock.store.initial-buckets=" + BUCKET)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    S3Mock mock = new S3Mock(process, objects, port);
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!mock.answers()) {
      if (!process.isAlive() || System.nanoTime() > until) {
        mock.close();
        throw new AssertionError("S3Mock does not start: " + Files.readString(output));
      }
      Thread.sleep(50);
    }
    return mock;
  }

  private static @Nullable Path jar() {
    String told = System.getProperty("varve.s3mock.jar", "");
    String home = System.getProperty("user.home", "");
    for (Path candidate :
        List.of(
            Path.of(told),
            Path.of("target", "s3mock", JAR),
            Path.of(
                home, ".m2", "repository", "com", "adobe", "testing", "s3mock", VERSION, JAR))) {
      if (Files.isRegularFile(candidate)) {
        return candidate.toAbsolutePath();
      }
    }
    return null;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private boolean answers() {
    try {
      HttpURLConnection connection =
          (HttpURLConnection) URI.create(endpoint() + "/" + BUCKET + "/").toURL().openConnection();
      try (InputStream in = connection.getInputStream()) {
        in.readAllBytes();
        return true;
      }
    } catch (IOException e) {
      return false;
    }
  }

  /** Its URL. */
  public String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** The folder in which it keeps its objects. */
  public Path objects() {
    return objects;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
