package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.http.Certificates;
import io.varve.http.config.ClusterConfig;
import io.varve.http.notify.Tls;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes with certificates let each other in, and nobody else. */
final class ClusterTlsTest {
  @TempDir private Path folder;

  private static HttpClient client(ClusterConfig.Tls tls) throws IOException {
    return HttpClient.newBuilder().sslContext(Tls.ofCluster(tls)).build();
  }

  private static HttpRequest hop(URI to) {
    return HttpRequest.newBuilder(to)
        .header("Varve-Hop", "x")
        .header("Authorization", "Bearer test")
        .build();
  }

  @Test
  void nodesProveThemselvesByCertificates() throws Exception {
    ClusterConfig.Tls ours = Certificates.make(folder, "ours");
    ClusterConfig.Tls other = Certificates.make(folder, "other");
    String settings = Certificates.settings(ours);
    try (FakeCluster cluster = new FakeCluster(settings, folder)) {
      cluster.lead("b");
      cluster.settle(); // they hear of each other
      HttpResponse<String> written = cluster.write("a", new byte[] {1, 2});
      assertThat(written.statusCode()).as(written.body()).isEqualTo(204);
      assertThat(written.headers().firstValue("Varve-Node")).hasValue("b");
      cluster.node("a").view.lagMillis = 60_000;
      assertThat(cluster.get("a", "/api/v1/query?query=up").body()).contains("\"by\":\"b\"");

      String path = "/api/v1/query?query=up";
      URI secured =
          cluster.node("a").cluster.peers().at(cluster.node("b").view.peers().get(1), path);
      assertThat(secured.getScheme()).isEqualTo("https");
      try (HttpClient known = client(ours)) {
        assertThat(known.send(hop(secured), HttpResponse.BodyHandlers.ofString()).statusCode())
            .isEqualTo(200);
      }
      // Whoever has another certificate, or none, or comes by the port for clients, is no node.
      ClusterConfig.Tls stranger =
          new ClusterConfig.Tls(other.certificate(), other.key(), ours.authorities());
      try (HttpClient unknown = client(stranger)) {
        assertThatThrownBy(() -> unknown.send(hop(secured), HttpResponse.BodyHandlers.ofString()))
            .isInstanceOf(IOException.class);
      }
      HttpRequest plain = hop(cluster.to("b", path).build().uri());
      assertThat(cluster.client.send(plain, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(401);
      assertThat(cluster.get("b", path).statusCode()).isEqualTo(200);
    }
  }
}
