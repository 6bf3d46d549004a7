package io.varve.engine.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.engine.Seeds;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Metadata;
import io.varve.engine.registry.Registry.Activity;
import io.varve.engine.registry.Registry.Usage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The registry in a file outlives its process, and no damage to it reaches its callers. */
final class ChronicleRegistryTest extends RegistryContract {
  @BeforeEach
  void flags() {
    assumeThat(ChronicleFlags.missing())
        .as("JVM flags for Chronicle Map that this test was started without")
        .isNull();
    assumeThat(Registry.class.getClassLoader())
        .as("Chronicle Map compiles classes against the system class path")
        .isSameAs(ClassLoader.getSystemClassLoader());
  }

  @Override
  protected Registry create() {
    // Patient, because the first use in a process takes seconds and machines may be busy.
    return ChronicleRegistry.open(
        RealFileSystem.INSTANCE, folder.resolve("registry"), warnings::add, 120);
  }

  private Path current() throws IOException {
    List<Path> files = files();
    assertThat(files).as(warnings.toString()).hasSize(1);
    return files.getFirst();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("registry"))) {
      return files.filter(p -> p.getFileName().toString().endsWith(".cm")).toList();
    }
  }

  private static void fill(Registry registry, int count) {
    for (int i = 0; i < count; i++) {
      registry.putMetadata("t", "metric" + i, new Metadata("gauge", "", "number " + i));
    }
    registry.addUsage("t", 10, 1000);
    registry.written("t", "metric0", 77);
  }

  @Test
  void everythingIsThereAfterAStopInOrder() throws IOException {
    Registry first = registry();
    fill(first, 500);
    first.close();
    assertThat(Files.readString(folder.resolve("registry/STATE"))).startsWith("clean facts-2-512-");
    Registry second = registry();
    assertThat(second.entries()).isEqualTo(501);
    assertThat(second.needsRebuild()).isFalse();
    assertThat(second.metadata("t", "metric499"))
        .isEqualTo(new Metadata("gauge", "", "number 499"));
    assertThat(second.usage("t")).isEqualTo(new Usage(10, 1000));
    assertThat(second.activity("t", "metric0")).isEqualTo(new Activity(77, 0));
    assertThat(second).isInstanceOf(ChronicleRegistry.class);
    assertThat(warnings).isEmpty();
  }

  @Test
  void aChangedFileIsThrownAwayAndRebuilt() throws IOException {
    Random random = new Random(Seeds.usual(4));
    for (int round = 0; round < 5; round++) {
      warnings.clear();
      Registry first = registry();
      fill(first, 200);
      first.close();
      byte[] bytes = Files.readAllBytes(current());
      if (round == 0) {
        bytes = new byte[0];
      } else if (round == 1) {
        bytes = new byte[bytes.length];
      } else {
        int at = round == 2 ? random.nextInt(100) : random.nextInt(bytes.length);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
      }
      Files.write(current(), bytes);
      Registry second = registry();
      assertThat(second.entries()).as("round " + round).isZero();
      assertThat(second.needsRebuild()).isTrue();
      assertThat(warnings).singleElement().asString().contains("damaged");
      fill(second, 200);
      second.rebuilt();
      assertThat(second.entries()).isEqualTo(201);
      assertThat(second.needsRebuild()).isFalse();
      second.close();
    }
  }

  @Test
  void aBrokenStateIsThrownAwayToo() throws IOException {
    for (String state :
        new String[] {
          "",
          "nonsense",
          "clean facts-2-512-1.cm",
          "clean ../../x 1 1",
          "recovering facts-2-512-1.cm",
          "open facts-2-512-1.cm another-boot",
          "open facts-2-512-99.cm boot",
          "\0\0\0\0"
        }) {
      Registry first = registry();
      fill(first, 10);
      first.close();
      Files.writeString(folder.resolve("registry/STATE"), state);
      Registry second = registry();
      assertThat(second.entries()).as(state).isZero();
      assertThat(second.needsRebuild()).as(state).isTrue();
      second.close();
      assertThat(files()).as(state).hasSize(1);
    }
  }

  @Test
  void overwrittenValuesAreNoticedWhileItIsOpen() throws Exception {
    Registry registry = registry();
    fill(registry, 300);
    assertThat(registry.entries()).isEqualTo(301);
    assertThat(registry.needsRebuild()).isTrue();
    registry.rebuilt();
    assertThat(registry.needsRebuild()).isFalse();
    byte[] bytes = Files.readAllBytes(current());
    byte[] wanted = "number 123".getBytes(StandardCharsets.UTF_8);
    int at = indexOf(bytes, wanted);
    try (var file = new RandomAccessFile(current().toFile(), "rw")) {
      file.seek(at);
      file.write('N');
    }
    assertThat(registry.metadata("t", "metric123")).isNull();
    assertThat(registry.metadata("t", "metric124")).isNotNull();
    assertThat(registry.needsRebuild()).isTrue();
    assertThat(registry.forgotten()).isEqualTo(1);
    registry.putMetadata("t", "metric123", new Metadata("gauge", "", "number 123"));
    registry.rebuilt();
    assertThat(registry.metadata("t", "metric123"))
        .isEqualTo(new Metadata("gauge", "", "number 123"));
    assertThat(registry.needsRebuild()).isFalse();
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    for (int at = 0; at <= bytes.length - wanted.length; at++) {
      if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    throw new AssertionError("not found");
  }

  @Test
  void itGrowsIntoALargerFile() throws IOException {
    Registry registry = registry();
    fill(registry, 40_000);
    assertThat(registry.entries()).isEqualTo(40_001);
    assertThat(registry.forgotten()).isZero();
    assertThat(current().getFileName().toString()).startsWith("facts-2-131072-");
    registry.close();
    Registry again = registry();
    assertThat(again.entries()).isEqualTo(40_001);
    assertThat(again.usage("t")).isEqualTo(new Usage(10, 1000));
    assertThat(again.metadataOf("t")).hasSize(40_000);
    assertThat(warnings).isEmpty();
  }

  @Test
  void aRebuildThatBeganBeforeALossDoesNotCoverIt() throws IOException {
    Registry registry = registry();
    fill(registry, 1);
    assertThat(registry.entries()).isEqualTo(2);
    assertThat(registry.needsRebuild()).isTrue();
    byte[] bytes = Files.readAllBytes(current());
    int at = indexOf(bytes, "number 0".getBytes(StandardCharsets.UTF_8));
    try (var file = new RandomAccessFile(current().toFile(), "rw")) {
      file.seek(at);
      file.write('N');
    }
    assertThat(registry.metadata("t", "metric0")).isNull();
    registry.rebuilt();
    assertThat(registry.needsRebuild()).isTrue();
  }

  private Process child(boolean withFlags, int count) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (withFlags) {
      command.addAll(
          ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
              .filter(a -> a.startsWith("--"))
              .toList());
    }
    command.add("-Xmx256m");
    command.add("-cp");
    command.add(classPath());
    command.add(RegistryChild.class.getName());
    command.add(folder.resolve("registry").toString());
    command.add(Integer.toString(count));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  /** The class path of this test, wherever the one who runs it has hidden it. */
  private static String classPath() {
    String path = System.getProperty("surefire.test.class.path");
    return path != null ? path : System.getProperty("java.class.path");
  }

  private static String line(BufferedReader reader, String begin) throws IOException {
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      if (line.startsWith(begin)) {
        return line;
      }
    }
    throw new AssertionError("the child said nothing of " + begin);
  }

  @Test
  void aKilledProcessLeavesWhatItPutIn() throws Exception {
    Process child = child(true, 20_000);
    try (BufferedReader said = child.inputReader()) {
      assertThat(line(said, "kind")).isEqualTo("kind ChronicleRegistry");
      assertThat(line(said, "entries")).isEqualTo("entries 20000");
      child.destroyForcibly();
      assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      child.destroyForcibly();
    }
    assertThat(Files.readString(folder.resolve("registry/STATE"))).startsWith("open facts-2-");
    Registry registry = registry();
    assertThat(registry.entries()).isEqualTo(20_000);
    assertThat(registry.metadataOf("t")).hasSize(20_000);
    for (int i = 0; i < 20_000; i += 99) {
      assertThat(registry.metadata("t", "metric" + i))
          .isEqualTo(new Metadata("gauge", "", "number " + i));
      assertThat(registry.activity("t", "metric" + i)).isEqualTo(new Activity(i, 0));
    }
    assertThat(registry.needsRebuild()).isTrue();
    assertThat(files()).hasSize(1);
  }

  @Test
  void withoutFlagsItLivesOnTheHeapAndSaysWhy() throws Exception {
    Process child = child(false, 0);
    List<String> lines;
    try (BufferedReader said = child.inputReader()) {
      lines = said.readAllLines();
    }
    assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(lines)
        .contains("kind HeapRegistry")
        .anyMatch(
            line ->
                line.startsWith("warning the registry lives on the heap")
                    && line.contains("--add-opens=java.base/java.lang=ALL-UNNAMED")
                    && line.contains("--add-exports=java.base/sun.nio.ch=ALL-UNNAMED"));
    assertThat(Files.exists(folder.resolve("registry"))).isFalse();
  }
}
