package io.varve.engine.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.RealFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manifest remembers every edit that it acknowledged, through restarts, crashes and damage. */
@NullMarked
final class ManifestTest {
  private static final Path DATA = Path.of("data");
  private static final long DAY = 86_400_000L;
  private static final ManifestState EMPTY =
      ManifestState.empty(0xCAFE_0000_1234_5678L, -77, 1, 1, DAY);

  private final MemoryFileSystem fs = new MemoryFileSystem();

  /** Edits that fit, made by chance. */
  private static final class Script {
    private final Random random;
    private long clock;

    Script(long seed) {
      random = new Random(seed);
    }

    ManifestEdit next(ManifestState state) {
      ManifestEdit edit = new ManifestEdit();
      clock++;
      List<WindowState> windows = new ArrayList<>(state.windows().values());
      WindowState some = windows.isEmpty() ? null : windows.get(random.nextInt(windows.size()));
      if (some == null || random.nextInt(8) == 0) {
        edit.addWindow(clock * DAY, 1 << random.nextInt(5));
      } else {
        change(edit, some);
      }
      edit.flushed(clock * 10);
      if (random.nextInt(4) == 0) {
        edit.checkpoint(clock * 10 + 1, List.of("checkpoint/a," + clock, "checkpoint/b=%"));
        edit.nextIndexGeneration(clock).encoderVersion(2);
      }
      if (random.nextInt(3) == 0) {
        String value = random.nextBoolean() ? null : "läuft \t bis\n" + clock;
        edit.watermark("cursor " + random.nextInt(3), value);
      }
      return edit;
    }

    private void change(ManifestEdit edit, WindowState window) {
      switch (random.nextInt(7)) {
        case 0 -> edit.addIndexSegment(window.start(), segment(window.nextId()));
        case 1 -> edit.replaceIndex(window.start(), List.of(segment(0), segment(100)));
        case 2 -> edit.tombstones(window.start(), random.nextBoolean() ? null : "tomb-" + clock);
        case 3 -> {
          if (random.nextInt(3) == 0) {
            edit.dropWindow(window.start());
          }
        }
        default -> {
          edit.addChunk(chunk(window));
          if (!window.chunks().isEmpty()) {
            edit.removeChunk(window.chunks().get(random.nextInt(window.chunks().size())));
          }
        }
      }
    }

    private IndexFile segment(int firstId) {
      return new IndexFile("index-" + clock + ".tix", 1000 + clock, "ab".repeat(32), firstId, 100);
    }

    private ChunkFile chunk(WindowState window) {
      ChunkInfo info =
          new ChunkInfo(
              window.start(),
              DAY,
              random.nextInt(window.buckets()),
              window.buckets(),
              random.nextInt(2),
              random.nextBoolean(),
              random.nextBoolean() ? "" : "30 d, hot=1",
              clock,
              clock + 1);
      String path = ChunkInfo.windowFolder(window.start()) + "/" + info.fileName();
      return new ChunkFile(info, path, clock, "cd".repeat(32), 5, 10, 4000, -clock, clock);
    }
  }

  private static ManifestState fresh() {
    return EMPTY;
  }

  private Manifest open() throws IOException {
    return Manifest.open(fs, DATA, ManifestTest::fresh, 3000);
  }

  @Test
  void aNewStoreHasItsInitialState() throws IOException {
    assertThatThrownBy(() -> Manifest.read(fs, DATA)).isInstanceOf(NoSuchFileException.class);
    try (Manifest manifest = open()) {
      assertThat(manifest.state()).isEqualTo(EMPTY);
    }
    try (Manifest again =
        Manifest.open(
            fs,
            DATA,
            () -> {
              throw new AssertionError("asked again");
            })) {
      assertThat(again.state()).isEqualTo(EMPTY);
      assertThat(Manifest.read(fs, DATA)).isEqualTo(EMPTY);
    }
  }

  @Test
  void everyEditSurvivesARestart() throws IOException {
    Script script = new Script(1);
    ManifestState state = EMPTY;
    for (int restart = 0; restart < 10; restart++) {
      try (Manifest manifest = open()) {
        assertThat(manifest.state()).isEqualTo(state);
        for (int i = 0; i < 40; i++) {
          ManifestEdit edit = script.next(manifest.state());
          state = manifest.state().with(edit.ops());
          manifest.commit(edit);
          assertThat(manifest.state()).isEqualTo(state);
          assertThat(Manifest.read(fs, DATA)).isEqualTo(state);
        }
      }
    }
    assertThat(state.windows()).isNotEmpty();
    assertThat(state.watermarks()).isNotEmpty();
    // It was rewritten on the way, and what is old is gone.
    List<Path> left = fs.list(DATA);
    assertThat(left).hasSize(2);
    assertThat(left.getLast()).isNotEqualTo(DATA.resolve("MANIFEST-1"));
    assertThat(fs.size(left.getLast())).isLessThan(60_000);
  }

  @Test
  void anEditThatDoesNotFitIsRefusedWhole() throws IOException {
    try (Manifest manifest = open()) {
      manifest.commit(new ManifestEdit().addWindow(0, 4));
      ManifestState before = manifest.state();
      long bytes = manifest.bytes();
      List<ManifestEdit> wrong =
          List.of(
              new ManifestEdit().flushed(5).addWindow(0, 4),
              new ManifestEdit().flushed(5).addWindow(1, 3),
              new ManifestEdit().flushed(5).dropWindow(DAY),
              new ManifestEdit().flushed(5).addIndexSegment(0, new IndexFile("x", 1, "", 7, 1)));
      for (ManifestEdit edit : wrong) {
        assertThatThrownBy(() -> manifest.commit(edit))
            .isInstanceOf(IllegalArgumentException.class);
      }
      manifest.commit(new ManifestEdit());
      assertThat(manifest.state()).isSameAs(before);
      assertThat(manifest.bytes()).isEqualTo(bytes);
      manifest.commit(new ManifestEdit().flushed(6));
      assertThat(manifest.state().flushedSequence()).isEqualTo(6);
    }
  }

  @Test
  void aPowerCutAtAnyChangeLosesNothingAcknowledged() throws IOException {
    int crashes = 0;
    for (long seed : Seeds.range(1, 6)) {
      for (int failAt = 1; ; failAt++) {
        MemoryFileSystem disk = new MemoryFileSystem();
        disk.failAt = failAt;
        disk.partOfFailedWrite = new Random(seed * 1000 + failAt).nextDouble();
        ManifestState acknowledged = null;
        ManifestState attempted = null;
        boolean crashed = false;
        try {
          Manifest manifest = Manifest.open(disk, DATA, ManifestTest::fresh, 1500);
          acknowledged = manifest.state();
          Script script = new Script(seed);
          for (int i = 0; i < 25; i++) {
            ManifestEdit edit = script.next(manifest.state());
            attempted = manifest.state().with(edit.ops());
            manifest.commit(edit);
            acknowledged = attempted;
          }
        } catch (IOException e) {
          crashed = true;
          crashes++;
        }
        assertAfterCrash(disk, seed, failAt, acknowledged, attempted);
        if (!crashed && disk.changes < failAt) {
          break;
        }
      }
    }
    assertThat(crashes).isGreaterThan(300);
  }

  private static void assertAfterCrash(
      MemoryFileSystem disk,
      long seed,
      int failAt,
      @Nullable ManifestState acknowledged,
      @Nullable ManifestState attempted)
      throws IOException {
    for (int cut = 0; cut < 5; cut++) {
      MemoryFileSystem left = disk.afterPowerCut(new Random(seed * 31 + failAt * 7L + cut));
      try (Manifest again = Manifest.open(left, DATA, ManifestTest::fresh, 1500)) {
        if (acknowledged == null) {
          assertThat(again.state()).isEqualTo(EMPTY);
        } else {
          assertThat(again.state())
              .as("seed %d, change %d, cut %d", seed, failAt, cut)
              .isIn(acknowledged, attempted);
        }
        again.commit(new ManifestEdit().flushed(1234));
      }
      assertThat(Manifest.read(left, DATA).flushedSequence()).isEqualTo(1234);
    }
  }

  @Test
  void aFailedWriteStopsUntilItIsRepaired() throws IOException {
    try (Manifest manifest = open()) {
      manifest.commit(new ManifestEdit().flushed(1));
      fs.onlyWritesFail = true;
      fs.dies = false;
      fs.failAt = fs.changes + 1;
      fs.partOfFailedWrite = 0.5;
      assertThatThrownBy(() -> manifest.commit(new ManifestEdit().flushed(2)))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> manifest.commit(new ManifestEdit().flushed(3)))
          .hasMessageContaining("takes no more edits");
      assertThat(manifest.state().flushedSequence()).isEqualTo(1);
      assertThat(manifest.problem()).isNotNull();
      assertThat(manifest.tryRepair()).isTrue();
      manifest.commit(new ManifestEdit().flushed(4));
    }
    assertThat(Manifest.read(fs, DATA).flushedSequence()).isEqualTo(4);
  }

  @Test
  void aFailedSyncIsFinal() throws IOException {
    try (Manifest manifest = open()) {
      fs.dies = false;
      fs.failAt = fs.changes + 2;
      assertThatThrownBy(() -> manifest.commit(new ManifestEdit().flushed(2)))
          .isInstanceOf(IOException.class);
      assertThat(manifest.tryRepair()).isFalse();
      assertThatThrownBy(() -> manifest.commit(new ManifestEdit().flushed(3)))
          .isInstanceOf(IOException.class);
      assertThat(manifest.state().flushedSequence()).isZero();
    }
  }

  @Test
  void aDiskTooFullForAFreshManifestIsNoReasonToStop() throws IOException {
    try (Manifest manifest = open()) {
      Script script = new Script(3);
      fs.onlyWritesFail = true;
      fs.dies = false;
      int failed = 0;
      for (int i = 0; i < 200; i++) {
        fs.failAt = fs.changes + 2; // the edit is written, what follows is not
        ManifestEdit edit = script.next(manifest.state());
        int before = fs.list(DATA).size();
        int changes = fs.changes;
        manifest.commit(edit);
        failed += fs.changes > changes + 1 ? 1 : 0;
        assertThat(fs.list(DATA)).hasSize(before);
        assertThat(manifest.problem()).isNull();
      }
      assertThat(failed).isPositive();
      assertThat(Manifest.read(fs, DATA)).isEqualTo(manifest.state());
    }
  }

  @Test
  void damageInAnyLineButTheLastIsNamed() throws IOException {
    try (Manifest manifest = Manifest.open(fs, DATA, ManifestTest::fresh)) {
      Script script = new Script(2);
      for (int i = 0; i < 15; i++) {
        manifest.commit(script.next(manifest.state()));
      }
    }
    byte[] sound = fs.readAll(DATA.resolve("MANIFEST-1"));
    int last = lineStart(sound, sound.length - 1);
    for (int at = 0; at < last; at++) {
      byte[] bytes = sound.clone();
      bytes[at] ^= (byte) (1 << at % 8);
      fs.put(DATA.resolve("MANIFEST-1"), bytes);
      int line = 1;
      for (int i = 0; i < at; i++) {
        line += sound[i] == '\n' ? 1 : 0;
      }
      assertThatThrownBy(() -> Manifest.open(fs, DATA, ManifestTest::fresh))
          .as("byte %d", at)
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining("MANIFEST-1 line " + line + " at byte " + lineStart(sound, at));
    }
    // Lines that are missing are damage, too: each checksum covers the one before it.
    int third = lineStart(sound, lineStart(sound, last - 1) - 1);
    int fourth = lineStart(sound, third - 1);
    byte[] without = Arrays.copyOf(sound, sound.length - (third - fourth));
    System.arraycopy(sound, third, without, fourth, sound.length - third);
    fs.put(DATA.resolve("MANIFEST-1"), without);
    assertThatThrownBy(() -> Manifest.read(fs, DATA)).isInstanceOf(CorruptDataException.class);
  }

  private static int lineStart(byte[] bytes, int at) {
    int start = at;
    while (start > 0 && bytes[start - 1] != '\n') {
      start--;
    }
    return start;
  }

  @Test
  void aTornLastLineNeverCounted() throws IOException {
    ManifestState before;
    try (Manifest manifest = open()) {
      manifest.commit(new ManifestEdit().addWindow(0, 4).flushed(1));
      before = manifest.state();
      manifest.commit(new ManifestEdit().addWindow(DAY, 4).flushed(2));
    }
    byte[] sound = fs.readAll(DATA.resolve("MANIFEST-1"));
    int last = lineStart(sound, sound.length - 1);
    for (int length = last; length < sound.length; length++) {
      fs.put(DATA.resolve("MANIFEST-1"), Arrays.copyOf(sound, length));
      assertThat(Manifest.read(fs, DATA)).isEqualTo(before);
      try (Manifest manifest = open()) {
        assertThat(manifest.state()).isEqualTo(before);
        manifest.commit(new ManifestEdit().flushed(9));
      }
      assertThat(Manifest.read(fs, DATA).flushedSequence()).isEqualTo(9);
    }
  }

  @Test
  void aSnapshotThatLacksLinesIsDamage() throws IOException {
    try (Manifest manifest = Manifest.open(fs, DATA, ManifestTest::fresh, 200)) {
      for (int i = 0; i < 20; i++) {
        manifest.commit(new ManifestEdit().addWindow(i * DAY, 4));
      }
    }
    Path live = fs.list(DATA).getLast();
    byte[] sound = fs.readAll(live);
    int third = 0;
    for (int lines = 0; lines < 3; third++) {
      lines += sound[third] == '\n' ? 1 : 0;
    }
    fs.put(live, Arrays.copyOf(sound, third));
    assertThatThrownBy(() -> Manifest.read(fs, DATA))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("ends after 3 of");
  }

  @Test
  void aDamagedOrMissingCurrentIsNeverANewStore() throws IOException {
    try (Manifest manifest = open()) {
      manifest.commit(new ManifestEdit().flushed(7));
    }
    byte[] sound = fs.readAll(DATA.resolve("CURRENT"));
    assertThat(new String(sound, StandardCharsets.US_ASCII)).startsWith("MANIFEST-1 ");
    for (int at = 0; at < sound.length; at++) {
      byte[] bytes = sound.clone();
      bytes[at] ^= 1;
      fs.put(DATA.resolve("CURRENT"), bytes);
      assertThatThrownBy(this::open)
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining("CURRENT");
    }
    fs.delete(DATA.resolve("CURRENT"));
    assertThatThrownBy(this::open)
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("MANIFEST-1");
  }

  @Test
  void itWorksOnRealFiles(@TempDir Path folder) throws IOException {
    ManifestState state;
    try (Manifest manifest =
        Manifest.open(RealFileSystem.INSTANCE, folder, ManifestTest::fresh, 2000)) {
      Script script = new Script(5);
      for (int i = 0; i < 30; i++) {
        manifest.commit(script.next(manifest.state()));
      }
      state = manifest.state();
      assertThat(Manifest.read(RealFileSystem.INSTANCE, folder)).isEqualTo(state);
    }
    try (Manifest manifest = Manifest.open(RealFileSystem.INSTANCE, folder, ManifestTest::fresh)) {
      assertThat(manifest.state()).isEqualTo(state);
    }
    try (var names = Files.list(folder)) {
      assertThat(names.count()).isEqualTo(2);
    }
  }

  @Test
  void thousandsOfFilesLoadQuickly() throws IOException {
    ManifestEdit edit = new ManifestEdit();
    for (int w = 0; w < 30; w++) {
      edit.addWindow(w * DAY, 1024);
      for (int bucket = 0; bucket < 1024; bucket++) {
        ChunkInfo info = new ChunkInfo(w * DAY, DAY, bucket, 1024, 1, false, "", 1, 2);
        String path = ChunkInfo.windowFolder(w * DAY) + "/" + info.fileName();
        edit.addChunk(new ChunkFile(info, path, 1, "ef".repeat(32), 1, 1, 1, 1, 1));
      }
    }
    long begun = System.nanoTime();
    try (Manifest manifest = Manifest.open(fs, DATA, ManifestTest::fresh)) {
      manifest.commit(edit);
      manifest.commit(new ManifestEdit().flushed(1));
    }
    assertThat(Manifest.read(fs, DATA).windows()).hasSize(30);
    assertThat(System.nanoTime() - begun).isLessThan(10_000_000_000L);
  }
}
