package io.varve.retention.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import io.varve.retention.chunkstore.ChunkStore;
import io.varve.retention.chunkstore.FolderChunkStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of backups when objects are damaged, and when something breaks off. */
final class BackupsTest {
  private static final long T = 1_700_000_400_000L;
  private static final BackupKey KEY = BackupKey.parse("5a".repeat(32));

  @TempDir Path folder;

  private final AtomicLong now = new AtomicLong(T + 1_000_000);
  private final InstantSource clock = () -> Instant.ofEpochMilli(now.get());
  private int copies;

  private static WriteBatch batch(int round) {
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < 10; s++) {
      Labels labels = new Labels.Builder().add("__name__", "m").add("s", "x" + s).build();
      for (int i = 0; i < 50; i++) {
        batch.add(labels, T + (round * 50L + i) * 1_000, round + s * i);
      }
    }
    return batch;
  }

  /** A store with some files; the copy of it is what is backed up. */
  private Path copy(int rounds) throws IOException {
    Path copy = folder.resolve("copy-" + copies++);
    Path data = folder.resolve("data-" + copies);
    try (Engine engine = Engine.open(EngineConfig.defaults(data).withBackgroundThreads(false))) {
      for (int round = 0; round < rounds; round++) {
        engine.append(batch(round), WriteMode.PARTIAL);
        if (round == 0) {
          engine.flush();
        }
      }
      assertThat(engine.backUp(copy)).isPositive();
    }
    return copy;
  }

  private Backups backups(ChunkStore store, @Nullable BackupKey key) {
    return new Backups(store, key, clock);
  }

  private Backups.Created create(Backups backups, Path copy) throws IOException {
    return backups.create(copy, 7, Instant.ofEpochMilli(now.addAndGet(1_000)), new Progress());
  }

  private static List<Path> objects(Path store) throws IOException {
    try (Stream<Path> walk = Files.walk(store.resolve("objects"))) {
      return walk.filter(Files::isRegularFile).sorted(Comparator.naturalOrder()).toList();
    }
  }

  @Test
  void namesEveryDamagedTruncatedAndMissingObject() throws Exception {
    for (BackupKey key : new BackupKey[] {null, KEY}) {
      Path place = folder.resolve("store-" + (key == null));
      Backups backups = backups(new FolderChunkStore(place), key);
      String name = create(backups, copy(3)).listing().name();
      assertThat(backups.verify("", new Progress()).problems()).isEmpty();
      List<Path> objects = objects(place);
      assertThat(objects).hasSizeGreaterThan(4);
      int n = 0;
      for (Path object : objects) {
        byte[] bytes = Files.readAllBytes(object);
        String what = place.relativize(object).toString();
        for (int way = 0; way < 3; way++) {
          byte[] damaged = bytes.clone();
          switch (way) {
            case 0 -> damaged[bytes.length / 2] ^= 4;
            case 1 -> damaged = Arrays.copyOf(bytes, bytes.length - 1);
            default -> Files.delete(object);
          }
          if (way < 2) {
            Files.write(object, damaged);
          }
          List<String> problems = backups.verify(name, new Progress()).problems();
          assertThat(problems).hasSize(1);
          assertThat(problems.getFirst())
              .contains("object " + what + (way == 2 ? " is missing" : " is damaged"))
              .contains("of backup " + name);
          Path restored = folder.resolve("r" + (key == null) + n++);
          assertThatExceptionOfType(DamagedObjectException.class)
              .isThrownBy(() -> backups.restore(name, restored, new Progress()))
              .withMessageContaining(what);
          assertThatExceptionOfType(IOException.class)
              .isThrownBy(() -> Engine.open(EngineConfig.defaults(restored)))
              .withMessageContaining("broken off");
          Files.write(object, bytes);
        }
      }
      assertThat(backups.verify("", new Progress()).problems()).isEmpty();
    }
  }

  @Test
  void namesADamagedListing() throws Exception {
    Path place = folder.resolve("store");
    Backups backups = backups(new FolderChunkStore(place), null);
    String damaged = create(backups, copy(1)).listing().name();
    String good = create(backups, copy(2)).listing().name();
    Path listing = place.resolve("backups/" + damaged);
    byte[] bytes = Files.readAllBytes(listing);
    bytes[20] ^= 1;
    Files.write(listing, bytes);
    assertThat(backups.verify("", new Progress()).problems())
        .singleElement()
        .asString()
        .contains("backup " + damaged + " cannot be restored");
    assertThat(backups.list()).hasSize(2);
    assertThat(backups.list().getFirst().listing()).isNull();
    int objects = objects(place).size();
    Pruning.Result pruned = backups.prune(new KeepRules(1, 0));
    assertThat(pruned.postponed()).contains(damaged); // what it needs is not known
    assertThat(objects(place)).hasSize(objects);
    assertThat(backups.verify(good, new Progress()).problems()).isEmpty();
  }

  /** A store that ends, as a killed process does, after so many changes. */
  private static final class Dying implements ChunkStore {
    private final ChunkStore inner;
    private int left;

    Dying(ChunkStore inner, int left) {
      this.inner = inner;
      this.left = left;
    }

    private synchronized void live() throws IOException {
      if (left-- <= 0) {
        throw new IOException("dead");
      }
    }

    @Override
    public void put(String name, Source source) throws IOException {
      live();
      inner.put(name, source);
    }

    @Override
    public InputStream get(String name, long offset, long length) throws IOException {
      return inner.get(name, offset, length);
    }

    @Override
    public List<Item> list(String prefix) throws IOException {
      return inner.list(prefix);
    }

    @Override
    public void delete(String name) throws IOException {
      live();
      inner.delete(name);
    }

    @Override
    public String place() {
      return inner.place();
    }

    @Override
    public long retries() {
      return 0;
    }

    @Override
    public void close() throws IOException {
      inner.close();
    }
  }

  @Test
  void listsNothingOfABackupThatWasBrokenOff() throws Exception {
    ChunkStore store = new FolderChunkStore(folder.resolve("store"));
    Path copy = copy(3);
    int steps = 0;
    boolean done = false;
    while (!done) {
      Backups backups = backups(new Dying(store, steps++), null);
      try {
        create(backups, copy);
        done = true;
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("dead");
        assertThat(backups(store, null).list()).isEmpty();
      }
    }
    assertThat(steps).isGreaterThan(4);
    Backups backups = backups(store, null);
    assertThat(backups.list()).hasSize(1);
    assertThat(backups.verify("", new Progress()).problems()).isEmpty();
    assertThat(create(backups, copy).uploadedFiles()).isZero();
  }

  @Test
  void removesOnlyWhatNobodyNeeds() throws Exception {
    Path place = folder.resolve("store");
    ChunkStore store = new FolderChunkStore(place);
    Backups backups = backups(store, null);
    Path first = copy(1);
    String gone = create(backups, first).listing().name();
    String kept = create(backups, copy(3)).listing().name();
    // Somebody makes a backup at this moment, and has stored an object.
    Repository repository = Repository.open(store, null, false);
    Path other = Files.write(folder.resolve("other"), new byte[] {1, 2, 3});
    String object = repository.object("ab".repeat(32));
    try (Marker marker = Marker.put(repository, Repository.CREATING, "x", clock)) {
      store.put(object, Repository.source(Files.readAllBytes(other)));
      Pruning.Result result = backups.prune(new KeepRules(1, 0));
      assertThat(result.removed()).containsExactly(gone);
      assertThat(result.postponed()).contains("is being made");
      assertThat(place.resolve(object)).exists();
      marker.renew();
    }
    // One that was killed does not count for ever.
    Marker killed = Marker.put(repository, Repository.CREATING, "y", clock);
    assertThat(backups.prune(new KeepRules(1, 0)).postponed()).isNotEmpty();
    now.addAndGet(11 * 60_000);
    assertThat(killed.isLost()).isTrue();
    Pruning.Result result = backups.prune(new KeepRules(1, 0));
    assertThat(result.postponed()).isEmpty();
    assertThat(result.objects()).isPositive();
    assertThat(place.resolve(object)).doesNotExist();
    assertThat(backups.verify(kept, new Progress()).problems()).isEmpty();
    // The other way round: nobody begins while objects are being removed.
    try (Marker pruning = Marker.put(repository, Repository.PRUNING, "z", clock)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> create(backups, first))
          .withMessageContaining("being removed");
      assertThat(pruning.isLost()).isFalse();
    }
    create(backups, first);
  }

  @Test
  void restoringGoesOnWhereItEnded() throws Exception {
    Path place = folder.resolve("store");
    Backups backups = backups(new FolderChunkStore(place), KEY);
    Path copy = copy(3);
    String name = create(backups, copy).listing().name();
    Path object = objects(place).get(2);
    byte[] bytes = Files.readAllBytes(object);
    Path restored = folder.resolve("restored");
    Files.delete(object);
    assertThatExceptionOfType(DamagedObjectException.class)
        .isThrownBy(() -> backups.restore(name, restored, new Progress()));
    Files.write(object, bytes);
    String other = create(backups, copy(1)).listing().name();
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> backups.restore(other, restored, new Progress()))
        .withMessageContaining("holds a part of backup " + name);
    backups.restore(name, restored, new Progress());
    assertSame(copy, restored);
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> backups.restore(name, restored, new Progress()))
        .withMessageContaining("is not empty");
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> backups.restore("nothing", folder.resolve("n"), new Progress()));
    Engine.open(EngineConfig.defaults(restored).withBackgroundThreads(false)).close();
  }

  private static void assertSame(Path expected, Path actual) throws IOException {
    List<Path> paths = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(expected)) {
      walk.filter(Files::isRegularFile).forEach(path -> paths.add(expected.relativize(path)));
    }
    try (Stream<Path> walk = Files.walk(actual)) {
      assertThat(
              walk.filter(Files::isRegularFile)
                  .map(actual::relativize)
                  .filter(path -> !path.toString().equals("LOCK")))
          .containsExactlyInAnyOrderElementsOf(paths);
    }
    for (Path path : paths) {
      assertThat(Files.mismatch(expected.resolve(path), actual.resolve(path))).isEqualTo(-1);
    }
  }

  @Test
  void aFileThatIsDamagedHereIsStoredAsItIsAndTold() throws Exception {
    Path copy = copy(3);
    Path chunk;
    try (Stream<Path> walk = Files.walk(copy)) {
      chunk = walk.filter(path -> path.toString().endsWith(".tch")).findFirst().orElseThrow();
    }
    Path own = Files.copy(chunk, folder.resolve("own")); // not the linked one
    byte[] bytes = Files.readAllBytes(own);
    bytes[bytes.length / 2] ^= 1;
    Files.delete(chunk);
    Files.write(chunk, bytes);
    Backups backups = backups(new FolderChunkStore(folder.resolve("store")), null);
    Backups.Created created = create(backups, copy);
    assertThat(created.problems())
        .singleElement()
        .asString()
        .contains(copy.relativize(chunk) + " is damaged in the data folder");
    String path = copy.relativize(chunk).toString();
    assertThat(created.listing().damaged()).containsExactly(path);
    assertThat(backups.verify("", new Progress()).problems())
        .singleElement()
        .asString()
        .contains(created.listing().name() + " was made of files that were damaged", path);
    BackupListing restored =
        backups.restore(Backups.LATEST, folder.resolve("restored"), new Progress());
    assertThat(restored.damaged()).containsExactly(path);
    assertSame(copy, folder.resolve("restored"));
  }

  @Test
  void theNewestThatIsNotDamagedStays() {
    List<BackupListing> listings = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      BackupListing.Entry file = new BackupListing.Entry("CURRENT", 1, "00", i == 0 || i > 3);
      BackupListing.Shard shard = new BackupListing.Shard(0, "", 0, "", 0, List.of(file));
      listings.add(new BackupListing("n" + i, T + i, List.of(shard)));
    }
    assertThat(new KeepRules(1, 0).kept(listings)).containsExactlyInAnyOrder("n5", "n3");
    assertThat(new KeepRules(1, 0).kept(listings.subList(4, 6))).containsExactly("n5");
  }

  @Test
  void keepsByNumberAndDay() {
    long day = 86_400_000;
    List<BackupListing> listings = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      listings.add(new BackupListing("n" + i, T + i * day / 4, List.of()));
    }
    // T is 22:20 UTC: the first is of one day, then four each.
    assertThat(KeepRules.ALL.kept(listings)).hasSize(12);
    assertThat(new KeepRules(2, 0).kept(listings)).containsExactlyInAnyOrder("n11", "n10");
    assertThat(new KeepRules(1, 3).kept(listings)).containsExactlyInAnyOrder("n11", "n8", "n4");
    assertThat(new KeepRules(0, 9).kept(listings))
        .containsExactlyInAnyOrder("n11", "n8", "n4", "n0");
  }
}
