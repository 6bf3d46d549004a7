package io.varve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.http.config.ClusterConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Certificates of nodes, made by the JDK's keytool. */
public final class Certificates {
  private static final char[] PASSWORD = "password".toCharArray();

  private Certificates() {}

  /** One that stands for itself, for 127.0.0.1, as files in a folder. */
  public static ClusterConfig.Tls make(Path folder, String name) throws Exception {
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
    Path certificate =
        pem(folder, name + ".pem", "CERTIFICATE", keys.getCertificate("a").getEncoded());
    Path key = pem(folder, name + ".key", "PRIVATE KEY", keys.getKey("a", PASSWORD).getEncoded());
    return new ClusterConfig.Tls(certificate.toString(), key.toString(), certificate.toString());
  }

  /** The lines of a cluster's section that use it. */
  public static String settings(ClusterConfig.Tls tls) {
    return "  tls: {cert_file: '%s', key_file: '%s', ca_file: '%s'}\n"
        .formatted(tls.certificate(), tls.key(), tls.authorities());
  }

  private static void keytool(String... arguments) throws Exception {
    List<String> all = new ArrayList<>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    all.addAll(List.of(arguments));
    Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static Path pem(Path folder, String name, String kind, byte[] bytes) throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
  }
}
