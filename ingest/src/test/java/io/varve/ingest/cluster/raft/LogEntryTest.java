package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.RealFileSystem;
import io.varve.ingest.cluster.LogPosition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes of an entry and of the position file, and who holds a log. */
final class LogEntryTest {
  /** The example of the package's description. */
  private static final String EXAMPLE = "010101000068E5CF8B01000068656C6C6F";

  @TempDir Path folder;

  @Test
  void theExampleOfThePackageDescription() {
    byte[] hello = "..hello..".getBytes(StandardCharsets.US_ASCII);
    LogEntry entry = new LogEntry(true, false, false, 1, 1_700_000_000_000L);
    assertThat(HexFormat.of().withUpperCase().formatHex(entry.encode(hello, 2, 5)))
        .isEqualTo(EXAMPLE);
    assertThat(LogEntry.decode(HexFormat.of().parseHex(EXAMPLE), 7)).isEqualTo(entry);
  }

  @Test
  void whatIsNoEntryIsRefused() {
    byte[] good = HexFormat.of().parseHex(EXAMPLE);
    for (int length = 0; length < LogEntry.HEADER; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThatThrownBy(() -> LogEntry.decode(cut, 7))
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining("entry 7");
    }
    for (int at : new int[] {0, 1, 2, 3}) {
      byte[] bad = good.clone();
      bad[at] = (byte) (at == 2 ? 0 : 0x40);
      assertThatThrownBy(() -> LogEntry.decode(bad, 7)).isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void thePositionOutlastsTheProcessAndEveryByteOfItCounts() throws IOException {
    SavedPosition saved = new SavedPosition(RealFileSystem.INSTANCE, folder, 4711);
    assertThat(saved.get()).isNull();
    saved.set(new LogPosition(3, 100));
    saved.set(new LogPosition(5, 1L << 40));
    assertThat(new SavedPosition(RealFileSystem.INSTANCE, folder, 4711).get())
        .isEqualTo(new LogPosition(5, 1L << 40));
    assertThatThrownBy(() -> new SavedPosition(RealFileSystem.INSTANCE, folder, 4712))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("another store");
    Path file = folder.resolve("position");
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(Seeds.usual(1));
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bad);
      assertThatThrownBy(() -> new SavedPosition(RealFileSystem.INSTANCE, folder, 4711))
          .as("byte " + i)
          .isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void theLogIsHeldForThoseThatMoveOn() {
    Holders holders = new Holders(1000);
    assertThat(holders.limit(50, Map.of("a", 40L, "b", 30L), 0)).isEqualTo(30);
    assertThat(holders.limit(60, Map.of("a", 60L, "b", 30L), 999)).isEqualTo(30);
    assertThat(holders.limit(70, Map.of("a", 65L, "b", 30L), 1000)).isEqualTo(65);
    assertThat(holders.limit(70, Map.of("a", 65L, "b", 31L), 1001)).isEqualTo(31);
    assertThat(holders.limit(70, Map.of("a", 70L, "b", 70L), 5000)).isEqualTo(70);
    // All are away: nobody is waited for.
    assertThat(holders.limit(90, Map.of("a", 70L, "b", 70L), 7000)).isEqualTo(90);
  }
}
