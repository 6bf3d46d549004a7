package io.varve.http.json;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PointTimesTest {
  @Test
  void everyTimeIsWrittenAsByItselfWhateverTheSeriesBeforeHad() {
    SplittableRandom random = new SplittableRandom(Seeds.usual(1));
    for (boolean keeps : new boolean[] {true, false}) {
      PointTimes times = new PointTimes(keeps);
      for (int series = 0; series < 300; series++) {
        long[] some = some(random, series == 200 ? 20_000 : random.nextInt(1, 100));
        times.begin(some);
        for (long time : some) {
          assertThat(text(times, time)).isEqualTo(GoFloatTest.seconds(time));
        }
      }
    }
  }

  @Test
  void thereIsRoomForAnyTime() {
    PointTimes times = new PointTimes(true);
    long[] extremes = {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE};
    for (int i = 0; i < 2; i++) {
      times.begin(extremes);
      for (long time : extremes) {
        assertThat(text(times, time)).isEqualTo(GoFloatTest.seconds(time));
      }
    }
  }

  /** Of a grid, so that many are in common, or of none. */
  private static long[] some(SplittableRandom random, int count) {
    long step = random.nextInt(4) == 0 ? 1_777 : 15_000;
    long[] times = new long[count];
    long time = -30_000;
    for (int i = 0; i < count; i++) {
      time += step * random.nextInt(1, 4);
      times[i] = time;
    }
    return times;
  }

  private static String text(PointTimes times, long time) {
    byte[] bytes = new byte[7 + GoFloat.MOST_CHARS];
    int end = times.write(time, bytes, 7);
    return new String(bytes, 7, end - 7, US_ASCII);
  }
}
