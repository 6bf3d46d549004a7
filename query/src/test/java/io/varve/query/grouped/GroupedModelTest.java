package io.varve.query.grouped;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.DeleteInfo;
import io.varve.engine.FolderCheck;
import io.varve.engine.Seeds;
import io.varve.engine.StorageStoppedException;
import io.varve.engine.UndeleteException;
import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Matcher;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.engine.policy.RetentionRule;
import io.varve.query.Cancellation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Whatever happens to a store (late samples, corrections, deletes, undeletes, policies, merges,
 * other rules, restarts, power cuts), grouped aggregates answer what the samples do.
 */
final class GroupedModelTest {
  private static final Path FOLDER = Path.of("data");
  private static final int LIVES = 16;

  private int used;
  private int compared;
  private int cuts;

  @Test
  void whateverHappensTheAnswersAreThoseOfTheSamples() throws Exception {
    long seed = Seeds.usual(11);
    for (int store = 0; store < 2; store++) {
      live(seed + store);
    }
    System.out.println(
        "GroupedModelTest: " + cuts + " power cuts, " + used + " of " + compared + " by tables");
    assertThat(used).isGreaterThan(compared / 20);
  }

  private void live(long seed) throws IOException {
    SimFileSystem first = new SimFileSystem(seed);
    SimFileSystem fs = first;
    Random random = new Random(seed);
    GroupedStore store = new GroupedStore(FOLDER, random, config -> config.withFileSystem(first));
    try {
      for (int life = 0; life < LIVES; life++) {
        boolean cut = random.nextBoolean();
        if (cut) {
          fs.cutPowerAt(fs.operations() + 1 + random.nextInt(300));
        }
        boolean ended = false;
        try {
          for (int i = 0; i < 40; i++) {
            if (operate(store) || i % 4 == 0) {
              compare(store, "seed " + seed + " life " + life + " step " + i);
            }
          }
          store.engine.close();
          ended = true;
        } catch (PowerCutException
            | StorageStoppedException
            | UncheckedIOException
            | IOException e) {
          assertThat(fs.isDead()).as("a power cut, not " + e).isTrue();
          cuts++;
        }
        fs = ended && !fs.isDead() ? fs : fs.restart();
        fs.cutPowerAt(Long.MAX_VALUE);
        SimFileSystem next = fs;
        store.configuration = config -> config.withFileSystem(next).withStoredRetention();
        store.open();
        assertThat(store.engine.stats().damage()).as("seed %d life %d", seed, life).isEmpty();
        compare(store, "seed " + seed + " after life " + life);
        if (life % 8 == 7) {
          store.settle();
          compare(store, "seed " + seed + " settled after life " + life);
          assertThat(FolderCheck.problems(fs, FOLDER)).as("seed %d life %d", seed, life).isEmpty();
          store.upkeep.audit(random, new Cancellation());
          assertThat(store.engine.aggregateStats().grouped().wrong()).isZero();
        }
      }
    } finally {
      store.close();
    }
  }

  private void compare(GroupedStore store, String as) {
    int queries = 6;
    compared += queries;
    try {
      used += store.compareMany(queries);
    } catch (AssertionError e) {
      throw new AssertionError(as + ": " + e.getMessage(), e);
    }
  }

  /** True if answers may be others at once. */
  private static boolean operate(GroupedStore store) {
    Random random = store.random;
    int dice = random.nextInt(100);
    if (dice < 25) {
      store.write(1 + random.nextInt(90));
    } else if (dice < 40) {
      store.upkeep.derive(store.now, new Cancellation());
    } else if (dice < 52) {
      store.engine.runBackgroundWork();
    } else if (dice < 68) {
      store.settle();
    } else if (dice < 90) {
      if (random.nextBoolean()) {
        store.settle();
      }
      change(store, random.nextInt(16));
      return true;
    } else if (dice < 93) {
      store.engine.mergeAll();
    } else if (dice < 94) {
      store.engine.cleanTombstones();
    } else if (dice < 97) {
      store.engine.flush();
    } else {
      store.upkeep.audit(random, new Cancellation());
    }
    return false;
  }

  private static void change(GroupedStore store, int dice) {
    if (dice < 4) {
      store.late();
    } else if (dice < 7) {
      store.correct();
    } else if (dice < 10) {
      store.delete();
    } else if (dice < 12) {
      undelete(store);
    } else if (dice < 14) {
      store.redefine();
    } else {
      store.engine.setRetention(policy(store.random));
    }
  }

  private static void undelete(GroupedStore store) {
    List<DeleteInfo> deletes = store.engine.deletes();
    if (!deletes.isEmpty()) {
      try {
        store.engine.undelete(deletes.get(store.random.nextInt(deletes.size())).id());
      } catch (UndeleteException e) {
        // It is purged, or undone already.
      }
    }
  }

  /** Aggregates are kept no longer than samples, so that these tell what is to be answered. */
  private static RetentionPolicy policy(Random random) {
    List<RetentionRule> rules = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      rules.add(
          new RetentionRule(
              null,
              List.of(Matcher.equal("job", "j" + random.nextInt(3))),
              RetentionRule.ANY,
              (4 + random.nextInt(20)) * GroupedStore.WINDOW));
    }
    return new RetentionPolicy((4 + random.nextInt(20)) * GroupedStore.WINDOW, rules);
  }
}
