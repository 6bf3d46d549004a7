package io.varve.http.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.TimeRange;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CoverageTest {
  @Test
  void missesWhatWasNotAdded() {
    Random random = new Random(Seeds.usual(5));
    for (int round = 0; round < 200; round++) {
      Coverage coverage = new Coverage();
      BitSet model = new BitSet(); // by time whether it is there
      for (int step = 0; step < 20; step++) {
        TimeRange range = range(random);
        BitSet expected = bits(range);
        expected.andNot(model);
        BitSet missing = new BitSet();
        long end = Long.MIN_VALUE;
        for (TimeRange part : coverage.missing(range)) {
          assertThat(part.isEmpty()).isFalse();
          assertThat(part.startExclusive()).isGreaterThanOrEqualTo(end);
          end = part.endInclusive();
          missing.or(bits(part));
        }
        assertThat(missing).isEqualTo(expected);
        TimeRange added = range(random);
        coverage.add(added);
        model.or(bits(added));
      }
    }
  }

  private static TimeRange range(Random random) {
    int start = random.nextInt(100);
    return new TimeRange(start, start + 1 + random.nextInt(20));
  }

  private static BitSet bits(TimeRange range) {
    BitSet bits = new BitSet();
    bits.set((int) range.startExclusive() + 1, (int) range.endInclusive() + 1);
    return bits;
  }
}
