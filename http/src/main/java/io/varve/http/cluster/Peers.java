package io.varve.http.cluster;

import io.varve.http.config.ClusterConfig;
import io.varve.http.notify.Tls;
import io.varve.ingest.cluster.Peer;
import io.varve.ingest.cluster.PeerBook;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The nodes of a cluster, and the client that they are asked with. Any thread. */
final class Peers implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(1);

  private final ClusterConfig config;
  private final PeerBook book;
  private final HttpClient client;

  /**
   * Makes the client.
   *
   * @throws IOException if certificates or keys cannot be read
   */
  Peers(ClusterConfig config, PeerBook book) throws IOException {
    this.config = config;
    this.book = book;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .executor(
                Executors.newThreadPerTaskExecutor(
                    Thread.ofVirtual().name("varve-peer-", 0).factory()));
    if (config.tls().isSet()) {
      builder.sslContext(Tls.ofCluster(config.tls())).sslParameters(Tls.ofCluster());
    }
    client = builder.build();
  }

  HttpClient client() {
    return client;
  }

  Peer self() {
    return config.self();
  }

  List<Peer> all() {
    return book.all();
  }

  List<Peer> others() {
    return book.others();
  }

  /** The node of this id, null if there is none. */
  @Nullable Peer of(String id) {
    return book.of(id);
  }

  int count() {
    return book.all().size();
  }

  /** A path, with all before it and the query behind it, at a node. */
  URI at(Peer peer, String path) {
    return URI.create((config.tls().isSet() ? "https://" : "http://") + peer.http() + path);
  }

  /** Breaks off what is on its way. */
  @Override
  public void close() {
    client.shutdownNow();
  }
}
