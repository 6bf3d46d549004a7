package io.varve.http.cluster;

import io.varve.http.json.Json;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import io.varve.ingest.ship.Scrub;
import io.varve.ingest.ship.ScrubReport;
import io.varve.ingest.ship.ScrubStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells how the files of a shard's replica are, and proves them on request.
 *
 * <pre>
 * GET  /api/v1/cluster/shards/n/scrub                 200, a JSON object: how the background scrub stands
 * POST /api/v1/cluster/shards/n/verify?repair=true    200, a JSON object in each line: how many files were
 *                                                     read so far, at the end {"report": …}, or {"error": …}
 * </pre>
 */
public final class ScrubHandlers {
  private static final String LINES = "application/x-ndjson";
  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Supplier<@Nullable Scrub> scrub;

  private ScrubHandlers(Supplier<@Nullable Scrub> scrub) {
    this.scrub = scrub;
  }

  /**
   * The routes of a shard.
   *
   * @param scrub the shard's; null while there is none, which is answered 503
   */
  public static List<Route> routes(
      int shard, Supplier<@Nullable Scrub> scrub, ClusterSecret secret) {
    ScrubHandlers handlers = new ScrubHandlers(scrub);
    String root = "/api/v1/cluster/shards/" + shard;
    return List.of(
        Route.text(root + "/scrub", secret.guard(handlers::status), "GET"),
        Route.text(root + "/verify", secret.guard(handlers::verify), "POST"));
  }

  private @Nullable Scrub open(Response response) throws IOException {
    Scrub now = scrub.get();
    if (now == null) {
      response.text(503, "the shard's store is not open\n");
    }
    return now;
  }

  private void status(Request request, Response response) throws IOException {
    Scrub now = open(response);
    if (now == null) {
      return;
    }
    ScrubStatus status = now.status();
    ScrubReport last = status.lastPass();
    byte[] bytes =
        line(
            json -> {
              json.beginObject();
              json.key("filesRead").number(status.filesRead());
              json.key("bytesRead").number(status.bytesRead());
              json.key("damaged").number(status.damaged());
              json.key("repaired").number(status.repaired());
              json.key("failed").number(status.failed());
              json.key("differences").number(status.differences());
              json.key("reinstalls").number(status.reinstalls());
              json.key("passes").number(status.passes());
              json.key("lastPass");
              if (last == null) {
                json.nothing();
              } else {
                report(json, last);
              }
              json.endObject();
            });
    response.body(200, "application/json", out -> out.write(bytes));
  }

  private void verify(Request request, Response response) throws IOException {
    Scrub now = open(response);
    if (now == null) {
      return;
    }
    boolean repair = request.params().get("repair").equals("true");
    response.stream(200, LINES, stream -> verify(now, repair, stream));
  }

  /** Tells now and then how far it is, so that nobody takes the connection for a dead one. */
  private static void verify(Scrub scrub, boolean repair, Response.Stream stream)
      throws IOException {
    long[] toldAt = {System.nanoTime() - TELL_NANOS};
    long[] read = new long[1];
    boolean[] left = new boolean[1];
    byte[] end;
    try {
      ScrubReport report =
          scrub.verify(
              repair,
              path -> {
                read[0]++;
                if (System.nanoTime() - toldAt[0] >= TELL_NANOS) {
                  toldAt[0] = System.nanoTime();
                  left[0] |= !tell(stream, read[0]);
                }
                if (left[0]) {
                  Thread.currentThread().interrupt(); // the client went away
                }
              });
      end =
          line(
              json -> {
                json.beginObject().key("report");
                report(json, report);
                json.endObject();
              });
    } catch (IOException e) {
      end =
          line(
              json ->
                  json.beginObject()
                      .key("error")
                      .string(String.valueOf(e.getMessage()))
                      .endObject());
    }
    stream.send(end);
  }

  private static boolean tell(Response.Stream stream, long files) {
    try {
      stream.send(line(json -> json.beginObject().key("read").number(files).endObject()));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void report(Json json, ScrubReport report) throws IOException {
    json.beginObject();
    json.key("files").number(report.files());
    json.key("bytes").number(report.bytes());
    json.key("damaged").number(report.damaged());
    json.key("repaired").number(report.repaired());
    json.key("compared").number(report.compared());
    json.key("differences").number(report.differences());
    json.key("problems").strings(report.problems());
    json.endObject();
  }

  private interface Body {
    void write(Json json) throws IOException;
  }

  private static byte[] line(Body body) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Json json = new Json(out);
    body.write(json);
    json.finish();
    out.write('\n');
    return out.toByteArray();
  }
}
