package io.varve.engine.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.io.FileSystem.AppendFile;
import io.varve.engine.io.FileSystem.ReadFile;
import io.varve.engine.io.SimFileSystem.Operation;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The simulated disk fails as it says; crash tests elsewhere rely on it. */
final class SimFileSystemTest {
  private static final Path DIR = Path.of("/data");
  private static final Path FILE = DIR.resolve("file");

  private static SimFileSystem disk(long seed) throws IOException {
    SimFileSystem fs = new SimFileSystem(seed);
    fs.createDirectories(DIR);
    return fs;
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static void write(AppendFile file, byte[] bytes) throws IOException {
    file.write(bytes, 0, bytes.length);
  }

  @Test
  void readsBackWhatWasWritten() throws IOException {
    SimFileSystem fs = disk(1);
    try (AppendFile file = fs.create(FILE);
        Arena arena = Arena.ofConfined()) {
      write(file, bytes(10, 1));
      write(file, bytes(10, 2));
      assertThat(file.size()).isEqualTo(20);
      try (ReadFile read = fs.open(FILE)) {
        byte[] into = new byte[4];
        read.readFully(8, into, 0, 4);
        assertThat(into).containsExactly(1, 1, 2, 2);
        assertThat(read.map(arena).get(ValueLayout.JAVA_BYTE, 19)).isEqualTo((byte) 2);
        assertThatThrownBy(() -> read.readFully(18, into, 0, 4)).isInstanceOf(EOFException.class);
      }
    }
    assertThat(fs.readAll(FILE)).hasSize(20);
    fs.truncate(FILE, 3);
    assertThat(fs.size(FILE)).isEqualTo(3);
    assertThatThrownBy(() -> fs.create(FILE)).isInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(() -> fs.open(DIR.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    fs.createDirectories(Path.of("/data-b/x"));
    fs.rename(FILE, DIR.resolve("z"));
    fs.create(DIR.resolve("a")).close();
    assertThat(fs.list(DIR)).containsExactly(DIR.resolve("a"), DIR.resolve("z"));
    assertThat(fs.list(Path.of("/nowhere"))).isEmpty();
  }

  @Test
  void syncedBytesUnderSyncedNamesSurvive() throws IOException {
    for (long seed : Seeds.range(0, 199)) {
      SimFileSystem fs = disk(seed);
      AppendFile file = fs.create(FILE);
      write(file, bytes(700, 7));
      file.sync();
      fs.syncDirectory(DIR);
      write(file, bytes(2000, 9));
      byte[] after = fs.restart().readAll(FILE);
      assertThat(after).hasSizeBetween(700, 2700).startsWith(bytes(700, 7));
      for (int i = 700; i < after.length; i++) {
        assertThat(after[i]).isIn((byte) 0, (byte) 9);
      }
    }
  }

  @Test
  void unsyncedBytesAreLostKeptCutOrTorn() throws IOException {
    Set<String> fates = new TreeSet<>();
    for (long seed : Seeds.range(0, 99)) {
      SimFileSystem fs = disk(seed);
      AppendFile file = fs.create(FILE);
      fs.syncDirectory(DIR);
      write(file, bytes(3000, 9));
      byte[] after = fs.restart().readAll(FILE);
      boolean zeros = false;
      for (byte b : after) {
        zeros |= b == 0;
      }
      fates.add(
          zeros ? "torn" : after.length == 0 ? "lost" : after.length == 3000 ? "kept" : "cut");
    }
    assertThat(fates).containsExactly("cut", "kept", "lost", "torn");
  }

  @Test
  void unsyncedNamesAreLostOrKeptEachOnItsOwn() throws IOException {
    Set<Set<String>> outcomes = new HashSet<>();
    for (long seed : Seeds.range(0, 399)) {
      SimFileSystem fs = disk(seed);
      fs.put(DIR.resolve("old"), bytes(1, 1));
      fs.put(DIR.resolve("current"), bytes(1, 2));
      AppendFile file = fs.create(DIR.resolve("tmp"));
      write(file, bytes(1, 3));
      file.sync();
      fs.rename(DIR.resolve("tmp"), DIR.resolve("current"));
      fs.delete(DIR.resolve("old"));
      SimFileSystem after = fs.restart();
      Set<String> names = new TreeSet<>();
      for (Path p : after.list(DIR)) {
        names.add(p.getFileName() + "=" + after.readAll(p)[0]);
      }
      outcomes.add(names);
    }
    assertThat(outcomes)
        .containsExactlyInAnyOrder(
            Set.of("current=2", "old=1"),
            Set.of("current=2"),
            Set.of("current=2", "tmp=3", "old=1"),
            Set.of("current=2", "tmp=3"),
            Set.of("current=3", "old=1"),
            Set.of("current=3"));
  }

  @Test
  void theCutComesAtTheCountedOperationAndIsFinal() throws IOException {
    SimFileSystem counting = disk(1);
    AppendFile counted = counting.create(FILE);
    write(counted, bytes(10, 1));
    counted.sync();
    assertThat(counting.operations()).isEqualTo(4);

    SimFileSystem fs = disk(1);
    fs.cutPowerAt(3);
    AppendFile file = fs.create(FILE);
    assertThatThrownBy(() -> write(file, bytes(10, 1))).isInstanceOf(PowerCutException.class);
    assertThat(fs.isDead()).isTrue();
    assertThatThrownBy(file::sync).isInstanceOf(PowerCutException.class);
    assertThatThrownBy(() -> fs.exists(FILE)).isInstanceOf(PowerCutException.class);
    assertThatThrownBy(() -> fs.readAll(FILE)).isInstanceOf(PowerCutException.class);
    file.close();
    SimFileSystem after = fs.restart();
    assertThat(after.exists(DIR)).isTrue();
    assertThatThrownBy(() -> write(file, bytes(1, 1))).isInstanceOf(PowerCutException.class);
    assertThatThrownBy(() -> fs.exists(FILE)).isInstanceOf(PowerCutException.class);
  }

  @Test
  void theSameSeedGivesTheSameSurvivors() throws IOException {
    for (long seed : Seeds.range(0, 49)) {
      byte[][] results = new byte[2][];
      for (int run = 0; run < 2; run++) {
        SimFileSystem fs = disk(seed);
        AppendFile file = fs.create(FILE);
        fs.syncDirectory(DIR);
        write(file, bytes(5000, 3));
        results[run] = fs.restart().readAll(FILE);
      }
      assertThat(results[0]).isEqualTo(results[1]);
    }
  }

  @Test
  void aFullDiskTakesWhatFitsUntilRoomIsMade() throws IOException {
    SimFileSystem fs = disk(1);
    fs.setFreeBytes(15);
    AppendFile file = fs.create(FILE);
    write(file, bytes(10, 1));
    assertThatThrownBy(() -> write(file, bytes(10, 2)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left on device");
    assertThat(fs.size(FILE)).isEqualTo(15);
    assertThat(fs.usableBytes(DIR)).isZero();
    fs.truncate(FILE, 10);
    assertThat(fs.usableBytes(DIR)).isEqualTo(5);
    fs.setFreeBytes(100);
    write(fs.openForAppend(FILE), bytes(10, 2));
    assertThat(fs.size(FILE)).isEqualTo(20);
  }

  @Test
  void afterAFailedSyncALaterOneDoesNotBringTheBytesBack() throws IOException {
    boolean lost = false;
    for (long seed : Seeds.range(0, 49)) {
      SimFileSystem fs = disk(seed);
      AppendFile file = fs.create(FILE);
      fs.syncDirectory(DIR);
      write(file, bytes(100, 1));
      file.sync();
      write(file, bytes(100, 2));
      fs.failNext(Operation.SYNC, 1);
      assertThatThrownBy(file::sync).isInstanceOf(IOException.class);
      file.sync();
      byte[] after = fs.restart().readAll(FILE);
      assertThat(after).hasSize(200).startsWith(bytes(100, 1));
      lost |= after[150] == 0;
    }
    assertThat(lost).isTrue();
  }

  @Test
  void aKilledProcessLosesNothingYet() throws IOException {
    SimFileSystem fs = disk(1);
    AppendFile file = fs.create(FILE);
    write(file, bytes(100, 1));
    SimFileSystem after = fs.kill();
    assertThat(after.readAll(FILE)).hasSize(100);
    assertThatThrownBy(() -> write(file, bytes(1, 1))).isInstanceOf(PowerCutException.class);
    boolean gone = false;
    for (long seed = 0; seed < 20 && !gone; seed++) {
      SimFileSystem again = disk(seed);
      again.create(FILE).close();
      gone = !again.kill().restart().exists(FILE);
    }
    assertThat(gone).as("the name was never synced").isTrue();
  }

  @Test
  void flippedBitsAndFailuresOnDemand() throws IOException {
    SimFileSystem fs = disk(1);
    fs.put(FILE, new byte[] {0, 0});
    fs.flipBit(FILE, 9);
    assertThat(fs.readAll(FILE)).containsExactly(0, 2);
    for (Operation operation : Operation.values()) {
      fs.failNext(operation, 1);
    }
    assertThatThrownBy(() -> fs.create(DIR.resolve("x"))).isInstanceOf(IOException.class);
    fs.create(DIR.resolve("x")).close();
    assertThatThrownBy(() -> fs.delete(FILE)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> fs.rename(FILE, DIR.resolve("y"))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> fs.truncate(FILE, 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> fs.syncDirectory(DIR)).isInstanceOf(IOException.class);
    assertThat(fs.size(FILE)).isEqualTo(2);
  }

  @Test
  void oneHolderPerFolder() throws IOException {
    SimFileSystem fs = disk(1);
    FileSystem.FolderLock lock = fs.lock(DIR);
    assertThatThrownBy(() -> fs.lock(DIR)).isInstanceOf(IOException.class);
    lock.close();
    fs.lock(DIR).close();
    fs.lock(DIR);
    fs.restart().lock(DIR).close();
  }
}
