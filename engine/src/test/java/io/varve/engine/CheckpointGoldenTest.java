package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.varve.engine.format.ByteReader;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saved heads of version 1 are read for ever, and their frames are written the same. (How zstd
 * packs a frame may change with its release, what is packed may not.)
 */
final class CheckpointGoldenTest {
  private static final FileSystem FS = RealFileSystem.INSTANCE;
  private static final long BASE = 0x11;
  private static final long DELTA = 0x2_0000_0001L;

  @TempDir private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    Files.createDirectories(folder.resolve("checkpoint"));
  }

  /** The head of the base: one series with a newest sample, one without. */
  static OpenHead base() {
    OpenHead open = GoldenHead.empty();
    open.restore(0x10, GoldenHead.T - 7);
    GoldenHead.add(open, GoldenHead.UP);
    open.table().setLast(0, GoldenHead.T - 7, Double.doubleToRawLongBits(-0.5));
    return open;
  }

  static byte[] writeBase(Path folder) throws IOException {
    Checkpoint.writeBase(FS, folder, BASE, Checkpoint.Image.ofStart(base()));
    return Files.readAllBytes(folder.resolve(Checkpoint.fileName(BASE)));
  }

  /** Fills the head of the base further and writes what came. */
  static byte[] writeDelta(Path folder, OpenHead open) throws IOException {
    Checkpoint.Image from = Checkpoint.Image.ofNow(open);
    fill(open);
    Checkpoint.writeDelta(FS, folder, DELTA, from, Checkpoint.Image.ofNow(open));
    return Files.readAllBytes(folder.resolve(Checkpoint.fileName(DELTA)));
  }

  /** A new series, samples of every kind, in order and late, some of them plain. */
  private static void fill(OpenHead open) {
    GoldenHead.add(open, GoldenHead.RPC);
    GoldenHead.apply(open);
    int plain = GoldenHead.add(open, Labels.of("__name__", "plain"));
    for (int i = 0; i < 10; i++) {
      long bits = Double.doubleToRawLongBits(i * 0.1);
      open.sample(plain, GoldenHead.T + 15_000L * (i + 1), bits, 0);
    }
    open.sample(plain, GoldenHead.T - GoldenHead.DAY, Double.doubleToRawLongBits(7), 0);
    open.sample(0, GoldenHead.T + 1500, Double.doubleToRawLongBits(8), GoldenHead.T);
    open.endBatch();
  }

  @Test
  void aBaseAndADelta() throws IOException {
    byte[] base = GoldenBytes.file("checkpoint/v1/base.ckp");
    byte[] delta = GoldenBytes.file("checkpoint/v1/delta.ckp");
    OpenHead expected = base();
    assertThat(frames(writeBase(folder))).isEqualTo(frames(base));
    assertThat(frames(writeDelta(folder, expected))).isEqualTo(frames(delta)).hasSize(8);

    Files.write(folder.resolve(Checkpoint.fileName(BASE)), base);
    Files.write(folder.resolve(Checkpoint.fileName(DELTA)), delta);
    List<String> told = new ArrayList<>();
    OpenHead back = GoldenHead.empty();
    for (long position : new long[] {BASE, DELTA}) {
      Checkpoint.load(
          FS,
          folder,
          Checkpoint.fileName(position),
          back,
          (tenant, metric, about) -> told.add(tenant + "/" + metric),
          Map.of(),
          Runnable::run,
          new RecoveryProgress());
    }
    assertThat(GoldenHead.describe(back)).isEqualTo(GoldenHead.describe(expected)).hasSize(21);
    assertThat(back.floor()).isEqualTo(GoldenHead.T - 7);
    assertThat(back.frozenTo()).isEqualTo(0x10);
    assertThat(told).containsExactly("team/rpc_seconds");
  }

  /** The worked example: a base of one series, {@code up}, newest 42 at 1000 ms. */
  @Test
  void theExampleOfTheClassDescription() throws IOException {
    byte[] file =
        GoldenBytes.hex(
            """
            56 52 56 43 4B 50 54 31 09 00 00 00 00 00 00 00
            0D 00 00 00 DF 0A 60 BA 04 00 00 00
            28 B5 2F FD 20 04 21 00 00 01 D0 0F 08
            29 00 00 00 A2 A0 E3 5F 20 00 00 00
            28 B5 2F FD 20 20 01 01 00 02 00 01 00 10 0A 0E 0A 08
            5F 5F 6E 61 6D 65 5F 5F 12 02 75 70 01 D0 0F 00 00 00 00 00 00 45 40
            0A 00 00 00 51 B0 5E F2 01 00 00 00
            28 B5 2F FD 20 01 09 00 00 07
            """);
    Files.write(folder.resolve(Checkpoint.fileName(9)), file);
    OpenHead open = GoldenHead.empty();
    Checkpoint.load(
        FS,
        folder,
        Checkpoint.fileName(9),
        open,
        (t, m, a) -> {},
        Map.of(),
        Runnable::run,
        new RecoveryProgress());
    assertThat(GoldenHead.describe(open))
        .containsExactly("0  {__name__=\"up\"} newest 1000 4045000000000000");
    assertThat(open.frozenTo()).isEqualTo(8);
    assertThat(open.floor()).isEqualTo(1000);
    assertThat(frames(example(folder))).isEqualTo(frames(file));
  }

  /** Rows of form 2: what a target's second series has is its values alone. */
  @Test
  void seriesOfOneTargetHaveTheirTimesWrittenOnce() throws IOException {
    OpenHead open = GoldenHead.empty();
    Checkpoint.Image from = Checkpoint.Image.ofNow(open);
    for (int s = 0; s < 3; s++) {
      int id = GoldenHead.add(open, Labels.of("__name__", "m" + s));
      for (int i = 0; i < 3 - s / 2; i++) {
        open.sample(id, GoldenHead.T + 15_000L * i, Double.doubleToRawLongBits(s), 0);
      }
    }
    open.endBatch();
    Checkpoint.writeDelta(FS, folder, 9, from, Checkpoint.Image.ofNow(open));
    String name = Checkpoint.fileName(9);
    // Kind; then each: id, rows, form, and its blocks behind their lengths.
    assertThat(frames(Files.readAllBytes(folder.resolve(name))).get(3))
        .matches("03" + "000301(..)+" + "010302(..)+" + "020201(..)+");

    OpenHead back = GoldenHead.empty();
    Checkpoint.load(
        FS, folder, name, back, (t, m, a) -> {}, Map.of(), Runnable::run, new RecoveryProgress());
    assertThat(GoldenHead.describe(back)).isEqualTo(GoldenHead.describe(open)).isNotEmpty();
  }

  static byte[] example(Path folder) throws IOException {
    OpenHead open = GoldenHead.empty();
    open.restore(8, 1000);
    byte[] labels = Labels.of("__name__", "up").canonical();
    int tenant = open.table().tenants().id("");
    int id =
        open.addSeries(
            open.table().key(tenant, labels, 0, labels.length), tenant, labels, 0, labels.length);
    open.table().setLast(id, 1000, Double.doubleToRawLongBits(42));
    Checkpoint.writeBase(FS, folder, 9, Checkpoint.Image.ofStart(open));
    return Files.readAllBytes(folder.resolve(Checkpoint.fileName(9)));
  }

  /** The header and the unpacked frames of a file, in hex. */
  private static List<String> frames(byte[] file) {
    List<String> frames = new ArrayList<>();
    ByteReader in = new ByteReader(file, "golden");
    frames.add(HexFormat.of().formatHex(in.bytes(16)));
    while (!in.atEnd()) {
      int length = in.fixed32();
      int crc = in.fixed32();
      int unpacked = in.fixed32();
      byte[] packed = in.bytes(length);
      assertThat(Crc32c.of(packed, 0, length)).isEqualTo(crc);
      byte[] content = Zstd.decompress(packed, unpacked);
      assertThat(content).hasSize(unpacked);
      frames.add(HexFormat.of().formatHex(Arrays.copyOf(content, unpacked)));
    }
    return frames;
  }
}
