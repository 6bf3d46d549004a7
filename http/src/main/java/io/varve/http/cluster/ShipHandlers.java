package io.varve.http.cluster;

import io.varve.engine.Shipping;
import io.varve.engine.io.FileSystem;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives a shard's files to other nodes (the requests are described in {@link
 * io.varve.ingest.ship}). Files are found by SHA-256 only.
 */
public final class ShipHandlers {
  private static final String BINARY = "application/octet-stream";
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");
  private static final int BUFFER_BYTES = 1 << 17;

  private final Supplier<@Nullable Shipping> shipping;

  private ShipHandlers(Supplier<@Nullable Shipping> shipping) {
    this.shipping = shipping;
  }

  /**
   * The routes of a shard.
   *
   * @param shipping the shard's files; null while its store is closed, which is answered 503
   */
  public static List<Route> routes(
      int shard, Supplier<@Nullable Shipping> shipping, ClusterSecret secret) {
    ShipHandlers handlers = new ShipHandlers(shipping);
    String root = "/api/v1/cluster/shards/" + shard;
    return List.of(
        Route.text(root + "/listing", secret.guard(handlers::listing), "GET"),
        Route.text(root + "/listings/*", secret.guard(handlers::release), "DELETE"),
        Route.text(root + "/files/*", secret.guard(handlers::file), "GET"));
  }

  private @Nullable Shipping open(Response response) throws IOException {
    Shipping now = shipping.get();
    if (now == null) {
      response.text(503, "the shard's store is not open\n");
    }
    return now;
  }

  private void listing(Request request, Response response) throws IOException {
    Shipping now = open(response);
    if (now == null) {
      return;
    }
    byte[] bytes;
    try {
      boolean isLook = "false".equals(request.params().get("hold"));
      bytes = (isLook ? now.peek() : now.take()).encode();
    } catch (IOException e) {
      response.text(503, "there is no listing: " + e.getMessage() + "\n");
      return;
    }
    response.body(200, BINARY, out -> out.write(bytes));
  }

  private void release(Request request, Response response) throws IOException {
    Shipping now = open(response);
    if (now != null) {
      now.release(request.pathParameter());
      response.empty(204);
    }
  }

  private void file(Request request, Response response) throws IOException {
    Shipping now = open(response);
    if (now == null) {
      return;
    }
    FileSystem.ReadFile opened;
    try {
      opened = now.open(request.pathParameter());
    } catch (IOException e) {
      response.text(503, "the file cannot be read: " + e.getMessage() + "\n");
      return;
    }
    if (opened == null) {
      response.text(404, "there is no such file\n");
      return;
    }
    try (FileSystem.ReadFile file = opened) {
      send(file, request.header("Range"), response);
    }
  }

  private static void send(FileSystem.ReadFile file, @Nullable String header, Response response)
      throws IOException {
    long size = file.size();
    long from = 0;
    long to = size;
    Matcher range = header == null ? null : RANGE.matcher(header);
    boolean isRange = range != null && range.matches();
    if (range != null && isRange) {
      from = Long.parseLong(range.group(1));
      String last = range.group(2);
      to = last.isEmpty() ? size : Math.min(size, Long.parseLong(last) + 1);
      if (from >= to) {
        response.header("Content-Range", "bytes */" + size);
        response.text(416, "the file has " + size + " bytes\n");
        return;
      }
      response.header("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + size);
    }
    long begin = from;
    long end = to;
    response.header("Content-Length", Long.toString(end - begin));
    response.body(
        isRange ? 206 : 200,
        BINARY,
        out -> {
          byte[] buffer = new byte[Math.clamp(end - begin, 1, BUFFER_BYTES)];
          for (long at = begin; at < end; ) {
            int part = (int) Math.min(buffer.length, end - at);
            file.readFully(at, buffer, 0, part);
            out.write(buffer, 0, part);
            at += part;
          }
        });
  }
}
