package io.varve.engine.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.FileHeader;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.log.LocalLogContract;
import io.varve.engine.log.ShardLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The local log keeps the contract on a real disk, shares syncs, and writes version 1. */
final class WalTest extends LocalLogContract {
  private static final long STORE = 0x1122334455667788L;

  /** The example of the package description, written once. */
  private static final String GOLDEN =
      """
      89 56 41 52 56 45 0D 0A 77 61 6C 00 00 00 00 00
      01 00 00 00 88 77 66 55 44 33 22 11 05 00 00 00 00 00 00 00 73 83 BA 1A
      03 C0 CE 59 05 00 00 00 05 00 00 00 00 00 00 00 01 00 00 00 01 68 65 6C 6C 6F
      24 1E DE 8D 00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 00
      """;

  @Override
  protected ShardLog open(Path folder) throws IOException {
    return Wal.open(RealFileSystem.INSTANCE, folder.resolve("wal"), "wal", STORE);
  }

  private static byte[] golden() {
    return HexFormat.ofDelimiter(" ").parseHex(GOLDEN.strip().replace("\n", " "));
  }

  @Test
  void writesTheExampleOfThePackageDescription() throws IOException {
    try (ShardLog log = open(folder)) {
      log.replay(5, new Collector());
      append(log, 1, "hello");
    }
    assertThat(Files.readAllBytes(folder.resolve("wal/0000000000000005.wal"))).isEqualTo(golden());
  }

  @Test
  void readsTheExampleOfThePackageDescription() throws IOException {
    byte[] bytes = golden();
    FileHeader header = FileHeader.read(new ByteReader(bytes, "golden"), "wal");
    assertThat(header).isEqualTo(new FileHeader("wal", 1, STORE, 5));
    Files.createDirectories(folder.resolve("wal"));
    Files.write(folder.resolve("wal/0000000000000005.wal"), bytes);
    try (ShardLog log = open(folder)) {
      Collector collector = new Collector();
      assertThat(log.replay(5, collector)).isEmpty();
      assertThat(collector.records).containsExactly(new Replayed(5, 1, "hello"));
    }
  }

  @Test
  void otherFilesInTheFolderAreNotTouched() throws IOException {
    Path other = Files.createDirectories(folder.resolve("wal")).resolve("notes.txt");
    Files.writeString(other, "mine");
    Files.writeString(folder.resolve("wal/0000000000000000.wal"), "no segment has number 0");
    try (ShardLog log = open(folder)) {
      assertThat(log.replay(1, new Collector())).isEmpty();
      append(log, 1, "x");
      log.roll();
      append(log, 1, "y");
      log.sync(2);
      log.trim(3);
    }
    assertThat(Files.readString(other)).isEqualTo("mine");
  }

  @Test
  @Timeout(20)
  void waitersShareOneSyncAndAppendsGoOnBesideIt() throws Exception {
    SimFileSystem fs = new SimFileSystem(1);
    Wal log = Wal.open(fs, Path.of("/wal"), "wal", STORE);
    append(log, 1, "first");
    CountDownLatch inSync = new CountDownLatch(1);
    Semaphore mayFinish = new Semaphore(0);
    fs.beforeSync(
        () -> {
          inSync.countDown();
          mayFinish.acquireUninterruptibly();
        });
    long syncsBefore = fs.syncs();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    threads.add(syncer(log, 1, failure));
    inSync.await();
    for (int i = 0; i < 50; i++) {
      long sequence = append(log, 1, "more");
      threads.add(syncer(log, sequence, failure));
    }
    for (Thread thread : threads) {
      while (thread.getState() != Thread.State.WAITING) {
        Thread.sleep(1);
      }
    }
    assertThat(log.durable()).isZero();
    mayFinish.release(1000);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failure.get()).isNull();
    assertThat(log.durable()).isEqualTo(51);
    assertThat(fs.syncs() - syncsBefore).isEqualTo(2);
    log.close();
  }

  private static Thread syncer(Wal log, long sequence, AtomicReference<Throwable> failure) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                log.sync(sequence);
                assertThat(log.durable()).isGreaterThanOrEqualTo(sequence);
              } catch (Throwable e) {
                failure.set(e);
              }
            });
  }

  @Test
  void verifyReadsBesideTheWriterAndChangesNothing() throws IOException {
    SimFileSystem fs = new SimFileSystem(1);
    Path dir = Path.of("/wal");
    Wal log = Wal.open(fs, dir, "wal", STORE);
    for (int i = 0; i < 5; i++) {
      append(log, 1, "a");
      append(log, 1, "b");
      log.roll();
    }
    append(log, 1, "open");
    // As a writer in the middle of a record leaves it.
    try (var half = fs.openForAppend(fs.files().getLast())) {
      half.write(new byte[] {1, 2, 3}, 0, 3);
    }
    long operations = fs.operations();
    Collector collector = new Collector();
    assertThat(Wal.verify(fs, dir, "wal", STORE, collector)).isEmpty();
    assertThat(collector.records).hasSize(11);
    assertThat(fs.operations()).isEqualTo(operations);
    fs.flipBit(fs.files().getFirst(), 8 * 50);
    List<ShardLog.Damage> damages = Wal.verify(fs, dir, "wal", STORE, new Collector());
    assertThat(damages)
        .singleElement()
        .satisfies(d -> assertThat(d.file()).isEqualTo("wal/0000000000000001.wal"));
  }
}
