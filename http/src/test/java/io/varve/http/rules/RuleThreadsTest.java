package io.varve.http.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.retention.rules.AlertSink;
import io.varve.retention.rules.Evaluator;
import io.varve.retention.rules.GroupStatus;
import io.varve.retention.rules.RuleFile;
import io.varve.retention.rules.RuleFiles;
import io.varve.retention.rules.RuleManager;
import io.varve.retention.rules.RuleMeter;
import io.varve.retention.rules.RuleSample;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The threads of a rule manager, by the system's clock. */
@Timeout(60)
final class RuleThreadsTest {
  private static final int MOST = 3;

  @TempDir private Path folder;

  /** Watches who evaluates; an expression is the name of its group. */
  private static final class Watch implements Evaluator {
    final Map<String, AtomicInteger> inside = new ConcurrentHashMap<>();
    final AtomicInteger all = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    final AtomicInteger overlaps = new AtomicInteger();
    final AtomicLong evaluations = new AtomicLong();

    @Override
    public String check(String expression) {
      return expression;
    }

    @Override
    public List<RuleSample> evaluate(String expression, long timeMillis) {
      AtomicInteger here = inside.computeIfAbsent(expression, e -> new AtomicInteger());
      most.accumulateAndGet(all.incrementAndGet(), Math::max);
      if (here.incrementAndGet() > 1) {
        overlaps.incrementAndGet();
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      here.decrementAndGet();
      all.decrementAndGet();
      evaluations.incrementAndGet();
      return List.of(new RuleSample(Labels.EMPTY, 1, null));
    }

    @Override
    public String text(Histogram histogram) {
      return histogram.toString();
    }
  }

  private static List<RuleFiles.Loaded> files(Evaluator evaluator, Random random) {
    List<RuleFiles.Loaded> files = new ArrayList<>();
    for (int g = 0; g < 20; g++) {
      if (random.nextInt(4) > 0) {
        StringBuilder yaml = new StringBuilder("groups:\n- name: g\n  interval: 7ms\n  rules:\n");
        for (int r = random.nextInt(4); r >= 0; r--) {
          yaml.append("  - {record: r").append(r).append(", expr: g").append(g).append("}\n");
        }
        files.add(new RuleFiles.Loaded("f" + g, RuleFile.parse(yaml.toString(), evaluator, false)));
      }
    }
    return files;
  }

  @Test
  void groupsNeverOverlapThroughReloadsAndAllEnds() throws Exception {
    Random random = new Random(Seeds.usual(20_261_122));
    Watch watch = new Watch();
    AtomicLong stored = new AtomicLong();
    RuleManager manager;
    try (RuleWorld store = new RuleWorld(folder)) {
      manager =
          new RuleManager(
              new RuleManager.Surroundings(
                  tenant -> watch,
                  tenant -> (samples, time) -> stored.addAndGet(samples.size()),
                  store::snapshot,
                  AlertSink.NOBODY,
                  RuleMeter.NONE,
                  InstantSource.system()));
      manager.start(MOST);
      for (int i = 0; i < 40; i++) {
        List<RuleFiles.Loaded> files = files(watch, random);
        manager.update(files, RuleWorld.SETTINGS);
        assertThat(manager.groups()).hasSameSizeAs(files);
        Thread.sleep(random.nextInt(60));
      }
      manager.stop();
      assertThat(manager.awaitEnd(5_000)).isTrue();
    }
    long evaluations = watch.evaluations.get();
    assertThat(evaluations).isGreaterThan(200);
    assertThat(stored.get()).isGreaterThanOrEqualTo(evaluations);
    assertThat(watch.overlaps.get()).isZero();
    assertThat(watch.most.get()).isBetween(1, MOST);
    assertThat(manager.groups().stream().mapToLong(g -> g.counts().iterations()).sum())
        .isPositive();
    Thread.sleep(30);
    assertThat(watch.evaluations.get()).isEqualTo(evaluations);
  }

  @Test
  void aReloadWaitsForTheRuleThatIsBeingEvaluatedOnly() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger second = new AtomicInteger();
    Evaluator slow =
        new Evaluator() {
          @Override
          public String check(String expression) {
            return expression;
          }

          @Override
          public List<RuleSample> evaluate(String expression, long timeMillis) {
            if (expression.equals("slow")) {
              begun.countDown();
              try {
                assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            } else {
              second.incrementAndGet();
            }
            return List.of();
          }

          @Override
          public String text(Histogram histogram) {
            return histogram.toString();
          }
        };
    try (RuleWorld store = new RuleWorld(folder);
        RuleManager manager =
            new RuleManager(
                new RuleManager.Surroundings(
                    tenant -> slow,
                    tenant -> (samples, time) -> {},
                    store::snapshot,
                    AlertSink.NOBODY,
                    RuleMeter.NONE,
                    InstantSource.system()))) {
      String yaml =
          "groups: [{name: g, interval: 5ms, rules: [{record: a, expr: slow}, {record: b, expr:"
              + " b}]}]";
      manager.update(
          List.of(new RuleFiles.Loaded("f", RuleFile.parse(yaml, slow, false))),
          RuleWorld.SETTINGS);
      manager.start(2);
      assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
      Thread reload = Thread.ofVirtual().start(() -> manager.update(List.of(), RuleWorld.SETTINGS));
      assertThat(reload.join(Duration.ofMillis(50))).isFalse();
      assertThat(manager.groups().stream().map(GroupStatus::name)).containsExactly("g");
      go.countDown();
      assertThat(reload.join(Duration.ofSeconds(20))).isTrue();
      assertThat(manager.groups()).isEmpty();
      assertThat(second.get()).isZero();
    }
  }
}
