package io.varve.http.cluster;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.EngineStats;
import io.varve.http.config.ServerConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/** Nodes a, b and c: real ports, made-up views of the cluster. */
final class FakeCluster implements AutoCloseable {
  private static final List<String> IDS = List.of("a", "b", "c");

  final HttpClient client = HttpClient.newHttpClient();
  private final Map<String, FakeNode> nodes = new HashMap<>();
  private final int[] ports = new int[3 * IDS.size()];
  private final String settings;
  private final EngineStats stats;

  /**
   * All nodes run, and none leads.
   *
   * @param settings lines of the section {@code cluster}
   * @param folder for a store of which the nodes show the figures
   */
  FakeCluster(String settings, Path folder) throws IOException {
    this.settings = settings;
    try (Engine engine = Engine.open(EngineConfig.defaults(folder.resolve("figures")))) {
      stats = engine.stats();
    }
    ServerSocket[] sockets = new ServerSocket[ports.length];
    for (int i = 0; i < ports.length; i++) {
      sockets[i] = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      ports[i] = sockets[i].getLocalPort();
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    for (String id : IDS) {
      start(id);
    }
  }

  private int http(String id) {
    return ports[IDS.indexOf(id)];
  }

  /** Where nodes ask each other: in TLS that is another port. */
  private int between(String id) {
    return settings.contains("tls:") ? ports[2 * IDS.size() + IDS.indexOf(id)] : http(id);
  }

  void start(String id) throws IOException {
    start(id, "name: test");
  }

  void start(String id, String more) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("listen: 127.0.0.1:").append(http(id)).append("\ncluster:\n");
    text.append("  node: ").append(id).append("\n  ").append(more).append('\n').append(settings);
    text.append("  peers:\n");
    for (String peer : IDS) {
      text.append(
          String.format(
              "  - {id: %s, http: '127.0.0.1:%d', raft: '127.0.0.1:%d'}%n",
              peer, between(peer), ports[IDS.size() + IDS.indexOf(peer)]));
    }
    nodes.put(id, new FakeNode(ServerConfig.parse(id, text.toString()), stats));
  }

  void stop(String id) {
    FakeNode node = nodes.remove(id);
    if (node != null) {
      node.close();
    }
  }

  FakeNode node(String id) {
    return Objects.requireNonNull(nodes.get(id));
  }

  /** All nodes that run know that one leads; "" for none. */
  void lead(String id) {
    nodes.values().forEach(node -> node.view.leader = id.isEmpty() ? null : id);
  }

  /** Waits until all that run have heard of each other as they are now. */
  void settle() {
    long begin = System.nanoTime();
    await(
        () ->
            nodes.values().stream()
                .flatMap(node -> node.cluster.watch().others().stream())
                .filter(known -> nodes.containsKey(known.peer().id()))
                .allMatch(known -> known.problem().isEmpty() && known.nanos() - begin > 0));
  }

  static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it does not come to be");
      }
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  HttpRequest.Builder to(String id, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http(id) + path))
        .timeout(Duration.ofSeconds(20));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String id, String path) throws Exception {
    return send(to(id, path));
  }

  HttpResponse<String> write(String id, byte[] body) throws Exception {
    return send(
        to(id, "/api/v1/write")
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Scope-OrgID", "me")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  @Override
  public void close() {
    IDS.forEach(this::stop);
    client.close();
  }
}
