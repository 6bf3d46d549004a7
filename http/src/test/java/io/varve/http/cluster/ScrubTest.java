package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.Repairs;
import io.varve.engine.Seeds;
import io.varve.engine.StoreInstall;
import io.varve.engine.StoreListing;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.http.net.HttpListener;
import io.varve.ingest.ship.Scrub;
import io.varve.ingest.ship.ScrubReport;
import io.varve.ingest.ship.ScrubSettings;
import io.varve.ingest.ship.ShardFiles;
import io.varve.ingest.ship.ShipClient;
import io.varve.ingest.ship.ShipSettings;
import io.varve.ingest.ship.StorePull;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Damage in the files of one replica is found, and put right from another one. */
@Timeout(60)
final class ScrubTest {
  private static final Path STORE = Path.of("/store");

  private final Random random = new Random(Seeds.usual(21));
  private final ShipWorld world = new ShipWorld(random);
  private final Node leader = new Node();
  private final Node follower = new Node();
  private final List<String> reinstalls = new ArrayList<>();
  private HttpClient http;
  private ShipClient client;
  private long nanos;

  /** A node with one shard. */
  private final class Node implements ShardFiles {
    final AtomicReference<@Nullable Engine> engine = new AtomicReference<>();
    SimFileSystem disk = new SimFileSystem(1);
    @Nullable HttpListener listener;
    List<URI> others = List.of();
    @Nullable URI leads;

    final AtomicReference<@Nullable Scrub> scrub = new AtomicReference<>();

    void listen() throws IOException {
      listener = ShipWorld.serve(ShipWorld.of(engine), scrub::get);
    }

    EngineConfig config() {
      return world.config(STORE).withFileSystem(disk);
    }

    Engine start() throws IOException {
      Engine opened = Engine.open(config());
      engine.set(opened);
      return opened;
    }

    Engine running() {
      Engine running = engine.get();
      if (running == null) {
        throw new AssertionError("it is stopped");
      }
      return running;
    }

    void stop() throws IOException {
      Engine running = engine.getAndSet(null);
      if (running != null) {
        running.close();
      }
    }

    URI address() {
      HttpListener open = listener;
      if (open == null) {
        throw new AssertionError("nobody listens");
      }
      return ShipWorld.address(open);
    }

    @Override
    public int number() {
      return 0;
    }

    @Override
    public ShardFiles.@Nullable Open open() {
      Engine open = engine.get();
      return open == null ? null : new ShardFiles.Open(open.shipping(), open.repairs(), null);
    }

    @Override
    public List<URI> others() {
      return others;
    }

    @Override
    public @Nullable URI leader() {
      return leads;
    }

    @Override
    public void reinstall(URI from, String why) {
      reinstalls.add(why);
    }
  }

  @BeforeEach
  void start() throws IOException {
    http = HttpClient.newHttpClient();
    client =
        new ShipClient(
            http, ShipSettings.defaults(ShipWorld.SECRET).withStall(Duration.ofSeconds(2)));
    leader.listen();
    follower.listen();
    leader.others = List.of(follower.address());
    follower.others = List.of(leader.address());
    follower.leads = leader.address();
    Engine engine = leader.start();
    engine.setRetention(RetentionPolicy.KEEP_ALL);
    for (int i = 0; i < 150; i++) {
      world.append(engine);
      if (i % 50 == 49) {
        engine.flush();
        engine.delete("", List.of(Matcher.equal("instance", "host" + i % 40)), TimeRange.ALL);
      }
    }
    engine.flush();
    copy();
  }

  /** The follower takes the leader's store. */
  private void copy() throws IOException {
    follower.stop();
    StoreInstall install = new StoreInstall(follower.disk, STORE);
    StorePull pull = new StorePull(client, install, 0, List.of(leader.address()));
    StoreListing listing = pull.run();
    install.install(listing);
    pull.release(listing);
    follower.start();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    http.shutdownNow();
    for (Node node : List.of(leader, follower)) {
      node.stop();
      HttpListener open = node.listener;
      if (open != null) {
        open.close();
      }
    }
  }

  private Scrub scrub(Node node) {
    return new Scrub(
        node,
        client,
        new ScrubSettings(1L << 40, Duration.ofDays(1), Duration.ofSeconds(10)),
        () -> nanos);
  }

  /** Damages a file; gives its path. */
  private String damage(Node node, Repairs.StoredFile file) throws IOException {
    Path path = STORE.resolve(file.path());
    switch (random.nextInt(3)) {
      case 0 -> node.disk.flipBit(path, random.nextLong(8 * node.disk.size(path)));
      case 1 -> node.disk.delete(path);
      default -> node.disk.truncate(path, random.nextLong(node.disk.size(path)));
    }
    return file.path();
  }

  private Repairs.StoredFile any(Node node) {
    List<Repairs.StoredFile> files = new ArrayList<>(node.running().repairs().files());
    files.removeIf(file -> file.path().startsWith("checkpoint"));
    return files.get(random.nextInt(files.size()));
  }

  @Test
  void aPassFindsAndRepairsWhatIsDamaged() throws IOException {
    Map<String, String> expected = ShipWorld.content(leader.running());
    Scrub scrub = scrub(follower);
    int files = 0;
    for (int round = 0; round < 25; round++) {
      String path = damage(follower, any(follower));
      if (random.nextBoolean()) { // and somebody meets it first
        if (random.nextBoolean()) {
          follower.stop();
          follower.start();
        }
        ShipWorld.content(follower.running());
      }
      nanos += Duration.ofDays(2).toNanos();
      while (scrub.turn()) {
        files++;
      }
      assertThat(ShipWorld.content(follower.running())).as("after %s", path).isEqualTo(expected);
      assertThat(follower.running().stats().damage()).as("after %s", path).isEmpty();
      assertThat(scrub.status().repaired()).isEqualTo(round + 1);
    }
    assertThat(scrub.status().damaged()).isEqualTo(25);
    assertThat(scrub.status().passes()).isEqualTo(25);
    assertThat(scrub.status().differences()).isZero();
    assertThat(files).isGreaterThan(25 * 10);
    assertThat(reinstalls).isEmpty();
    assertThat(follower.disk.exists(STORE.resolve("repair"))).isFalse();
    // And the same is on the disk.
    follower.stop();
    assertThat(ShipWorld.content(follower.start())).isEqualTo(expected);
  }

  @Test
  void whatAReaderMetIsRepairedSoon() throws IOException {
    Map<String, String> expected = ShipWorld.content(leader.running());
    Scrub scrub =
        new Scrub(
            follower,
            client,
            new ScrubSettings(0, Duration.ofDays(1), Duration.ofSeconds(10)),
            () -> nanos);
    for (Repairs.StoredFile file : follower.running().repairs().files()) {
      if (file.path().endsWith("L0.tch")) {
        follower.disk.delete(STORE.resolve(file.path()));
        break;
      }
    }
    follower.stop();
    follower.start();
    assertThat(ShipWorld.content(follower.running())).isNotEqualTo(expected);
    assertThat(scrub.turn()).isTrue();
    assertThat(ShipWorld.content(follower.running())).isEqualTo(expected);
    assertThat(scrub.turn()).as("nothing to do before the next look").isFalse();
  }

  @Test
  void theLeaderIsRepairedFromAFollower() throws IOException {
    Map<String, String> expected = ShipWorld.content(leader.running());
    damage(leader, any(leader));
    Scrub scrub = scrub(leader);
    while (scrub.turn()) {}
    assertThat(scrub.status().repaired()).isEqualTo(1);
    assertThat(ShipWorld.content(leader.running())).isEqualTo(expected);
  }

  @Test
  void verifyReportsAndChangesNothing() throws IOException {
    Scrub scrub = scrub(follower);
    ScrubReport good = scrub.verify(false, path -> {});
    assertThat(good.isWhole()).isTrue();
    assertThat(good.compared()).isEqualTo(1);
    assertThat(good.files()).isEqualTo(follower.running().repairs().files().size());
    String path = damage(follower, any(follower));
    List<String> read = new ArrayList<>();
    ScrubReport bad = scrub.verify(false, read::add);
    assertThat(bad.damaged()).isEqualTo(1);
    assertThat(bad.repaired()).isZero();
    assertThat(bad.problems()).anyMatch(problem -> problem.startsWith(path));
    assertThat(read).contains(path);
    assertThat(scrub.verify(true, p -> {}).repaired()).isEqualTo(1);
    assertThat(scrub.verify(false, p -> {}).isWhole()).isTrue();
    follower.stop();
    assertThatThrownBy(() -> scrub.verify(false, p -> {})).isInstanceOf(IOException.class);
  }

  @Test
  void aDamagedFileOfTheOtherReplicaIsNotTaken() throws IOException {
    Repairs.StoredFile file =
        follower.running().repairs().files().stream()
            .filter(f -> f.path().endsWith(".tch"))
            .findFirst()
            .orElseThrow();
    leader.disk.flipBit(STORE.resolve(file.path()), 700);
    follower.disk.flipBit(STORE.resolve(file.path()), 900);
    Scrub scrub = scrub(follower);
    nanos += 1;
    while (scrub.turn()) {}
    assertThat(scrub.status().repaired()).isZero();
    assertThat(scrub.status().failed()).isEqualTo(1);
    assertThat(scrub.status().lastPass())
        .satisfies(
            report ->
                assertThat(report == null ? List.<String>of() : report.problems())
                    .anyMatch(problem -> problem.startsWith(file.path())));
    leader.disk.flipBit(STORE.resolve(file.path()), 700); // as it was
    nanos += Duration.ofDays(2).toNanos();
    while (scrub.turn()) {}
    assertThat(scrub.status().repaired()).isEqualTo(1);
  }

  @Test
  void aFollowerWithOtherFilesTakesTheLeadersStore() throws IOException {
    world.append(follower.running());
    follower.running().flush();
    world.append(leader.running());
    leader.running().flush();
    Scrub scrub = scrub(follower);
    while (scrub.turn()) {}
    assertThat(scrub.status().differences()).isPositive();
    assertThat(reinstalls).hasSize(1);
    // The leader sees the same, and leaves it to the follower.
    Scrub leaders = scrub(leader);
    while (leaders.turn()) {}
    assertThat(leaders.status().differences()).isPositive();
    assertThat(reinstalls).hasSize(1);
    copy();
    assertThat(scrub.verify(false, path -> {}).isWhole()).isTrue();
    assertThat(ShipWorld.content(follower.running()))
        .isEqualTo(ShipWorld.content(leader.running()));
  }

  @Test
  void whatTheOthersHaveMergedAwayIsTakenAsAWhole() throws IOException {
    String path = "";
    for (Repairs.StoredFile file : follower.running().repairs().files()) {
      if (file.path().endsWith("-late.tch")) {
        path = file.path();
      }
    }
    follower.disk.delete(STORE.resolve(path));
    leader.running().mergeAll();
    Scrub scrub = scrub(follower);
    nanos += 1;
    while (scrub.turn()) {}
    assertThat(reinstalls).isNotEmpty();
    assertThat(reinstalls.getFirst()).startsWith(path);
    copy();
    assertThat(scrub.verify(false, p -> {}).isWhole()).isTrue();
    assertThat(ShipWorld.content(follower.running()))
        .isEqualTo(ShipWorld.content(leader.running()));
  }

  @Test
  void itIsToldOverHttp() throws Exception {
    assertThat(ask("GET", "scrub").statusCode()).isEqualTo(503);
    Scrub scrub = scrub(follower);
    follower.scrub.set(scrub);
    assertThat(ask("GET", "scrub").body()).contains("\"passes\":0").contains("\"lastPass\":null");
    String path = damage(follower, any(follower));
    HttpResponse<String> verified = ask("POST", "verify");
    assertThat(verified.statusCode()).isEqualTo(200);
    assertThat(verified.body().lines().toList().getLast())
        .startsWith("{\"report\":{\"files\":")
        .contains("\"damaged\":1,\"repaired\":0,\"compared\":1,\"differences\":0")
        .contains(path);
    assertThat(ask("POST", "verify?repair=true").body()).contains("\"damaged\":1,\"repaired\":1");
    assertThat(ask("POST", "verify").body()).contains("\"problems\":[]");
    while (scrub.turn()) {}
    assertThat(ask("GET", "scrub").body())
        .contains("\"passes\":1")
        .contains("\"repaired\":1,\"failed\":0");
    follower.stop();
    assertThat(ask("POST", "verify").body())
        .contains("{\"error\":\"the store of shard 0 is not open\"}");
  }

  private HttpResponse<String> ask(String method, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create(follower.address() + "/api/v1/cluster/shards/0/" + path))
            .header("Authorization", "Bearer " + ShipWorld.SECRET)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void itsThreadEndsWithIt() throws Exception {
    String path = damage(follower, any(follower));
    try (Scrub scrub =
        new Scrub(
            follower,
            client,
            new ScrubSettings(1L << 40, Duration.ofDays(1), Duration.ofSeconds(10)))) {
      scrub.start();
      for (int i = 0; i < 500 && scrub.status().repaired() == 0; i++) {
        Thread.sleep(10);
      }
      assertThat(scrub.status().repaired()).as(path).isEqualTo(1);
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("varve-scrub-0"));
  }
}
