package io.varve.engine.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.engine.io.FileSystem.AppendFile;
import io.varve.engine.io.FileSystem.ReadFile;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operating system's files, and what interrupts must not do to them. */
final class RealFileSystemTest {
  private final FileSystem fs = RealFileSystem.INSTANCE;
  @TempDir Path folder;

  private static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) ((i * 31) >> 3);
    }
    return bytes;
  }

  @Test
  void appendsReadsMapsAndCuts() throws IOException {
    Path file = folder.resolve("f");
    byte[] bytes = pattern(1_000_000);
    try (AppendFile append = fs.create(file)) {
      append.write(bytes, 0, 600_000);
      append.sync();
      append.write(bytes, 600_000, 400_000);
      assertThat(append.size()).isEqualTo(1_000_000);
    }
    assertThatThrownBy(() -> fs.create(file)).isInstanceOf(FileAlreadyExistsException.class);
    try (ReadFile read = fs.open(file);
        Arena arena = Arena.ofConfined()) {
      assertThat(read.size()).isEqualTo(1_000_000);
      byte[] into = new byte[1_000_002];
      read.readFully(0, into, 1, 1_000_000);
      assertThat(Arrays.copyOfRange(into, 1, 1_000_001)).isEqualTo(bytes);
      assertThatThrownBy(() -> read.readFully(999_999, into, 0, 2))
          .isInstanceOf(EOFException.class)
          .hasMessageContaining("f");
      assertThat(read.map(arena).get(ValueLayout.JAVA_BYTE, 777_777)).isEqualTo(bytes[777_777]);
    }
    fs.truncate(file, 10);
    try (AppendFile append = fs.openForAppend(file)) {
      append.write(bytes, 10, 5);
    }
    assertThat(fs.readAll(file)).isEqualTo(pattern(15));
    assertThat(fs.size(file)).isEqualTo(15);
    assertThatThrownBy(() -> fs.truncate(file, 16)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> fs.openForAppend(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> fs.open(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aFolderThatCannotBeMadeIsNotSaidToBeMissing() {
    Path file = folder.resolve("file");
    assertThatCode(() -> fs.create(file).close()).doesNotThrowAnyException();
    assertThatThrownBy(() -> fs.createDirectories(file.resolve("x")))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessage(file.toString());
    assumeThat(Path.of("/proc/self")).exists();
    assertThatThrownBy(() -> fs.createDirectories(Path.of("/proc/varve-data")))
        .hasMessage("/proc/varve-data: no folder can be created here");
  }

  @Test
  void namesAreCreatedRenamedListedAndDeleted() throws IOException {
    Path deep = folder.resolve("a/b/c");
    assertThat(fs.list(deep)).isEmpty();
    fs.createDirectories(deep);
    fs.createDirectories(deep);
    fs.create(deep.resolve("y")).close();
    fs.create(deep.resolve("x")).close();
    fs.syncDirectory(deep);
    assertThat(fs.list(deep)).containsExactly(deep.resolve("x"), deep.resolve("y"));
    fs.rename(deep.resolve("y"), deep.resolve("x"));
    assertThat(fs.list(deep)).containsExactly(deep.resolve("x"));
    assertThat(fs.exists(deep.resolve("y"))).isFalse();
    fs.delete(deep.resolve("x"));
    fs.delete(deep.resolve("x"));
    fs.deleteDirectory(deep);
    fs.deleteDirectory(deep);
    assertThat(fs.exists(deep)).isFalse();
    assertThat(fs.usableBytes(deep.resolve("not/there"))).isPositive();
    assertThatThrownBy(() -> fs.syncDirectory(deep)).isInstanceOf(IOException.class);
  }

  @Test
  void aSecondEngineInThisProcessIsKeptOut() throws IOException {
    FileSystem.FolderLock lock = fs.lock(folder);
    assertThatThrownBy(() -> fs.lock(folder.resolve(".")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(folder.toString());
    lock.close();
    lock.close();
    fs.lock(folder).close();
    assertThatThrownBy(() -> fs.lock(folder.resolve("none"))).isInstanceOf(IOException.class);
  }

  @Test
  void anotherProcessIsKeptOut() throws Exception {
    Path source = folder.resolve("Hold.java");
    Files.writeString(
        source,
        """
        import java.io.*;
        class Hold {
          public static void main(String[] args) throws Exception {
            RandomAccessFile file = new RandomAccessFile(args[0], "rw");
            file.getChannel().lock();
            file.write("12345\\n".getBytes());
            System.out.println("held");
            System.in.read();
          }
        }
        """);
    Path data = Files.createDirectory(folder.resolve("data"));
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                source.toString(),
                data.resolve("LOCK").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(holder.inputReader().readLine()).isEqualTo("held");
      assertThatThrownBy(() -> fs.lock(data))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another process (process 12345)");
    } finally {
      holder.destroyForcibly();
    }
    assertThat(holder.waitFor(20, TimeUnit.SECONDS)).isTrue();
    fs.lock(data).close();
  }

  @Test
  void anInterruptedThreadStillWritesSyncsAndReads() throws IOException {
    Path file = folder.resolve("f");
    Thread.currentThread().interrupt();
    try (AppendFile append = fs.create(file)) {
      append.write(pattern(100), 0, 100);
      append.sync();
      fs.syncDirectory(folder);
      fs.createDirectories(folder.resolve("x/y"));
      try (ReadFile read = fs.open(file);
          Arena arena = Arena.ofConfined()) {
        byte[] into = new byte[100];
        read.readFully(0, into, 0, 100);
        assertThat(into).isEqualTo(pattern(100));
        assertThat(read.map(arena).byteSize()).isEqualTo(100);
        read.readFully(0, into, 0, 100);
      }
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(fs.readAll(file)).isEqualTo(pattern(100));
  }

  @Test
  void interruptsOfOneReaderDoNotDisturbTheOthers() throws Exception {
    Path file = folder.resolve("f");
    byte[] bytes = pattern(4 << 20);
    try (AppendFile append = fs.create(file)) {
      append.write(bytes, 0, bytes.length);
    }
    AtomicReference<Throwable> failure = new AtomicReference<>();
    AtomicBoolean stop = new AtomicBoolean();
    try (ReadFile read = fs.open(file)) {
      Runnable reader =
          () -> {
            byte[] into = new byte[bytes.length];
            try {
              while (!stop.get()) {
                read.readFully(0, into, 0, into.length);
                if (into[12345] != bytes[12345]) {
                  throw new AssertionError("wrong bytes");
                }
              }
            } catch (Throwable e) {
              failure.set(e);
            }
          };
      Thread victim = Thread.ofPlatform().start(reader);
      Thread bystander = Thread.ofPlatform().start(reader);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      while (System.nanoTime() < end && failure.get() == null) {
        victim.interrupt();
        TimeUnit.MICROSECONDS.sleep(300);
      }
      stop.set(true);
      victim.join();
      bystander.join();
    }
    assertThat(failure.get()).isNull();
  }

  @Test
  void aClosedReaderStaysClosed() throws IOException {
    Path file = folder.resolve("f");
    fs.create(file).close();
    ReadFile read = fs.open(file);
    read.close();
    assertThatThrownBy(() -> read.readFully(0, new byte[1], 0, 1))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("after close");
  }
}
