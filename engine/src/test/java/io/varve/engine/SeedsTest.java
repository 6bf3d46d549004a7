package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Seeds, usual, given and fresh. */
final class SeedsTest {
  @Test
  void whoAsksTwiceGetsTheSame() {
    String given = System.getProperty("varve.seed");
    try {
      for (String seed : new String[] {"", "17", "fresh"}) {
        set(seed);
        assertThat(Seeds.usual(5)).isEqualTo(Seeds.usual(5));
        assertThat(Seeds.range(7, 9)).isEqualTo(Seeds.range(7, 9)).hasSize(3);
      }
      assertThat(Seeds.usual(5)).as("fresh").isNotEqualTo(Seeds.usual(6));
    } finally {
      set(given == null ? "" : given);
    }
  }

  private static void set(String seed) {
    if (seed.isEmpty()) {
      System.clearProperty("varve.seed");
    } else {
      System.setProperty("varve.seed", seed);
    }
  }
}
