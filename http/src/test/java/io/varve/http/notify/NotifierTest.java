package io.varve.http.notify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.varve.engine.model.Labels;
import io.varve.http.config.AlertingConfig;
import io.varve.http.config.ServerConfig;
import io.varve.retention.rules.Notification;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class NotifierTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AlertmanagerQueue.Pause SHORT = new AlertmanagerQueue.Pause(5, 50);

  @TempDir private Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();

  /** Somebody who takes alerts, or does not. */
  private final class Receiver implements AutoCloseable {
    final List<JsonNode> requests = new CopyOnWriteArrayList<>();
    final List<String> authorizations = new CopyOnWriteArrayList<>();
    volatile int status = 200;
    volatile CountDownLatch gate = new CountDownLatch(0);
    private final HttpServer server;

    Receiver() throws IOException {
      this(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    }

    Receiver(HttpServer server) {
      this.server = server;
      server.createContext(
          "/prefix/api/v2/alerts",
          exchange -> {
            JsonNode alerts = JSON.readTree(exchange.getRequestBody());
            authorizations.add(
                String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            int answer = status;
            try {
              if (!gate.await(20, TimeUnit.SECONDS)) {
                answer = 599;
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            requests.add(alerts);
            exchange.sendResponseHeaders(answer, -1);
            exchange.close();
          });
      server.start();
      open.add(this);
    }

    String url() {
      String scheme = server instanceof HttpsServer ? "https" : "http";
      return scheme + "://127.0.0.1:" + server.getAddress().getPort() + "/prefix";
    }

    List<String> names() {
      List<String> names = new ArrayList<>();
      for (JsonNode request : requests) {
        request.forEach(
            alert ->
                names.add(
                    alert.at("/labels/alertname").asText() + alert.at("/annotations/n").asText()));
      }
      return names;
    }

    @Override
    public void close() {
      gate.countDown();
      server.stop(0);
    }
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  private static AlertingConfig config(int capacity, List<String> drop, String... urls) {
    return AlertingConfig.of(List.of(urls), drop, capacity);
  }

  private Notifier notifier(AlertingConfig config, String... externalLabels) throws IOException {
    Notifier notifier =
        new Notifier(
            config, Labels.of(externalLabels), () -> "http://v", (url, nanos) -> {}, SHORT);
    open.add(notifier);
    return notifier;
  }

  private static Notification alert(String name, String annotation, String... labels) {
    Labels.Builder all = new Labels.Builder(Labels.of(labels)).set("alertname", name);
    TreeMap<String, String> annotations = new TreeMap<>();
    annotations.put("n", annotation);
    return new Notification(
        "",
        all.build(),
        annotations,
        1_700_000_000_000L,
        1_700_000_240_500L,
        false,
        "a{b=\"~*\"} > 1");
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("out of patience").isLessThan(until);
      Thread.sleep(5);
    }
  }

  private static AlertmanagerStatus only(Notifier notifier) {
    assertThat(notifier.alertmanagers()).hasSize(1);
    return notifier.alertmanagers().getFirst();
  }

  @Test
  void everyAlertmanagerIsToldWithExternalLabelsAndWithoutThoseOfReplicas() throws Exception {
    Receiver a = new Receiver();
    Receiver b = new Receiver();
    Notifier notifier =
        notifier(
            config(10, List.of("replica", "gone"), a.url(), b.url() + "/"),
            "cluster",
            "c",
            "replica",
            "r1",
            "zone",
            "z");
    notifier.send(List.of(alert("A", "1", "zone", "own", "gone", "x")));
    for (Receiver receiver : List.of(a, b)) {
      await(() -> receiver.requests.size() == 1);
      assertThat(receiver.requests.getFirst().toString())
          .isEqualTo(
              "[{\"labels\":{\"alertname\":\"A\",\"cluster\":\"c\",\"zone\":\"own\"},"
                  + "\"annotations\":{\"n\":\"1\"},\"startsAt\":\"2023-11-14T22:13:20Z\","
                  + "\"endsAt\":\"2023-11-14T22:17:20.500Z\",\"generatorURL\":"
                  + "\"http://v/graph?g0.expr=a%7Bb%3D%22~%2A%22%7D+%3E+1&g0.tab=1\"}]");
    }
    assertThat(notifier.alertmanagers().stream().map(AlertmanagerStatus::url))
        .containsExactly(a.url() + "/api/v2/alerts", b.url() + "/api/v2/alerts");
  }

  @Test
  void manyAlertsGoInBatches() throws Exception {
    Receiver receiver = new Receiver();
    Notifier notifier = notifier(config(1_000, List.of(), receiver.url()));
    List<Notification> alerts = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      alerts.add(alert("A" + i, ""));
      names.add("A" + i);
    }
    notifier.send(alerts);
    await(() -> only(notifier).sent() == 150);
    assertThat(receiver.requests.stream().map(JsonNode::size)).containsExactly(64, 64, 22);
    assertThat(receiver.names()).isEqualTo(names);
  }

  @Test
  void whatIsNotTakenIsSentAgainInItsNewestState() throws Exception {
    Receiver receiver = new Receiver();
    receiver.status = 503;
    Notifier notifier = notifier(config(10, List.of(), receiver.url()));
    notifier.send(List.of(alert("A", "old"), alert("B", "")));
    await(() -> receiver.requests.size() >= 3);
    notifier.send(List.of(alert("C", ""), alert("A", "new")));
    await(() -> receiver.names().contains("C"));
    AlertmanagerStatus status = only(notifier);
    assertThat(status.failed()).isGreaterThanOrEqualTo(6);
    assertThat(status.sent()).isZero();
    receiver.requests.clear();
    receiver.status = 200;
    await(() -> only(notifier).sent() == 3);
    assertThat(only(notifier).waiting()).isZero();
    assertThat(only(notifier).dropped()).isZero();
    List<String> names = receiver.names();
    assertThat(names.subList(names.size() - 3, names.size())).containsExactly("Anew", "B", "C");
  }

  @Test
  void whoDoesNotAnswerIsAskedAgain() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      AlertingConfig slow =
          parsed(
              """
              - timeout: 100ms
                static_configs: [{targets: ["127.0.0.1:%d"]}]
              """
                  .formatted(socket.getLocalPort()));
      Notifier notifier = notifier(slow);
      notifier.send(List.of(alert("A", "")));
      try (Socket first = socket.accept()) {
        // Headers, and then nothing of the body.
        first
            .getOutputStream()
            .write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        await(() -> only(notifier).failed() == 1);
      }
      try (Socket second = socket.accept()) {
        second
            .getOutputStream()
            .write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        await(() -> only(notifier).sent() == 1);
      }
    }
  }

  @Test
  void whatCanNeverBeTakenIsGivenUp() throws Exception {
    Receiver receiver = new Receiver();
    receiver.status = 400;
    Notifier notifier = notifier(config(10, List.of(), receiver.url()));
    notifier.send(List.of(alert("A", "")));
    await(() -> only(notifier).dropped() == 1);
    receiver.status = 200;
    notifier.send(List.of(alert("B", "")));
    await(() -> only(notifier).sent() == 1);
    assertThat(receiver.names()).containsExactly("A", "B");
  }

  @Test
  void theOldestAreGivenUpWhenTooManyWait() throws Exception {
    Receiver receiver = new Receiver();
    receiver.gate = new CountDownLatch(1);
    Notifier notifier = notifier(config(3, List.of(), receiver.url()));
    notifier.send(List.of(alert("first", "")));
    await(() -> !receiver.authorizations.isEmpty());
    for (int i = 0; i < 5; i++) {
      notifier.send(List.of(alert("A" + i, "")));
    }
    assertThat(only(notifier).dropped()).isEqualTo(2);
    assertThat(only(notifier).waiting()).isEqualTo(3);
    receiver.gate.countDown();
    await(() -> only(notifier).sent() == 4);
    assertThat(receiver.names()).containsExactly("first", "A2", "A3", "A4");
  }

  @Test
  void whatWaitsIsSentAtTheEnd() throws Exception {
    Receiver receiver = new Receiver();
    receiver.gate = new CountDownLatch(1);
    Notifier notifier = notifier(config(1_000, List.of(), receiver.url()));
    List<Notification> alerts = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      alerts.add(alert("A" + i, ""));
    }
    notifier.send(alerts);
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                Thread.sleep(100);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              receiver.gate.countDown();
            });
    notifier.close();
    assertThat(receiver.names()).hasSize(200);
    // An end does not wait for somebody who is not there.
    Receiver gone = new Receiver();
    gone.close();
    Notifier other = notifier(config(10, List.of(), gone.url()));
    other.send(List.of(alert("A", "")));
    long begin = System.nanoTime();
    other.close();
    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(6));
    assertThat(only(other).dropped()).isEqualTo(1);
  }

  @Test
  void othersAreToldAfterAReloadAndWhoStaysMissesNothing() throws Exception {
    Receiver stays = new Receiver();
    Receiver comes = new Receiver();
    stays.status = 500;
    Notifier notifier = notifier(config(10, List.of(), stays.url()));
    notifier.send(List.of(alert("A", "")));
    await(() -> stays.requests.size() > 2);
    Runnable change =
        notifier.prepare(config(20, List.of(), comes.url(), stays.url()), Labels.EMPTY);
    assertThat(notifier.alertmanagers()).hasSize(1);
    change.run();
    stays.status = 200;
    await(() -> notifier.alertmanagers().get(1).sent() == 1);
    notifier.send(List.of(alert("B", "")));
    await(() -> comes.names().equals(List.of("B")));
    notifier.prepare(config(20, List.of()), Labels.EMPTY).run();
    assertThat(notifier.alertmanagers()).isEmpty();
    notifier.send(List.of(alert("C", "")));
  }

  /** Of one receiver, with more settings of its entry. */
  private static AlertingConfig reached(Receiver receiver, String more) {
    URI url = URI.create(receiver.url());
    return parsed(
        """
        - scheme: %s
          path_prefix: %s
          static_configs: [{targets: ["%s"]}]
        """
                .formatted(url.getScheme(), url.getPath(), url.getAuthority())
            + more.indent(2));
  }

  /** With a list of Alertmanagers as a configuration has it. */
  private static AlertingConfig parsed(String alertmanagers) {
    return ServerConfig.parse("c", "alerting:\n  alertmanagers:\n" + alertmanagers.indent(4))
        .alerting();
  }

  private void change(Notifier notifier, AlertingConfig next) throws IOException {
    notifier.prepare(next, Labels.EMPTY).run();
  }

  @Test
  void whoAsksForAPasswordOrATokenGetsIt() throws Exception {
    Receiver receiver = new Receiver();
    Path secret = Files.writeString(folder.resolve("secret"), "s3cret\n");
    Notifier notifier =
        notifier(
            reached(receiver, "basic_auth: {username: user, password_file: '" + secret + "'}"));
    notifier.send(List.of(alert("A", "")));
    await(() -> only(notifier).sent() == 1);
    String pair =
        Base64.getEncoder().encodeToString("user:s3cret".getBytes(StandardCharsets.UTF_8));
    assertThat(receiver.authorizations).containsExactly("Basic " + pair);
    change(notifier, reached(receiver, "authorization: {credentials_file: '" + secret + "'}"));
    Files.delete(secret); // it is read for each request
    notifier.send(List.of(alert("B", "")));
    await(() -> only(notifier).failed() > 0);
    Files.writeString(secret, "token");
    await(() -> only(notifier).sent() == 1);
    assertThat(receiver.authorizations).endsWith("Bearer token");
    change(notifier, reached(receiver, "authorization: {type: Token, credentials: abc}"));
    notifier.send(List.of(alert("C", "")));
    await(() -> only(notifier).sent() == 1);
    assertThat(receiver.authorizations).endsWith("Token abc");
    change(notifier, reached(receiver, "bearer_token: old"));
    notifier.send(List.of(alert("D", "")));
    await(() -> only(notifier).sent() == 1);
    assertThat(receiver.authorizations).endsWith("Bearer old");
  }

  @Test
  void certificatesAreCheckedAgainstTheGivenOnes() throws Exception {
    Path store = folder.resolve("store.p12");
    Path certificate = folder.resolve("ca.pem");
    keytool("-genkeypair", store, "-keyalg", "EC", "-dname", "CN=a", "-ext", "san=ip:127.0.0.1");
    keytool("-exportcert", store, "-rfc", "-file", certificate.toString());
    Receiver receiver = new Receiver(https(context(store), false));
    Notifier notifier = notifier(reached(receiver, ""));
    notifier.send(List.of(alert("A", "")));
    await(() -> only(notifier).failed() > 0);
    assertThat(receiver.requests).isEmpty();
    String trust = "ca_file: '" + certificate + "'";
    change(notifier, reached(receiver, "tls_config: {" + trust + "}"));
    await(() -> only(notifier).sent() == 1);
    AlertingConfig wrong = reached(receiver, "tls_config: {ca_file: '" + store + "'}");
    assertThatThrownBy(() -> notifier.prepare(wrong, Labels.EMPTY))
        .isInstanceOf(IOException.class)
        .hasMessage(store + " is not UTF-8 text");

    // A certificate for another name than the URL's is one, too, if that name is asked for.
    change(notifier, reached(receiver, "tls_config: {" + trust + ", server_name: b.example}"));
    notifier.send(List.of(alert("B", "")));
    await(() -> only(notifier).failed() > 0);
    change(notifier, reached(receiver, "tls_config: {" + trust + ", server_name: 127.0.0.1}"));
    await(() -> only(notifier).sent() == 1);
    change(notifier, reached(receiver, "tls_config: {insecure_skip_verify: true}"));
    notifier.send(List.of(alert("C", "")));
    await(() -> only(notifier).sent() == 1);
    assertThat(receiver.names()).containsExactly("A", "B", "C");
  }

  @Test
  void aServerMayAskForACertificateOfTheClient() throws Exception {
    Path store = folder.resolve("store.p12");
    keytool("-genkeypair", store, "-keyalg", "RSA", "-dname", "CN=a", "-ext", "san=dns:a.example");
    KeyStore keys = load(store);
    PrivateKey key = (PrivateKey) keys.getKey("a", "password".toCharArray());
    Path keyFile = pem("key.pem", "PRIVATE KEY", key.getEncoded());
    Path certificate = pem("certificate.pem", "CERTIFICATE", keys.getCertificate("a").getEncoded());
    Receiver receiver = new Receiver(https(context(store), true));
    String trust = "ca_file: '" + certificate + "', server_name: a.example";
    Notifier notifier = notifier(reached(receiver, "tls_config: {" + trust + "}"));
    notifier.send(List.of(alert("A", "")));
    await(() -> only(notifier).failed() > 0);
    String identity = ", cert_file: '" + certificate + "', key_file: '" + keyFile + "'";
    change(notifier, reached(receiver, "tls_config: {" + trust + identity + "}"));
    await(() -> only(notifier).sent() == 1);
    assertThat(receiver.names()).containsExactly("A");
    AlertingConfig wrong =
        reached(receiver, "tls_config: {" + trust + identity.replace("key.pem", "x.pem") + "}");
    assertThatThrownBy(() -> notifier.prepare(wrong, Labels.EMPTY))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("x.pem");
    assertThat(Notifier.problems(wrong)).singleElement().asString().contains("x.pem");
  }

  private Path pem(String name, String kind, byte[] der) throws IOException {
    String text = Base64.getMimeEncoder().encodeToString(der);
    return Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
  }

  private static KeyStore load(Path file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, "password".toCharArray());
    }
    return store;
  }

  private static HttpsServer https(SSLContext context, boolean asks) throws IOException {
    HttpsServer https =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    https.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters own = getSSLContext().getDefaultSSLParameters();
            own.setNeedClientAuth(asks);
            parameters.setSSLParameters(own);
          }
        });
    return https;
  }

  @Test
  void alertsAreRelabelledForAllAndForSome() throws Exception {
    Receiver all = new Receiver();
    Receiver some = new Receiver();
    String entry =
        """
            - path_prefix: prefix/
              static_configs: [{targets: ["%s"]}]
        """;
    AlertingConfig config =
        ServerConfig.parse(
                "c",
                """
                alerting:
                  drop_labels: [replica]
                  alert_relabel_configs:
                    - {source_labels: [team], regex: nobody, action: drop}
                    - {source_labels: [cluster, replica], separator: /, target_label: where}
                  alertmanagers:
                """
                    + entry.formatted(URI.create(all.url()).getAuthority())
                    + entry.formatted(URI.create(some.url()).getAuthority())
                    + """
                          alert_relabel_configs:
                            - {source_labels: [team], regex: a, action: keep}
                            - {regex: where, action: labeldrop}
                    """)
            .alerting();
    Notifier notifier = notifier(config, "cluster", "c", "replica", "r");
    notifier.send(
        List.of(
            alert("A", "", "team", "a"),
            alert("B", "", "team", "b"),
            alert("C", "", "team", "nobody")));
    await(() -> all.names().size() == 2 && some.names().size() == 1);
    notifier.send(List.of(alert("C", "", "team", "nobody"))); // nothing is sent
    notifier.send(List.of(alert("D", "", "team", "a")));
    await(() -> some.names().size() == 2);
    assertThat(all.names()).startsWith("A", "B").doesNotContain("C");
    assertThat(all.requests.getFirst().get(0).get("labels").toString())
        .isEqualTo("{\"alertname\":\"A\",\"cluster\":\"c\",\"team\":\"a\",\"where\":\"c/r\"}");
    assertThat(some.names()).containsExactly("A", "D");
    assertThat(some.requests.getFirst().get(0).get("labels").toString())
        .isEqualTo("{\"alertname\":\"A\",\"cluster\":\"c\",\"team\":\"a\"}");

    // Other external labels count for the next alert.
    notifier.prepare(config, Labels.of("cluster", "d", "replica", "s")).run();
    notifier.send(List.of(alert("E", "", "team", "b")));
    await(() -> all.names().contains("E"));
    assertThat(all.requests.getLast().findValue("where").asText()).isEqualTo("d/s");
  }

  @Test
  void alertsSayOfWhichTenantTheyAre() throws Exception {
    Receiver receiver = new Receiver();
    AlertingConfig config =
        ServerConfig.parse(
                "c",
                "alerting: {tenant_label: org, alertmanagers: ['%s']}".formatted(receiver.url()))
            .alerting();
    Notifier notifier = notifier(config);
    Notification mine = alert("A", "");
    notifier.send(
        List.of(
            mine,
            ofTenant("acme", alert("B", "")),
            ofTenant("acme", alert("C", "", "org", "own"))));
    await(() -> only(notifier).sent() == 3);
    assertThat(receiver.requests.getFirst().findValues("labels").toString())
        .isEqualTo(
            "[{\"alertname\":\"A\"}, {\"alertname\":\"B\",\"org\":\"acme\"},"
                + " {\"alertname\":\"C\",\"org\":\"own\"}]");
  }

  private static Notification ofTenant(String tenant, Notification alert) {
    return new Notification(
        tenant,
        alert.labels(),
        alert.annotations(),
        alert.startsMillis(),
        alert.endsMillis(),
        alert.resolved(),
        alert.expression());
  }

  @Test
  void filesNameAlertmanagersThatComeAndGo() throws Exception {
    Receiver first = new Receiver();
    Receiver second = new Receiver();
    Path file = folder.resolve("am.json");
    String one = "[\n\t{\n\t\t\"targets\": [\"" + URI.create(first.url()).getAuthority() + "\"]}]";
    Files.writeString(file, one);
    Notifier notifier =
        notifier(
            parsed(
                """
                - path_prefix: /prefix
                  file_sd_configs:
                    - {files: ['%s/*.json', '%s/more.yml'], refresh_interval: 20ms}
                  relabel_configs:
                    - {source_labels: [use], regex: "no", action: drop}
                """
                    .formatted(folder, folder)));
    notifier.send(List.of(alert("A", "")));
    await(() -> first.names().contains("A"));
    Files.writeString(
        folder.resolve("more.yml"),
        "- targets: ['%s']\n- {targets: ['h:1'], labels: {use: 'no'}}\n"
            .formatted(URI.create(second.url()).getAuthority()));
    await(() -> notifier.alertmanagers().size() == 2);
    assertThat(notifier.droppedAlertmanagers()).containsExactly("http://h:1/prefix/api/v2/alerts");
    notifier.send(List.of(alert("B", "")));
    await(() -> first.names().contains("B") && second.names().contains("B"));

    // A file that cannot be read counts as it was; one that is gone does not.
    Files.writeString(file, one.substring(0, 20));
    Thread.sleep(100);
    assertThat(notifier.alertmanagers()).hasSize(2);
    assertThat(notifier.alertmanagers().getFirst().sent()).isEqualTo(2);
    Files.delete(file);
    await(() -> notifier.alertmanagers().size() == 1);
    notifier.send(List.of(alert("C", "")));
    await(() -> second.names().contains("C"));
    assertThat(first.names()).doesNotContain("C");
    notifier.prepare(config(10, List.of(), second.url()), Labels.EMPTY).run();
    Files.writeString(file, one);
    Thread.sleep(100);
    assertThat(notifier.alertmanagers()).hasSize(1);
  }

  private static void keytool(String command, Path store, String... more) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                command,
                "-keystore",
                store.toString(),
                "-storepass",
                "password",
                "-alias",
                "a"));
    all.addAll(List.of(more));
    Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static SSLContext context(Path file) throws Exception {
    KeyStore store = load(file);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, "password".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("a", store.getCertificate("a"));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
