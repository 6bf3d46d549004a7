package io.varve.retention.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.varve.engine.Seeds;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The bytes of listings. */
final class BackupListingTest {
  private static final String NAME = "20261122T183100.123Z-0badcafe";
  private static final String SHA =
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

  private static final BackupListing LISTING =
      new BackupListing(
          NAME,
          1_795_372_260_123L,
          List.of(
              new BackupListing.Shard(
                  0,
                  "1122334455667788",
                  42,
                  "",
                  0,
                  List.of(new BackupListing.Entry("w=2026-11-22/b=0/c-1.tch", 5, SHA, false)))));

  private static String withSum(String json) {
    return json + "\n" + Sha256.of(json.getBytes(StandardCharsets.UTF_8)) + "\n";
  }

  private static BackupListing decode(String text) {
    return BackupListing.decode(text.getBytes(StandardCharsets.UTF_8), "it");
  }

  /** As the package's description has it. */
  private static final String GOLDEN =
      "{\"format\":\"varve-backup\",\"version\":1,\"name\":\"20261122T183100.123Z-0badcafe\","
          + "\"created\":1795372260123,\"shards\":[{\"shard\":0,\"store\":\"1122334455667788\","
          + "\"position\":42,\"files\":[{\"path\":\"w=2026-11-22/b=0/c-1.tch\",\"bytes\":5,"
          + "\"sha256\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"}]}]}";

  @Test
  void golden() {
    assertThat(new String(LISTING.encode(), StandardCharsets.UTF_8)).isEqualTo(withSum(GOLDEN));
    assertThat(decode(withSum(GOLDEN))).isEqualTo(LISTING);
  }

  @Test
  void aDamagedFileIsMarked() {
    String text = GOLDEN.replace("9824\"}]", "9824\",\"damaged\":true}]");
    BackupListing listing = decode(withSum(text));
    assertThat(listing.damaged()).containsExactly("w=2026-11-22/b=0/c-1.tch");
    assertThat(new String(listing.encode(), StandardCharsets.UTF_8)).isEqualTo(withSum(text));
    assertThat(LISTING.damaged()).isEmpty();
  }

  @Test
  void passesOverFieldsOfLaterVersions() {
    assertThat(decode(withSum(GOLDEN.replace("\"shards\":[{", "\"a\":{\"b\":[1]},\"shards\":[{"))))
        .isEqualTo(LISTING);
  }

  @Test
  void refusesWhatIsNone() {
    for (String[] change :
        new String[][] {
          {"varve-backup", "varve-other"},
          {"\"version\":1", "\"version\":2"},
          {"w=2026-11-22/", "../"},
          {"w=2026-11-22/", "/"},
          {"w=2026-11-22/", "a/./"},
          {"\"bytes\":5", "\"bytes\":-5"},
          {"\"bytes\":5", "\"bytes\":5e9"},
          {"\"bytes\":5", "\"bytes\":99999999999999999999"},
          {SHA, SHA.substring(1)},
          {"\"position\":42,", ""},
          {"\"shard\":0", "\"shard\":-1"},
          {"]}]}", "]}]"},
          {"\"name\":\"2026", "\"name\":\"x2026"},
          {"\"created\"", "\"name\":\"" + NAME + "\",\"created\""},
          {GOLDEN, ""},
          {GOLDEN, "[]"},
          {GOLDEN, "[".repeat(100_000)},
        }) {
      assertThatExceptionOfType(CorruptDataException.class)
          .as(change[1].substring(0, Math.min(40, change[1].length())))
          .isThrownBy(() -> decode(withSum(GOLDEN.replace(change[0], change[1]))));
    }
    String file = "{\"path\":\"a\",\"bytes\":5,\"sha256\":\"" + SHA + "\"}";
    assertThatExceptionOfType(CorruptDataException.class)
        .isThrownBy(
            () ->
                decode(
                    withSum(
                        GOLDEN.replaceFirst("\\[\\{\"path.*", "[" + file + "," + file + "]}]}"))))
        .withMessageContaining("twice");
  }

  @Test
  void noticesEveryFlippedBitAndEveryCut() {
    byte[] whole = LISTING.encode();
    Random random = new Random(Seeds.usual(71));
    for (int n = 0; n < 500; n++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      assertThatExceptionOfType(CorruptDataException.class)
          .isThrownBy(() -> BackupListing.decode(damaged, "it"));
    }
    for (int n = 0; n < whole.length; n++) {
      byte[] cut = Arrays.copyOf(whole, n);
      assertThatExceptionOfType(CorruptDataException.class)
          .isThrownBy(() -> BackupListing.decode(cut, "it"));
    }
  }
}
