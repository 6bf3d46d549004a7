package io.varve.ingest.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.format.Crc32c;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was put in comes out, in order and once, also after a start. */
final class SpoolTest {
  private static final long CLUSTER = 77;
  private static final long MOST = 1 << 30;
  private static final Map<String, String> HEADERS = Map.of("Content-Type", "x");

  @TempDir private Path folder;

  private Spool open() throws IOException {
    return Spool.open(folder, CLUSTER, MOST);
  }

  private static byte[] body(int number, int length) {
    byte[] body = new byte[length];
    new Random(number).nextBytes(body);
    return body;
  }

  private static void put(Spool spool, int from, int to, int length) throws IOException {
    for (int i = from; i < to; i++) {
      spool.put(1000 + i, "/p" + i, HEADERS, body(i, length), 0, length);
    }
  }

  private static void take(Spool spool, int from, int to, int length) throws Exception {
    for (int i = from; i < to; i++) {
      SpooledRequest request = Objects.requireNonNull(spool.await(0), "request " + i);
      assertThat(request.path()).isEqualTo("/p" + i);
      assertThat(request.takenMillis()).isEqualTo(1000 + i);
      assertThat(request.headers()).isEqualTo(HEADERS);
      assertThat(request.bodyLength()).isEqualTo(length);
      assertThat(
              Arrays.copyOfRange(
                  request.record(), request.bodyOffset(), request.bodyOffset() + length))
          .isEqualTo(body(i, length));
      spool.delivered(request);
    }
  }

  /** Delivers what can be read; gives how many requests that were. */
  private static int takeAll(Spool spool) throws Exception {
    int delivered = 0;
    while (spool.waiting() > 0) {
      SpooledRequest request = spool.await(0);
      if (request != null) {
        spool.delivered(request);
        delivered++;
      }
    }
    return delivered;
  }

  @Test
  void theBytesAreAsDescribed() {
    byte[] record =
        SpooledRequest.encode(1000, "/w", Map.of("a", "b"), new byte[] {9, 1, 2, 9}, 1, 2);
    assertThat(HexFormat.of().withUpperCase().formatHex(record))
        .isEqualTo("E803000000000000" + "022F77" + "0101610162" + "0102");
  }

  @Test
  void requestsComeOutInOrderAndOnce() throws Exception {
    try (Spool spool = open()) {
      assertThat(spool.await(0)).isNull();
      assertThat(spool.oldestMillis()).isZero();
      put(spool, 0, 100, 50);
      assertThat(spool.waiting()).isEqualTo(100);
      assertThat(spool.waitingBytes()).isGreaterThan(100 * 50);
      assertThat(spool.oldestMillis()).isEqualTo(1000);
      take(spool, 0, 40, 50);
      assertThat(spool.oldestMillis()).isEqualTo(1040);
      // Who fails to deliver one is shown it again.
      assertThat(Objects.requireNonNull(spool.await(0)).path()).isEqualTo("/p40");
      take(spool, 40, 100, 50);
      assertThat(spool.await(0)).isNull();
      assertThat(spool.waitingBytes()).isZero();
      assertThat(spool.oldestMillis()).isZero();
    }
  }

  @Test
  void whatWasNotDeliveredOutlastsTheProcess() throws Exception {
    try (Spool spool = open()) {
      put(spool, 0, 10, 20);
      take(spool, 0, 4, 20);
    }
    try (Spool spool = open()) {
      assertThat(spool.waiting()).isEqualTo(6);
      assertThat(spool.oldestMillis()).isEqualTo(1004);
      put(spool, 10, 12, 20);
      take(spool, 4, 12, 20);
    }
    try (Spool spool = open()) {
      assertThat(spool.await(0)).isNull();
      put(spool, 12, 13, 20);
      take(spool, 12, 13, 20);
    }
  }

  /** As after a power failure: the mark is old, and the last write is torn. */
  @Test
  void aRequestIsRatherDeliveredTwiceThanNotAtAll() throws Exception {
    Path copy = folder.resolve("copy");
    try (Spool spool = Spool.open(folder.resolve("a"), CLUSTER, MOST)) {
      put(spool, 0, 10, 20);
      take(spool, 0, 2, 20);
      spool.tidy();
      take(spool, 2, 10, 20);
      Files.createDirectory(copy);
      for (Path file : files(folder.resolve("a"))) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path segment = segments(copy).getLast();
    byte[] bytes = Files.readAllBytes(segment);
    Files.write(segment, Arrays.copyOf(bytes, bytes.length - 3));
    try (Spool spool = Spool.open(copy, CLUSTER, MOST)) {
      take(spool, 2, 9, 20);
      assertThat(spool.await(0)).isNull();
      put(spool, 9, 10, 20);
      take(spool, 9, 10, 20);
    }
    // A mark that outlasted the requests that it speaks of.
    Files.writeString(copy.resolve("DELIVERED"), "50 " + checksum("50") + "\n");
    try (Spool spool = Spool.open(copy, CLUSTER, MOST)) {
      put(spool, 10, 11, 20);
      take(spool, 10, 11, 20);
    }
    for (String damaged :
        List.of("\0\0\0", "", "11\n", "91 " + checksum("11") + "\n", "\u00b11 00000000\n")) {
      Files.write(copy.resolve("DELIVERED"), damaged.getBytes(StandardCharsets.ISO_8859_1));
      try (Spool spool = Spool.open(copy, CLUSTER, MOST)) {
        assertThat(Objects.requireNonNull(spool.await(0)).path()).as(damaged).isEqualTo("/p0");
      }
    }
  }

  private static String checksum(String number) {
    byte[] bytes = number.getBytes(StandardCharsets.US_ASCII);
    return HexFormat.of().toHexDigits(Crc32c.of(bytes, 0, bytes.length));
  }

  @Test
  void whatDoesNotGetThroughLetsOthersPass() throws Exception {
    try (Spool spool = open()) {
      put(spool, 0, 4, 20);
      spool.postpone(Objects.requireNonNull(spool.await(0)));
      assertThat(spool.waiting()).isEqualTo(4);
      take(spool, 1, 3, 20);
    }
    try (Spool spool = open()) {
      take(spool, 3, 4, 20);
      take(spool, 0, 1, 20);
      assertThat(spool.await(0)).isNull();
      assertThat(spool.waitingBytes()).isZero();
    }
  }

  /** A full disk, say: there is no room for the mark. */
  @Test
  void whatIsDeliveredIsDeletedThoughItCannotBeNoted() throws Exception {
    int length = 100_000;
    try (Spool spool = open()) {
      put(spool, 0, 300, length);
      Path inTheWay = Files.createDirectories(folder.resolve("DELIVERED.tmp").resolve("x"));
      take(spool, 0, 300, length);
      assertThatThrownBy(spool::tidy).isInstanceOf(IOException.class);
      assertThat(segments(folder)).hasSize(1);
      Files.delete(inTheWay);
      Files.delete(folder.resolve("DELIVERED.tmp"));
      spool.tidy();
      put(spool, 300, 310, length);
    }
    try (Spool spool = open()) {
      take(spool, 300, 310, length);
    }
  }

  @Test
  void aSegmentThatIsGoneIsCountedAsLost() throws Exception {
    int length = 100_000;
    try (Spool spool = open()) {
      put(spool, 0, 300, length);
    }
    Files.delete(segments(folder).get(1));
    try (Spool spool = open()) {
      int delivered = takeAll(spool);
      assertThat(delivered).isBetween(200, 250);
      assertThat(spool.lost()).isEqualTo(300 - delivered);
    }
  }

  @Test
  void whatIsInMemoryIsNotLostWithItsSegment() throws Exception {
    int length = 100_000;
    try (Spool spool = open()) {
      put(spool, 0, 300, length);
      List<Path> segments = segments(folder);
      Path older = segments.get(segments.size() - 2);
      byte[] bytes = Files.readAllBytes(older);
      bytes[bytes.length / 4] ^= 1;
      Files.write(older, bytes);
      int delivered = takeAll(spool);
      assertThat(spool.lost()).isEqualTo(300 - delivered);
      assertThat(delivered).as("the last 8 MiB are in memory").isGreaterThan(230);
    }
  }

  @Test
  void whatIsNotInMemoryComesFromTheDiskWhichIsFreed() throws Exception {
    int length = 100_000;
    try (Spool spool = open()) {
      put(spool, 0, 300, length);
      assertThat(segments(folder)).hasSizeGreaterThan(3);
      take(spool, 0, 250, length);
      spool.tidy();
      assertThat(segments(folder)).hasSizeLessThan(3);
      put(spool, 300, 320, length);
      take(spool, 250, 320, length);
    }
    try (Spool spool = open()) {
      assertThat(spool.await(0)).isNull();
      assertThat(spool.waitingBytes()).isZero();
    }
  }

  @Test
  void damageCostsOneSegmentAndIsTold() throws Exception {
    int length = 100_000;
    try (Spool spool = open()) {
      put(spool, 0, 300, length);
    }
    Path second = segments(folder).get(1);
    byte[] bytes = Files.readAllBytes(second);
    bytes[bytes.length / 2] ^= 1;
    Files.write(second, bytes);
    try (Spool spool = open()) {
      int next = 0;
      int gap = 0;
      while (next < 300) {
        SpooledRequest request = spool.await(0);
        if (request == null) {
          continue; // it has skipped
        }
        int number = Integer.parseInt(request.path().substring(2));
        gap += number - next;
        next = number + 1;
        spool.delivered(request);
      }
      assertThat(gap).isBetween(1, 84);
      assertThat(spool.lost()).isEqualTo(gap);
      assertThat(spool.waitingBytes()).isZero();
      put(spool, 300, 310, 10);
      take(spool, 300, 310, 10);
    }
  }

  @Test
  void itHoldsNoMoreThanItMay() throws Exception {
    try (Spool spool = Spool.open(folder, CLUSTER, 1_000)) {
      put(spool, 0, 2, 400);
      assertThatThrownBy(() -> put(spool, 2, 3, 400))
          .isInstanceOf(SpoolFullException.class)
          .hasMessageContaining("of at most 1000 (cluster.spool.max_bytes)");
      take(spool, 0, 1, 400);
      put(spool, 2, 3, 400);
      take(spool, 1, 3, 400);
    }
  }

  @Test
  void theSpoolOfAnotherClusterIsNotTakenForThisOnes() throws Exception {
    try (Spool spool = open()) {
      put(spool, 0, 10, 20);
    }
    try (Spool other = Spool.open(folder, CLUSTER + 1, MOST)) {
      assertThat(other.await(0)).isNull();
    }
  }

  @Test
  void aThreadThatWaitsIsWoken() throws Exception {
    try (Spool spool = open()) {
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      Thread.sleep(50);
                      put(spool, 0, 1, 10);
                    } catch (IOException | InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      SpooledRequest request = Objects.requireNonNull(spool.await(20_000));
      assertThat(request.path()).isEqualTo("/p0");
      writer.join();
    }
  }

  private static List<Path> files(Path of) throws IOException {
    try (Stream<Path> all = Files.list(of)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static List<Path> segments(Path of) throws IOException {
    return files(of).stream().filter(file -> file.toString().endsWith(".wal")).toList();
  }
}
