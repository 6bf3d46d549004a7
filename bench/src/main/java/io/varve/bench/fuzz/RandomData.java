package io.varve.bench.fuzz;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.StaleMarker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random series as remote write 1.0 bodies: counters with resets, gauges with all that a float can
 * be, classic and native histograms, gaps, stale markers, labels that some series lack. The same
 * seed makes the same bytes.
 *
 * <p>No sample stands at a whole or half second. Queries are asked at half seconds, ranges and
 * steps are whole seconds, and subqueries evaluate at whole ones: so no sample stands on the left
 * edge of a range, which belonged to the range before Prometheus 3.0 and no longer does.
 */
final class RandomData {
  /** The time before the first sample, in milliseconds: a round one. */
  static final long START = 1_699_999_200_000L;

  /** How long samples come. */
  static final long SPAN = 90 * 60_000L;

  static final List<String> JOBS = List.of("api", "db", "web");
  static final List<String> INSTANCES = List.of("h1:80", "h2:80", "h3:9100", "größe-→:1");
  static final List<String> PATHS = List.of("/", "/a b", "/ünï/💡");
  static final List<String> BOUNDS = List.of("0.1", "0.5", "1", "10", "+Inf");

  private static final long INTERVAL = 15_000;

  private final Random random;
  private final WriteBodies bodies = new WriteBodies();
  private int series;
  private long samples;

  RandomData(long seed) {
    random = new Random(seed);
    for (String job : JOBS) {
      for (String instance : INSTANCES) {
        if (random.nextInt(8) == 0) {
          continue; // not every job runs everywhere
        }
        host(job, instance);
      }
    }
    gauge("lonely", "only", "one");
    gauge("temperature", "job", "api"); // the same metric with fewer labels
  }

  private void host(String job, String instance) {
    gauge("temperature", "instance", instance, "job", job);
    gauge("bytes", "instance", instance, "job", job);
    ups(job, instance);
    constant("build_info", "instance", instance, "job", job, "version", "v" + random.nextInt(3));
    for (String path : PATHS) {
      if (random.nextInt(5) > 0) {
        counter(instance, job, path);
      }
    }
    classic(instance, job);
    histograms(instance, job);
  }

  private void gauge(String metric, String... labels) {
    boolean large = metric.equals("bytes");
    double value = large ? 1e9 + random.nextInt(1 << 20) * 4096.0 : random.nextInt(400) / 8.0;
    for (long time : times()) {
      if (time < 0) {
        sample(-time, StaleMarker.VALUE);
        continue;
      }
      value += large ? (random.nextInt(2001) - 1000) * 4096.0 : (random.nextInt(33) - 16) / 8.0;
      double shown =
          switch (large ? 99 : random.nextInt(300)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> -0.0;
            case 4 -> 0;
            case 5 -> -value;
            default -> value;
          };
      sample(time, shown);
    }
    end(metric, labels);
  }

  private void ups(String job, String instance) {
    for (long time : times()) {
      sample(Math.abs(time), time < 0 ? StaleMarker.VALUE : random.nextInt(6) == 0 ? 0 : 1);
    }
    end("up", "instance", instance, "job", job);
  }

  private void constant(String metric, String... labels) {
    for (long time : times()) {
      sample(Math.abs(time), time < 0 ? StaleMarker.VALUE : 1);
    }
    end(metric, labels);
  }

  private void counter(String instance, String job, String path) {
    double value = random.nextInt(1_000_000);
    int rise = 1 + random.nextInt(60);
    for (long time : times()) {
      if (time < 0) {
        sample(-time, StaleMarker.VALUE);
        continue;
      }
      value = random.nextInt(80) == 0 ? random.nextInt(3) : value + random.nextInt(rise);
      sample(time, value);
    }
    end("requests_total", "instance", instance, "job", job, "path", path);
  }

  private void classic(String instance, String job) {
    long[] times = times();
    double[][] columns = new double[times.length][BOUNDS.size()];
    double[] counts = new double[BOUNDS.size()];
    for (int t = 0; t < times.length; t++) {
      double more = 0;
      boolean reset = random.nextInt(100) == 0;
      for (int b = 0; b < counts.length; b++) {
        more += random.nextInt(4);
        counts[b] = (reset ? 0 : counts[b]) + more;
        columns[t][b] = counts[b];
      }
    }
    for (int b = 0; b < counts.length; b++) {
      for (int t = 0; t < times.length; t++) {
        sample(Math.abs(times[t]), times[t] < 0 ? StaleMarker.VALUE : columns[t][b]);
      }
      end("latency_bucket", "instance", instance, "job", job, "le", BOUNDS.get(b));
    }
  }

  private void histograms(String instance, String job) {
    int schema = random.nextInt(3);
    long[] positive = new long[6];
    long[] negative = new long[2];
    long zero = 0;
    double sum = 0;
    for (long time : times()) {
      if (time < 0) {
        histogram(-time, schema, 0, StaleMarker.VALUE, new long[0], new long[0]);
        continue;
      }
      if (random.nextInt(90) == 0) {
        positive = new long[6];
        negative = new long[2];
        zero = 0;
        sum = 0;
      }
      for (int b = 0; b < positive.length; b++) {
        int more = random.nextInt(5);
        positive[b] += more;
        sum += more * (b + 1) / 4.0;
      }
      for (int b = 0; b < negative.length; b++) {
        int more = random.nextInt(2);
        negative[b] += more;
        sum -= more / 2.0;
      }
      zero += random.nextInt(2);
      histogram(time, schema, zero, sum, positive, negative);
    }
    end("latency_native", "instance", instance, "job", job);
  }

  /** Times of a series, in milliseconds; negative ones are those of stale markers. */
  private long[] times() {
    List<Long> times = new ArrayList<>();
    long phase = random.nextInt((int) INTERVAL);
    long from = random.nextInt(6) == 0 ? random.nextLong(SPAN / 2) : 0;
    long to = random.nextInt(6) == 0 ? SPAN - random.nextLong(SPAN / 2) : SPAN;
    for (long at = from; at < to; at += INTERVAL) {
      if (random.nextInt(60) == 0) {
        if (random.nextBoolean()) {
          times.add(-offTheGrid(START + at + phase));
        }
        at += INTERVAL * random.nextInt(30); // now and then longer than the lookback
        continue;
      }
      times.add(offTheGrid(START + at + phase + random.nextInt(400)));
    }
    return times.stream().mapToLong(Long::longValue).toArray();
  }

  private static long offTheGrid(long time) {
    return time % 500 == 0 ? time + 1 : time;
  }

  private void sample(long time, double value) {
    bodies.sample(time, value);
    samples++;
  }

  /** An integer histogram whose buckets stand side by side from the bucket 0 on. */
  private void histogram(
      long time, int schema, long zero, double sum, long[] positive, long[] negative) {
    ByteWriter h = new ByteWriter(128);
    long count = zero;
    for (long bucket : positive) {
      count += bucket;
    }
    for (long bucket : negative) {
      count += bucket;
    }
    h.u8(0x08); // count_int
    h.varint(count);
    h.u8(0x19); // sum
    h.bits(sum);
    h.u8(0x20); // schema
    h.zigzag(schema);
    h.u8(0x29); // zero_threshold
    h.bits(0.001);
    h.u8(0x30); // zero_count_int
    h.varint(zero);
    buckets(h, 0x42, 0x4A, negative);
    buckets(h, 0x5A, 0x62, positive);
    h.u8(0x78); // timestamp
    h.varint(time);
    add(time, 0x22, h);
  }

  private static void buckets(ByteWriter h, int spansTag, int deltasTag, long[] counts) {
    if (counts.length == 0) {
      return;
    }
    ByteWriter span = new ByteWriter(8);
    span.u8(0x08); // offset
    span.zigzag(0);
    span.u8(0x10); // length
    span.varint(counts.length);
    WriteBodies.nested(h, spansTag, span);
    ByteWriter deltas = new ByteWriter(32);
    long before = 0;
    for (long count : counts) {
      deltas.zigzag(count - before);
      before = count;
    }
    WriteBodies.nested(h, deltasTag, deltas);
  }

  private void add(long time, int tag, ByteWriter message) {
    bodies.add(time, tag, message);
    samples++;
  }

  private void end(String metric, String... labels) {
    bodies.end(metric, labels);
    series++;
  }

  int series() {
    return series;
  }

  long samples() {
    return samples;
  }

  /** The compressed bodies, oldest first. */
  List<byte[]> bodies() throws IOException {
    return bodies.compressed();
  }
}
