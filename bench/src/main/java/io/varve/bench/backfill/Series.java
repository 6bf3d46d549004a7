package io.varve.bench.backfill;

import io.varve.engine.model.Labels;
import java.util.Locale;

/**
 * The series of a made-up fleet and their values: hosts of {@value #METRICS} metrics each. Of the
 * metrics 40 % change rarely, 30 % are counters of events, 15 % counters of seconds with two
 * decimals, 15 % gauges of bytes that change with every sample.
 *
 * <p>Each instance is one run over time, always the same for the same seed: a series' values come
 * one after the other. Different series may be asked by different threads.
 */
final class Series {
  static final int METRICS = 100;

  private static final int STEADY = 40;
  private static final int EVENTS = 70;
  private static final int SECONDS = 85;
  private static final int ZONES = 4;

  private final byte[][] labels;
  private final long[] random;
  private final long[] units;

  Series(int count, long seed) {
    labels = new byte[count][];
    random = new long[count];
    units = new long[count];
    for (int s = 0; s < count; s++) {
      labels[s] = labels(s).canonical();
      random[s] = mixed(seed + s * 0x9E3779B97F4A7C15L) | 1;
      units[s] = Math.floorMod(random[s] >> 20, 1_000_000L);
    }
  }

  private static Labels labels(int series) {
    int metric = series % METRICS;
    int host = series / METRICS;
    return Labels.of(
        "__name__",
        metric(metric),
        "job",
        "fleet",
        "instance",
        String.format(Locale.ROOT, "host-%05d.example:9100", host),
        "zone",
        "zone-" + (char) ('a' + host % ZONES),
        "device",
        "device" + metric); // sums over all metrics need labels that differ without the name
  }

  /** The name of one of the metrics that every host has. */
  static String metric(int metric) {
    String kind =
        metric < STEADY
            ? "state"
            : metric < EVENTS ? "events_total" : metric < SECONDS ? "busy_seconds_total" : "bytes";
    return String.format(Locale.ROOT, "host_%02d_%s", metric, kind);
  }

  int count() {
    return labels.length;
  }

  /** The label fields of a remote write message. */
  byte[] labelFields(int series) {
    return labels[series];
  }

  /** The next value of a series. */
  double next(int series) {
    long r = random[series];
    r ^= r << 13;
    r ^= r >>> 7;
    r ^= r << 17;
    random[series] = r;
    int metric = series % METRICS;
    long dice = r >>> 32;
    if (metric < STEADY) {
      if (dice % 50 == 0) {
        units[series] += dice / 50 % 7 - 3;
      }
      return units[series];
    }
    if (metric < EVENTS) {
      return units[series] += dice % 600;
    }
    if (metric < SECONDS) {
      units[series] += dice % 400; // of 6,000 hundredths a minute
      return units[series] / 100.0;
    }
    units[series] = Math.max(0, units[series] + dice % 2001 - 1000);
    return units[series] * 4096.0;
  }

  private static long mixed(long x) {
    long m = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    m = (m ^ (m >>> 27)) * 0x94D049BB133111EBL;
    return m ^ (m >>> 31);
  }
}
