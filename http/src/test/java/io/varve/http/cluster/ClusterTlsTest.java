package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.http.config.ClusterConfig;
import io.varve.http.notify.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes with certificates let each other in, and nobody else. */
final class ClusterTlsTest {
  private static final char[] PASSWORD = "password".toCharArray();

  @TempDir private Path folder;

  private static void keytool(String... arguments) throws Exception {
    List<String> all = new ArrayList<>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    all.addAll(List.of(arguments));
    Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private Path pem(String name, String kind, byte[] bytes) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
  }

  /** A certificate that stands for itself, as files. */
  private ClusterConfig.Tls certificate(String name) throws Exception {
    Path store = folder.resolve(name + ".p12");
    keytool(
        "-genkeypair",
        "-keystore",
        store.toString(),
        "-storepass",
        "password",
        "-alias",
        "a",
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + name,
        "-ext",
        "san=ip:127.0.0.1");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    Path certificate = pem(name + ".pem", "CERTIFICATE", keys.getCertificate("a").getEncoded());
    Path key = pem(name + ".key", "PRIVATE KEY", keys.getKey("a", PASSWORD).getEncoded());
    return new ClusterConfig.Tls(certificate.toString(), key.toString(), certificate.toString());
  }

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
    ClusterConfig.Tls ours = certificate("ours");
    ClusterConfig.Tls other = certificate("other");
    String settings =
        "  tls: {cert_file: '"
            + ours.certificate()
            + "', key_file: '"
            + ours.key()
            + "', ca_file: '"
            + ours.authorities()
            + "'}\n";
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
