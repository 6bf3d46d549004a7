package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Declared.Kind;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.PowerCutException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Declared aggregates are what was declared last, whatever happens. */
final class DeclaredTest {
  private static final Path FOLDER = Path.of("/store");
  private long now = 1_750_000_000_000L;

  private EngineConfig config(SimFileSystem fs) {
    return EngineConfig.defaults(FOLDER)
        .withFileSystem(fs)
        .withFsync(FsyncPolicy.ALWAYS)
        .withSizes(2_000, 2_000)
        .withClock(() -> java.time.Instant.ofEpochMilli(now))
        .withBackgroundThreads(false);
  }

  @Test
  void theyOutliveRestartsAndPowerCuts() throws Exception {
    Random random = new Random(Seeds.usual(2));
    int cuts = 0;
    SimFileSystem fs = new SimFileSystem(1);
    SortedMap<String, String> expected = new TreeMap<>();
    for (int life = 0; life < 150; life++) {
      fs.cutPowerAt(fs.operations() + 1 + random.nextInt(80));
      SortedMap<String, String> next = expected;
      try (Engine engine = Engine.open(config(fs))) {
        for (int i = 0; i < 12; i++) {
          int dice = random.nextInt(10);
          String name = "n" + random.nextInt(4);
          next = new TreeMap<>(expected);
          if (dice < 4) {
            next.put(name, "definition " + random.nextInt(100));
            engine.declareAggregate(name, String.valueOf(next.get(name)));
          } else if (dice < 6) {
            next.remove(name);
            engine.undeclareAggregate(name);
          } else if (dice < 8) {
            write(engine);
          } else if (dice < 9) {
            engine.flush();
          } else {
            engine.runBackgroundWork();
          }
          expected = next;
        }
      } catch (PowerCutException | StorageStoppedException | UncheckedIOException | IOException e) {
        assertThat(fs.isDead()).as("a power cut, not " + e).isTrue();
        cuts++;
      }
      fs = fs.isDead() ? fs.restart() : fs;
      fs.cutPowerAt(Long.MAX_VALUE);
      try (Engine engine = Engine.open(config(fs))) {
        assertThat(engine.declaredAggregates()).as("life %d", life).isIn(expected, next);
        expected = new TreeMap<>(engine.declaredAggregates());
      }
    }
    assertThat(cuts).isGreaterThan(50);
  }

  @Test
  void sharedSettingsAreKeptBesideThem() throws Exception {
    SimFileSystem fs = new SimFileSystem(1);
    String longText = "é".repeat(400_000);
    try (Engine engine = Engine.open(config(fs))) {
      engine.declareAggregate("a", "1");
      engine.share("a", longText);
      engine.share("b", "x");
      engine.share("c", "y");
      engine.share("b", null);
    }
    for (int life = 0; life < 2; life++) {
      try (Engine engine = Engine.open(config(fs))) {
        assertThat(engine.sharedSettings()).isEqualTo(Map.of("a", longText, "c", "y"));
        assertThat(engine.declaredAggregates()).isEqualTo(Map.of("a", "1"));
        write(engine);
        engine.flush(); // leaves the log
        assertThatThrownBy(() -> engine.share("d", "x".repeat(Kind.SHARED.mostCharacters + 1)))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  private void write(Engine engine) {
    WriteBatch batch = new WriteBatch();
    int row = batch.addSeries(Labels.of("__name__", "m"));
    for (int i = 0; i < 30; i++) {
      now += 1000;
      batch.addSample(row, now, Double.doubleToRawLongBits(i * 0.37), 0);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  @Test
  void tooManyAreRefused() throws Exception {
    try (Engine engine = Engine.open(config(new SimFileSystem(1)))) {
      for (int i = 0; i < Kind.AGGREGATES.most; i++) {
        engine.declareAggregate("n" + i, "");
      }
      assertThatThrownBy(() -> engine.declareAggregate("more", ""))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("more than 100");
      engine.declareAggregate("n7", "another");
      assertThatThrownBy(
              () -> engine.declareAggregate("n7", "x".repeat(Kind.AGGREGATES.mostCharacters + 1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(engine.declaredAggregates()).hasSize(100).containsEntry("n7", "another");
    }
  }

  /** The example of {@link Records}. */
  @Test
  void theExampleIsWrittenAndRead() {
    byte[] bytes = HexFormat.ofDelimiter(" ").parseHex("02 01 61 02 78 79 01 62 00");
    ByteWriter out = new ByteWriter(16);
    Declared example = new Declared(Kind.AGGREGATES, new TreeMap<>(Map.of("a", "xy", "b", "")));
    example.encode(out);
    assertThat(out.toByteArray()).isEqualTo(bytes);
    assertThat(Declared.decode(Kind.AGGREGATES, new ByteReader(bytes, "example")))
        .isEqualTo(example);
    byte[] twice = HexFormat.ofDelimiter(" ").parseHex("02 01 61 00 01 61 00");
    assertThatThrownBy(() -> Declared.decode(Kind.AGGREGATES, new ByteReader(twice, "twice")))
        .isInstanceOf(CorruptDataException.class);
    byte[] short0 = HexFormat.ofDelimiter(" ").parseHex("02 01 61");
    assertThatThrownBy(() -> Declared.decode(Kind.AGGREGATES, new ByteReader(short0, "short")))
        .isInstanceOf(CorruptDataException.class);
  }
}
