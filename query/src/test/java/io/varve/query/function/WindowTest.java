package io.varve.query.function;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class WindowTest {
  private static int oneByOne(long[] times, int from, int size, long limit) {
    int at = from;
    while (at < size && times[at] <= limit) {
      at++;
    }
    return at;
  }

  @Test
  void findsWhatGoingRowByRowFinds() {
    Random random = new Random(5);
    for (int round = 0; round < 20_000; round++) {
      long[] times = new long[random.nextInt(40)];
      long time = 0;
      for (int i = 0; i < times.length; i++) {
        time += 1 + random.nextInt(random.nextBoolean() ? 3 : 30);
        times[i] = time;
      }
      int size = times.length == 0 ? 0 : random.nextInt(times.length + 1);
      int from = random.nextInt(size + 1);
      long limit = random.nextInt((int) time + 5) - 2;
      int guess = random.nextInt(50);
      assertThat(Window.firstAfter(times, from, size, limit, guess))
          .as("%s from %s of %s, %s, %s", Arrays.toString(times), from, size, limit, guess)
          .isEqualTo(oneByOne(times, from, size, limit));
    }
  }

  @Test
  void movesOverRegularAndIrregularTimes() {
    Window window = new Window();
    window.times = new long[] {10, 20, 30, 40, 50, 90, 91, 92, 93, 1000};
    window.size = 10;
    window.rewind();
    int[][] expected = {
      {0, 0}, {0, 1}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4, 5}, {5, 5}, {5, 5}, {5, 6}, {5, 9}
    };
    for (int step = 0; step < expected.length; step++) {
      window.move(step * 10L - 20, step * 10L);
      assertThat(new int[] {window.from, window.to}).as("step " + step).isEqualTo(expected[step]);
    }
    window.move(900, 2000);
    assertThat(window.count()).isEqualTo(1);
    window.rewind();
    window.move(0, 10);
    assertThat(window.count()).isEqualTo(1);
  }
}
