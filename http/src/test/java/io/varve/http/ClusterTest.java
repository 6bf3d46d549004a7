package io.varve.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.engine.Engine;
import io.varve.engine.FeatureLevel;
import io.varve.http.cli.CommandResult;
import io.varve.http.config.ClusterConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.notify.Tls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three servers in one process, as a cluster: what one takes, all have. */
final class ClusterTest {
  private static final int NODES = 3;
  private static final int MOST_NODES = 4;
  private static final long PATIENCE_MILLIS = 30_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private final @Nullable Server[] servers = new Server[MOST_NODES];
  private final @Nullable ApiClient[] clients = new ApiClient[MOST_NODES];
  private final int[] ports = new int[3 * MOST_NODES];
  private final long now = System.currentTimeMillis() / 1000 * 1000;
  private final List<SmallDisk> disks = new ArrayList<>();
  private final String[] sections = {"", "", "", ""};
  private String replication = "sync";
  private String tls = "";
  private String archive = "";
  private int written;

  private void begin() throws Exception {
    ServerSocket[] sockets = new ServerSocket[ports.length];
    for (int i = 0; i < ports.length; i++) {
      sockets[i] = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      ports[i] = sockets[i].getLocalPort();
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    for (int node = 0; node < NODES; node++) {
      open(node);
    }
    for (int node = 0; node < NODES; node++) {
      recover(node);
    }
  }

  private Path data(int node) {
    return folder.resolve("node" + node);
  }

  private void start(int node) throws Exception {
    open(node);
    recover(node);
  }

  private void recover(int node) throws Exception {
    Server server = Objects.requireNonNull(servers[node]);
    server.recover();
    clients[node] = new ApiClient(server.address().getPort());
  }

  private void open(int node) throws Exception {
    Path file = configure(node);
    servers[node] = new Server(ServerConfig.load(file), () -> ServerConfig.load(file), () -> {});
  }

  private Path configure(int node) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("backup: {store: '").append(folder.resolve("backups")).append('\'');
    text.append(archive).append("}\n");
    text.append("listen: 127.0.0.1:").append(ports[node]);
    text.append("\ndata_dir: '")
        .append(data(node))
        .append("'\nhttp: {admin_api: true, lifecycle: true}\n");
    text.append(sections[node]);
    text.append("cluster:\n  node: n").append(node).append("\n  secret: s3cr3t\n");
    text.append("  replication: ").append(replication).append('\n').append(tls);
    text.append("  peers:\n");
    for (int peer : node < NODES ? List.of(0, 1, 2) : List.of(0, 1, node)) {
      text.append("  - {id: n").append(peer);
      text.append(", http: '127.0.0.1:")
          .append(ports[tls.isEmpty() ? peer : 2 * MOST_NODES + peer]);
      text.append("', raft: '127.0.0.1:").append(ports[MOST_NODES + peer]).append("'}\n");
    }
    Path file = folder.resolve("node" + node + ".yaml");
    Files.writeString(file, text);
    return file;
  }

  private void stop(int node) throws IOException {
    ApiClient client = clients[node];
    Server server = servers[node];
    if (client != null && server != null) {
      client.close();
      server.close();
    }
    clients[node] = null;
    servers[node] = null;
  }

  @AfterEach
  void end() throws Exception {
    for (int node = 0; node < MOST_NODES; node++) {
      stop(node);
    }
    for (SmallDisk disk : disks) {
      disk.close();
    }
  }

  private ApiClient client(int node) {
    return Objects.requireNonNull(clients[node]);
  }

  /** Writes where it is taken; gives the node that took it. */
  private int write() throws Exception {
    RemoteWriteBody body = new RemoteWriteBody();
    for (int i = 0; i < 20; i++) {
      body.sample(now - 600_000 + written * 1000L, written + i, "__name__", "m", "i", "x" + i);
    }
    int node = write(body);
    written++;
    return node;
  }

  /** Some 100 KB of log, of series of their own. */
  private void writeMuch(int number) throws Exception {
    RemoteWriteBody body = new RemoteWriteBody();
    for (int i = 0; i < 2_000; i++) {
      body.sample(now, i, "__name__", "much", "number", number + "-" + i);
    }
    var _ = write(body);
  }

  private int write(RemoteWriteBody body) throws Exception {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    String last = "";
    while (System.currentTimeMillis() < end) {
      for (int node = 0; node < MOST_NODES; node++) {
        if (clients[node] == null) {
          continue;
        }
        HttpResponse<String> answer = client(node).write(body);
        if (answer.statusCode() / 100 == 2) {
          return node;
        }
        last = answer.statusCode() + " " + answer.body();
        assertThat(answer.statusCode()).as(last).isEqualTo(503);
      }
      Thread.sleep(50);
    }
    throw new AssertionError("no node takes writes: " + last);
  }

  /** The node that leads, which need not be the one that answered a write. */
  private int leading() throws InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (System.currentTimeMillis() < end) {
      for (int node = 0; node < MOST_NODES; node++) {
        if (servers[node] != null && standing(node).contains("Leading[]")) {
          return node;
        }
      }
      Thread.sleep(20);
    }
    throw new AssertionError("no node leads: " + standing());
  }

  private String standing() {
    StringBuilder text = new StringBuilder();
    for (Server server : servers) {
      if (server != null) {
        ClusterNode node = Objects.requireNonNull(server.cluster());
        text.append('\n').append(node.self()).append(' ').append(node.shards());
      }
    }
    return text.toString();
  }

  /** Every node that runs comes to have everything. */
  private void allHave(int count) throws Exception {
    for (int node = 0; node < MOST_NODES; node++) {
      if (clients[node] == null) {
        continue;
      }
      long end = System.currentTimeMillis() + PATIENCE_MILLIS;
      String found = "";
      while (!found.equals(Integer.toString(count * 20)) && System.currentTimeMillis() < end) {
        HttpResponse<String> answer =
            client(node).get("/api/v1/query", "query", "sum(count_over_time(m[1h]))");
        assertThat(answer.statusCode()).as(answer.body()).isIn(200, 503);
        found = JSON.readTree(answer.body()).at("/data/result/0/value/1").asText(answer.body());
        Thread.sleep(20);
      }
      assertThat(found)
          .as("samples at node " + node + " of " + standing())
          .isEqualTo(Integer.toString(count * 20));
    }
  }

  @Test
  void anotherLeadsWhenTheLeaderIsGone() throws Exception {
    begin();
    int leader = write();
    for (int i = 0; i < 30; i++) {
      write();
    }
    allHave(31);
    stop(leader);
    long begin = System.nanoTime();
    int next = write();
    System.out.printf("write gap %d ms%n", (System.nanoTime() - begin) / 1_000_000);
    assertThat(next).isNotEqualTo(leader);
    for (int i = 0; i < 30; i++) {
      write();
    }
    allHave(62);
    start(leader);
    write();
    allHave(63);
  }

  @Test
  void whatIsInCommonIsWhatTheLogSaysNotANodesFiles() throws Exception {
    for (int node = 0; node < NODES; node++) {
      tell(node, "one", "400d");
    }
    begin();
    write();
    int leader = leading();
    awaitInForce("one", "400d");
    int follower = (leader + 1) % NODES;
    tell(follower, "two", "500d");
    var _ = configure(follower);
    HttpResponse<String> reloaded = client(follower).form("POST", "/-/reload");
    assertThat(reloaded.statusCode()).as(reloaded.body()).isEqualTo(200);
    awaitInForce("two", "500d");
    awaitStatus(
        leader,
        told ->
            told.contains("configuration of node n" + leader + " has other rules than the cluster")
                && told.contains("node n" + leader + " has other retention than the cluster")
                && told.contains("node n" + leader + " has other aggregates than the cluster")
                && !told.contains("the configuration of node n" + follower));
    // Neither another leader's files count, nor those of a node that starts.
    stop(leader);
    write();
    awaitInForce("two", "500d");
    start(leader);
    write();
    awaitInForce("two", "500d");
    // Wrong files are refused as a whole.
    sections[leader] = sections[leader].replace("400d", "600d");
    Files.writeString(folder.resolve("rules" + leader + ".yml"), "groups: 7\n");
    var _ = configure(leader);
    reloaded = client(leader).form("POST", "/-/reload");
    assertThat(reloaded.statusCode()).as(reloaded.body()).isEqualTo(500);
    awaitInForce("two", "500d");
  }

  private void tell(int node, String name, String retention) throws IOException {
    Path rules = folder.resolve("rules" + node + ".yml");
    Files.writeString(
        rules, "groups: [{name: g, rules: [{record: 'of:" + name + "', expr: 'count(m)'}]}]\n");
    sections[node] =
        "rules: {files: ['%s']}\nstorage: {retention: %s}\naggregates: {rules: [{name: %s, match: m, resolutions: [1h]}]}\n"
            .formatted(rules, retention, name);
  }

  private void awaitInForce(String name, String retention) throws Exception {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    for (int node = 0; node < NODES; node++) {
      String told = "";
      while (clients[node] != null) {
        told =
            client(node).get("/api/v1/rules").body()
                + client(node).get("/api/v1/status/aggregates").body()
                + client(node).get("/api/v1/status/retention").body();
        if (told.contains("\"of:" + name + "\"")
            && told.contains("\"name\":\"" + name + "\"")
            && told.contains(retention)) {
          break;
        }
        assertThat(System.currentTimeMillis()).as(told).isLessThan(end);
        Thread.sleep(50);
      }
    }
  }

  @Test
  void theLogIsEncryptedAndTakesNodesOnly() throws Exception {
    ClusterConfig.Tls ours = Certificates.make(folder, "ours");
    tls = Certificates.settings(ours);
    begin();
    int leader = write();
    for (int i = 0; i < 20; i++) {
      write();
    }
    allHave(21);
    stop(leader);
    write();
    start(leader);
    write();
    allHave(23);
    ClusterConfig.Tls other = Certificates.make(folder, "other");
    ClusterConfig.Tls stranger =
        new ClusterConfig.Tls(other.certificate(), other.key(), ours.authorities());
    int log = ports[MOST_NODES + leader];
    assertThat(isLetIn(ours, log)).isTrue();
    assertThat(isLetIn(stranger, log)).isFalse();
    try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), log)) {
      plain.setSoTimeout((int) PATIENCE_MILLIS);
      plain.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8));
      assertThat(plain.getInputStream().readAllBytes().length)
          .as("an alert at most")
          .isLessThan(16);
    }
  }

  /** Whether a connection of TLS stays, and is answered in HTTP/2. */
  private static boolean isLetIn(ClusterConfig.Tls tls, int port) throws IOException {
    try (SSLSocket socket =
        (SSLSocket)
            Tls.ofCluster(tls)
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) PATIENCE_MILLIS);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8));
      socket.getOutputStream().write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}); // SETTINGS
      socket.getOutputStream().flush();
      return socket.getInputStream().read() >= 0;
    } catch (SSLException | SocketException e) {
      return false;
    }
  }

  /** A machine is lost for good, and another one, elsewhere, takes its place. */
  @Test
  void aNodeTakesThePlaceOfAnother() throws Exception {
    begin();
    for (int i = 0; i < 20; i++) {
      write();
    }
    HttpResponse<String> merged = client(0).form("POST", "/api/v1/admin/tsdb/merge");
    assertThat(merged.statusCode() / 100).as(merged.body()).isEqualTo(2);
    awaitFounded();
    stop(2);
    write();
    assertThat(cluster(0, "remove-node", "n2").err()).contains("add another one first");
    start(3);
    Thread.sleep(1_000);
    assertThat(standing(3)).as("nobody has let it in").doesNotContain("Following");
    CommandResult added =
        cluster(
            1,
            "add-node",
            "n3",
            "--http=127.0.0.1:" + ports[3],
            "--raft=127.0.0.1:" + ports[MOST_NODES + 3]);
    assertThat(added.exit()).as(added.err()).isZero();
    awaitStanding(3, "Following");
    awaitMember(3);
    allHave(21);
    CommandResult removed = cluster(3, "remove-node", "n2");
    assertThat(removed.exit()).as(removed.err()).isZero();
    CommandResult status = cluster(3, "status");
    assertThat(status.out()).contains("n3 ");
    // Two of three are enough again, and the new one counts.
    stop(0);
    for (int i = 0; i < 10; i++) {
      write();
    }
    start(0); // with a configuration that knows nothing of it
    write();
    allHave(32);
    awaitStatus(
        0,
        told -> told.contains("node n0 has other nodes than the cluster") && !told.contains("n2 "));
    // The old one comes back, and disturbs nobody.
    start(2);
    for (int i = 0; i < 20; i++) {
      write();
      Thread.sleep(200);
    }
    stop(2);
    allHave(52);
  }

  /** Whoever asks for votes while it is none of those that vote is told to end its log. */
  @Test
  void aNodeThatWasNotCountedInGoesOnWhenItIs() throws Exception {
    begin();
    write();
    awaitFounded();
    int leader = 2; // which the new one's configuration does not know
    CommandResult led = cluster(0, "transfer", "n2");
    assertThat(led.exit()).as(led.err()).isZero();
    start(3);
    String[] where = {
      "n3", "--http=127.0.0.1:" + ports[3], "--raft=127.0.0.1:" + ports[MOST_NODES + 3]
    };
    assertThat(cluster(leader, "add-node", where).exit()).isZero();
    awaitStanding(3, "Following");
    awaitMember(3);
    allHave(1);
    CommandResult removed = cluster(leader, "remove-node", "n3");
    assertThat(removed.exit()).as(removed.err()).isZero();
    awaitStanding(3, "did not count this node in");
    write();
    assertThat(cluster(leader, "add-node", where).exit()).isZero();
    awaitStanding(3, "Following");
    write();
    allHave(3);
  }

  /** Who asks them now hears that the cluster runs. */
  private void awaitFounded() throws InterruptedException {
    for (int node = 0; node < NODES; node++) {
      awaitMember(node);
    }
  }

  /** It is one of those that vote, and knows it. */
  private void awaitMember(int node) throws InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (!Files.exists(data(node).resolve("raft/FOUNDED"))) {
      assertThat(System.currentTimeMillis()).as(standing()).isLessThan(end);
      Thread.sleep(20);
    }
  }

  private void awaitStatus(int node, Predicate<String> test) throws InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    String told = cluster(node, "status").out();
    while (!test.test(told)) {
      assertThat(System.currentTimeMillis()).as(told).isLessThan(end);
      Thread.sleep(100);
      told = cluster(node, "status").out();
    }
  }

  private CommandResult cluster(int node, String command, String... more) {
    List<String> all = new ArrayList<>(List.of("cluster", command));
    all.addAll(List.of(more));
    all.addAll(List.of("--url", "http://127.0.0.1:" + ports[node]));
    return CommandResult.of(all.toArray(String[]::new));
  }

  /** As if a newer version had raised the level of the cluster. */
  @Test
  void aNodeThatIsTooOldForTheClusterSaysSo() throws Exception {
    begin();
    write();
    int leader = leading();
    ClusterNode node = Objects.requireNonNull(Objects.requireNonNull(servers[leader]).cluster());
    Engine engine = Objects.requireNonNull(node.current()).engine();
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (!"1".equals(engine.sharedSettings().get(FeatureLevel.SETTING))) {
      assertThat(System.currentTimeMillis()).as(standing()).isLessThan(end);
      Thread.sleep(20);
    }
    engine.share(FeatureLevel.SETTING, "2");
    int follower = (leader + 1) % NODES;
    awaitStanding(follower, "the cluster uses features of level 2");
    stop(follower);
    open(follower);
    recover(follower); // and stays up, to say so
    awaitStanding(follower, "install the version that the other nodes have");
  }

  /** Acknowledged by one node alone, which then goes, too. */
  @Test
  void whatANodeHasKeptComesToAllWhenTheyAreBack() throws Exception {
    replication = "async";
    begin();
    for (int i = 0; i < 20; i++) {
      write();
    }
    allHave(20);
    stop(0);
    stop(1);
    for (int i = 0; i < 30; i++) {
      assertThat(write()).isEqualTo(2);
    }
    HttpResponse<String> status = client(2).get("/api/v1/cluster/status", "scope", "node");
    assertThat(JSON.readTree(status.body()).at("/data/spool/requests").asInt())
        .as(status.body())
        .isEqualTo(30);
    // What can never be stored is not kept.
    HttpResponse<String> bad =
        client(2)
            .send(
                client(2)
                    .to("/api/v1/write")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[] {1, 2, 3}))
                    .build());
    assertThat(bad.statusCode()).as(bad.body()).isEqualTo(400);
    stop(2);
    for (int node = 0; node < NODES; node++) {
      open(node);
    }
    for (int node = 0; node < NODES; node++) {
      recover(node);
    }
    allHave(50);
    int deliveries = 0;
    for (int node = 0; node < NODES; node++) {
      deliveries += count(node, "varve_ingest_requests_total{code=\"204\"}");
    }
    assertThat(deliveries).as("those that waited went together").isBetween(1, 15);
    for (int i = 0; i < 20; i++) {
      write();
    }
    allHave(70);
    awaitEmptySpools();
    // What it could not keep it says before it takes anything.
    stop(0);
    sections[0] = "ingest: {max_body_bytes: 100MiB}\n";
    assertThatThrownBy(() -> open(0))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("ingest.max_body_bytes");
  }

  @Test
  void aWriteBeyondALimitHoldsUpNoOther() throws Exception {
    replication = "async";
    for (int node = 0; node < NODES; node++) {
      sections[node] = "storage: {max_active_series: 20}\n";
    }
    begin();
    write();
    allHave(1);
    RemoteWriteBody tooMuch = new RemoteWriteBody();
    for (int i = 0; i < 50; i++) {
      tooMuch.sample(now, i, "__name__", "other", "i", "x" + i);
    }
    for (int node = 0; node < NODES; node++) {
      assertThat(client(node).write(tooMuch).statusCode()).isEqualTo(204);
    }
    for (int i = 0; i < 10; i++) {
      write();
    }
    allHave(11);
    // It still waits: there may be room for it later. It does so under another setting, too.
    replication = "sync";
    for (int node = 0; node < NODES; node++) {
      stop(node);
      sections[node] = "";
    }
    for (int node = 0; node < NODES; node++) {
      open(node);
    }
    for (int node = 0; node < NODES; node++) {
      recover(node);
    }
    write();
    allHave(12);
    awaitEmptySpools();
    assertThat(
            client(0)
                .data(
                    "/api/v1/query",
                    "query",
                    "count(last_over_time(other[1h]))",
                    "consistency",
                    "strong")
                .at("/result/0/value/1")
                .asInt())
        .isEqualTo(50);
  }

  private int count(int node, String metric) throws Exception {
    return client(node)
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(metric + " "))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(metric.length() + 1)))
        .sum();
  }

  private void awaitEmptySpools() throws Exception {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    for (int node = 0; node < NODES; node++) {
      String metrics;
      do {
        metrics = client(node).get("/metrics").body();
        assertThat(System.currentTimeMillis()).as(metrics).isLessThan(end);
      } while (!metrics.contains("varve_cluster_spool_requests 0.0"));
      assertThat(metrics).doesNotContain("varve_cluster_spool_deliveries_total{result=\"refused");
    }
  }

  @Test
  void aNodeThatLostItsDiskComesBack() throws Exception {
    begin();
    int leader = write();
    for (int i = 0; i < 100; i++) {
      write();
    }
    HttpResponse<String> merged = client(leader).form("POST", "/api/v1/admin/tsdb/merge");
    assertThat(merged.statusCode() / 100).as(merged.body()).isEqualTo(2);
    int wiped = (leader + 1) % NODES;
    stop(wiped);
    wipe(wiped);
    for (int i = 0; i < 10; i++) {
      write();
    }
    start(wiped);
    allHave(111);
    assertThat(Arrays.stream(servers).filter(server -> server != null).count()).isEqualTo(3);
  }

  @Test
  void aNodeWhoseDiskWasFullComesBackByItself() throws Exception {
    for (int node = 0; node < NODES; node++) {
      disks.add(SmallDisk.on(data(node).resolve("raft"), 64));
    }
    begin();
    int leader = write();
    int count = 1;
    for (int full : new int[] {leader, (leader + 1) % NODES}) {
      disks.get(full).fill();
      // The log has laid some room by.
      for (int i = 0; !standing(full).contains("No space left"); i++) {
        writeMuch(1_000 * full + i);
        assertThat(i).as(standing()).isLessThan(100);
      }
      for (int i = 0; i < 20; i++) {
        write();
        count++;
      }
      awaitStanding(full, "it goes on by itself when there is room");
      disks.get(full).free();
      awaitStanding(full, "Following");
      allHave(count);
    }
  }

  private void awaitStanding(int node, String text) throws InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (!standing(node).contains(text)) {
      assertThat(System.currentTimeMillis()).as(standing()).isLessThan(end);
      Thread.sleep(20);
    }
  }

  private String standing(int node) {
    return Objects.requireNonNull(Objects.requireNonNull(servers[node]).cluster())
        .shards()
        .toString();
  }

  private void wipe(int node) throws IOException {
    try (Stream<Path> all = Files.walk(data(node))) {
      List<Path> paths = all.sorted(Comparator.reverseOrder()).toList();
      for (Path path : paths) {
        Files.delete(path);
      }
    }
  }

  private void restore(Path to) {
    backup("restore", "latest", to.toString());
  }

  private String backup(String... command) {
    List<String> all = new ArrayList<>(List.of("backup"));
    all.addAll(List.of(command));
    all.addAll(List.of("--store", folder + "/backups"));
    CommandResult result = CommandResult.of(all.toArray(String[]::new));
    assertThat(result.exit()).as("%s: %s %s", all, result.out(), result.err()).isZero();
    return result.out();
  }

  /** A row of the list of seconds that are possible: from, to, timeline. */
  private static final Pattern RANGE =
      Pattern.compile("(?m)^(\\S+Z) +(\\S+Z) +(\\S+-[0-9a-f]{8})$");

  private String awaitListed(Predicate<String> isListed) throws InterruptedException {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (true) {
      String place = folder.resolve("backups").toString();
      String listed =
          CommandResult.of("backup", "list", "--store", place).out(); // once it is begun
      if (isListed.test(listed)) {
        return listed;
      }
      assertThat(System.currentTimeMillis()).as(listed).isLessThan(end);
      Thread.sleep(200);
    }
  }

  private static boolean reaches(String listed, long second) {
    return RANGE
        .matcher(listed)
        .results()
        .anyMatch(row -> Instant.parse(row.group(2)).getEpochSecond() >= second);
  }

  /** Nodes whose folders hold the same restored store; each waits for the others. */
  private void beginRestored() throws Exception {
    for (int node = 0; node < NODES; node++) {
      open(node);
    }
    List<Thread> starting = new ArrayList<>();
    for (int node = 0; node < NODES; node++) {
      Server server = Objects.requireNonNull(servers[node]);
      starting.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      server.recover();
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  }));
    }
    for (int node = 0; node < NODES; node++) {
      starting.get(node).join();
      clients[node] = new ApiClient(Objects.requireNonNull(servers[node]).address().getPort());
    }
  }

  /** How many batches a server has that stands alone on a folder. */
  private int batchesOf(Path alone) throws Exception {
    Path file = folder.resolve("alone.yaml");
    Files.writeString(file, "listen: 127.0.0.1:0\ndata_dir: '" + alone + "'\n");
    try (Server server = new Server(ServerConfig.load(file))) {
      server.recover();
      try (ApiClient client = new ApiClient(server.address().getPort())) {
        return client
                .data("/api/v1/query", "query", "sum(count_over_time(m[1h]))")
                .at("/result/0/value/1")
                .asInt()
            / 20;
      }
    }
  }

  @Test
  void aClusterIsRestoredToASecond() throws Exception {
    archive = ", archive: 1s";
    begin();
    write();
    awaitListed(listed -> Pattern.compile("(?m)^\\S+-[0-9a-f]{8} ").matcher(listed).find());
    // By second, how much was acknowledged before it began; but for seconds in which that happened.
    NavigableMap<Long, Integer> then = new TreeMap<>();
    for (int round = 0; round < 12; round++) {
      long second = System.currentTimeMillis() / 1000 + 1;
      while (System.currentTimeMillis() < second * 1000 + 100) {
        Thread.sleep(5);
      }
      then.put(second, written);
      if (round == 4) {
        stop(leading());
      } else if (round == 8) {
        for (int node = 0; node < NODES; node++) {
          if (servers[node] == null) {
            start(node);
          }
        }
        int leader = leading();
        Objects.requireNonNull(Objects.requireNonNull(servers[leader]).cluster())
            .transfer(0, "n" + (leader + 1) % NODES);
      }
      for (int i = 0; i <= round % 4; i++) {
        write();
      }
    }
    long last = then.lastKey();
    allHave(written);
    Thread.sleep(1_500);
    write();
    String listed = awaitListed(now -> reaches(now, last + 1));
    assertThat(RANGE.matcher(listed).results()).as(listed).hasSize(1);
    backup("verify");
    int number = 0;
    for (Map.Entry<Long, Integer> moment : then.entrySet()) {
      if (number++ % 3 == 2 || moment.getKey() == last) {
        Path alone = folder.resolve("alone" + number);
        backup("restore", "--at", Long.toString(moment.getKey()), alone.toString());
        assertThat(batchesOf(alone)).as("at %s of %s", moment, then).isEqualTo(moment.getValue());
      }
    }
    // A cluster goes on from there, and what it logs is another timeline.
    Map.Entry<Long, Integer> middle = then.floorEntry(last - 3);
    for (int node = 0; node < NODES; node++) {
      stop(node);
      wipe(node);
      Path shard = data(node).resolve("shards").resolve("0");
      backup("restore", "--at", Long.toString(middle.getKey()), shard.toString());
    }
    beginRestored();
    allHave(middle.getValue());
    written = middle.getValue();
    for (int i = 0; i < 20; i++) {
      write();
    }
    allHave(middle.getValue() + 20);
    long restored = last + 2;
    Thread.sleep(2_500);
    write();
    awaitListed(now -> RANGE.matcher(now).results().count() == 2 && reaches(now, restored + 1));
    backup("verify");
  }

  @Test
  void aClusterBeginsAnewWithABackup() throws Exception {
    begin();
    int leader = write();
    for (int i = 0; i < 30; i++) {
      write();
    }
    HttpResponse<String> merged = client(leader).form("POST", "/api/v1/admin/tsdb/merge");
    assertThat(merged.statusCode() / 100).as(merged.body()).isEqualTo(2);
    write();
    allHave(32);
    // Asked of a node that does not lead: the leader makes it.
    HttpResponse<String> made = client((leader + 1) % NODES).form("POST", "/api/v1/admin/backups");
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
    write();
    for (int node = 0; node < NODES; node++) {
      stop(node);
      wipe(node);
      restore(data(node).resolve("shards").resolve("0"));
    }
    written = 32;
    // Each waits for all others, as they have to begin with the same.
    beginRestored();
    allHave(32);
    for (int i = 0; i < 20; i++) {
      leader = write();
    }
    allHave(52);
    // A node that is lost now takes from the others what came before their log, too.
    int lost = (leader + 1) % NODES;
    stop(lost);
    wipe(lost);
    start(lost);
    write();
    allHave(53);
    // Nor is a store from elsewhere let in.
    int other = (lost + 1) % NODES;
    stop(other);
    wipe(other);
    restore(data(other).resolve("shards").resolve("0"));
    open(other);
    Server refused = Objects.requireNonNull(servers[other]);
    assertThatThrownBy(refused::recover)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("give it an empty folder");
    refused.close();
    servers[other] = null;
    // And alone, one of them is an ordinary store.
    Path alone = folder.resolve("alone");
    restore(alone);
    assertThat(batchesOf(alone)).isEqualTo(32);
  }

  @Test
  void aDamagedLogComesAnewFromTheOthers() throws Exception {
    begin();
    int leader = write();
    for (int i = 0; i < 20; i++) {
      write();
    }
    allHave(21);
    int damaged = (leading() + 1) % NODES;
    stop(damaged);
    Path file;
    try (Stream<Path> all = Files.walk(data(damaged).resolve("raft"))) {
      file =
          all.filter(path -> path.getFileName().toString().startsWith("log_"))
              .findFirst()
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[200] ^= 16;
    Files.write(file, bytes);
    write();

    start(damaged);
    awaitMember(damaged);
    allHave(22);
    assertThat(data(damaged).resolve("raft.damaged")).isDirectoryContaining("glob:**");
    // It counts: with it alone the one that led before can go on.
    leader = leading();
    stop(leader == damaged ? (damaged + 1) % NODES : 3 - leader - damaged);
    write();
    allHave(23);
  }

  @Test
  void aDamagedFileComesAnewFromAnotherNode() throws Exception {
    begin();
    int leader = write();
    for (int i = 0; i < 50; i++) {
      write();
    }
    HttpResponse<String> merged = client(leader).form("POST", "/api/v1/admin/tsdb/merge");
    assertThat(merged.statusCode() / 100).as(merged.body()).isEqualTo(2);
    allHave(51);
    int damaged = (leader + 1) % NODES;
    awaitFile(damaged);
    stop(damaged);
    Path file = chunkFiles(damaged).getFirst();
    byte[] bytes = Files.readAllBytes(file);
    byte[] flipped = bytes.clone();
    flipped[bytes.length / 2] ^= 4;
    Files.write(file, flipped);

    start(damaged);
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (!Arrays.equals(Files.readAllBytes(file), bytes) && System.currentTimeMillis() < end) {
      Thread.sleep(100);
    }
    assertThat(Files.readAllBytes(file)).as(standing()).isEqualTo(bytes);
    allHave(51);
  }

  @Test
  void aNodeWhoseSavedHeadIsDamagedTakesAnothersStore() throws Exception {
    begin();
    int leader = write();
    for (int i = 0; i < 50; i++) {
      write();
    }
    HttpResponse<String> merged = client(leader).form("POST", "/api/v1/admin/tsdb/merge");
    assertThat(merged.statusCode() / 100).as(merged.body()).isEqualTo(2);
    int damaged = (leader + 1) % NODES;
    awaitFile(damaged);
    stop(damaged);
    Path folderOfHead = data(damaged).resolve("shards/0/checkpoint");
    try (Stream<Path> all = Files.list(folderOfHead)) {
      for (Path file : all.toList()) {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
      }
    }
    write();
    start(damaged);
    allHave(52); // by way of another node, too
    awaitStatus(damaged, told -> !told.contains("PROBLEM"));
    assertThat(Objects.requireNonNull(servers[damaged]).damage()).as(standing()).isEmpty();
    allHave(52);
  }

  /** A follower makes its files in its own time. */
  private void awaitFile(int node) throws Exception {
    long end = System.currentTimeMillis() + PATIENCE_MILLIS;
    while (chunkFiles(node).isEmpty() && System.currentTimeMillis() < end) {
      Thread.sleep(50);
    }
    assertThat(chunkFiles(node)).isNotEmpty();
  }

  private List<Path> chunkFiles(int node) throws IOException {
    try (Stream<Path> all = Files.walk(data(node).resolve("shards"))) {
      return all.filter(path -> path.toString().endsWith(".tch")).sorted().toList();
    } catch (UncheckedIOException e) {
      return List.of(); // a file went while its folder was read
    }
  }
}
