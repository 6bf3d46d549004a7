package io.varve.http.notify;

import io.varve.http.config.AlertmanagersConfig;
import io.varve.http.config.ClientConfig;
import io.varve.http.config.TlsConfig;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;

/** How Alertmanagers are reached: by what client, and what a request says who it is from. */
final class Access {
  private Access() {}

  /**
   * A client that is closed by whoever asked for it.
   *
   * @throws IOException if certificates or keys cannot be read
   */
  static HttpClient client(AlertmanagersConfig config) throws IOException {
    ClientConfig told = config.client();
    HttpClient.Builder client =
        HttpClient.newBuilder()
            .version(
                told.http2() && config.scheme().equals("https")
                    ? HttpClient.Version.HTTP_2
                    : HttpClient.Version.HTTP_1_1)
            .followRedirects(
                told.followRedirects() ? HttpClient.Redirect.NORMAL : HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofMillis(config.timeoutMillis()));
    if (!told.tls().equals(TlsConfig.DEFAULT)) {
      client.sslContext(Tls.context(told.tls())).sslParameters(Tls.parameters(told.tls()));
    }
    return client.build();
  }

  /**
   * The header {@code Authorization}, "" for none.
   *
   * @throws IOException if a file with a secret cannot be read
   */
  static String authorization(ClientConfig config) throws IOException {
    if (!config.credentials().isNone()) {
      return config.scheme() + " " + config.credentials().text().strip();
    }
    if (!config.userName().isNone()) {
      String pair = config.userName().text().strip() + ':' + config.password().text().strip();
      return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }
    return "";
  }
}
