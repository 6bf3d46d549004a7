package io.varve.engine.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

/** The head's index while it grows. */
class MemoryIndexTest {
  @Test
  void idsMustAscendAndMayHaveGaps() {
    SeriesList series = new SeriesList();
    for (int i = 0; i < 20; i++) {
      series.add("", Labels.of("__name__", "m", "i", "" + i));
    }
    MemoryIndex index = new MemoryIndex(series);
    for (int id : new int[] {3, 4, 5, 9, 11, 12}) {
      index.add(id, "", series.array(id), 0, series.length(id));
    }
    assertThat(index.select("", List.of(Matcher.equal("__name__", "m"))))
        .isEqualTo(RoaringBitmap.bitmapOf(3, 4, 5, 9, 11, 12));
    assertThat(index.select("", List.of())).isEqualTo(RoaringBitmap.bitmapOf(3, 4, 5, 9, 11, 12));
    assertThatThrownBy(() -> index.add(12, "", series.array(12), 0, series.length(12)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void labelBytesMayLieAnywhere() {
    SeriesList plain = new SeriesList();
    for (int i = 0; i < 500; i++) {
      plain.add("", Labels.of("__name__", "m" + i % 9, "long", "x".repeat(i), "n", "" + i));
    }
    byte[] all = new byte[1 << 20];
    int[] offset = new int[plain.size()];
    int end = 13;
    for (int i = 0; i < plain.size(); i++) {
      offset[i] = end;
      System.arraycopy(plain.array(i), 0, all, end, plain.length(i));
      end += plain.length(i) + i % 3;
    }
    LabelSource packed =
        new LabelSource() {
          @Override
          public String tenant(int id) {
            return "";
          }

          @Override
          public byte[] array(int id) {
            return all;
          }

          @Override
          public int offset(int id) {
            return offset[id];
          }

          @Override
          public int length(int id) {
            return plain.length(id);
          }
        };
    MemoryIndex index = new MemoryIndex(packed);
    for (int i = 0; i < plain.size(); i++) {
      index.add(i, "", all, offset[i], plain.length(i));
    }
    for (int i = 0; i < plain.size(); i++) {
      assertThat(index.select("", List.of(Matcher.equal("n", "" + i))))
          .isEqualTo(RoaringBitmap.bitmapOf(i));
      assertThat(index.labels(i)).isEqualTo(plain.labels(i));
      assertThat(index.canonical(i)).isEqualTo(plain.array(i));
    }
    assertThat(index.select("", List.of(Matcher.equal("long", "x".repeat(77)))))
        .isEqualTo(RoaringBitmap.bitmapOf(77));
  }

  /** What a reader sees is at any moment exactly the series up to some id. */
  @Test
  void readersSeeAPrefixWhileTheWriterAdds() throws InterruptedException, ExecutionException {
    int size = 60_000;
    SeriesList series = new SeriesList();
    for (int i = 0; i < size; i++) {
      series.add(
          i % 100 == 99 ? "other" : "",
          Labels.of(
              "__name__",
              "m" + i % 50,
              "host",
              "h" + i / 500,
              "n",
              "" + i % 7919,
              "two",
              "" + i % 2));
    }
    MemoryIndex index = new MemoryIndex(series);
    AtomicInteger written = new AtomicInteger(-1);
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<?>> readers = new ArrayList<>();
      for (int t = 0; t < 2; t++) {
        int seed = t;
        readers.add(
            threads.submit(
                () -> {
                  Random random = new Random(seed);
                  while (written.get() < size - 1) {
                    int atLeast = written.get();
                    read(series, index, random, atLeast);
                  }
                }));
      }
      Future<?> writer =
          threads.submit(
              () -> {
                for (int i = 0; i < size; i++) {
                  index.add(i, series.tenant(i), series.array(i), 0, series.length(i));
                  written.set(i);
                }
              });
      writer.get();
      for (Future<?> reader : readers) {
        reader.get();
      }
    }
    read(series, index, new Random(7), size - 1);
  }

  private static void read(SeriesList series, MemoryIndex index, Random random, int atLeast) {
    switch (random.nextInt(5)) {
      case 0 -> isPrefix(index.select("", List.of()), id -> id % 100 != 99, atLeast);
      case 1 -> {
        int m = random.nextInt(49);
        isPrefix(
            index.select("", List.of(Matcher.equal("__name__", "m" + m))),
            id -> id % 50 == m && id % 100 != 99,
            atLeast);
      }
      case 2 ->
          isPrefix(
              index.select("", List.of(new Matcher(Matcher.Type.RE, "host", "h.*7"))),
              id -> id / 500 % 10 == 7 && id % 100 != 99,
              atLeast);
      case 3 ->
          isPrefix(
              index.select(
                  "",
                  List.of(
                      new Matcher(Matcher.Type.NEQ, "two", "1"),
                      new Matcher(Matcher.Type.RE, "n", "1.*"))),
              id -> id % 2 == 0 && ("" + id % 7919).startsWith("1"),
              atLeast);
      default -> {
        Set<String> hosts = new HashSet<>();
        index.labelValues("", "host", null, hosts::add);
        for (int h = 0; h < hosts.size(); h++) {
          assertThat(hosts).contains("h" + h);
        }
        assertThat(hosts.size()).isGreaterThanOrEqualTo((atLeast + 500) / 500 - 1);
        if (atLeast > 1000) {
          RoaringBitmap within = RoaringBitmap.bitmapOf(0, 600, atLeast - 1);
          Set<String> values = new HashSet<>();
          index.labelValues("", "host", within, values::add);
          assertThat(values).contains("h0", "h1");
        }
      }
    }
    assertThat(series.size()).isPositive();
  }

  private static void isPrefix(
      RoaringBitmap found, java.util.function.IntPredicate expected, int atLeast) {
    int last = found.isEmpty() ? -1 : found.last();
    RoaringBitmap wanted = new RoaringBitmap();
    for (int id = 0; id <= Math.max(last, atLeast); id++) {
      if (expected.test(id)) {
        wanted.add(id);
      }
    }
    assertThat(found).isEqualTo(wanted);
  }
}
