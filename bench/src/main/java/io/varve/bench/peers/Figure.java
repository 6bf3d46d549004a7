package io.varve.bench.peers;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** A line of the report: what it says of a store in a round, NaN if it has nothing to say. */
enum Figure {
  RATE_FIRST("samples/s, first pass", 0, t -> rate(first(t))),
  RATE_LAST("samples/s, last pass", 0, t -> last(t, Figure::rate)),
  CPU_FIRST("CPU per sample while sending, first pass, ns", 0, t -> sending(first(t))),
  BACKGROUND_FIRST("CPU per sample until quiet, first pass, ns", 0, t -> background(first(t))),
  ALL_CPU_FIRST(
      "CPU per sample, background included, first pass, ns",
      0,
      t -> sending(first(t)) + background(first(t))),
  CPU_LAST("CPU per sample while sending, last pass, ns", 0, t -> last(t, Figure::sending)),
  BACKGROUND_LAST("CPU per sample until quiet, last pass, ns", 0, t -> last(t, Figure::background)),
  ALL_CPU_LAST(
      "CPU per sample, background included, last pass, ns",
      0,
      t -> last(t, p -> sending(p) + background(p))),
  CLIENT_LAST(
      "CPU per sample of the client, ns",
      0,
      t -> t.passes().getLast().clientCpuSeconds() * 1e9 / t.passes().getLast().samples()),
  REQUEST_P50("write request p50, last pass, ms", 2, t -> t.passes().getLast().requests().p50()),
  REQUEST_P99("write request p99, last pass, ms", 2, t -> t.passes().getLast().requests().p99()),
  PEAK_ANONYMOUS("peak anonymous memory, MB", 0, t -> t.peakAnonymousBytes() / 1e6),
  PEAK_RESIDENT("peak resident memory, MB", 0, t -> t.peakResidentBytes() / 1e6),
  SERIES_MEMORY(
      "peak anonymous memory per series, bytes",
      0,
      t -> (double) t.peakAnonymousBytes() / t.series()),
  SETTLED_ANONYMOUS("settled anonymous memory, MB", 0, t -> t.settledAnonymousBytes() / 1e6),
  SETTLED_RESIDENT("settled resident memory, MB", 0, t -> t.settledResidentBytes() / 1e6),
  SETTLED_BYTES(
      "bytes per sample on disk, settled", 3, t -> (double) t.settledDiskBytes() / t.samples()),
  STOPPED_BYTES(
      "bytes per sample on disk, stopped",
      3,
      t -> (double) t.stoppedDiskBytes() / (t.samples() + t.tailSamples())),
  WRITTEN_BYTES("bytes written per sample", 2, t -> (double) t.writtenBytes() / t.samples()),
  READY("first start to ready, s", 2, Trial::readySeconds),
  RESTART("kill -9 to ready, s", 2, Trial::restartSeconds),
  WRITE_P50("write p50 under mixed load, ms", 2, t -> mixed(t, m -> m.writes().p50())),
  WRITE_P99("write p99 under mixed load, ms", 2, t -> mixed(t, m -> m.writes().p99())),
  WRITE_MAX("write max under mixed load, ms", 1, t -> mixed(t, m -> m.writes().most())),
  QUERY_P50("query p50 under mixed load, ms", 2, t -> mixed(t, m -> m.queries().p50())),
  QUERY_P99("query p99 under mixed load, ms", 2, t -> mixed(t, m -> m.queries().p99())),
  QUERY_MAX("query max under mixed load, ms", 1, t -> mixed(t, m -> m.queries().most()));

  private final String title;
  private final int decimals;

  @SuppressWarnings("ImmutableEnumChecker") // the functions have no state
  private final ToDoubleFunction<Trial> of;

  Figure(String title, int decimals, ToDoubleFunction<Trial> of) {
    this.title = title;
    this.decimals = decimals;
    this.of = of;
  }

  /** What it is, with its unit. */
  String title() {
    return title;
  }

  /** A value of it, for people. */
  String text(double value) {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%,." + decimals + "f", value);
  }

  /** The median over rounds. */
  double median(List<Trial> rounds) {
    return median(rounds.stream().mapToDouble(of).toArray());
  }

  /** The median of values in any order, NaN if there are none. */
  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    if (n == 0) {
      return Double.NaN;
    }
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }

  private static Trial.Pass first(Trial t) {
    return t.passes().getFirst();
  }

  /** Of the last pass, if it is not also the first one. */
  private static double last(Trial t, ToDoubleFunction<Trial.Pass> of) {
    return t.passes().size() == 1 ? Double.NaN : of.applyAsDouble(t.passes().getLast());
  }

  private static double rate(Trial.Pass pass) {
    return pass.samples() / pass.seconds();
  }

  private static double sending(Trial.Pass pass) {
    return pass.sendingCpuSeconds() * 1e9 / pass.samples();
  }

  private static double background(Trial.Pass pass) {
    return pass.backgroundCpuSeconds() * 1e9 / pass.samples();
  }

  private static double mixed(Trial t, ToDoubleFunction<Trial.Mixed> of) {
    Trial.Mixed mixed = t.mixed();
    return mixed == null ? Double.NaN : of.applyAsDouble(mixed);
  }
}
