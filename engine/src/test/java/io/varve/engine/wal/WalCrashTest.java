package io.varve.engine.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.log.ShardLogContract.Collector;
import io.varve.engine.log.ShardLogContract.Replayed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The power goes at every operation of a log's life, for many seeds and several lives in a row.
 * Every record whose sync returned comes back, no record is invented, the order is kept, and
 * nothing is called damage.
 */
final class WalCrashTest {
  private static final Path DIR = Path.of("/data/wal/0");
  private static final long STORE = 77;

  /** What a log must and may hold. */
  private static final class Oracle {
    /** Every record handed to append under the number it gets if it survives. */
    final TreeMap<Long, Replayed> submitted = new TreeMap<>();

    long acknowledged;

    /** As the engine's manifest would say: records before it are not needed any more. */
    long from = 1;
  }

  private static Wal reopen(SimFileSystem fs, Oracle oracle, String when) throws IOException {
    Wal log = Wal.open(fs, DIR, "wal/0", STORE);
    Collector collector = new Collector();
    assertThat(log.replay(oracle.from, collector)).as(when).isEmpty();
    assertThat(log.last()).as(when).isGreaterThanOrEqualTo(oracle.acknowledged);
    oracle.submitted.tailMap(log.last(), false).clear();
    long wanted = oracle.from;
    for (Replayed record : collector.records) {
      assertThat(record).as(when).isEqualTo(oracle.submitted.get(record.sequence()));
      if (record.sequence() >= oracle.from) {
        assertThat(record.sequence()).as(when).isEqualTo(wanted++);
      }
    }
    assertThat(wanted).as(when).isEqualTo(Math.max(oracle.from, log.last() + 1));
    assertThat(log.durable()).isEqualTo(log.last());
    // A start makes durable what it read.
    oracle.acknowledged = log.last();
    return log;
  }

  private static void live(Wal log, Oracle oracle, Random random, int steps) throws IOException {
    for (int step = 0; step < steps; step++) {
      switch (random.nextInt(10)) {
        case 0, 1 -> {
          long to = log.last() - (log.last() == 0 ? 0 : random.nextInt(2));
          log.sync(to);
          oracle.acknowledged = Math.max(oracle.acknowledged, to);
        }
        case 2 -> {
          log.roll();
          oracle.acknowledged = Math.max(oracle.acknowledged, log.durable());
          if (random.nextInt(4) == 0) {
            oracle.from = log.last() + 1;
            log.trim(oracle.from);
          }
        }
        case 3 -> {
          long to = 1 + random.nextLong(log.durable() + 1);
          oracle.from = Math.max(oracle.from, to);
          log.trim(oracle.from);
        }
        default -> {
          String text = "record " + random.nextLong() + "x".repeat(random.nextInt(40) * 30);
          int type = 1 + random.nextInt(255);
          long sequence = log.last() + 1;
          oracle.submitted.put(sequence, new Replayed(sequence, type, text));
          byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
          assertThat(log.append(type, bytes, 0, bytes.length)).isEqualTo(sequence);
        }
      }
    }
  }

  /** One life on one disk: start, check, work, perhaps close. */
  private static void life(SimFileSystem fs, Oracle oracle, long seed, boolean close, String when)
      throws IOException {
    Wal log = reopen(fs, oracle, when);
    live(log, oracle, new Random(seed), 40);
    if (close) {
      log.close();
      oracle.acknowledged = log.last();
    }
  }

  @Test
  void powerCutAtEveryOperation() throws IOException {
    int crashes = 0;
    for (long seed : Seeds.range(1, 60)) {
      SimFileSystem counting = new SimFileSystem(seed);
      life(counting, new Oracle(), seed, true, "counting");
      for (long n = 1; n <= counting.operations(); n++) {
        SimFileSystem fs = new SimFileSystem(seed * 1000 + n);
        Oracle oracle = new Oracle();
        fs.cutPowerAt(n);
        try {
          life(fs, oracle, seed, true, "first life");
        } catch (PowerCutException e) {
          crashes++;
        }
        reopen(fs.restart(), oracle, "seed " + seed + ", cut at " + n);
      }
    }
    assertThat(crashes).isGreaterThan(1000);
  }

  @Test
  void manyLivesEndingInCutsAndKills() throws IOException {
    for (long seed : Seeds.range(1, 400)) {
      Random random = new Random(seed);
      SimFileSystem fs = new SimFileSystem(seed);
      Oracle oracle = new Oracle();
      for (int life = 0; life < 8; life++) {
        String when = "seed " + seed + ", life " + life;
        if (random.nextInt(3) > 0) {
          fs.cutPowerAt(1 + random.nextInt(50));
        }
        try {
          life(fs, oracle, random.nextLong(), random.nextBoolean(), when);
        } catch (PowerCutException e) {
          // This is how most lives end; the others are killed or closed.
        }
        // Where the power went, the process alone may have died as well.
        fs = random.nextBoolean() ? fs.restart() : fs.kill();
      }
    }
  }

  @Test
  void everyWriteThatFindsTheDiskFull() throws IOException {
    for (long budget = 0; budget <= 1500; budget += 7) {
      SimFileSystem fs = new SimFileSystem(budget);
      Oracle oracle = new Oracle();
      String when = "budget " + budget;
      Wal log = reopen(fs, oracle, when);
      fs.setFreeBytes(budget);
      boolean failed = false;
      try {
        live(log, oracle, new Random(5), 60);
      } catch (IOException e) {
        failed = true;
        assertThat(e).as(when).hasMessageContaining("No space left on device");
      }
      assertThat(failed).as(when).isTrue();
      oracle.submitted.tailMap(log.last(), false).clear();
      assertThat(log.tryRepair()).as(when + ": still full").isFalse();
      log.sync(log.last());
      fs.setFreeBytes(Long.MAX_VALUE);
      assertThat(log.tryRepair()).as(when + ": room again").isTrue();
      live(log, oracle, new Random(6), 30);
      log.sync(log.last());
      oracle.acknowledged = log.last();
      reopen(fs.restart(), oracle, when);
    }
  }

  @Test
  void killedWhileTheTornRecordStands() throws IOException {
    for (long seed : Seeds.range(1, 100)) {
      SimFileSystem fs = new SimFileSystem(seed);
      Oracle oracle = new Oracle();
      Wal log = reopen(fs, oracle, "seed " + seed);
      fs.setFreeBytes(500 + seed * 10);
      try {
        live(log, oracle, new Random(seed), 200);
      } catch (IOException e) {
        oracle.submitted.tailMap(log.last(), false).clear();
      }
      SimFileSystem after = seed % 2 == 0 ? fs.kill() : fs.restart();
      after.setFreeBytes(Long.MAX_VALUE);
      Wal again = reopen(after, oracle, "seed " + seed);
      live(again, oracle, new Random(seed), 20);
      again.close();
      oracle.acknowledged = again.last();
      reopen(after, oracle, "seed " + seed);
    }
  }
}
