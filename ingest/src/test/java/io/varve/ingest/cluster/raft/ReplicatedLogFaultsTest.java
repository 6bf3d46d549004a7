package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three replicas among faults by seed: leaders that are cut off with records that nobody else has,
 * nodes that go down without a word, lead that is handed over, logs that are trimmed under one that
 * is away. Afterwards all have the same records, every acknowledged one is among them at its place,
 * and none was made up.
 */
final class ReplicatedLogFaultsTest {
  private static final int ROUNDS = 7;

  @TempDir Path folder;

  private TestCluster cluster;
  private final Map<Long, String> acknowledged = new ConcurrentHashMap<>();
  private final Set<String> sent = ConcurrentHashMap.newKeySet();
  private int texts;

  @BeforeEach
  void begin() throws IOException {
    cluster =
        new TestCluster(
            folder,
            3,
            settings -> settings.withSizes(16 << 10, 2048, 1 << 20).withTimes(300, 1500, 1));
    for (TestCluster.Member member : cluster.members) {
      member.start();
    }
    // One that has nothing yet elects nobody who has something.
    TestReplica first = cluster.leader().replica();
    long begun = first.append("begun");
    first.log().sync(begun);
    cluster.awaitAll(begun);
    sent.add("begun");
  }

  @AfterEach
  void end() throws IOException {
    cluster.close();
    assertThat(cluster.failures).isEmpty();
  }

  /** Appends at a member, whatever it is, and remembers what was acknowledged. */
  private void append(TestCluster.Member at, Random random, int count, boolean sync) {
    TestReplica replica = at.replica;
    if (replica == null) {
      return;
    }
    Map<Long, String> pending = new TreeMap<>();
    try {
      for (int i = 0; i < count; i++) {
        String text = "t" + texts++ + "-" + "a".repeat(random.nextInt(4000));
        sent.add(text);
        long sequence = replica.append(text);
        pending.put(sequence, text);
        if (random.nextInt(20) == 0) {
          replica.roll();
        }
      }
      if (sync) {
        replica.log().sync(new TreeMap<>(pending).lastKey());
        acknowledged.putAll(pending);
      }
    } catch (IOException e) {
      // Not acknowledged.
    }
  }

  @Test
  void nothingAcknowledgedIsLost() throws IOException {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    int rounds = Seeds.rounds(ROUNDS);
    int divergences = 0;
    for (int round = 0; round < rounds; round++) {
      TestCluster.Member leader = cluster.leader();
      append(leader, random, 1 + random.nextInt(20), true);
      TestCluster.Member any = cluster.members.get(random.nextInt(3));
      switch (random.nextInt(6)) {
        case 0, 1 -> cutOffWithRecords(leader, random);
        case 2 -> {
          any.stop();
          append(cluster.leader(), random, 5, true);
          any.start();
        }
        case 3 -> handOver(leader, any, random);
        case 4 -> {
          for (TestCluster.Member member : cluster.members) {
            member.save();
          }
        }
        default -> {
          // One is away while the others trim.
          any.stop();
          append(cluster.leader(), random, 30, true);
          for (TestCluster.Member member : cluster.members) {
            if (member != any) {
              member.save();
            }
          }
          any.start();
        }
      }
    }
    cluster.heal();
    append(cluster.leader(), random, 1, true);
    TestCluster.Member last = cluster.leader();
    long end = last.replica().append("the end");
    last.replica().log().sync(end);
    for (TestCluster.Member member : cluster.members) {
      TestCluster.await(
          member.id(),
          () -> {
            cluster.startEnded();
            TestReplica replica = member.replica;
            return replica != null
                && replica.lines().stream().anyMatch(line -> line.text().equals("the end"));
          });
      divergences += member.divergences.get();
    }
    List<TestReplica.Line> lines = cluster.members.getFirst().replica().linesTo(end);
    for (TestCluster.Member member : cluster.members) {
      assertThat(member.replica().linesTo(end))
          .as("seed %s, %s", seed, member.id())
          .isEqualTo(lines);
    }
    Map<Long, String> stored = new TreeMap<>();
    Set<String> once = new HashSet<>();
    for (TestReplica.Line line : lines) {
      stored.put(line.sequence(), line.text());
      assertThat(once.add(line.text())).as("twice: " + line.sequence()).isTrue();
      assertThat(sent.contains(line.text()) || line.sequence() == end).isTrue();
    }
    assertThat(stored).as("seed %s", seed).containsAllEntriesOf(acknowledged);
    assertThat(acknowledged.size()).isGreaterThan(rounds * 3);
    System.out.println(
        lines.size()
            + " records, "
            + acknowledged.size()
            + " acknowledged of "
            + sent.size()
            + ", "
            + divergences
            + " times opened anew, "
            + cluster.members.stream().mapToInt(m -> m.installs.get()).sum()
            + " times installed");
  }

  private void cutOffWithRecords(TestCluster.Member leader, Random random) throws IOException {
    Thread appender = Thread.ofVirtual().start(() -> append(leader, new Random(texts), 40, false));
    cluster.cutOff(leader);
    join(appender);
    append(leader, random, 5, true);
    append(cluster.leader(), random, 10, true);
    cluster.heal();
  }

  private void handOver(TestCluster.Member leader, TestCluster.Member to, Random random) {
    Thread appender = Thread.ofVirtual().start(() -> append(leader, new Random(texts), 60, true));
    try {
      leader.shard().transfer(to.id());
    } catch (IOException e) {
      // It does not lead any more.
    }
    join(appender);
    append(cluster.leader(), random, 5, true);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
