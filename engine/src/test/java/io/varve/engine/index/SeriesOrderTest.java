package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.Seeds;
import io.varve.engine.model.Labels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The order of series in files, against a comparator that says it in plain words. */
class SeriesOrderTest {
  private static long[] seeds() {
    return Seeds.range(1, 4);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void sortsAsTheComparatorSays(long seed) {
    Random random = new Random(seed);
    SeriesList series = new SeriesList();
    Set<String> seen = new HashSet<>();
    int size = 3000;
    // Long common beginnings, zero bytes at ends and many ties are what a word sort gets wrong.
    String[] tails = {"", "\0", "\0\0", "a", "\uD83D\uDE00", "\uFFFD", "é", "\0a"};
    for (int i = 0; i < size; i++) {
      Labels.Builder labels = new Labels.Builder();
      labels.set("__name__", random.nextInt(9) == 0 ? "" : "m" + random.nextInt(5));
      labels.set("job", random.nextInt(4) == 0 ? "" : "job\0".repeat(random.nextInt(3)));
      labels.set("instance", random.nextInt(4) == 0 ? "" : "i" + random.nextInt(4));
      labels.set("x", "common beginning ".repeat(random.nextInt(3)) + tails[random.nextInt(8)]);
      labels.set("a" + random.nextInt(3), tails[random.nextInt(8)] + random.nextInt(4));
      String tenant = List.of("", "a", "b", "\uFFFD", "\uD83D\uDE00").get(random.nextInt(5));
      Labels built = labels.build();
      if (seen.add(tenant + "|" + built)) {
        series.add(tenant, built);
      }
    }
    int[] ids = shuffled(series.size(), random);
    SeriesOrder.sort(series, ids);
    Comparator<Integer> order = comparator(series);
    int[] expected =
        IntStream.range(0, series.size()).boxed().sorted(order).mapToInt(i -> i).toArray();
    assertThat(ids).isEqualTo(expected);
    for (int i = 0; i < 5000; i++) {
      int a = random.nextInt(series.size());
      int b = random.nextInt(series.size());
      if (series.tenant(a).equals(series.tenant(b))) {
        int c =
            SeriesOrder.compare(
                series.array(a), 0, series.length(a), series.array(b), 0, series.length(b));
        assertThat(Integer.signum(c)).isEqualTo(Integer.signum(order.compare(a, b)));
      }
    }
  }

  @Test
  void sortsAPartAndNothing() {
    SeriesList series = new SeriesList();
    for (String name : List.of("c", "a", "b")) {
      series.add("", Labels.of("__name__", name));
    }
    int[] ids = {0, 2};
    SeriesOrder.sort(series, ids);
    assertThat(ids).containsExactly(2, 0);
    SeriesOrder.sort(series, new int[0]);
  }

  @Test
  void wordSortIsRightForEqualAndNestedStrings() {
    Random random = new Random(Seeds.usual(9));
    ByteInterner strings = new ByteInterner();
    for (int i = 0; i < 4000; i++) {
      byte[] text = new byte[random.nextInt(40)];
      for (int k = 0; k < text.length; k++) {
        text[k] = (byte) (random.nextInt(3) == 0 ? 0 : k < 20 ? 1 : random.nextInt(256));
      }
      strings.intern(text, 0, text.length);
    }
    int[] sorted = strings.sorted();
    assertThat(sorted).hasSize(strings.size());
    for (int i = 1; i < sorted.length; i++) {
      assertThat(Arrays.compareUnsigned(strings.get(sorted[i - 1]), strings.get(sorted[i])))
          .isNegative();
    }
  }

  private static int[] shuffled(int size, Random random) {
    int[] ids = IntStream.range(0, size).toArray();
    for (int i = size - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int id = ids[i];
      ids[i] = ids[other];
      ids[other] = id;
    }
    return ids;
  }

  private static Comparator<Integer> comparator(SeriesList series) {
    Comparator<byte[]> bytes = Arrays::compareUnsigned;
    return Comparator.<Integer, byte[]>comparing(i -> utf8(series.tenant(i)), bytes)
        .thenComparing(i -> utf8(series.labels(i).get("__name__")), bytes)
        .thenComparing(i -> utf8(series.labels(i).get("job")), bytes)
        .thenComparing(i -> utf8(series.labels(i).get("instance")), bytes)
        .thenComparing(series::array, bytes);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
