package io.varve.ingest.ship;

import io.varve.engine.PulledFiles;
import io.varve.engine.StoreListing;
import io.varve.engine.format.CorruptDataException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Asks other nodes for listings and files. Any thread; its owner closes it, and the {@link
 * HttpClient} that it was given. The package's description shows the requests.
 */
public final class ShipClient implements AutoCloseable {
  private static final String ROOT = "/api/v1/cluster/shards/";
  private static final int MOST_LISTING_BYTES = 256 << 20;
  private static final int BUFFER_BYTES = 1 << 17;

  /** One request asks for no more: a hold on the files is renewed with each. */
  private static final long RANGE_BYTES = 32 << 20;

  private final HttpClient http;
  private final ShipSettings settings;
  private final Throttle throttle;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("varve-ship-watch").daemon().factory());

  /**
   * A client.
   *
   * @param http has the connect time-out, and the certificates where they are needed
   */
  public ShipClient(HttpClient http, ShipSettings settings) {
    this.http = http;
    this.settings = settings;
    this.throttle = new Throttle(settings.bytesPerSecond());
  }

  /** The limit that all pulls of this client share. */
  public Throttle throttle() {
    return throttle;
  }

  ShipSettings settings() {
    return settings;
  }

  /** The node has not got what was asked for. */
  static final class NotThereException extends IOException {
    NotThereException(String message) {
      super(message);
    }
  }

  /** What was pulled cannot be kept here: no other node helps. */
  static final class KeepingException extends IOException {
    KeepingException(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /**
   * A shard's store as a node has it now. The node holds the files until {@link #release}, or until
   * nobody asks for them any more.
   *
   * @param node its address, such as {@code http://host:port}
   * @throws IOException if it does not give one
   * @throws CorruptDataException if what it gives is none
   */
  public StoreListing listing(URI node, int shard) throws IOException {
    return listing(node.resolve(ROOT + shard + "/listing"));
  }

  /** The same, to be compared only: the node holds nothing. */
  public StoreListing peek(URI node, int shard) throws IOException {
    return listing(node.resolve(ROOT + shard + "/listing?hold=false"));
  }

  private StoreListing listing(URI at) throws IOException {
    try (Answer answer = ask(at, request(at).GET())) {
      answer.require(200);
      byte[] bytes = answer.in.readNBytes(MOST_LISTING_BYTES + 1);
      if (bytes.length > MOST_LISTING_BYTES) {
        throw new CorruptDataException(at.toString(), bytes.length, "is too long for a listing");
      }
      return StoreListing.decode(bytes, at.toString());
    }
  }

  /** Tells a node that the files of a listing are needed no more. */
  public void release(URI node, int shard, String id) throws IOException {
    URI at = node.resolve(ROOT + shard + "/listings/" + id);
    try (Answer answer = ask(at, request(at).DELETE())) {
      answer.require(204);
    }
  }

  /**
   * Pulls what is missing of a file.
   *
   * @throws NotThereException if the node has not got it
   * @throws KeepingException if it cannot be written here
   * @throws IOException if the node cannot be reached, or does not send all; what came is kept
   */
  void pull(
      URI node, int shard, StoreListing.Entry file, PulledFiles.Part part, PullProgress progress)
      throws IOException {
    URI at = node.resolve(ROOT + shard + "/files/" + file.sha256());
    byte[] buffer = new byte[Math.clamp(part.missing(), 1, BUFFER_BYTES)];
    while (part.missing() > 0) {
      long from = part.bytes();
      long to = from + Math.min(RANGE_BYTES, part.missing());
      HttpRequest.Builder request = request(at).header("Range", "bytes=" + from + "-" + (to - 1));
      try (Answer answer = ask(at, request.GET())) {
        answer.require(206);
        String range = answer.response.headers().firstValue("Content-Range").orElse("");
        if (!range.equals("bytes " + from + "-" + (to - 1) + "/" + file.bytes())) {
          throw new CorruptDataException(at.toString(), from, "sends the range \"" + range + "\"");
        }
        while (part.bytes() < to) {
          int n = fill(answer, buffer, (int) Math.min(buffer.length, to - part.bytes()));
          keep(part, buffer, n);
          progress.received(n);
          pause(n);
          answer.alive();
          if (n < buffer.length && part.bytes() < to) {
            throw new IOException(at + ": ends " + (to - part.bytes()) + " bytes early");
          }
        }
      }
    }
  }

  /** Reads so many bytes, or up to the end: what comes, comes in small pieces. */
  private static int fill(Answer answer, byte[] buffer, int wanted) throws IOException {
    int filled = 0;
    while (filled < wanted) {
      int n = answer.in.read(buffer, filled, wanted - filled);
      if (n < 0) {
        return filled;
      }
      filled += n;
      answer.alive();
    }
    return filled;
  }

  private static void keep(PulledFiles.Part part, byte[] buffer, int n) throws KeepingException {
    try {
      part.write(buffer, 0, n);
    } catch (IOException e) {
      throw new KeepingException(e);
    }
  }

  private void pause(int bytes) throws InterruptedIOException {
    try {
      throttle.take(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private HttpRequest.Builder request(URI at) {
    return HttpRequest.newBuilder(at)
        .version(HttpClient.Version.HTTP_1_1)
        .timeout(settings.stall())
        .header("Authorization", "Bearer " + settings.secret());
  }

  private Answer ask(URI at, HttpRequest.Builder request) throws IOException {
    try {
      return new Answer(at, http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  /** An answer whose body is given up when nothing comes of it for too long. */
  private final class Answer implements AutoCloseable {
    private final URI at;
    private final HttpResponse<InputStream> response;
    private final InputStream in;
    private final ScheduledFuture<?> watching;
    private volatile long lastNanos = System.nanoTime();

    Answer(URI at, HttpResponse<InputStream> response) {
      this.at = at;
      this.response = response;
      this.in = response.body();
      long stall = settings.stall().toNanos();
      watching =
          watch.scheduleWithFixedDelay(
              () -> {
                if (System.nanoTime() - lastNanos > stall) {
                  closeBody();
                }
              },
              stall / 4,
              stall / 4,
              TimeUnit.NANOSECONDS);
    }

    void alive() {
      lastNanos = System.nanoTime();
    }

    private void closeBody() {
      try {
        in.close(); // wakes whoever reads
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void require(int status) throws IOException {
      if (response.statusCode() == status) {
        return;
      }
      String text = new String(in.readNBytes(500), StandardCharsets.UTF_8).strip();
      String message = at + ": answers " + response.statusCode() + " " + text;
      if (response.statusCode() == 404) {
        throw new NotThereException(message);
      }
      throw new IOException(message);
    }

    @Override
    public void close() throws IOException {
      watching.cancel(false);
      in.close();
    }
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}
