package io.varve.engine.wal;

import static io.varve.engine.log.ShardLogContract.append;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.io.SimFileSystem;
import io.varve.engine.io.SimFileSystem.Operation;
import io.varve.engine.log.ShardLog.Damage;
import io.varve.engine.log.ShardLogContract.Collector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A failed write is repaired; a failed fsync is the end until the process starts anew. */
final class WalFailureTest {
  private static final Path DIR = Path.of("/wal");

  private SimFileSystem fs = new SimFileSystem(3);
  private Wal log;

  @BeforeEach
  void open() throws IOException {
    log = Wal.open(fs, DIR, "wal", 9);
  }

  private List<Long> sequencesAfter(SimFileSystem disk) throws IOException {
    Wal again = Wal.open(disk, DIR, "wal", 9);
    Collector collector = new Collector();
    List<Damage> damages = again.replay(1, collector);
    assertThat(damages).isEmpty();
    return collector.sequences();
  }

  @Test
  void aFailedWriteStopsAppendsUntilItIsRepaired() throws IOException {
    append(log, 1, "one");
    fs.failNext(Operation.WRITE, 1);
    assertThatThrownBy(() -> append(log, 1, "two")).isInstanceOf(IOException.class);
    assertThat(log.last()).isEqualTo(1);
    assertThatThrownBy(() -> append(log, 1, "two"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("refuses appends");
    assertThatThrownBy(log::roll).isInstanceOf(IOException.class);
    log.sync(1);
    assertThat(log.tryRepair()).isTrue();
    assertThat(append(log, 1, "two")).isEqualTo(2);
    log.sync(2);
    assertThat(sequencesAfter(fs.restart())).containsExactly(1L, 2L);
  }

  @Test
  void aFailedTruncateKeepsItStoppedAndMayBeTriedAgain() throws IOException {
    append(log, 1, "one");
    fs.failNext(Operation.WRITE, 1);
    assertThatThrownBy(() -> append(log, 1, "x".repeat(5000))).isInstanceOf(IOException.class);
    fs.failNext(Operation.TRUNCATE, 2);
    assertThat(log.tryRepair()).isFalse();
    assertThat(log.tryRepair()).isFalse();
    assertThatThrownBy(() -> append(log, 1, "two")).isInstanceOf(IOException.class);
    assertThat(log.durable()).isEqualTo(1);
    log.sync(1);
    assertThat(log.tryRepair()).isTrue();
    assertThat(append(log, 1, "two")).isEqualTo(2);
    log.close();
    assertThat(sequencesAfter(fs.restart())).containsExactly(1L, 2L);
  }

  @Test
  void aRepairWritesToTheDiskBeforeItSaysYes() throws IOException {
    append(log, 1, "one");
    fs.failNext(Operation.WRITE, 2);
    assertThatThrownBy(() -> append(log, 1, "two")).isInstanceOf(IOException.class);
    assertThat(log.tryRepair()).isFalse();
    assertThat(log.tryRepair()).isTrue();
    assertThat(append(log, 1, "two")).isEqualTo(2);
    log.close();
    assertThat(sequencesAfter(fs.restart())).containsExactly(1L, 2L);
  }

  @Test
  void aSegmentThatCannotBeCreatedIsRepairedToo() throws IOException {
    fs.failNext(Operation.CREATE, 1);
    assertThatThrownBy(() -> append(log, 1, "one")).isInstanceOf(IOException.class);
    assertThat(log.tryRepair()).isTrue();
    assertThat(append(log, 1, "one")).isEqualTo(1);
    log.roll();
    fs.failNext(Operation.WRITE, 2);
    assertThatThrownBy(() -> append(log, 1, "two")).isInstanceOf(IOException.class);
    assertThat(log.tryRepair()).isFalse();
    assertThat(log.tryRepair()).isTrue();
    assertThat(append(log, 1, "two")).isEqualTo(2);
    log.close();
    assertThat(sequencesAfter(fs.restart())).containsExactly(1L, 2L);
  }

  @Test
  void afterAFailedFsyncEveryCallFails() throws IOException {
    append(log, 1, "one");
    log.sync(1);
    append(log, 1, "two");
    fs.failNext(Operation.SYNC, 1);
    assertPoisoned();
    assertThat(log.durable()).isEqualTo(1);
    assertThat(sequencesAfter(fs.restart())).startsWith(1L);
  }

  @Test
  void aFailedFsyncOfTheFolderIsFinalToo() throws IOException {
    fs.failNext(Operation.SYNC_DIRECTORY, 1);
    assertThatThrownBy(() -> append(log, 1, "one")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> append(log, 1, "one"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("restart the process");
    assertThat(log.tryRepair()).isFalse();
  }

  @Test
  void aFailedFsyncDuringARepairIsFinal() throws IOException {
    append(log, 1, "one");
    fs.failNext(Operation.WRITE, 1);
    assertThatThrownBy(() -> append(log, 1, "two")).isInstanceOf(IOException.class);
    fs.failNext(Operation.SYNC, 1);
    assertThat(log.tryRepair()).isFalse();
    assertPoisoned();
  }

  @Test
  void aFailedFsyncInARollIsFinal() throws IOException {
    append(log, 1, "one");
    append(log, 1, "two");
    fs.failNext(Operation.SYNC, 1);
    assertThatThrownBy(log::roll).isInstanceOf(IOException.class);
    assertPoisoned();
  }

  @Test
  void aRollThatCannotBeginTheNextSegmentLosesNothingAndTrimsNothing() throws IOException {
    append(log, 1, "one");
    fs.failNext(Operation.CREATE, 1);
    log.roll();
    assertThat(log.durable()).isEqualTo(1);
    log.trim(2);
    assertThat(sequences(fs)).containsExactly(1L);
    assertThatThrownBy(() -> append(log, 1, "two")).hasMessageContaining("refuses appends");
    assertThat(log.tryRepair()).isTrue();
    log.trim(2);
    assertThat(sequences(fs)).isEmpty();
    assertThat(append(log, 1, "two")).isEqualTo(2);
    log.close();
    Wal again = Wal.open(fs.restart(), DIR, "wal", 9);
    Collector collector = new Collector();
    assertThat(again.replay(2, collector)).isEmpty();
    assertThat(collector.sequences()).containsExactly(2L);
  }

  private static List<Long> sequences(SimFileSystem disk) throws IOException {
    Collector collector = new Collector();
    Wal.verify(disk, DIR, "wal", 9, collector);
    return collector.sequences();
  }

  @Test
  void aFailedFsyncOfTheNewestHeaderIsFinalAndDeletesNothing() throws IOException {
    append(log, 1, "one");
    log.roll();
    fs.failNext(Operation.SYNC, 1);
    assertThatThrownBy(() -> log.trim(2)).isInstanceOf(IOException.class);
    assertThat(fs.files()).hasSize(2);
    assertPoisoned();
  }

  private void assertPoisoned() {
    String message = "restart the process";
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> log.sync(log.last())).hasMessageContaining(message);
      assertThatThrownBy(() -> append(log, 1, "x")).hasMessageContaining(message);
      assertThatThrownBy(log::roll).hasMessageContaining(message);
      assertThatThrownBy(() -> log.trim(1)).hasMessageContaining(message);
      assertThatThrownBy(() -> log.sync(0))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Input/output error")
          .hasMessageContaining(message);
      assertThat(log.tryRepair()).isFalse();
    }
    assertThatThrownBy(log::close).hasMessageContaining(message);
  }

  @Test
  void appendsWaitForTheReplay() throws IOException {
    append(log, 1, "one");
    log.close();
    Wal again = Wal.open(fs, DIR, "wal", 9);
    assertThatThrownBy(() -> append(again, 1, "two")).isInstanceOf(IllegalStateException.class);
    again.replay(1, new Collector());
    assertThat(append(again, 1, "two")).isEqualTo(2);
    assertThatThrownBy(() -> again.replay(1, new Collector()))
        .isInstanceOf(IllegalStateException.class);
  }
}
