package io.varve.http.cluster;

import io.varve.engine.EngineStats;
import io.varve.http.api.ApiErrors;
import io.varve.http.config.ServerConfig;
import io.varve.http.net.Availability;
import io.varve.http.net.Handler;
import io.varve.http.net.HttpListener;
import io.varve.http.net.Origins;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.PeerBook;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A real port of a node of a cluster, in front of handlers that note what comes, and say who they
 * are.
 */
final class FakeNode implements AutoCloseable {
  private static final String FORM = "application/x-www-form-urlencoded";

  final FakeView view;
  final Cluster cluster;
  final CountingMeter meter = new CountingMeter();
  final List<String> taken = new CopyOnWriteArrayList<>();
  volatile Handler write = this::write;
  volatile Handler query = this::query;
  volatile Handler change = this::change;
  volatile Availability availability = Availability.READY;
  volatile boolean open = true;
  volatile boolean joined = true;
  private final HttpListener listener;

  FakeNode(ServerConfig config, EngineStats stats) throws IOException {
    view = new FakeView(config.cluster().node(), config.cluster().peers());
    Supplier<@Nullable ClusterView> joinedView = () -> joined ? view : null;
    cluster =
        new Cluster(
            config,
            PeerBook.of(config.cluster().node(), config.cluster().peers()),
            "1.2.3",
            joinedView,
            () -> availability,
            () -> open,
            () -> stats,
            meter);
    List<Route> routes =
        new java.util.ArrayList<>(
            List.of(
                Route.text("/api/v1/write", (q, r) -> write.handle(q, r), "POST")
                    .withNeedsStore(true)
                    .withBody(1 << 20),
                Route.api("/api/v1/query", (q, r) -> query.handle(q, r), "GET", "POST")
                    .withQuick()
                    .withBody(1 << 20),
                Route.api("/api/v1/admin/deletes", (q, r) -> change.handle(q, r), "GET", "POST")
                    .withBody(1 << 20),
                Route.api("/api/v1/rules", (q, r) -> query.handle(q, r), "GET"),
                Route.api("/api/v1/status/tsdb", (q, r) -> query.handle(q, r), "GET")));
    routes.addAll(cluster.routes(true));
    listener =
        new HttpListener(
            config.listen().host(),
            config.listen().port(),
            new HttpListener.Limits(1 << 24, 60_000, 10_000, Origins.ALL, ""),
            cluster.around(routes, Map.of()),
            () -> availability,
            new ApiErrors(),
            (route, status, nanos, received, sent) -> {});
    cluster.listen(listener);
  }

  private void write(Request request, Response response) throws IOException {
    taken.add(
        request.method()
            + " "
            + request.path()
            + (request.query().isEmpty() ? "" : "?" + request.query())
            + " "
            + request.header("Content-Encoding")
            + " "
            + request.header("X-Scope-OrgID")
            + " "
            + HexFormat.of().formatHex(request.body(), 0, request.bodyLength()));
    response.header("X-Prometheus-Remote-Write-Samples-Written", "3").empty(204);
  }

  private void query(Request request, Response response) throws IOException {
    String asked = request.params().get("query");
    taken.add("query " + asked);
    List<String> warnings = response.warnings();
    response.body(
        200,
        "application/json",
        out ->
            out.write(
                ("{\"by\":\"" + view.self() + "\",\"warnings\":" + warnings + "}")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  private void change(Request request, Response response) throws IOException {
    boolean hasForm = FORM.equals(request.header("Content-Type"));
    taken.add(request.method() + " " + (hasForm ? request.params().get("match[]") : ""));
    response.text(200, view.self());
  }

  @Override
  public void close() {
    cluster.close();
    listener.close();
  }
}
