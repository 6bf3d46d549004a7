package io.varve.ingest.intake;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The JDK's strict decoder is the oracle. */
final class Utf8Test {
  private static boolean oracle(byte[] bytes, int offset, int length) {
    try {
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes, offset, length));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  @Test
  void everySequenceOfTwoBytesAndEveryBeginOfFour() {
    byte[] bytes = new byte[4];
    for (int first = 0; first < 256; first++) {
      for (int second = 0; second < 256; second++) {
        bytes[0] = (byte) first;
        bytes[1] = (byte) second;
        for (int third : new int[] {0, 0x7F, 0x80, 0xBF, 0xC0}) {
          bytes[2] = (byte) third;
          bytes[3] = (byte) 0x80;
          for (int n = 0; n <= 4; n++) {
            assertThat(Utf8.isValid(bytes, 0, n)).isEqualTo(oracle(bytes, 0, n));
          }
        }
      }
    }
  }

  @Test
  void randomTextWithRandomDamage() {
    long seed = Seeds.usual(1);
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder("x".repeat(random.nextInt(20)));
      for (int i = random.nextInt(6); i > 0; i--) {
        int c = random.nextInt(0x110000);
        text.appendCodePoint(c >= 0xD800 && c < 0xE000 ? 'y' : c);
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      assertThat(Utf8.isValid(bytes, 0, bytes.length)).as("seed %d", seed).isTrue();
      assertThat(Utf8.characters(bytes, 0, bytes.length))
          .isEqualTo(text.codePointCount(0, text.length()));
      if (bytes.length > 0) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        int from = random.nextInt(bytes.length);
        assertThat(Utf8.isValid(bytes, from, bytes.length - from))
            .as("seed %d round %d", seed, round)
            .isEqualTo(oracle(bytes, from, bytes.length - from));
      }
    }
  }
}
