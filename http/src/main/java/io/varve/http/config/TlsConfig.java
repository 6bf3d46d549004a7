package io.varve.http.config;

import java.nio.file.Path;
import java.util.List;

/**
 * How a client and its server prove who they are. Texts are PEM.
 *
 * @param authorities certificates that servers are checked against; none for those of the Java
 *     runtime
 * @param certificate of the client, with the chain behind it; none for none
 * @param key of the client's certificate
 * @param serverName what the server's certificate must be for; "" for the host of the URL
 * @param insecure whether nothing is checked of servers
 * @param oldest version of TLS that is taken, 10 to 13
 * @param newest version of TLS that is taken, 10 to 13
 */
public record TlsConfig(
    Secret authorities,
    Secret certificate,
    Secret key,
    String serverName,
    boolean insecure,
    int oldest,
    int newest) {
  private static final List<String> VERSIONS = List.of("TLS10", "TLS11", "TLS12", "TLS13");
  private static final int FIRST = 10;
  private static final int DEFAULT_OLDEST = 12;
  private static final int LAST = 13;

  /** What holds when nothing is said. */
  public static final TlsConfig DEFAULT =
      new TlsConfig(Secret.NONE, Secret.NONE, Secret.NONE, "", false, DEFAULT_OLDEST, LAST);

  static TlsConfig read(Settings in) {
    TlsConfig tls =
        new TlsConfig(
            Secret.read(in, "ca"),
            Secret.read(in, "cert"),
            Secret.read(in, "key"),
            in.anyText("server_name", ""),
            in.flag("insecure_skip_verify", false),
            in.value("min_version", DEFAULT_OLDEST, TlsConfig::version),
            in.value("max_version", LAST, TlsConfig::version));
    in.done();
    if (tls.certificate.isNone() != tls.key.isNone()) {
      throw in.wrong("a certificate (cert, cert_file) and its key (key, key_file) go together");
    }
    if (tls.oldest > tls.newest) {
      throw in.wrong("max_version", "is less than min_version");
    }
    return tls;
  }

  private static int version(String text) {
    int at = VERSIONS.indexOf(text);
    if (at < 0) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not one of " + String.join(", ", VERSIONS));
    }
    return FIRST + at;
  }

  TlsConfig from(Path folder) {
    return new TlsConfig(
        authorities.from(folder),
        certificate.from(folder),
        key.from(folder),
        serverName,
        insecure,
        oldest,
        newest);
  }

  String text() {
    FlowText text = new FlowText();
    authorities.write(text, "ca");
    certificate.write(text, "cert");
    key.write(text, "key");
    return text.text("server_name", serverName, "")
        .flag("insecure_skip_verify", insecure, false)
        .put("min_version", oldest == DEFAULT_OLDEST ? "" : VERSIONS.get(oldest - FIRST))
        .put("max_version", newest == LAST ? "" : VERSIONS.get(newest - FIRST))
        .toString();
  }
}
