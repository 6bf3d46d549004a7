package io.varve.retention.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.varve.engine.Seeds;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The bytes of encrypted objects. */
final class AesSealingTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final byte[] KEY = HEX.parseHex("00112233445566778899aabbccddeeff".repeat(2));
  private static final byte[] SALT = HEX.parseHex("0f".repeat(32));
  private static final String NAME = "objects/ab/abcd";

  private final AesSealing sealing = new AesSealing(KEY, SALT, new SecureRandom());

  private byte[] seal(String name, byte[] bytes) throws IOException {
    try (InputStream in = sealing.seal(name, new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    }
  }

  private byte[] unseal(String name, byte[] bytes) throws IOException {
    try (InputStream in = sealing.unseal(name, new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    }
  }

  private void refused(String name, byte[] sealed) {
    assertThatExceptionOfType(DamagedObjectException.class)
        .isThrownBy(() -> unseal(name, sealed))
        .withMessageContaining(name);
  }

  @Test
  void comesBackWhateverItsLength() throws Exception {
    Random random = new Random(Seeds.usual(81));
    int piece = AesSealing.PIECE_BYTES;
    for (int n : new int[] {0, 1, 1000, piece - 1, piece, piece + 1, 3 * piece, 3 * piece + 17}) {
      byte[] bytes = new byte[n];
      random.nextBytes(bytes);
      byte[] sealed = seal(NAME, bytes);
      assertThat(sealing.sealedBytes(n)).isEqualTo(sealed.length);
      assertThat(unseal(NAME, sealed)).isEqualTo(bytes);
      assertThat(seal(NAME, bytes)).isNotEqualTo(sealed);
    }
  }

  @Test
  void golden() throws Exception {
    byte[] sealed = HEX.parseHex(GOLDEN_HEADER + "20".repeat(32) + GOLDEN_PIECE);
    assertThat(unseal(NAME, sealed)).isEqualTo("hello".getBytes(StandardCharsets.US_ASCII));
    assertThat(sealing.nameOf("ab")).isEqualTo(GOLDEN_NAME);
    assertThat(HEX.formatHex(AesSealing.check(KEY, SALT))).isEqualTo(GOLDEN_CHECK);
  }

  private static final String GOLDEN_HEADER = "564152564553454101";
  private static final String GOLDEN_PIECE = "b6c850bd9cbb87c5924e11e00218f4510fbc935b1f";
  private static final String GOLDEN_NAME =
      "63accab0bb65174d6f81f2fe95453c84a1e9f4aa39c8dea115c43fded6546ea4";
  private static final String GOLDEN_CHECK =
      "46ceed1028c555bc858562eb5d27caebe6b44251864df312629331222bcc0bbd";

  @Test
  void noticesWhatIsAlteredCutMovedOrExchanged() throws Exception {
    Random random = new Random(Seeds.usual(82));
    int piece = AesSealing.PIECE_BYTES;
    byte[] bytes = new byte[2 * piece + 100];
    random.nextBytes(bytes);
    byte[] sealed = seal(NAME, bytes);
    for (int n = 0; n < 200; n++) {
      byte[] damaged = sealed.clone();
      damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      refused(NAME, damaged);
    }
    int step = piece + AesSealing.TAG_BYTES;
    for (int n :
        new int[] {0, 1, 40, 41, 42, 41 + step - 1, 41 + step, 41 + 2 * step, sealed.length - 1}) {
      refused(NAME, Arrays.copyOf(sealed, n));
    }
    refused(NAME, Arrays.copyOf(sealed, sealed.length + 1));
    refused("objects/ab/other", sealed);
    byte[] swapped = sealed.clone();
    System.arraycopy(sealed, 41, swapped, 41 + step, step);
    System.arraycopy(sealed, 41 + step, swapped, 41, step);
    refused(NAME, swapped);
    byte[] other = seal(NAME, bytes);
    System.arraycopy(other, 41, swapped, 41, step);
    refused(NAME, swapped);
  }

  @Test
  void keysAreHexOrBase64() {
    BackupKey key = BackupKey.parse(" " + HEX.formatHex(KEY) + "\n");
    assertThat(BackupKey.parse(Base64.getEncoder().encodeToString(KEY))).isEqualTo(key);
    assertThat(key).hasToString("<secret>");
    for (String wrong : new String[] {"", "00", "zz".repeat(32), "0".repeat(63), "a".repeat(44)}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> BackupKey.parse(wrong))
          .withMessageContaining("32 bytes");
    }
  }
}
