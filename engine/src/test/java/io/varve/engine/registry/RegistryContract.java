package io.varve.engine.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Metadata;
import io.varve.engine.registry.Registry.Activity;
import io.varve.engine.registry.Registry.Usage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every registry does. */
abstract class RegistryContract {
  @TempDir protected Path folder;
  protected final List<String> warnings = new ArrayList<>();
  private final List<Registry> open = new ArrayList<>();

  /** Opens the registry of {@link #folder}. */
  protected abstract Registry create();

  protected final Registry registry() {
    Registry registry = create();
    open.add(registry);
    return registry;
  }

  @AfterEach
  void closeAll() {
    open.forEach(Registry::close);
  }

  @Test
  void metadataIsKeptPerTenantAndMetric() {
    Registry registry = registry();
    Metadata a = new Metadata("counter", "seconds", "time spent");
    Metadata b = new Metadata("gauge", "", "größe ☃ \uD83D\uDE00");
    registry.putMetadata("", "m", a);
    registry.putMetadata("t", "m", b);
    registry.putMetadata("t", "a", a);
    assertThat(registry.metadata("", "m")).isEqualTo(a);
    assertThat(registry.metadata("t", "m")).isEqualTo(b);
    assertThat(registry.metadata("t", "none")).isNull();
    assertThat(registry.metadata("tm", "")).isNull();
    assertThat(registry.metadataOf("t")).isEqualTo(Map.of("a", a, "m", b));
    assertThat(registry.metadataOf("t").keySet()).containsExactly("a", "m");
    assertThat(registry.metadataOf("nobody")).isEmpty();
    registry.putMetadata("t", "m", a);
    assertThat(registry.metadata("t", "m")).isEqualTo(a);
    assertThat(registry.entries()).isEqualTo(3);
  }

  @Test
  void usageAddsUp() {
    Registry registry = registry();
    registry.addUsage("", 3, 100);
    registry.addUsage("", 1, 50);
    registry.addUsage("t", 7, 7);
    assertThat(registry.usage("")).isEqualTo(new Usage(4, 150));
    assertThat(registry.usage("x")).isEqualTo(Usage.NONE);
    assertThat(registry.usages()).isEqualTo(Map.of("", new Usage(4, 150), "t", new Usage(7, 7)));
  }

  @Test
  void activityKnowsTheNewestTimes() {
    Registry registry = registry();
    registry.written("t", "m", 1000);
    registry.written("t", "m", 500);
    registry.queried("t", "m", 700);
    registry.queried("t", "m", 900);
    registry.putMetadata("t", "m", new Metadata("gauge", "", ""));
    assertThat(registry.activity("t", "m")).isEqualTo(new Activity(1000, 900));
    assertThat(registry.activity("t", "n")).isEqualTo(Activity.NONE);
    assertThat(registry.activities("t")).isEqualTo(Map.of("m", new Activity(1000, 900)));
    assertThat(registry.activities("u")).isEmpty();
    registry.written("t", "only", 1);
    assertThat(registry.metadata("t", "only")).isNull();
    assertThat(registry.metadataOf("t").keySet()).containsExactly("m");
  }

  @Test
  void longNamesAreForgottenAndLongHelpIsCut() {
    Registry registry = registry();
    Metadata about =
        new Metadata("gauge", "", "é".repeat(16_383) + "\uD83D\uDE00" + "x".repeat(5000));
    registry.putMetadata("", "ß".repeat(512), about);
    registry.putMetadata("", "ß".repeat(512) + "x", about);
    assertThat(registry.metadataOf("").keySet()).containsExactly("ß".repeat(512));
    assertThat(registry.metadata("", "ß".repeat(512)))
        .isEqualTo(new Metadata("gauge", "", "é".repeat(16_383)));
    assertThat(registry.forgotten()).isEqualTo(1);
  }

  @Test
  void longHelpTextsAreKeptWhole() {
    Registry registry = registry();
    Metadata about = new Metadata("gauge", "", "☃".repeat(Registry.MAX_HELP_CHARS));
    for (int i = 0; i < 300; i++) {
      registry.putMetadata("", "m" + i, about);
    }
    assertThat(registry.metadataOf("")).hasSize(300).containsEntry("m299", about);
    assertThat(registry.forgotten()).isZero();
  }

  @Test
  void manyMetrics() {
    Registry registry = registry();
    Metadata about = new Metadata("counter", "bytes", "h".repeat(300));
    int count = 20_000;
    for (int i = 0; i < count; i++) {
      registry.putMetadata("t" + i % 3, "metric_with_a_name_" + i, about);
    }
    assertThat(registry.entries()).isEqualTo(count);
    assertThat(registry.metadataOf("t1")).hasSize(count / 3 + 1);
    assertThat(registry.metadata("t2", "metric_with_a_name_" + 19_997)).isEqualTo(about);
    assertThat(registry.forgotten()).isZero();
  }

  @Test
  void aNewRegistryWantsToBeFilledOnce() {
    Registry registry = registry();
    assertThat(registry.entries()).isZero();
    assertThat(registry.needsRebuild()).isTrue();
    registry.rebuilt();
    assertThat(registry.needsRebuild()).isFalse();
  }

  @Test
  void virtualThreadsMayCall() throws Exception {
    Registry registry = registry();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 50; t++) {
      int id = t;
      threads.add(
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; i < 20; i++) {
                  registry.addUsage("all", 0, 1);
                  registry.queried("all", "m" + id, i);
                  assertThat(registry.activity("all", "m" + id)).isEqualTo(new Activity(0, i));
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(registry.usage("all")).isEqualTo(new Usage(0, 1000));
    assertThat(registry.activity("all", "m49")).isEqualTo(new Activity(0, 19));
  }

  @Test
  void closingTwiceAndCallingLaterIsHarmless() {
    Registry registry = registry();
    registry.addUsage("t", 1, 1);
    registry.close();
    registry.close();
    registry.addUsage("t", 1, 1);
    assertThat(registry.metadataOf("t")).isEmpty();
    assertThat(registry.metadata("t", "m")).isNull();
  }
}
