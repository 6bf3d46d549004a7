package io.varve.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Keys of hash version 1 stay what they are: in which bucket a series stands depends on them. */
final class SeriesKeyTest {
  private static SeriesKey key(int seed, String tenant) {
    byte[] labels = Labels.of("__name__", "up", "job", "a").canonical();
    byte[] inside = new byte[labels.length + 5];
    System.arraycopy(labels, 0, inside, 3, labels.length);
    SeriesKey key = new SeriesKey.Hash(seed).of(tenant, inside, 3, labels.length);
    assertThat(key).isEqualTo(new SeriesKey.Hash(seed).of(tenant, labels, 0, labels.length));
    return key;
  }

  @Test
  void keysOfVersionOne() {
    assertThat(SeriesKey.HASH_VERSION).isEqualTo(1);
    assertThat(key(0, "")).isEqualTo(new SeriesKey(-5344229602485200253L, -6349326999972794093L));
    assertThat(key(-5, "")).isEqualTo(new SeriesKey(6009832212343706160L, 35465465227849779L));
    assertThat(key(-5, "team ü"))
        .isEqualTo(new SeriesKey(5378460896073026524L, -868021294118509436L));
    assertThat(key(0xCAFE_BABE, "team ü"))
        .isEqualTo(new SeriesKey(7630298710161625597L, -947412264241221674L));
  }
}
