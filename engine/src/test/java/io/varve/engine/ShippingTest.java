package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.format.Sha256;
import io.varve.engine.io.FileSystem;
import io.varve.engine.io.SimFileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Listings hold their files until they are let go of, or forgotten. */
final class ShippingTest {
  private static final Path STORE = Path.of("/store");
  private static final Path HELD = STORE.resolve("ship");
  private static final long DAY = 86_400_000;

  private final SimFileSystem fs = new SimFileSystem(1);
  private long now = 1_700_000_000_000L / DAY * DAY + DAY / 2;

  private Engine open() throws IOException {
    return Engine.open(
        EngineConfig.defaults(STORE)
            .withFileSystem(fs)
            .withClock(() -> Instant.ofEpochMilli(now))
            .withBackgroundThreads(false));
  }

  private void write(Engine engine, long time) {
    WriteBatch batch = new WriteBatch();
    for (int s = 0; s < 10; s++) {
      batch.addSample(batch.addSeries(Labels.of("__name__", "m" + s)), time, s * 77L, 0);
    }
    engine.append(batch, WriteMode.ALL_OR_NOTHING);
  }

  private static byte[] read(Engine engine, StoreListing.Entry file) throws IOException {
    try (FileSystem.ReadFile in = engine.shipping().open(file.sha256())) {
      if (in == null) {
        throw new AssertionError(file.path() + " is not there");
      }
      byte[] bytes = new byte[(int) in.size()];
      in.readFully(0, bytes, 0, bytes.length);
      return bytes;
    }
  }

  @Test
  void filesOfAListingOutliveTheStoresUseOfThem() throws IOException {
    try (Engine engine = open()) {
      write(engine, now);
      engine.flush();
      write(engine, now + 1_000);
      engine.delete("", List.of(Matcher.equal("__name__", "m3")), TimeRange.ALL);
      engine.flush();
      StoreListing listing = engine.shipping().take();
      assertThat(listing.files())
          .extracting(StoreListing.Entry::path)
          .anyMatch(p -> p.contains("tomb-"));
      assertThat(listing.files())
          .extracting(StoreListing.Entry::path)
          .anyMatch(p -> p.endsWith(".del"));
      assertThat(engine.shipping().heldPosition()).isEqualTo(listing.position());
      engine.cleanTombstones();
      write(engine, now + 2_000);
      engine.flush();
      for (StoreListing.Entry file : listing.files()) {
        byte[] bytes = read(engine, file);
        assertThat(bytes).hasSize((int) file.bytes());
        assertThat(Sha256.of(bytes)).isEqualTo(file.sha256());
      }
      StoreListing next = engine.shipping().take();
      assertThat(next.files()).isNotEqualTo(listing.files());
      assertThat(fs.list(HELD)).hasSize(2);
      engine.shipping().release(listing.id());
      assertThat(fs.list(HELD)).hasSize(1);
      assertThat(listing.files())
          .anySatisfy(f -> assertThat(engine.shipping().open(f.sha256())).isNull());
      assertThat(engine.shipping().heldPosition()).isEqualTo(next.position());
      engine.shipping().release("nobody");
    }
    assertThat(fs.exists(HELD)).isFalse();
  }

  @Test
  void aListingOfTheSameStateIsSharedAndEndsWithTheLast() throws IOException {
    try (Engine engine = open()) {
      write(engine, now);
      engine.flush();
      StoreListing one = engine.shipping().take();
      StoreListing two = engine.shipping().take();
      assertThat(two).isSameAs(one);
      engine.shipping().release(one.id());
      assertThat(fs.list(HELD)).hasSize(1);
      engine.shipping().release(two.id());
      assertThat(fs.list(HELD)).isEmpty();
      assertThat(engine.shipping().heldPosition()).isEqualTo(Long.MAX_VALUE);
    }
  }

  @Test
  void aClosedStoreTakesNoFile() throws IOException {
    Repairs repairs;
    Repairs.StoredFile file;
    StoreListing.Entry same;
    try (Engine engine = open()) {
      write(engine, now);
      engine.flush();
      repairs = engine.repairs();
      file = repairs.files().getFirst();
      same = engine.shipping().peek().files().getFirst();
      byte[] bytes = read(engine, same);
      for (int i = 0; i < 2; i++) {
        try (PulledFiles.Part part = repairs.pulled().part(same)) {
          part.write(bytes, 0, bytes.length);
          part.finish();
        }
        assertThat(i > 0 || repairs.replace(file, same)).isTrue();
      }
    }
    // Another store may be in its place by now.
    assertThat(repairs.replace(file, same)).isFalse();
  }

  @Test
  void theLogBehindAListingStays() throws IOException {
    try (Engine engine = open()) {
      write(engine, now);
      engine.flush();
      StoreListing listing = engine.shipping().take();
      for (int i = 1; i < 5; i++) {
        write(engine, now + i);
        engine.flush();
      }
      String next = String.format(Locale.ROOT, "%016x", listing.position() + 1);
      assertThat(fs.list(STORE.resolve("wal/0")))
          .as("the segment of record %s", next)
          .anyMatch(segment -> segment.getFileName().toString().compareTo(next + ".wal") <= 0);
      int held = fs.list(STORE.resolve("wal/0")).size();
      engine.shipping().release(listing.id());
      write(engine, now + 10);
      engine.flush();
      assertThat(fs.list(STORE.resolve("wal/0"))).hasSizeLessThan(held);
    }
  }

  @Test
  void aForgottenListingEndsAndAUsedOneStays() throws IOException {
    try (Engine engine = open()) {
      write(engine, now);
      engine.flush();
      StoreListing listing = engine.shipping().take();
      now += Duration.ofMinutes(9).toMillis();
      engine.runBackgroundWork();
      read(engine, listing.files().getFirst());
      now += Duration.ofMinutes(9).toMillis();
      engine.runBackgroundWork();
      assertThat(fs.list(HELD)).hasSize(1);
      now += Duration.ofMinutes(2).toMillis();
      engine.runBackgroundWork();
      assertThat(fs.list(HELD)).isEmpty();
    }
  }

  @Test
  void whatAKilledProcessHeldIsGoneWithTheNextStart() throws IOException {
    Engine engine = open();
    write(engine, now);
    engine.flush();
    engine.shipping().take();
    SimFileSystem after = fs.kill();
    assertThat(after.list(HELD)).hasSize(1);
    EngineConfig config = EngineConfig.defaults(STORE).withFileSystem(after);
    try (Engine again = Engine.open(config.withBackgroundThreads(false))) {
      assertThat(after.exists(HELD)).isFalse();
      again.shipping().take();
    }
  }

  @Test
  void aListingIsRefusedWhenAFileIsMissingOrTheDiskIsFull() throws IOException {
    try (Engine engine = open()) {
      write(engine, now);
      engine.flush();
      fs.setFreeBytes(100);
      assertThatThrownBy(() -> engine.shipping().take()).isInstanceOf(IOException.class);
      assertThat(fs.list(HELD)).isEmpty();
      fs.setFreeBytes(1 << 30);
      StoreListing listing = engine.shipping().take();
      engine.shipping().release(listing.id());
      String chunk = listing.files().get(1).path();
      fs.delete(STORE.resolve(chunk));
      assertThatThrownBy(() -> engine.shipping().take()).isInstanceOf(IOException.class);
      assertThat(fs.list(HELD)).isEmpty();
      assertThat(engine.stats().damage()).containsExactly(chunk + ": the file is missing");
    }
  }
}
