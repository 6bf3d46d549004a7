package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What all have saved leaves the log, and who is behind it gets what another has saved. */
final class ReplicatedLogTrimTest {
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
  void whatAllHaveSavedLeavesTheLogAndComesBackAsFiles() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    long last = 0;
    for (int i = 0; i < 60; i++) {
      last = leader.replica().append("y".repeat(3000) + i);
    }
    leader.replica().log().sync(last);
    cluster.awaitAll(last);
    long all = leader.replica().log().totalBytes();
    assertThat(all).isGreaterThan(180_000);
    for (TestCluster.Member member : cluster.members) {
      member.save();
    }
    for (TestCluster.Member member : cluster.members) {
      TestCluster.await("trimming", () -> member.replica().log().totalBytes() < 64 << 10);
    }
    cluster.stopAll();
    for (TestCluster.Member member : cluster.members) {
      member.start();
    }
    long next = cluster.leader().replica().append("next");
    cluster.leader().replica().log().sync(next);
    cluster.awaitAll(next);
    assertAllEqual();
    assertThat(cluster.leader().replica().lines()).hasSize(61);
  }

  @Test
  void whoIsBehindTheLogGetsWhatAnotherHasSaved() throws IOException {
    cluster.close();
    cluster =
        new TestCluster(
            folder,
            3,
            settings -> settings.withSizes(32 << 10, 4096, 1 << 20).withTimes(400, 3000, 500));
    begin();
    TestCluster.Member leader = cluster.leader();
    TestCluster.Member away = other(leader);
    long first = leader.replica().append("first");
    leader.replica().log().sync(first);
    cluster.awaitAll(first);
    away.stop();
    long last = 0;
    for (int i = 0; i < 60; i++) {
      last = leader.replica().append("z".repeat(3000) + i);
    }
    leader.replica().log().sync(last);
    for (TestCluster.Member member : cluster.members) {
      if (member != away) {
        TestCluster.await(
            "all at two", () -> member.replica().log().durable() >= leader.replica().log().last());
        member.save();
      }
    }
    // It is not held for one that is away for longer than it is held.
    for (TestCluster.Member member : cluster.members) {
      if (member != away) {
        TestCluster.await("trimming", () -> member.replica().log().totalBytes() < 64 << 10);
      }
    }
    away.start();
    cluster.awaitAll(last);
    assertThat(away.installs.get()).isPositive();
    long next = cluster.leader().replica().append("next");
    cluster.leader().replica().log().sync(next);
    cluster.awaitAll(next);
    assertAllEqual();
    // What was installed outlasts a restart.
    away.save();
    away.stop();
    away.start();
    cluster.awaitAll(next);
    assertAllEqual();
  }

  /** Its log is longer than the others', with entries that did not become part of it. */
  @Test
  void whoGetsWhatAnotherHasSavedWhileTheLeadChangesGoesOn() throws IOException {
    cluster.close();
    cluster =
        new TestCluster(
            folder,
            3,
            settings -> settings.withSizes(32 << 10, 4096, 1 << 20).withTimes(400, 3000, 1));
    begin();
    TestCluster.Member away = cluster.leader();
    long last = away.replica().append("first");
    away.replica().log().sync(last);
    cluster.awaitAll(last);
    cluster.cutOff(away);
    for (int i = 0; i < 300; i++) {
      away.replica().append("not to be " + i);
    }
    List<TestCluster.Member> others = cluster.members.stream().filter(m -> m != away).toList();
    TestCluster.Member leader = cluster.leader();
    for (int i = 0; i < 60; i++) {
      last = leader.replica().append("z".repeat(3000) + i);
    }
    leader.replica().log().sync(last);
    long all = last;
    for (TestCluster.Member member : others) {
      TestCluster.await("all at two", () -> member.replica().log().durable() >= all);
      member.save();
    }
    for (TestCluster.Member member : others) {
      TestCluster.await("trimming", () -> member.replica().log().totalBytes() < 64 << 10);
    }
    away.mayInstall = new CompletableFuture<>();
    cluster.heal();
    TestCluster.await("asked to install", () -> away.installs.get() > 0);
    TestCluster.Member next =
        others.stream().filter(member -> member != leader).findFirst().orElseThrow();
    leader.shard().transfer(next.id());
    TestCluster.await("the lead of " + next.id(), () -> next.replica().leads());
    away.mayInstall.complete(null);
    last = next.replica().append("next");
    next.replica().log().sync(last);
    cluster.awaitAll(last);
    assertAllEqual();
  }

  @Test
  void theLogIsHeldForOneThatIsNotAwayForLong() throws IOException {
    begin();
    TestCluster.Member leader = cluster.leader();
    other(leader).stop();
    long last = 0;
    for (int i = 0; i < 60; i++) {
      last = leader.replica().append("z".repeat(3000) + i);
    }
    leader.replica().log().sync(last);
    leader.save();
    leader.shard().trimWhatMayGo();
    assertThat(leader.replica().log().totalBytes()).isGreaterThan(180_000);
  }
}
