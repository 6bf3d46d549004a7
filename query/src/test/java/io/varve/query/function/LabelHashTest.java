package io.varve.query.function;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelHashTest {
  /** Vectors that are published for the hash function. */
  @ParameterizedTest
  @CsvSource({
    "'', ef46db3751d8e999",
    "a, d24ec4f1a98c6e5b",
    "abc, 44bc2cf5ad770999",
    "Nobody inspects the spammish repetition, fbcea83c8a378bf1"
  })
  void isXxh64(String text, String hash) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertThat(Long.toHexString(XxHash64.hash(bytes, bytes.length))).isEqualTo(hash);
  }

  @Test
  void placesAreSpreadOverTheWholeRange() {
    int below = 0;
    for (int i = 0; i < 10_000; i++) {
      double place = LabelHash.place(Labels.of("__name__", "x", "i", String.valueOf(i)));
      assertThat(place).isBetween(0.0, 1.0);
      below += place < 0.25 ? 1 : 0;
    }
    assertThat(below).isBetween(2_300, 2_700);
    assertThat(LabelHash.place(Labels.of("a", "b".repeat(300)))).isBetween(0.0, 1.0);
  }
}
