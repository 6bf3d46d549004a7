package io.varve.engine.partition;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.StaleMarker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.NullMarked;

/** Series with blocks of every kind, made by chance. */
@NullMarked
final class RandomSeries {
  /** Shapes of float values. */
  enum Shape {
    CONSTANT,
    COUNTER,
    FLOAT_COUNTER,
    GAUGE,
    MILLIS,
    NOISE,
    SPECIAL,
    STALE,
    HUGE,
    ZEROS
  }

  /** One series: its window id and its blocks in time order. */
  record Series(int windowId, List<SampleColumns> blocks) {}

  private RandomSeries() {}

  /** Series of one window that begins at {@code windowStart}. */
  static List<Series> series(Random random, int count, int mostBlocks, int mostRows, long from) {
    List<Series> all = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ids.add(5 * i + random.nextInt(5));
    }
    java.util.Collections.shuffle(ids, random);
    long[] targets = new long[5];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = from + 1 + random.nextInt(15_000);
    }
    for (int i = 0; i < count; i++) {
      int blocks = 1 + random.nextInt(mostBlocks);
      List<SampleColumns> columns = new ArrayList<>();
      long time = targets[random.nextInt(targets.length)];
      for (int b = 0; b < blocks; b++) {
        int rows = random.nextInt(4) == 0 ? 1 + random.nextInt(mostRows) : mostRows;
        boolean jitter = random.nextInt(4) == 0;
        SampleColumns block = block(random, rows, time, jitter);
        columns.add(block);
        time = block.times[rows - 1] + 15_000;
      }
      all.add(new Series(ids.get(i), columns));
    }
    return all;
  }

  /** One block of any kind. */
  static SampleColumns block(Random random, int rows, long start, boolean jitter) {
    SampleColumns c = new SampleColumns(rows);
    boolean starts = random.nextInt(10) == 0;
    boolean histograms = random.nextInt(10) == 0;
    Shape shape = Shape.values()[random.nextInt(Shape.values().length)];
    double[] values = values(random, shape, rows);
    for (int i = 0; i < rows; i++) {
      long time = start + 15_000L * i + (jitter && i > 0 ? random.nextInt(5) - 2 : 0);
      long began = starts ? start - 1000 - random.nextInt(3) : 0;
      if (histograms) {
        c.add(time, histogram(random, i), began);
      } else {
        c.add(time, values[i], began);
      }
    }
    return c;
  }

  static double[] values(Random random, Shape shape, int n) {
    double[] v = new double[n];
    long counter = random.nextInt(1_000_000);
    double base = random.nextInt(1000) / 10.0;
    for (int i = 0; i < n; i++) {
      v[i] =
          switch (shape) {
            case CONSTANT -> base;
            case ZEROS -> random.nextInt(20) == 0 ? -0.0 : 0.0;
            case COUNTER -> {
              counter = random.nextInt(50) == 0 ? 0 : counter + random.nextInt(1000);
              yield counter;
            }
            case FLOAT_COUNTER -> {
              counter = random.nextInt(70) == 0 ? 0 : counter + random.nextInt(1000);
              yield counter / 100.0;
            }
            case GAUGE -> (random.nextInt(20_000) - 10_000) / 10.0;
            case MILLIS -> random.nextInt(100_000) * 0.001;
            case NOISE -> random.nextGaussian() * Math.pow(10, random.nextInt(10) - 5);
            case HUGE -> random.nextInt(200) == 0 ? Double.MAX_VALUE : 1e17 * random.nextInt(100);
            case STALE -> random.nextInt(3) == 0 ? StaleMarker.VALUE : (double) random.nextInt(100);
            case SPECIAL ->
                switch (random.nextInt(12)) {
                  case 0 -> Double.NaN;
                  case 1 -> Double.longBitsToDouble(0x7ff8dead_beef0001L);
                  case 2 -> Double.NEGATIVE_INFINITY;
                  case 3 -> Double.MIN_VALUE;
                  case 4 -> StaleMarker.VALUE;
                  default -> random.nextInt(10);
                };
          };
    }
    return v;
  }

  /** An exponential histogram, sometimes of float counts, or one with custom buckets. */
  static Histogram histogram(Random random, int i) {
    int buckets = 1 + random.nextInt(4);
    long[] deltas = new long[buckets];
    double[] counts = new double[buckets];
    for (int b = 0; b < buckets; b++) {
      deltas[b] = random.nextInt(10);
      counts[b] = random.nextInt(10) + 0.5;
    }
    int[] spans = {0, buckets};
    long[] noDeltas = {};
    double[] noCounts = {};
    return switch (random.nextInt(3)) {
      case 0 ->
          new Histogram(
              3,
              0.001,
              false,
              100 + i,
              i,
              12.5 * i,
              0,
              spans,
              new int[0],
              deltas,
              noDeltas,
              noCounts,
              noCounts,
              noCounts);
      case 1 ->
          new Histogram(
              2,
              0.001,
              true,
              Double.doubleToRawLongBits(i + 0.5),
              0,
              12.5 * i,
              3,
              spans,
              new int[0],
              noDeltas,
              noDeltas,
              counts,
              noCounts,
              noCounts);
      default ->
          new Histogram(
              Histogram.CUSTOM_BUCKETS_SCHEMA,
              0,
              false,
              100 + i,
              0,
              i,
              2,
              spans,
              new int[0],
              deltas,
              noDeltas,
              noCounts,
              noCounts,
              new double[] {1, 2.5, 5, 10});
    };
  }
}
