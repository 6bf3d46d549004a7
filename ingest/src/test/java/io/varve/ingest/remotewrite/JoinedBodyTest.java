package io.varve.ingest.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.xerial.snappy.Snappy;

final class JoinedBodyTest {
  private static final int ROUNDS = 200;

  /** What compresses in places, longer than what snappy looks back over. */
  private static byte[] plain(Random random) {
    byte[] plain = new byte[random.nextInt(random.nextInt(4) == 0 ? 200_000 : 500)];
    int at = 0;
    while (at < plain.length) {
      int length = Math.min(plain.length - at, 1 + random.nextInt(60));
      if (at > 0 && random.nextInt(3) > 0) {
        int from = random.nextInt(at);
        for (int i = 0; i < length; i++) {
          plain[at + i] = plain[from + i];
        }
      } else {
        byte[] fresh = new byte[length];
        random.nextBytes(fresh);
        System.arraycopy(fresh, 0, plain, at, length);
      }
      at += length;
    }
    return plain;
  }

  private static byte[] bytes(JoinedBody joined) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(joined.beginning());
    for (JoinedBody.Part part : joined.parts()) {
      out.write(part.bytes(), part.offset(), part.length());
    }
    return out.toByteArray();
  }

  @Test
  void decodesToWhatItsBodiesDecodeTo() throws IOException {
    Random random = new Random(3);
    for (int round = 0; round < ROUNDS; round++) {
      JoinedBody joined = new JoinedBody(Long.MAX_VALUE);
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      for (int i = random.nextInt(8); i >= 0; i--) {
        byte[] plain = plain(random);
        byte[] block = Snappy.compress(plain);
        byte[] around = new byte[block.length + 20];
        random.nextBytes(around);
        int offset = random.nextInt(20);
        System.arraycopy(block, 0, around, offset, block.length);
        assertThat(joined.add(around, offset, block.length)).isTrue();
        expected.writeBytes(plain);
      }
      byte[] all = bytes(joined);
      byte[] decoded = new byte[expected.size()];
      assertThat(SnappyBlock.decode(all, 0, all.length, decoded)).isEqualTo(decoded.length);
      assertThat(decoded).isEqualTo(expected.toByteArray());
    }
  }

  @Test
  void leavesOutWhatIsTooLargeOrNoBlock() throws IOException {
    byte[] block = Snappy.compress(new byte[1000]);
    JoinedBody joined = new JoinedBody(2_500);
    assertThat(joined.add(block, 0, block.length)).isTrue();
    assertThat(joined.add(block, 0, block.length)).isTrue();
    assertThat(joined.add(block, 0, block.length)).isFalse();
    assertThat(joined.add(block, 0, 0)).isFalse();
    byte[] endless = new byte[9];
    Arrays.fill(endless, (byte) -1);
    assertThat(joined.add(endless, 0, endless.length)).isFalse();
    assertThat(joined.parts()).hasSize(2);
    assertThat(Snappy.uncompress(bytes(joined))).isEqualTo(new byte[2_000]);
  }
}
