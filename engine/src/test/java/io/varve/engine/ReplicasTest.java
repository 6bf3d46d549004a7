package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.wal.WalContinuation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three engines behind one log: writes, deletes, corrections, flushes and merges at whichever
 * leads, replicas that come behind, leaders that are deposed with records that nobody else has,
 * restarts. What was acknowledged reads the same at all of them, and what files they make of it is
 * equal byte for byte.
 */
final class ReplicasTest {
  private static final long WINDOW = 60_000;
  private static final long ORIGIN = 1_700_000_000_000L / WINDOW * WINDOW;

  @TempDir Path dir;

  private final SharedLog log = new SharedLog();
  private final List<SharedLog.Member> members = new ArrayList<>();
  private final List<Engine> engines = new ArrayList<>();
  private final List<Labels> series = new ArrayList<>();
  private HistoryModel model = new HistoryModel(DuplicatePolicy.LAST);
  private long now = ORIGIN;
  private int depositions;
  private int reopened;

  private EngineConfig config(int member) {
    return EngineConfig.defaults(dir.resolve("member" + member))
        .withWindow(WINDOW, WINDOW / 4)
        .withSizes(8_000, 2_000)
        .withLimits(1000, 64 << 20, 4_000)
        .withRetention(RetentionPolicy.KEEP_ALL)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withBackgroundThreads(false);
  }

  private void begin(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      members.add(log.new Member());
      engines.add(Engine.openReplica(config(i), new RecoveryProgress(), members.get(i)));
      members.get(i).attach(engines.get(i));
    }
    for (int i = 0; i < 12; i++) {
      series.add(Labels.of("__name__", "m" + i % 3, "instance", "host" + i, "job", "j"));
    }
    log.elect(members.getFirst());
  }

  @AfterEach
  void close() throws IOException {
    for (Engine engine : engines) {
      engine.close();
    }
  }

  @Test
  void replicasReadTheSameAndMakeTheSameFiles() throws IOException {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    begin(3);
    for (int step = 0; step < 450; step++) {
      int leader = members.indexOf(log.leader());
      int any = random.nextInt(3);
      switch (random.nextInt(24)) {
        case 0 -> engines.get(any).runBackgroundWork();
        case 1 -> engines.get(leader).flush();
        case 2 -> engines.get(leader).mergeAll();
        case 3 -> delete(engines.get(leader), random);
        case 4 -> correct(engines.get(leader), random);
        case 5 -> restart(random.nextInt(3));
        case 6 -> depose(leader, random);
        case 7, 8, 9 -> members.get(any).deliver(random.nextInt(log.committed() + 1));
        default -> append(engines.get(leader), random, true);
      }
      if (step % 50 == 49) {
        check("seed " + seed + " step " + step);
      }
    }
    engines.get(members.indexOf(log.leader())).mergeAll();
    check("seed " + seed + " at the end");
    assertThat(depositions).isPositive();
    assertThat(engines.stream().mapToLong(engine -> engine.replica().comparedFiles()).sum())
        .as("files that replicas have compared")
        .isPositive();
    assertThat(reopened).as("engines that held what the log does not").isPositive();
    for (Engine engine : engines) {
      while (engine.runBackgroundWork()) {
        assertThat(engine.stats().damage()).isEmpty();
      }
    }
    Map<String, byte[]> first = files(0);
    assertThat(first).hasSizeGreaterThan(5);
    for (int i = 1; i < 3; i++) {
      Map<String, byte[]> other = files(i);
      assertThat(other.keySet()).isEqualTo(first.keySet());
      members.get(i).deliver(log.committed());
      assertThat(engines.get(i).replica().differingFiles()).isEmpty();
      first.forEach((name, bytes) -> assertThat(other.get(name)).as(name).isEqualTo(bytes));
    }
  }

  @Test
  void aBackupOfTheLeaderIsAStoreOfItsOwn() throws IOException {
    long seed = Seeds.usual(2);
    Random random = new Random(seed);
    begin(3);
    for (int round = 0; round < 12; round++) {
      for (int step = random.nextInt(20); step > 0; step--) {
        int leader = members.indexOf(log.leader());
        switch (random.nextInt(16)) {
          case 0 -> engines.get(leader).flush();
          case 1 -> engines.get(leader).mergeAll();
          case 2 -> delete(engines.get(leader), random);
          case 3 -> correct(engines.get(leader), random);
          case 4 -> engines.get(random.nextInt(3)).runBackgroundWork();
          default -> append(engines.get(leader), random, true);
        }
      }
      Engine leader = engines.get(members.indexOf(log.leader()));
      Path folder = dir.resolve("backup" + round);
      if (round % 4 == 3) {
        Engine other = engines.get((members.indexOf(log.leader()) + 1) % 3);
        assertThatThrownBy(() -> other.backUp(folder)).isInstanceOf(NotLeadingException.class);
      }
      Map<Labels, TreeMap<Long, Long>> then = model.visible(TimeRange.ALL);
      long position = leader.backUp(folder);
      append(leader, random, true); // goes on behind it
      EngineConfig alone = on(folder);
      try (Engine restored = Engine.open(alone, new RecoveryProgress())) {
        assertThat(restored.stats().damage()).as("seed " + seed).isEmpty();
        assertThat(new DataFolder(folder).contents().checkpointPosition()).isEqualTo(position);
        assertThat(read(restored)).as("seed " + seed + " round " + round).isEqualTo(then);
        restored.append(batch(random), WriteMode.PARTIAL); // its own log goes on from there
      }
      try (Engine again = Engine.open(alone, new RecoveryProgress())) {
        assertThat(again.stats().damage()).as("seed " + seed).isEmpty();
        assertThat(read(again).size()).isGreaterThanOrEqualTo(then.size());
      }
    }
    check("seed " + seed + " at the end");
  }

  /** As a restore to a point in time does it: for one server, and for a cluster to begin with. */
  @Test
  void theSharedLogGoesOnBehindABackup() throws IOException {
    long seed = Seeds.usual(3);
    Random random = new Random(seed);
    begin(3);
    for (int step = 0; step < 20; step++) {
      append(engines.getFirst(), random, true);
    }
    Path alone = dir.resolve("alone");
    long base = engines.getFirst().backUp(alone);
    for (int step = 0; step < 120; step++) {
      int leader = members.indexOf(log.leader());
      switch (random.nextInt(20)) {
        case 0 -> engines.get(leader).flush();
        case 1 -> engines.get(leader).mergeAll();
        case 2 -> delete(engines.get(leader), random);
        case 3 -> correct(engines.get(leader), random);
        case 4 -> log.elect(members.get(random.nextInt(3)));
        case 5 -> engines.get(random.nextInt(3)).runBackgroundWork();
        default -> append(engines.get(leader), random, true);
      }
    }
    try (WalContinuation tail = new DataFolder(alone).continueLog(true)) {
      assertThat(tail.last()).isEqualTo(base);
      log.read(base, tail);
      tail.fillTo(log.committed());
    }
    assertThat(new DataFolder(alone).verify(file -> {}, problem -> fail(problem))).isPositive();
    Path common = dir.resolve("common");
    copy(alone, common);
    try (Engine restored = Engine.open(on(alone), new RecoveryProgress())) {
      assertThat(restored.stats().damage()).as("seed " + seed).isEmpty();
      assertThat(read(restored)).as("seed " + seed).isEqualTo(model.visible(TimeRange.ALL));
    }

    // Broken off late, and done again.
    Path newest;
    try (Stream<Path> all = Files.list(common.resolve("wal/0"))) {
      newest = all.max(Path::compareTo).orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(newest);
    byte[] damaged = bytes.clone();
    damaged[bytes.length / 2] ^= 1;
    Files.write(newest, damaged);
    assertThatThrownBy(() -> RestoredLog.apply(on(common)))
        .isInstanceOf(CorruptDataException.class);
    Files.write(newest, bytes);

    RestoredLog.apply(on(common));

    DataFolder.Contents contents = new DataFolder(common).contents();
    assertThat(contents.logSegments()).isZero();
    assertThat(contents.checkpointPosition()).isLessThanOrEqualTo(log.committed());
    RestoredLog.apply(on(common)); // nothing is left to do
    SharedLog.Member member = log.new Member();
    try (Engine restored = Engine.openReplica(on(common), new RecoveryProgress(), member)) {
      assertThat(restored.replica().savedTo()).isEqualTo(contents.checkpointPosition());
      assertThat(read(restored)).as("seed " + seed).isEqualTo(model.visible(TimeRange.ALL));
      member.attach(restored);
      log.elect(Objects.requireNonNull(log.leader())); // a log that begins does so with a lead
      append(engines.get(members.indexOf(log.leader())), random, true);
      member.deliver(log.committed());
      assertThat(read(restored)).as("seed " + seed).isEqualTo(model.visible(TimeRange.ALL));
    }
  }

  @Test
  void aRestoredLogThatIsDamagedIsNotPassedOver() throws IOException {
    Random random = new Random(1);
    begin(1);
    append(engines.getFirst(), random, true);
    Path folder = dir.resolve("restored");
    long base = engines.getFirst().backUp(folder);
    for (int i = 0; i < 5; i++) {
      append(engines.getFirst(), random, true);
    }
    try (WalContinuation tail = new DataFolder(folder).continueLog(true)) {
      log.read(base, tail);
    }
    Path segment;
    try (Stream<Path> all = Files.list(folder.resolve("wal/0"))) {
      segment = all.findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);

    assertThatThrownBy(() -> RestoredLog.apply(on(folder)))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining(segment.getFileName().toString());
    assertThat(Files.exists(segment)).isTrue();
  }

  private EngineConfig on(Path folder) {
    return EngineConfig.defaults(folder)
        .withWindow(WINDOW, WINDOW / 4)
        .withRetention(RetentionPolicy.KEEP_ALL)
        .withClock(() -> Instant.ofEpochMilli(now))
        .withBackgroundThreads(false);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Files.copy(path, to.resolve(from.relativize(path)));
      }
    }
  }

  /** The leader goes on alone for a while; then the others have another one. */
  private void depose(int leader, Random random) throws IOException {
    log.isCut = true;
    for (int i = random.nextInt(4); i > 0; i--) {
      append(engines.get(leader), random, false);
    }
    log.isCut = false;
    int next = (leader + 1 + random.nextInt(2)) % 3;
    log.elect(members.get(next));
    depositions++;
    assertThatThrownBy(() -> engines.get(leader).append(batch(random), WriteMode.PARTIAL))
        .isInstanceOf(NotLeadingException.class);
    if (members.get(leader).isDiverged()) {
      restart(leader);
      reopened++;
    }
  }

  private void restart(int member) throws IOException {
    boolean led = log.leader() == members.get(member);
    if (led) {
      // A leader that goes down is followed by another one.
      log.elect(members.get((member + 1) % 3));
    }
    engines.get(member).close();
    Engine again = Engine.openReplica(config(member), new RecoveryProgress(), members.get(member));
    engines.set(member, again);
    members.get(member).attach(again);
    assertThat(again.stats().damage()).isEmpty();
  }

  private WriteBatch batch(Random random) {
    WriteBatch batch = new WriteBatch();
    // Now and then many samples of one series: those are logged as columns.
    Labels only = random.nextInt(6) == 0 ? series.get(random.nextInt(series.size())) : null;
    now += random.nextInt(3000);
    for (int i = random.nextInt(60); i >= 0; i--) {
      Labels labels = only == null ? series.get(random.nextInt(series.size())) : only;
      long time =
          switch (random.nextInt(8)) {
            case 0 -> now - random.nextInt(300_000); // late
            case 1 -> now / WINDOW * WINDOW;
            default -> now + 600 - i * 10L;
          };
      batch.add(labels, time, random.nextInt(3) == 0 ? 7.0 : random.nextInt(1000) / 10.0);
    }
    now += 600;
    return batch;
  }

  private void append(Engine engine, Random random, boolean works) {
    WriteBatch batch = batch(random);
    if (!works) {
      assertThatThrownBy(() -> engine.append(batch, WriteMode.PARTIAL))
          .isInstanceOf(StorageStoppedException.class)
          .hasMessageContaining("not replicated in time");
      return;
    }
    engine.append(batch, WriteMode.PARTIAL);
    note(batch, false);
  }

  private void note(WriteBatch batch, boolean correction) {
    for (int row = 0; row < batch.sampleCount; row++) {
      int s = batch.sampleSeries[row];
      Labels labels =
          Labels.fromCanonical(batch.labelArray[s], batch.labelOffset[s], batch.labelLength[s]);
      model.write(labels, batch.sampleTime[row], batch.sampleBits[row], correction);
    }
  }

  private void correct(Engine engine, Random random) {
    WriteBatch batch = batch(random);
    engine.correct(batch);
    note(batch, true);
  }

  private void delete(Engine engine, Random random) {
    long from = ORIGIN + random.nextLong(Math.max(1, now - ORIGIN)) - 1000;
    TimeRange range = new TimeRange(from, from + random.nextInt(20_000));
    Matcher matcher = Matcher.equal("__name__", "m" + random.nextInt(3));
    long id = engine.delete("", List.of(matcher), range);
    model.delete(id, matcher, range);
  }

  private void check(String when) {
    Map<Labels, TreeMap<Long, Long>> expected = model.visible(TimeRange.ALL);
    for (int i = 0; i < 3; i++) {
      members.get(i).deliver(log.committed());
      assertThat(read(engines.get(i))).as(when + " member " + i).isEqualTo(expected);
    }
  }

  private static Map<Labels, TreeMap<Long, Long>> read(Engine engine) {
    Map<Labels, TreeMap<Long, Long>> found = new TreeMap<>();
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet set =
          snapshot.select(
              "",
              List.of(new Matcher(Matcher.Type.RE, "__name__", "m.*")),
              TimeRange.ALL,
              QueryBudget.UNLIMITED);
      SampleColumns rows = new SampleColumns();
      try (SeriesReader reader = set.reader()) {
        for (int i = 0; i < set.size(); i++) {
          reader.read(i, TimeRange.ALL, rows);
          TreeMap<Long, Long> samples = new TreeMap<>();
          for (int k = 0; k < rows.size; k++) {
            samples.put(rows.times[k], Double.doubleToRawLongBits(rows.values[k]));
          }
          if (!samples.isEmpty()) {
            found.put(set.labels(i), samples);
          }
        }
      }
      assertThat(snapshot.damage()).isEmpty();
    }
    return found;
  }

  private Map<String, byte[]> files(int member) throws IOException {
    Path folder = dir.resolve("member" + member);
    Map<String, byte[]> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(path).toString();
        if (name.startsWith("w=") || name.startsWith("deletes")) {
          found.put(name, Files.readAllBytes(path));
        }
      }
    }
    return found;
  }

  @Test
  void aReplicaThatDoesNotLeadChangesNothing() throws IOException {
    begin(2);
    Random random = new Random(1);
    append(engines.getFirst(), random, true);
    Engine follower = engines.get(1);
    members.get(1).deliver(log.committed());

    assertThatThrownBy(() -> follower.append(batch(random), WriteMode.PARTIAL))
        .isInstanceOf(NotLeadingException.class);
    assertThatThrownBy(() -> follower.delete("", List.of(Matcher.equal("a", "b")), TimeRange.ALL))
        .isInstanceOf(NotLeadingException.class);
    now += 10 * WINDOW;
    follower.runBackgroundWork();
    assertThat(follower.stats().waitingJobs()).isZero();
    assertThat(read(follower)).isEqualTo(model.visible(TimeRange.ALL));
    assertThat(Objects.requireNonNull(log.leader()).replica().leads()).isTrue();
    assertThat(follower.replica().leads()).isFalse();
  }

  /** A replica whose file came out otherwise, here because a leader says so, knows it. */
  @Test
  void filesThatDifferAreTold() throws IOException {
    begin(2);
    append(engines.getFirst(), new Random(1), true);
    engines.getFirst().flush();
    members.get(1).deliver(log.committed());
    Engine follower = engines.get(1);
    while (follower.runBackgroundWork()) {
      assertThat(follower.stats().damage()).isEmpty();
    }
    assertThat(follower.replica().differingFiles()).isEmpty();
    log.changeLast(Records.SEALED, 5);

    append(engines.getFirst(), new Random(2), true);
    members.get(1).deliver(log.committed());

    assertThat(follower.replica().differingFiles()).hasSize(1);
    follower.replica().settled(follower.replica().differingFiles().keySet().iterator().next());
    assertThat(follower.replica().differingFiles()).isEmpty();
  }

  /** A replica saves its head by itself, so that its log can be trimmed. */
  @Test
  void replicasSaveTheirHeads() throws IOException {
    begin(2);
    Random random = new Random(1);
    for (int i = 0; i < 200; i++) {
      append(engines.getFirst(), random, true);
      members.get(1).deliver(log.committed());
      engines.get(1).runBackgroundWork();
    }
    assertThat(members.get(1).trimmedTo).isGreaterThan(log.committed() / 2);
    restart(1);
    assertThat(engines.get(1).replica().savedTo()).isGreaterThan(log.committed() / 2);
    check2();
  }

  private void check2() {
    members.get(1).deliver(log.committed());
    assertThat(read(engines.get(1))).isEqualTo(model.visible(TimeRange.ALL));
  }

  @Test
  void aFolderOfAnotherStoreIsRefused() throws IOException {
    Engine.open(config(0)).close();
    SharedLog.Member member = log.new Member();
    assertThatThrownBy(() -> Engine.openReplica(config(0), new RecoveryProgress(), member).close())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another store");
  }
}
