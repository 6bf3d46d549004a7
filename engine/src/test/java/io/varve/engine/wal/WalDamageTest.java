package io.varve.engine.wal;

import static io.varve.engine.log.ShardLogContract.append;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.log.ShardLog.Damage;
import io.varve.engine.log.ShardLog.RecordConsumer;
import io.varve.engine.log.ShardLogContract.Collector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Bad bytes: a torn end is cut, damage is named, everything else is served. */
final class WalDamageTest {
  private static final Path DIR = Path.of("/wal");
  private static final long STORE = 0xABCDEF;

  /** Three segments of records 1-4, 5-8, 9-12, each synced as it is written. */
  private static SimFileSystem threeSegments(boolean closed) throws IOException {
    SimFileSystem fs = new SimFileSystem(1);
    Wal log = Wal.open(fs, DIR, "wal", STORE);
    for (int i = 1; i <= 12; i++) {
      log.sync(append(log, 1, "record " + i + " ".repeat(i * 3)));
      if (i == 4 || i == 8) {
        log.roll();
      }
    }
    if (closed) {
      log.close();
    }
    return fs;
  }

  private static List<Long> range(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  private static List<Long> without(long from, long to) {
    List<Long> sequences = new ArrayList<>(range(1, 12));
    sequences.removeIf(s -> s >= from && s <= to);
    return sequences;
  }

  private record Outcome(Wal log, List<Damage> damages, List<Long> sequences) {}

  private static Outcome replay(SimFileSystem fs) throws IOException {
    Wal log = Wal.open(fs, DIR, "wal", STORE);
    Collector collector = new Collector();
    List<Damage> damages = log.replay(1, collector);
    collector.records.forEach(
        r -> assertThat(r.payload().strip()).isEqualTo("record " + r.sequence()));
    return new Outcome(log, damages, collector.sequences());
  }

  /** Where each record of a segment begins, and where the last one ends. */
  private static List<Long> boundaries(SimFileSystem fs, Path file, long first, int records)
      throws IOException {
    List<Long> boundaries = new ArrayList<>();
    try (SegmentReader reader = new SegmentReader(fs, file, "x", STORE, first)) {
      assertThat(reader.header()).isTrue();
      for (int i = 0; i < records; i++) {
        boundaries.add(reader.position());
        assertThat(reader.next()).isTrue();
      }
      boundaries.add(reader.position());
    }
    return boundaries;
  }

  private static void assertGoesOn(SimFileSystem fs, Outcome outcome) throws IOException {
    long next = append(outcome.log, 1, "record " + (outcome.log.last() + 1));
    outcome.log.sync(next);
    List<Long> expected = new ArrayList<>(outcome.sequences);
    expected.add(next);
    Outcome again = replay(fs.restart());
    assertThat(again.sequences).isEqualTo(expected);
    assertThat(again.damages).containsExactlyElementsOf(outcome.damages);
  }

  @Test
  void aFlippedBitInAnySegmentButTheLastIsNamed() throws IOException {
    Random random = new Random(Seeds.usual(2));
    for (long first : new long[] {1, 5}) {
      SimFileSystem model = threeSegments(true);
      Path file = DIR.resolve(WalFormat.fileName(first));
      long size = model.size(file);
      List<Long> boundaries = boundaries(model, file, first, 4);
      for (long at = 0; at < size; at++) {
        SimFileSystem fs = threeSegments(true);
        fs.flipBit(file, at * 8 + random.nextInt(8));
        Outcome outcome = replay(fs);
        String where = file + " byte " + at;
        if (at >= boundaries.getLast()) {
          // In the end mark: nothing is lost.
          assertThat(outcome.sequences).as(where).isEqualTo(range(1, 12));
          assertThat(outcome.damages).as(where).isEmpty();
          continue;
        }
        int hit = 0;
        while (boundaries.get(hit + 1) <= at) {
          hit++;
        }
        long place = at < boundaries.getFirst() ? 0 : boundaries.get(hit);
        assertThat(outcome.sequences).as(where).isEqualTo(without(first + hit, first + 3));
        assertThat(outcome.damages)
            .as(where)
            .singleElement()
            .satisfies(
                damage -> {
                  assertThat(damage.file()).isEqualTo("wal/" + file.getFileName());
                  assertThat(damage.offset()).isEqualTo(place);
                  assertThat(damage.problem()).isNotEmpty();
                });
        assertThat(outcome.damages.getFirst().firstSequence()).as(where).isEqualTo(first + hit);
        assertThat(outcome.log.last()).isEqualTo(12);
        if (at % 16 == 0) {
          assertGoesOn(fs, outcome);
        }
      }
    }
  }

  @Test
  void aFlippedBitInTheLastSegmentIsNamedUnlessNothingProvesItsRecord() throws IOException {
    Random random = new Random(Seeds.usual(3));
    for (boolean closed : new boolean[] {true, false}) {
      SimFileSystem model = threeSegments(closed);
      Path file = DIR.resolve(WalFormat.fileName(9));
      long size = model.size(file);
      List<Long> boundaries = boundaries(model, file, 9, 4);
      for (long at = 0; at < size; at++) {
        SimFileSystem fs = threeSegments(closed);
        fs.flipBit(file, at * 8 + random.nextInt(8));
        Outcome outcome = replay(fs);
        String where = (closed ? "closed, byte " : "killed, byte ") + at;
        int hit = 0;
        while (hit < 4 && boundaries.get(hit + 1) <= at) {
          hit++;
        }
        assertThat(outcome.sequences).as(where).isEqualTo(range(1, 8 + hit));
        if (hit == 4 || (hit == 3 && !closed)) {
          // The end mark, or a last record that no later byte proves: as if it was being written.
          assertThat(outcome.damages).as(where).isEmpty();
          assertThat(outcome.log.last()).as(where).isEqualTo(8 + hit);
        } else {
          assertThat(outcome.damages).as(where).hasSize(1);
          assertThat(outcome.damages.getFirst().file()).isEqualTo("wal/" + file.getFileName());
          assertThat(outcome.damages.getFirst().firstSequence()).as(where).isEqualTo(9 + hit);
          assertThat(outcome.log.last()).as(where).isEqualTo(12);
        }
        if (at % 16 == 0) {
          assertGoesOn(fs, outcome);
        }
      }
    }
  }

  @Test
  void aSegmentCutAtEveryByte() throws IOException {
    SimFileSystem model = threeSegments(false);
    for (long first : new long[] {5, 9}) {
      Path file = DIR.resolve(WalFormat.fileName(first));
      byte[] bytes = model.readAll(file);
      List<Long> boundaries = boundaries(model, file, first, 4);
      for (int cut = 0; cut < bytes.length; cut++) {
        SimFileSystem fs = threeSegments(false);
        fs.put(file, Arrays.copyOf(bytes, cut));
        Outcome outcome = replay(fs);
        String where = file + " cut to " + cut;
        int whole = 0;
        while (whole < 4 && boundaries.get(whole + 1) <= cut) {
          whole++;
        }
        if (first == 9) {
          assertThat(outcome.damages).as(where).isEmpty();
          assertThat(outcome.sequences).as(where).isEqualTo(range(1, 8 + whole));
        } else if (whole == 4) {
          assertThat(outcome.damages).as(where).isEmpty();
          assertThat(outcome.sequences).as(where).isEqualTo(range(1, 12));
        } else {
          assertThat(outcome.damages).as(where).hasSize(1);
          assertThat(outcome.damages.getFirst().firstSequence()).as(where).isEqualTo(5 + whole);
          assertThat(outcome.sequences).as(where).isEqualTo(without(5 + whole, 8));
        }
        assertGoesOn(fs, outcome);
      }
    }
  }

  @Test
  void garbageBehindTheLastRecordIsATornEnd() throws IOException {
    for (long seed : Seeds.range(1, 50)) {
      Random random = new Random(seed);
      SimFileSystem fs = threeSegments(random.nextBoolean());
      Path file = DIR.resolve(WalFormat.fileName(9));
      byte[] garbage = new byte[1 + random.nextInt(3000)];
      if (random.nextBoolean()) {
        random.nextBytes(garbage);
      }
      try (var append = fs.openForAppend(file)) {
        append.write(garbage, 0, garbage.length);
      }
      Outcome outcome = replay(fs);
      assertThat(outcome.damages).as("seed " + seed).isEmpty();
      assertThat(outcome.sequences).as("seed " + seed).isEqualTo(range(1, 12));
      assertGoesOn(fs, outcome);
    }
  }

  @Test
  void recordsInsideAPayloadProveNothing() throws IOException {
    SimFileSystem fs = threeSegments(true);
    byte[] other = fs.readAll(DIR.resolve(WalFormat.fileName(9)));
    SimFileSystem disk = new SimFileSystem(1);
    Wal log = Wal.open(disk, DIR, "wal", STORE);
    for (int i = 1; i <= 8; i++) {
      append(log, 1, "record " + i);
    }
    // A record whose payload is a whole other segment, torn before its end.
    log.append(1, other, 0, other.length);
    Path file = DIR.resolve(WalFormat.fileName(1));
    byte[] whole = disk.readAll(file);
    disk.put(file, Arrays.copyOf(whole, whole.length - 1));
    Outcome outcome = replay(disk);
    assertThat(outcome.damages).isEmpty();
    assertThat(outcome.sequences).isEqualTo(range(1, 8));
  }

  @Test
  void aMissingSegmentIsNamed() throws IOException {
    SimFileSystem fs = threeSegments(true);
    fs.delete(DIR.resolve(WalFormat.fileName(5)));
    fs.syncDirectory(DIR);
    Outcome outcome = replay(fs);
    assertThat(outcome.sequences).isEqualTo(without(5, 8));
    assertThat(outcome.damages)
        .singleElement()
        .satisfies(d -> assertThat(d.problem()).contains("5 to 8 are missing"));

    fs = threeSegments(true);
    fs.delete(DIR.resolve(WalFormat.fileName(1)));
    fs.syncDirectory(DIR);
    assertThat(replay(fs).damages)
        .singleElement()
        .satisfies(d -> assertThat(d.problem()).contains("1 to 4 are missing"));
    Wal log = Wal.open(fs.restart(), DIR, "wal", STORE);
    assertThat(log.replay(5, new Collector())).isEmpty();
  }

  @Test
  void aSegmentOfAnotherStoreOrPlaceIsNamed() throws IOException {
    for (long first : new long[] {5, 9}) {
      SimFileSystem foreign = new SimFileSystem(1);
      Wal other = Wal.open(foreign, DIR, "wal", STORE + 1);
      other.replay(first, new Collector());
      for (int i = 0; i < 4; i++) {
        append(other, 1, "record " + (first + i));
      }
      other.close();
      Path file = DIR.resolve(WalFormat.fileName(first));
      SimFileSystem fs = threeSegments(true);
      fs.put(file, foreign.readAll(file));
      Outcome outcome = replay(fs);
      assertThat(outcome.sequences).isEqualTo(without(first, first + 3));
      assertThat(outcome.damages)
          .singleElement()
          .satisfies(d -> assertThat(d.problem()).contains("another store"));
      assertGoesOn(fs, outcome);

      fs = threeSegments(true);
      fs.put(file, fs.readAll(DIR.resolve(WalFormat.fileName(1))));
      outcome = replay(fs);
      assertThat(outcome.sequences).isEqualTo(without(first, first + 3));
      assertThat(outcome.damages)
          .singleElement()
          .satisfies(d -> assertThat(d.problem()).contains("under another name"));
    }
  }

  @Test
  void aSegmentOfALaterVersionIsNotTouched() throws IOException {
    SimFileSystem fs = threeSegments(true);
    Path file = DIR.resolve(WalFormat.fileName(9));
    byte[] bytes = fs.readAll(file);
    var header = new io.varve.engine.format.ByteWriter(40);
    new io.varve.engine.format.FileHeader("wal", 2, STORE, 9).write(header);
    System.arraycopy(header.array(), 0, bytes, 0, header.size());
    fs.put(file, bytes);
    Wal log = Wal.open(fs, DIR, "wal", STORE);
    assertThatThrownBy(() -> log.replay(1, new Collector()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 2");
    assertThat(fs.readAll(file)).isEqualTo(bytes);
  }

  @Test
  void aRecordThatTheConsumerCannotDecodeEndsItsSegment() throws IOException {
    SimFileSystem fs = threeSegments(true);
    List<Long> seen = new ArrayList<>();
    RecordConsumer picky =
        new RecordConsumer() {
          @Override
          public void segment(long firstSequence) {}

          @Override
          public void record(long sequence, int type, byte[] payload, int offset, int length) {
            if (sequence == 6 || sequence == 10) {
              throw new CorruptDataException("record " + sequence, 3, "nonsense");
            }
            seen.add(sequence);
          }
        };
    Wal log = Wal.open(fs, DIR, "wal", STORE);
    List<Damage> damages = log.replay(1, picky);
    assertThat(seen).containsExactly(1L, 2L, 3L, 4L, 5L, 9L);
    assertThat(damages).extracting(Damage::firstSequence).containsExactly(6L, 10L);
    assertThat(damages.getFirst().problem()).contains("nonsense");
    assertThat(log.last()).isEqualTo(12);
  }
}
