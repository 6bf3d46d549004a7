package io.varve.http.notify;

import io.varve.http.config.AlertingConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** How Alertmanagers are reached: trusted certificates, and what a request says who it is from. */
final class Access {
  private Access() {}

  /**
   * A client that is closed by whoever asked for it.
   *
   * @throws IOException if the trusted certificates cannot be read
   */
  static HttpClient client(AlertingConfig config) throws IOException {
    HttpClient.Builder client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofMillis(config.timeoutMillis()));
    if (!config.caFile().isEmpty()) {
      client.sslContext(trusting(Path.of(config.caFile())));
    }
    return client.build();
  }

  private static SSLContext trusting(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int n = 0;
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca-" + n++, one);
      }
      if (n == 0) {
        throw new IOException(file + " has no certificate");
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(file + " cannot be read as certificates: " + e.getMessage(), e);
    }
  }

  /**
   * The header {@code Authorization}, "" for none.
   *
   * @throws IOException if the file with the secret cannot be read
   */
  static String authorization(AlertingConfig config) throws IOException {
    if (!config.bearerTokenFile().isEmpty()) {
      return "Bearer " + Files.readString(Path.of(config.bearerTokenFile())).strip();
    }
    if (!config.userName().isEmpty()) {
      String pair =
          config.userName() + ':' + Files.readString(Path.of(config.passwordFile())).strip();
      return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
    return "";
  }
}
