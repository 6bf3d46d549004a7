package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.partition.ManifestState;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Replicas compare the files that they make of a decision, whoever comes first. */
final class SealsTest {
  private static final String ONE = "ab".repeat(32);
  private static final String OTHER = "cd".repeat(32);

  private final Seals seals = new Seals();
  private final ManifestState nothing = ManifestState.empty(1, 2, 1, 1, 3_600_000);

  private static SortedMap<String, String> files(String... pathsAndHashes) {
    SortedMap<String, String> files = new TreeMap<>();
    for (int i = 0; i < pathsAndHashes.length; i += 2) {
      files.put(pathsAndHashes[i], pathsAndHashes[i + 1]);
    }
    return files;
  }

  private static ByteWriter record(long position, SortedMap<String, String> files) {
    ByteWriter out = new ByteWriter(64);
    Seals.encode(position, files, out);
    return out;
  }

  private void tell(long position, SortedMap<String, String> files) {
    ByteWriter out = record(position, files);
    seals.told(new ByteReader().on(out.array(), 0, out.size(), "test", 0), nothing);
  }

  @Test
  void theRecordIsAsDocumented() {
    assertThat(HexFormat.of().formatHex(record(300, files("w/f", ONE)).toByteArray()))
        .isEqualTo("ac02" + "01" + "03772f66" + ONE);
  }

  @Test
  void comparesWhoeverComesFirst() {
    seals.made(5, files("a", ONE, "b", ONE));
    tell(5, files("a", ONE, "b", OTHER));
    assertThat(seals.differing()).isEqualTo(Map.of("b", OTHER));

    tell(7, files("c", ONE, "d", ONE));
    seals.made(7, files("d", ONE, "e", ONE));
    assertThat(seals.differing()).isEqualTo(Map.of("b", OTHER, "c", ONE, "e", ""));
    assertThat(seals.compared()).isEqualTo(4);

    seals.settled("b");
    assertThat(seals.differing()).containsOnlyKeys("c", "e");
  }

  @Test
  void remembersNoMoreThanItIsMeantTo() {
    for (int i = 0; i < 1000; i++) {
      seals.made(i, files("a" + i, ONE));
    }
    tell(1, files("a1", OTHER));
    assertThat(seals.differing()).as("forgotten").isEmpty();
    tell(999, files("a999", OTHER));
    assertThat(seals.differing()).hasSize(1);
  }
}
