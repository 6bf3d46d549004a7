package io.varve.ingest.cluster.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.ingest.cluster.LogPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FreshnessTest {
  private static final long MS = 1_000_000;

  private final Freshness freshness = new Freshness();

  private void look(long atMillis, long heardMillis, long term, long index) {
    freshness.look(atMillis * MS, heardMillis * MS, term, index);
  }

  private long lag(long atMillis, long term, long index) {
    return freshness.millis(atMillis * MS, new LogPosition(term, index));
  }

  @Test
  void isNotKnownBeforeALeaderWasHeardOfTwice() {
    assertThat(lag(0, 1, 7)).isEqualTo(Freshness.UNKNOWN);
    look(100, 90, 1, 7);
    assertThat(lag(100, 1, 7)).isEqualTo(Freshness.UNKNOWN);
    look(200, 190, 1, 7);
    assertThat(lag(200, 1, 7)).isEqualTo(110);
  }

  @Test
  void growsWhileNobodyIsHeard() {
    look(100, 90, 1, 7);
    look(200, 95, 1, 7);
    look(3_000, 95, 1, 7);
    assertThat(lag(3_000, 1, 7)).isEqualTo(2_905);
  }

  @Test
  void growsWhileTheReplicaDoesNotGetAsFar() {
    look(100, 90, 1, 7);
    look(200, 190, 1, 7);
    assertThat(lag(200, 1, 7)).isEqualTo(110);
    look(300, 290, 1, 20);
    look(400, 390, 1, 20);
    assertThat(lag(400, 1, 19)).isEqualTo(310);
    assertThat(lag(400, 1, 20)).as("all looks that wait count at once").isEqualTo(110);
  }

  @Test
  void aNewLeaderCountsFromItsOwnTermOn() {
    look(100, 90, 1, 7);
    look(200, 190, 1, 7);
    look(300, 290, 2, 5); // it does not know of 6 and 7 yet
    look(400, 390, 2, 5);
    assertThat(lag(400, 1, 7)).isEqualTo(310);
    assertThat(lag(400, 2, 8)).isEqualTo(110);
  }

  @Test
  void aTimeDoesNotCountWithWhatAnotherLeaderHad() {
    look(100, 90, 1, 7);
    look(200, 190, 2, 9);
    assertThat(lag(200, 2, 9)).isEqualTo(Freshness.UNKNOWN);
  }

  @Test
  void comesBackAfterItWasFarBehind() {
    long at = 0;
    for (int i = 0; i < 3 * Freshness.LOOKS; i++) {
      at += 100;
      look(at, at, 1, 1000 + i);
    }
    assertThat(lag(at, 1, 999)).isEqualTo(Freshness.UNKNOWN);
    long behind = lag(at, 1, 100_000);
    assertThat(behind).isGreaterThan(20_000).isNotEqualTo(Freshness.UNKNOWN);
    look(at + 100, at + 100, 1, 5000);
    look(at + 200, at + 200, 1, 5000);
    assertThat(lag(at + 200, 1, 100_000)).isEqualTo(100);
  }

  /** Against a leader that commits, and a replica that hears of it and follows at random. */
  @Test
  void neverTellsTooLittle() {
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      Freshness each = new Freshness();
      List<Long> committedAt = new ArrayList<>(); // by index
      long now = 0;
      long heardAt = 0;
      long heard = -1;
      long has = -1;
      for (int step = 0; step < 300; step++) {
        now += random.nextInt(40) * MS;
        for (int i = random.nextInt(4); i > 0; i--) {
          committedAt.add(now);
        }
        if (random.nextInt(3) > 0) {
          heardAt = now;
          heard = committedAt.size() - 1;
        }
        has = Math.max(has, heard - random.nextInt(6));
        each.look(now, heardAt, 1, heard);
        long lag = each.millis(now, new LogPosition(1, has));
        if (has + 1 < committedAt.size() && lag != Freshness.UNKNOWN) {
          assertThat(lag * MS + MS).isGreaterThanOrEqualTo(now - committedAt.get((int) has + 1));
        }
      }
    }
  }
}
