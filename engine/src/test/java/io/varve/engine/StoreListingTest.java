package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import io.varve.engine.partition.ManifestState;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The bytes of listings: the example of the documentation, and what hostile ones end in. */
final class StoreListingTest {
  private static final String EXAMPLE =
      """
      varve-listing version=1 id=00000000000000ab files=1
      9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 4 checkpoint/0000000000000009.ckp
      e2f962ac\tvarve-manifest version=1 number=1 lines=2
      df820b37\tstore id=cafebabe00000001 hashSeed=-5 hashVersion=1 encoder=1 windowMillis=86400000\tflushed seq=9\tcheckpoint seq=9 files=checkpoint/0000000000000009.ckp\tnextIndex generation=1
      5b691cfa420247a7be9dbe4b15a7e22397bf8e70a977bd121490175c79923757
      """;

  private static ManifestState state(List<String> checkpointFiles) {
    return new ManifestState(
        0xcafebabe00000001L,
        -5,
        1,
        1,
        86_400_000,
        9,
        9,
        checkpointFiles,
        1,
        new TreeMap<>(),
        new TreeMap<>());
  }

  private static StoreListing listing(String path) {
    return new StoreListing(
        "00000000000000ab",
        state(List.of(path)),
        List.of(
            new StoreListing.Entry(
                path, 4, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")));
  }

  @Test
  void theExampleOfTheDocumentationIsRead() {
    StoreListing expected = listing("checkpoint/0000000000000009.ckp");
    byte[] bytes = EXAMPLE.getBytes(StandardCharsets.US_ASCII);
    StoreListing read = StoreListing.decode(bytes, "the example");
    assertThat(read).isEqualTo(expected);
    assertThat(read.position()).isEqualTo(9);
    assertThat(read.bytes()).isEqualTo(4);
    assertThat(expected.encode()).isEqualTo(bytes);
  }

  @Test
  void noPathLeadsOutOfTheFolder() {
    for (String path :
        new String[] {
          "../CURRENT",
          "checkpoint/../../x",
          "/etc/passwd",
          "checkpoint//x",
          "checkpoint/.x",
          "wal/0/x",
          "checkpoint",
          "w=20261122/b=00/c/d/e",
          "checkpoint/" + "x".repeat(600)
        }) {
      byte[] bytes = listing(path).encode();
      assertThatThrownBy(() -> StoreListing.decode(bytes, "a listing"))
          .as(path)
          .isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void filesThatTheStateDoesNotNameAreRefused() {
    StoreListing good = listing("checkpoint/0000000000000009.ckp");
    for (List<StoreListing.Entry> files :
        List.of(
            List.<StoreListing.Entry>of(),
            List.of(good.files().getFirst(), good.files().getFirst()),
            List.of(new StoreListing.Entry("checkpoint/8.ckp", 4, "0".repeat(64))))) {
      byte[] bytes = new StoreListing("00000000000000ab", good.state(), files).encode();
      assertThatThrownBy(() -> StoreListing.decode(bytes, "a listing"))
          .isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void damagedBytesAreRefused() {
    Random random = new Random(Seeds.usual(1));
    byte[] good = listing("checkpoint/0000000000000009.ckp").encode();
    for (int i = 0; i < 5_000; i++) {
      byte[] bytes =
          Arrays.copyOf(good, random.nextInt(4) > 0 ? good.length : random.nextInt(good.length));
      if (bytes.length > 0 && (bytes.length == good.length || random.nextBoolean())) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
      }
      assertThatThrownBy(() -> StoreListing.decode(bytes, "a listing"))
          .isInstanceOf(CorruptDataException.class);
    }
  }

  @Test
  void whatIsWrongUnderARightChecksumIsRefused() {
    Random random = new Random(Seeds.usual(2));
    byte[] good = listing("checkpoint/0000000000000009.ckp").encode();
    int refused = 0;
    for (int i = 0; i < 5_000; i++) {
      byte[] body = Arrays.copyOf(good, good.length - 65);
      body[random.nextInt(body.length)] =
          (byte) "0123456789 =,/.\n\t\0a~".charAt(random.nextInt(20));
      byte[] sum = (Sha256.of(body) + "\n").getBytes(StandardCharsets.US_ASCII);
      byte[] bytes = Arrays.copyOf(body, body.length + sum.length);
      System.arraycopy(sum, 0, bytes, body.length, sum.length);
      try {
        StoreListing.decode(bytes, "a listing");
      } catch (CorruptDataException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(2_000);
  }
}
