package io.varve.bench.backfill;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.varve.bench.peers.Latencies;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a run has found.
 *
 * @param series that got old samples
 * @param samples old samples
 * @param liveSamples of the live load, acknowledged from the beginning of the backfill on
 * @param liveRate samples a second of the live load
 * @param seconds from the first old sample to the last acknowledgement
 * @param samplesPerSecond old samples
 * @param cpuNanosPerSample of the server for an old sample, background work included and what the
 *     live load needs alone not included
 * @param peakResidentBytes of the server
 * @param writtenBytes that the server has caused to be written, live load included
 * @param countedBytes that the server says it has written to log, chunk, index and checkpoint files
 * @param finalBytes size of all files when everything was quiet
 * @param dataBytes of them, chunk and index files
 * @param flushes during the run
 * @param merges during the run
 * @param checkpoints during the run
 * @param refusals old samples' requests that were sent again
 * @param alone the live load without the backfill
 * @param during the live load from the beginning of the backfill until everything was quiet
 * @param problems what is missing, failed, or not as it was sent
 */
record BackfillReport(
    int series,
    long samples,
    long liveSamples,
    int liveRate,
    double seconds,
    double samplesPerSecond,
    double cpuNanosPerSample,
    long peakResidentBytes,
    long writtenBytes,
    long countedBytes,
    long finalBytes,
    long dataBytes,
    long flushes,
    long merges,
    long checkpoints,
    long refusals,
    LiveLoad.Stretch alone,
    LiveLoad.Stretch during,
    List<String> problems) {

  /**
   * What the server is held to.
   *
   * @param mostWritten bytes written per byte of final size
   * @param mostLiveMillis 99th percentile of live writes, and of live queries, during the backfill
   */
  record Bars(double mostWritten, double mostLiveMillis) {}

  /** Bytes written per byte of final size; by the server's own count where it is larger. */
  @JsonProperty
  double amplification() {
    return (double) Math.max(writtenBytes, countedBytes) / finalBytes;
  }

  /** What is wrong, nothing if all is well. */
  List<String> verdict(Bars bars) {
    List<String> wrong = new ArrayList<>(problems);
    if (!(amplification() <= bars.mostWritten())) {
      wrong.add(
          String.format(
              Locale.ROOT,
              "written %.2f x the final size; the bar is %.2f",
              amplification(),
              bars.mostWritten()));
    }
    late("writes", during.writes(), bars, wrong);
    late("queries", during.queries(), bars, wrong);
    long failed =
        alone.failedWrites()
            + during.failedWrites()
            + alone.failedQueries()
            + during.failedQueries();
    if (failed > 0) {
      wrong.add(failed + " requests of the live load failed");
    }
    return wrong;
  }

  private static void late(String what, Latencies latencies, Bars bars, List<String> wrong) {
    if (!(latencies.p99() <= bars.mostLiveMillis())) {
      wrong.add(
          String.format(
              Locale.ROOT,
              "99 %% of live %s took up to %.1f ms during the backfill; the bar is %.0f ms",
              what,
              latencies.p99(),
              bars.mostLiveMillis()));
    }
  }

  /** Prints a Markdown table. */
  void print(PrintStream out) {
    out.println("| backfill beside a live load | |");
    out.println("|---|---|");
    row(out, "old samples", "%,d (%,d series)", samples, series);
    row(out, "live samples meanwhile", "%,d (%,d/s)", liveSamples, liveRate);
    row(out, "old samples/s", "%,.0f", samplesPerSecond);
    row(out, "time", "%.1f s", seconds);
    row(out, "server CPU per old sample", "%,.0f ns", cpuNanosPerSample);
    row(out, "peak RSS", "%,.0f MB", peakResidentBytes / 1e6);
    row(out, "final size of all files", "%,.1f MB", finalBytes / 1e6);
    row(
        out,
        "chunk and index files",
        "%,.1f MB, %.3f bytes per sample",
        dataBytes / 1e6,
        (double) dataBytes / (samples + liveSamples));
    row(out, "bytes written, as the system counts", "%,.1f MB", writtenBytes / 1e6);
    row(out, "bytes written, as the server counts", "%,.1f MB", countedBytes / 1e6);
    row(out, "bytes written / final size", "**%.2f**", amplification());
    row(out, "flushes, merges, checkpoints", "%,d, %,d, %,d", flushes, merges, checkpoints);
    row(out, "requests of the backfill that had to be repeated", "%,d", refusals);
    out.println();
    out.println("| live load | alone | during the backfill |");
    out.println("|---|---|---|");
    compare(out, "writes", alone.writes(), during.writes());
    compare(out, "queries", alone.queries(), during.queries());
    both(out, "failed writes", alone.failedWrites(), during.failedWrites());
    both(out, "failed queries", alone.failedQueries(), during.failedQueries());
  }

  private static void row(PrintStream out, String name, String format, Object... values) {
    out.println("| " + name + " | " + String.format(Locale.ROOT, format, values) + " |");
  }

  private static void compare(PrintStream out, String name, Latencies before, Latencies then) {
    both(out, name, before.count(), then.count());
    out.printf(Locale.ROOT, "| %s p50, ms | %.1f | %.1f |%n", name, before.p50(), then.p50());
    out.printf(Locale.ROOT, "| %s p99, ms | %.1f | %.1f |%n", name, before.p99(), then.p99());
    out.printf(Locale.ROOT, "| %s max, ms | %.1f | %.1f |%n", name, before.most(), then.most());
  }

  private static void both(PrintStream out, String name, long before, long then) {
    out.printf(Locale.ROOT, "| %s | %,d | %,d |%n", name, before, then);
  }
}
