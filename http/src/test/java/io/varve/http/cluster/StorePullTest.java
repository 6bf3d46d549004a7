package io.varve.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.DataFolder;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.Seeds;
import io.varve.engine.StoreInstall;
import io.varve.engine.StoreListing;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.http.net.HttpListener;
import io.varve.ingest.ship.ShipClient;
import io.varve.ingest.ship.ShipSettings;
import io.varve.ingest.ship.StorePull;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store that goes on being changed is pulled by another node, over a network that is not good.
 */
@Timeout(60)
final class StorePullTest {
  private static final Path STORE = Path.of("/source");

  @TempDir Path dir;

  private final SimFileSystem disk = new SimFileSystem(1);
  private final AtomicReference<@Nullable Engine> source = new AtomicReference<>();
  private HttpClient http;
  private HttpListener listener;
  private URI node;

  @BeforeEach
  void open() throws IOException {
    http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    listener = ShipWorld.serve(ShipWorld.of(source));
    node = ShipWorld.address(listener);
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
    http.shutdownNow();
    Engine engine = source.get();
    if (engine != null) {
      engine.close();
    }
  }

  private ShipClient client() {
    return new ShipClient(http, ShipSettings.defaults(ShipWorld.SECRET));
  }

  /** Waits until the listing of a pull that has been begun is taken. */
  private static void awaitListing(StorePull pull, Future<?> running) throws Exception {
    while (!running.isDone()
        && (pull.progress().step().equals("waiting")
            || pull.progress().step().equals("asking for a listing"))) {
      Thread.sleep(1);
    }
  }

  @Test
  void aCopyAnswersAsItsSourceDidAtTheListing() throws Exception {
    Random random = new Random(Seeds.usual(11));
    ShipWorld world = new ShipWorld(random);
    Engine engine = Engine.open(world.config(STORE).withFileSystem(disk));
    source.set(engine);
    Path copy = dir.resolve("copy");
    long kept = 0;
    try (ShipClient client = client();
        var thread = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 40; i++) {
          world.change(engine);
        }
        engine.flush();
        Map<String, String> expected = ShipWorld.content(engine);
        StoreInstall install = new StoreInstall(copy);
        StorePull pull = new StorePull(client, install, 0, List.of(node));
        Future<StoreListing> running = thread.submit(pull::run);
        awaitListing(pull, running);
        for (int i = 0; i < 60; i++) {
          world.change(engine);
        }
        StoreListing listing = running.get();
        install.install(listing);
        pull.release(listing);
        kept += pull.progress().keptBytes();
        assertThat(pull.progress().bytesDone()).isEqualTo(pull.progress().bytes());
        check(world.config(copy), expected);
      }
    }
    assertThat(kept).as("bytes that were in place already").isPositive();
    engine.runBackgroundWork();
    assertThat(disk.list(STORE.resolve("ship"))).as("files that are held").isEmpty();
  }

  private static void check(EngineConfig config, Map<String, String> expected) throws IOException {
    try (Engine opened = Engine.open(config)) {
      assertThat(opened.stats().damage()).isEmpty();
      assertThat(ShipWorld.content(opened)).isEqualTo(expected);
    }
    List<String> problems = new ArrayList<>();
    new DataFolder(config.dataDir()).verify(file -> {}, problems::add);
    assertThat(problems).isEmpty();
  }

  /** A store with some hundred kilobytes in files. */
  private Engine filled(ShipWorld world) throws IOException {
    Engine engine = Engine.open(world.config(STORE).withFileSystem(disk));
    source.set(engine);
    for (int i = 0; i < 250; i++) {
      world.append(engine);
      if (i % 60 == 59) {
        engine.flush();
      }
    }
    engine.flush();
    return engine;
  }

  @Test
  void brokenConnectionsShortReadsAndFlippedBitsDoNoHarm() throws Exception {
    Random random = new Random(Seeds.usual(12));
    ShipWorld world = new ShipWorld(random);
    Map<String, String> expected = ShipWorld.content(filled(world));
    int corrupt = 0;
    try (BadNetwork network = new BadNetwork(node, random);
        ShipClient client =
            new ShipClient(
                http, ShipSettings.defaults(ShipWorld.SECRET).withStall(Duration.ofMillis(300)))) {
      for (int round = 0; round < 3; round++) {
        Path copy = dir.resolve("copy" + round);
        StoreInstall install = new StoreInstall(copy);
        StoreListing listing = null;
        for (int attempt = 0; listing == null; attempt++) {
          assertThat(attempt).as("pulls that failed").isLessThan(200);
          network.be(80_000, round == 1, round == 2);
          StorePull pull = new StorePull(client, install, 0, List.of(network.address()));
          try {
            listing = pull.run();
          } catch (CorruptDataException e) {
            corrupt++; // the listing itself, or one file many times
          } catch (IOException e) {
            assertThat(e).isNotInstanceOf(java.nio.file.FileSystemException.class);
          }
        }
        install.install(listing);
        check(world.config(copy), expected);
      }
      assertThat(network.broken).hasPositiveValue();
      assertThat(network.flipped).hasPositiveValue();
      assertThat(network.stalled).hasPositiveValue();
    }
    System.out.println("StorePullTest: " + corrupt + " pulls ended by flipped bits");
  }

  @Test
  void whatCameIsNotFetchedAgain() throws Exception {
    Random random = new Random(Seeds.usual(13));
    ShipWorld world = new ShipWorld(random);
    Map<String, String> expected = ShipWorld.content(filled(world));
    Path copy = dir.resolve("copy");
    StoreInstall install = new StoreInstall(copy);
    long received = 0;
    long total = 0;
    int broken = 0;
    try (ShipClient client =
            new ShipClient(http, ShipSettings.defaults(ShipWorld.SECRET).withRate(2_000_000));
        var thread = Executors.newSingleThreadExecutor()) {
      for (StoreListing listing = null; listing == null; ) {
        StorePull pull = new StorePull(client, install, 0, List.of(node));
        Future<StoreListing> running = thread.submit(pull::run);
        awaitListing(pull, running);
        Thread.sleep(random.nextInt(60));
        if (broken < 5) {
          pull.cancel();
        }
        try {
          listing = running.get();
          total = listing.bytes();
          install.install(listing);
        } catch (ExecutionException e) {
          assertThat(e).hasCauseInstanceOf(InterruptedIOException.class);
          broken++;
        }
        received += pull.progress().bytesReceived();
      }
    }
    assertThat(broken).isPositive();
    assertThat(received).as("bytes over the network").isLessThanOrEqualTo(total);
    check(world.config(copy), expected);
    // All of it is there now: the next pull brings nothing.
    try (ShipClient client = client()) {
      StorePull again = new StorePull(client, install, 0, List.of(node));
      install.install(again.run());
      assertThat(again.progress().bytesReceived()).isZero();
    }
  }

  @Test
  void powerCutsLeaveTheOldStoreOrTheNewOne() throws Exception {
    long seed = Seeds.usual(14);
    Random random = new Random(seed);
    ShipWorld world = new ShipWorld(random);
    Engine engine = filled(world);
    Path copy = Path.of("/copy");
    SimFileSystem fs = new SimFileSystem(seed);
    int cuts = 0;
    int finished = 0;
    Map<String, String> before = Map.of();
    try (ShipClient client = client()) {
      for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 10; i++) {
          world.change(engine);
        }
        engine.flush();
        Map<String, String> after = ShipWorld.content(engine);
        boolean done = false;
        while (!done) {
          fs.cutPowerAt(fs.operations() + 1 + random.nextInt(cuts % 3 == 0 ? 600 : 100));
          try {
            StoreInstall install = new StoreInstall(fs, copy);
            StorePull pull = new StorePull(client, install, 0, List.of(node));
            StoreListing listing = pull.run();
            install.install(listing);
            Engine.open(world.config(copy).withFileSystem(fs)).close();
            done = true;
          } catch (PowerCutException | IOException e) {
            assertThat(fs.isDead()).as("a power cut, not " + e).isTrue();
            cuts++;
            fs = fs.restart();
          }
          fs.cutPowerAt(Long.MAX_VALUE);
          boolean marked = fs.exists(copy.resolve("INSTALLING"));
          try (Engine opened = Engine.open(world.config(copy).withFileSystem(fs))) {
            assertThat(opened.stats().damage()).isEmpty();
            Map<String, String> found = ShipWorld.content(opened);
            if (done || marked) {
              assertThat(found).isEqualTo(after);
              finished += marked ? 1 : 0;
            } else {
              assertThat(found).isIn(before, after);
            }
          }
        }
        before = after;
      }
    }
    System.out.println(
        "StorePullTest: " + cuts + " power cuts, " + finished + " switches finished by the start");
    assertThat(cuts).isGreaterThan(20);
    assertThat(finished).isPositive();
  }

  @Test
  void aFullDiskIsSaidAndLeavesTheOldStore() throws Exception {
    Random random = new Random(Seeds.usual(15));
    ShipWorld world = new ShipWorld(random);
    Engine engine = filled(world);
    Map<String, String> expected = ShipWorld.content(engine);
    SimFileSystem fs = new SimFileSystem(1);
    Path copy = Path.of("/copy");
    StoreInstall install = new StoreInstall(fs, copy);
    try (ShipClient client = client()) {
      fs.setFreeBytes(20_000);
      assertThatThrownBy(() -> new StorePull(client, install, 0, List.of(node)).run())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("bytes are to be pulled, and");
      fs.setFreeBytes(1L << 40);
      StoreListing listing = new StorePull(client, install, 0, List.of(node)).run();
      int refused = 0;
      int begun = 0;
      for (int free = 0; free < listing.bytes(); free += 20_000) {
        SimFileSystem full = new SimFileSystem(free);
        StoreInstall switched = new StoreInstall(full, copy);
        StoreListing pulled = new StorePull(client, switched, 0, List.of(node)).run();
        full.setFreeBytes(free);
        assertThatThrownBy(() -> switched.install(pulled)).isInstanceOf(IOException.class);
        full.setFreeBytes(1L << 40);
        if (full.exists(copy.resolve("INSTALLING"))) {
          begun++; // and it goes on when there is room
        } else {
          refused++;
          switched.install(pulled);
        }
        try (Engine opened = Engine.open(world.config(copy).withFileSystem(full))) {
          assertThat(ShipWorld.content(opened)).isEqualTo(expected);
        }
      }
      assertThat(refused).isPositive();
      assertThat(begun).isPositive();
    }
  }

  @Test
  void onlyWhatIsListedIsGivenAndOnlyToTheCluster() throws Exception {
    ShipWorld world = new ShipWorld(new Random(Seeds.usual(16)));
    filled(world);
    StoreListing listing;
    try (ShipClient client = client()) {
      listing = client.listing(node, 0);
    }
    String files = "/api/v1/cluster/shards/0/files/";
    String good = files + listing.files().getFirst().sha256();
    long size = listing.files().getFirst().bytes();
    assertThat(get(good, ShipWorld.SECRET, "bytes=0-0").statusCode()).isEqualTo(206);
    assertThat(get(good, ShipWorld.SECRET, null).body()).hasSize((int) size);
    assertThat(get(good, ShipWorld.SECRET, "bytes=" + size + "-").statusCode()).isEqualTo(416);
    assertThat(get(good, ShipWorld.SECRET, "bytes=5-4").statusCode()).isEqualTo(416);
    assertThat(get(good, ShipWorld.SECRET, "bytes=1-2,4-5").statusCode()).isEqualTo(200);
    HttpResponse<byte[]> tail = get(good, ShipWorld.SECRET, "bytes=3-");
    assertThat(tail.headers().firstValue("Content-Range"))
        .hasValue("bytes 3-" + (size - 1) + "/" + size);
    assertThat(tail.body()).hasSize((int) size - 3);
    for (String secret : new String[] {"", "wrong", ShipWorld.SECRET + "x"}) {
      assertThat(get(good, secret, null).statusCode()).isEqualTo(401);
      assertThat(get("/api/v1/cluster/shards/0/listing", secret, null).statusCode()).isEqualTo(401);
    }
    for (String path :
        new String[] {
          "..%2FCURRENT",
          "..%2f..%2f..%2fCURRENT",
          "CURRENT",
          "%2Fetc%2Fpasswd",
          "%00",
          "..",
          listing.files().getFirst().path().replace("/", "%2F"),
          "0".repeat(64),
          listing.files().getFirst().sha256().toUpperCase(Locale.ROOT),
          listing.files().getFirst().sha256() + "%2F.."
        }) {
      assertThat(get(files + path, ShipWorld.SECRET, null).statusCode()).as(path).isEqualTo(404);
    }
    assertThat(get(files + "../../../CURRENT", ShipWorld.SECRET, null).statusCode()).isEqualTo(404);
    source.getAndSet(null).close();
    assertThat(get(good, ShipWorld.SECRET, null).statusCode()).isEqualTo(503);
  }

  private HttpResponse<byte[]> get(String path, String secret, @Nullable String range)
      throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(node + path));
    if (!secret.isEmpty()) {
      request.header("Authorization", "Bearer " + secret);
    }
    if (range != null) {
      request.header("Range", range);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }
}
