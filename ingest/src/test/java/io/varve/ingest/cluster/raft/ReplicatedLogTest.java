package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.varve.engine.log.NotLeaderException;
import io.varve.engine.log.ReadableLog;
import io.varve.engine.log.ShardLog;
import io.varve.ingest.cluster.LogPosition;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ReplicaStatus;
import io.varve.ingest.cluster.ShardStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three replicas of one log: order, changes of the lead, divergence, restarts, trimming. */
final class ReplicatedLogTest {
  @TempDir Path folder;

  private TestCluster cluster;

  @BeforeEach
  void prepare() throws IOException {
    cluster = new TestCluster(folder, 3, settings -> settings.withSizes(32 << 10, 4096, 1 << 20));
  }

  private void begin() throws IOException {
    for (TestCluster.Member member : cluster.members) {
      member.start();
    }
  }

  @AfterEach
  void close() throws IOException {
    cluster.close();
    assertThat(cluster.failures).isEmpty();
  }

  private void assertAllEqual() {
    List<TestReplica.Line> first = cluster.members.getFirst().replica().lines();
    for (TestCluster.Member member : cluster.members) {
      assertThat(member.replica().lines()).as(member.id()).isEqualTo(first);
    }
  }

  private TestCluster.Member other(TestCluster.Member member) {
    return cluster.members.stream().filter(m -> m != member).findFirst().orElseThrow();
  }

  @Test
  void allReplicasGetTheRecordsInOrder() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    List<String> expected = new ArrayList<>();
    long last = 0;
    for (int i = 0; i < 200; i++) {
      String text = "x".repeat(i * 97 % 9000) + i;
      last = leader.replica().append(text);
      expected.add(text);
      if (i % 50 == 0) {
        leader.replica().roll();
      }
    }
    leader.replica().log().sync(last);
    assertThat(leader.replica().log().durable()).isGreaterThanOrEqualTo(last);
    cluster.awaitAll(last);
    assertAllEqual();
    assertThat(leader.replica().lines().stream().map(TestReplica.Line::text)).isEqualTo(expected);
    assertThat(leader.replica().lines().stream().filter(TestReplica.Line::begins)).hasSize(5);
  }

  @Test
  void aReplicaThatDoesNotLeadRefuses() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    for (TestCluster.Member member : cluster.members) {
      if (member != leader) {
        member.replica().log().roll();
        assertThatThrownBy(() -> member.replica().log().append(1, new byte[3], 0, 3))
            .isInstanceOf(NotLeaderException.class)
            .hasMessageContaining(leader.id() + " leads it");
      }
    }
  }

  @Test
  void aLeaderThatIsCutOffDivergesAndIsOpenedAnew() throws IOException {
    begin();
    TestCluster.Member old = cluster.leader();
    long before = old.replica().append("before");
    old.replica().log().sync(before);
    cluster.awaitAll(before);

    cluster.cutOff(old);
    long lost = old.replica().append("lost");
    assertThatThrownBy(() -> old.replica().log().sync(lost)).isInstanceOf(IOException.class);
    TestCluster.Member next = cluster.leader();
    assertThat(next).isNotSameAs(old);
    long after = next.replica().append("after");
    next.replica().log().sync(after);
    assertThat(old.replica().lines()).extracting(TestReplica.Line::text).contains("lost");

    cluster.heal();
    cluster.awaitAll(after);
    TestCluster.await("divergence", () -> old.divergences.get() == 1);
    cluster.awaitAll(after);
    assertAllEqual();
    assertThat(next.replica().lines())
        .extracting(TestReplica.Line::text)
        .containsExactly("before", "after");
  }

  @Test
  void aNodeThatWasAwayCatchesUpFromTheLog() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    TestCluster.Member away =
        cluster.members.stream().filter(member -> member != leader).findFirst().orElseThrow();
    long first = leader.replica().append("first");
    leader.replica().log().sync(first);
    away.stop();
    long last = 0;
    for (int i = 0; i < 50; i++) {
      last = leader.replica().append("while away " + i);
    }
    leader.replica().log().sync(last);
    away.start();
    cluster.awaitAll(last);
    assertAllEqual();
    assertThat(away.installs).hasValue(0);
  }

  @Test
  void recordsAreReadAgainWithTheTimesOfTheirAppends() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    long before = System.currentTimeMillis();
    long last = 0;
    for (int i = 0; i < 40; i++) {
      if (i % 7 == 0) {
        leader.replica().roll();
      }
      last = leader.replica().append("r".repeat(i * 331 % 20_000) + i); // many come in parts
    }
    leader.replica().log().sync(last);
    cluster.awaitAll(last);
    for (TestCluster.Member member : cluster.members) {
      ReadableLog log = (ReadableLog) member.replica().log();
      assertThat(log.tellsTimes()).isTrue();
      List<TestReplica.Line> read = new ArrayList<>();
      List<Long> times = new ArrayList<>();
      long at = 0;
      while (at < last) {
        at = log.read(at + 1, last, 30_000, new Collector(read, times));
      }
      assertThat(read).isEqualTo(member.replica().lines());
      assertThat(times).hasSize(40).isSorted();
      assertThat(times.getFirst()).isGreaterThanOrEqualTo(before);
      assertThat(times.getLast()).isLessThanOrEqualTo(System.currentTimeMillis());
    }
    for (TestCluster.Member member : cluster.members) {
      member.save();
    }
    ReadableLog log = (ReadableLog) leader.replica().log();
    TestCluster.await("trimming", () -> log.totalBytes() < 64 << 10);
    assertThatThrownBy(() -> log.read(1, 2, 1, new Collector(new ArrayList<>(), new ArrayList<>())))
        .isInstanceOf(NoSuchFileException.class);
  }

  /** Makes lines of what is read. */
  private static final class Collector implements ShardLog.RecordConsumer {
    private final List<TestReplica.Line> read;
    private final List<Long> times;
    private boolean begins;

    Collector(List<TestReplica.Line> read, List<Long> times) {
      this.read = read;
      this.times = times;
    }

    @Override
    public void segment(long firstSequence) {
      begins = true;
    }

    @Override
    public void loggedAt(long millis) {
      times.add(millis);
    }

    @Override
    public void record(long sequence, int type, byte[] payload, int offset, int length) {
      String text = new String(payload, offset, length, StandardCharsets.ISO_8859_1);
      read.add(new TestReplica.Line(sequence, type, text, begins));
      begins = false;
    }
  }

  @Test
  void aNodeIsStoppedWhileManySegmentsBegin() throws Exception {
    begin();
    TestCluster.Member leader = cluster.leader();
    TestCluster.Member other = other(leader);
    AtomicBoolean ends = new AtomicBoolean();
    Thread appender =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    while (!ends.get()) {
                      long last = 0;
                      for (int i = 0; i < 40; i++) {
                        last = leader.replica().append("s".repeat(3900));
                      }
                      leader.replica().log().sync(last);
                    }
                  } catch (IOException e) {
                    cluster.failures.add(e);
                  }
                });
    for (int i = 0; i < 8; i++) {
      Thread.sleep(40);
      assertTimeoutPreemptively(Duration.ofSeconds(30), other::stop);
      other.start();
    }
    ends.set(true);
    appender.join();
    long last = leader.replica().append("last");
    leader.replica().log().sync(last);
    cluster.awaitAll(last);
    assertAllEqual();
  }

  @Test
  void readPositionsAreBehindWhatWasAcknowledgedAnywhere() throws Exception {
    begin();
    TestCluster.Member leader = cluster.leader();
    for (int i = 0; i < 20; i++) {
      long acknowledged = leader.replica().append("r" + i);
      leader.replica().log().sync(acknowledged);
      for (TestCluster.Member member : cluster.members) {
        LogPosition position = member.shard().readPosition().get(5, TimeUnit.SECONDS);
        assertThat(position.index()).isGreaterThanOrEqualTo(acknowledged);
        member.shard().applied(position).get(5, TimeUnit.SECONDS);
        assertThat(member.replica().lines().getLast().sequence()).isEqualTo(acknowledged);
      }
    }
    cluster.cutOff(leader);
    assertThatThrownBy(() -> leader.shard().readPosition().get(5, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class);
  }

  @Test
  void whoBelievesThatItLeadsIsNotUpToDateForThat() throws Exception {
    begin();
    TestCluster.Member leader = cluster.leader();
    long last = leader.replica().append("last");
    leader.replica().log().sync(last);
    cluster.awaitAll(last);
    TestCluster.await("the leader is confirmed", () -> leader.shard().lagMillis() < 2000);
    cluster.cutOff(leader);
    long cut = System.nanoTime();
    long looks = 0;
    long end = cut + 20_000_000_000L;
    while (cluster.leaderNow() == null && System.nanoTime() < end) {
      looks += leader.shard().leads() ? 1 : 0;
      long since = (System.nanoTime() - cut) / 1_000_000;
      assertThat(leader.shard().lagMillis()).isGreaterThanOrEqualTo(since);
      Thread.sleep(5);
    }
    assertThat(looks).as("while it believed that it leads").isPositive();
    TestCluster.Member next = cluster.leader();
    long unknown = next.replica().append("unknown to it");
    next.replica().log().sync(unknown);
    long acknowledged = System.nanoTime();
    cluster.heal();
    boolean has = false;
    while (!has && System.nanoTime() < end) {
      long since = (System.nanoTime() - acknowledged) / 1_000_000;
      long lag = leader.shard().lagMillis();
      has = leader.shard().applied().index() >= unknown;
      assertThat(has || lag >= since).as("lag " + lag + ", missing for " + since).isTrue();
    }
    TestCluster.await("it is up to date", () -> leader.shard().lagMillis() < 2000);
  }

  @Test
  void theLeadIsHandedOver() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    long before = leader.replica().append("before");
    leader.replica().log().sync(before);
    TestCluster.Member next = other(leader);
    leader.shard().transfer(next.id());
    TestCluster.await("the other leads", () -> next.replica().leads());
    assertThat(leader.replica().leads()).isFalse();
    assertThatThrownBy(() -> leader.replica().append("x")).isInstanceOf(NotLeaderException.class);
    long after = next.replica().append("after");
    next.replica().log().sync(after);
    cluster.awaitAll(after);
    assertAllEqual();
    assertThat(leader.divergences).hasValue(0);
    assertThatThrownBy(() -> leader.shard().transfer(next.id())).isInstanceOf(IOException.class);
  }

  @Test
  void statusSaysWhoIsHowFar() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    long last = leader.replica().append("a");
    leader.replica().log().sync(last);
    cluster.awaitAll(last);
    ShardStatus status = leader.shard().status(null);
    assertThat(status.state()).isEqualTo(new ReplicaState.Leading());
    assertThat(status.leader()).isEqualTo(leader.id());
    assertThat(status.applied()).isEqualTo(last);
    assertThat(status.committed()).isEqualTo(last);
    TestCluster.await("the leader is confirmed", () -> leader.shard().lagMillis() < 2000);
    assertThat(status.replicas()).extracting(ReplicaStatus::id).contains("n0", "n1", "n2");
    TestCluster.Member follower = other(leader);
    TestCluster.await("the follower is up to date", () -> follower.shard().lagMillis() < 2000);
    status = follower.shard().status(null);
    assertThat(status.state()).isEqualTo(new ReplicaState.Following());
    assertThat(status.leader()).isEqualTo(leader.id());
    assertThat(status.applied()).isEqualTo(last);
    assertThat(status.lagMillis()).isLessThan(2000);
    assertThat(status.replicas()).isEmpty();
  }

  @Test
  void aNodeThatDoesNotKnowTheSecretIsKeptOut() throws IOException {
    cluster.close();
    cluster =
        new TestCluster(
            folder,
            3,
            settings ->
                settings.withSecurity(settings.self().equals("n2") ? "guessed" : "known", null));
    begin();
    TestCluster.Member leader = cluster.leader();
    assertThat(leader.id()).isNotEqualTo("n2");
    long last = leader.replica().append("a");
    leader.replica().log().sync(last);
    TestCluster.Member stranger = cluster.members.get(2);
    assertThat(stranger.shard().committed().index()).isLessThan(last);
    assertThat(stranger.replica().lines()).isEmpty();
  }

  @Test
  void whoseStoreIsNotOpenDoesNotLeadForLong() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    leader.replica().log().close();
    TestCluster.await(
        "another leads",
        () ->
            cluster.members.stream()
                .anyMatch(member -> member != leader && member.replica().leads()));
  }
}
