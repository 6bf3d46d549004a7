package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FreshnessTest {
  private static final long MS = 1_000_000;

  private final Freshness freshness = new Freshness();

  private void answered(long askedMillis, long index) {
    freshness.answered(askedMillis * MS, index);
  }

  private long lag(long atMillis, long reached) {
    return freshness.millis(atMillis * MS, reached);
  }

  @Test
  void isNotKnownBeforeAnAnswerIsHere() {
    assertThat(lag(0, 7)).isEqualTo(Freshness.UNKNOWN);
    answered(90, 8);
    assertThat(lag(100, 7)).isEqualTo(Freshness.UNKNOWN);
    assertThat(lag(200, 8)).isEqualTo(110);
  }

  @Test
  void growsWhileNobodyAnswers() {
    answered(95, 7);
    assertThat(lag(100, 7)).isEqualTo(5);
    assertThat(lag(3_000, 7)).isEqualTo(2_905);
  }

  @Test
  void growsWhileTheReplicaDoesNotGetAsFar() {
    answered(90, 7);
    assertThat(lag(200, 7)).isEqualTo(110);
    answered(290, 20);
    answered(390, 20);
    assertThat(lag(400, 19)).isEqualTo(310);
    assertThat(lag(400, 20)).as("all answers that wait count at once").isEqualTo(10);
  }

  @Test
  void comesBackAfterItWasFarBehind() {
    long at = 0;
    for (int i = 0; i < 3 * Freshness.ANSWERS; i++) {
      at += 100;
      answered(at, 1000 + i);
    }
    assertThat(lag(at, 999)).isEqualTo(Freshness.UNKNOWN);
    assertThat(lag(at, 100_000)).isGreaterThan(20_000).isNotEqualTo(Freshness.UNKNOWN);
    answered(at + 100, 5000);
    assertThat(lag(at + 200, 100_000)).isEqualTo(100);
  }

  /** Against a log that grows, and a replica that asks, is answered and follows at random. */
  @Test
  void neverTellsTooLittle() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      Freshness each = new Freshness();
      List<Long> committedAt = new ArrayList<>(); // by index
      long now = 0;
      long askedAt = -1;
      long has = -1;
      for (int step = 0; step < 300; step++) {
        now += random.nextInt(40) * MS;
        for (int i = random.nextInt(4); i > 0; i--) {
          committedAt.add(now);
        }
        if (askedAt >= 0 && random.nextInt(3) > 0) {
          each.answered(askedAt, committedAt.size() - 1);
          askedAt = -1;
        } else if (askedAt < 0) {
          askedAt = now;
        }
        has = Math.max(has, committedAt.size() - 1 - random.nextInt(9));
        long lag = each.millis(now, has);
        if (has + 1 < committedAt.size() && lag != Freshness.UNKNOWN) {
          assertThat(lag * MS + MS).isGreaterThanOrEqualTo(now - committedAt.get((int) has + 1));
        }
      }
    }
  }
}
