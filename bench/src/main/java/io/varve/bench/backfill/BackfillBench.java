package io.varve.bench.backfill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.bench.peers.Client;
import io.varve.bench.peers.ServerProcess;
import io.varve.bench.peers.Trees;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * One run: a server under a live load, first alone, then with years of old samples for some of its
 * series coming in beside it; then everything is counted by queries.
 */
final class BackfillBench {
  private static final String WRITE_PATH = "/api/v1/write";
  private static final Duration START = Duration.ofMinutes(5);
  private static final long PROGRESS_MILLIS = 5_000;
  private static final int QUIET_POLLS = 10;
  private static final long POLL_MILLIS = 500;
  private static final int MOST_POLLS = 600;
  private static final double SUMS_DIFFER = 1e-9;

  /**
   * What is measured.
   *
   * @param history series that get old samples, the first ones of the live series
   * @param minutes old samples of each
   * @param plan how they are sent
   * @param liveSeries series of the live load
   * @param liveRate samples a second of the live load
   * @param liveBody samples in a body of the live load
   * @param warmUp live load before anything is measured
   * @param baseline live load alone, measured
   */
  record Settings(
      int history,
      int minutes,
      History.Plan plan,
      int liveSeries,
      int liveRate,
      int liveBody,
      Duration warmUp,
      Duration baseline) {}

  private final Settings settings;
  private final Consumer<String> progress;

  /**
   * A run to be.
   *
   * @param progress takes lines that tell how far it is
   */
  BackfillBench(Settings settings, Consumer<String> progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * Runs.
   *
   * @param command starts the server on {@code port} with {@code data} as its data folder
   * @param log for the server's output
   */
  BackfillReport run(List<String> command, int port, Path data, Path log)
      throws IOException, InterruptedException {
    Series live = new Series(settings.liveSeries(), 1);
    Series old = new Series(settings.history(), 2);
    try (ServerProcess server = new ServerProcess(command, log);
        Client client = new Client(port);
        LiveLoad load =
            new LiveLoad(port, WRITE_PATH, live, settings.liveRate(), settings.liveBody())) {
      client.awaitReady("/-/ready", server, START);
      load.start();
      long start = historyStart();
      progress.accept(
          String.format(
              Locale.ROOT,
              "live load: %,d series, %,d samples/s; measured alone for %d s",
              settings.liveSeries(),
              settings.liveRate(),
              settings.baseline().toSeconds()));
      Thread.sleep(settings.warmUp());
      load.takeStretch();
      double cpuBefore = server.cpuSeconds();
      long nanosBefore = System.nanoTime();
      Thread.sleep(settings.baseline());
      LiveLoad.Stretch alone = load.takeStretch();
      double liveCores =
          (server.cpuSeconds() - cpuBefore) / ((System.nanoTime() - nanosBefore) / 1e9);

      long liveBefore = load.acknowledged();
      Map<String, Double> metricsBefore = metrics(client);
      long writtenBefore = server.writtenBytes();
      double cpuStart = server.cpuSeconds();
      long nanosStart = System.nanoTime();
      double sendSeconds;
      try (History history =
          new History(
              port,
              WRITE_PATH,
              old,
              settings.history(),
              start,
              settings.minutes(),
              settings.plan())) {
        Thread reporter = Thread.ofVirtual().start(() -> report(history, nanosStart));
        try {
          history.send();
        } finally {
          reporter.interrupt();
        }
        sendSeconds = (System.nanoTime() - nanosStart) / 1e9;
        progress.accept("sent; waiting until the server has done what is left to do");
        Map<String, Double> metricsAfter = awaitQuiet(client);
        double seconds = (System.nanoTime() - nanosStart) / 1e9;
        double cpu = server.cpuSeconds() - cpuStart - liveCores * seconds;
        LiveLoad.Stretch during = load.takeStretch();
        load.stop();
        long written = server.writtenBytes() - writtenBefore;
        long size = Trees.bytes(data);
        progress.accept("counting by queries");
        List<String> problems = verify(client, history, start);
        if (!load.failure().isEmpty()) {
          problems.add("live load: " + load.failure());
        }
        BackfillReport report =
            new BackfillReport(
                settings.history(),
                history.total(),
                load.acknowledged() - liveBefore,
                settings.liveRate(),
                sendSeconds,
                history.total() / sendSeconds,
                cpu / history.total() * 1e9,
                server.peakResidentBytes(),
                written,
                growth(metricsBefore, metricsAfter, "varve_written_bytes_total"),
                size,
                (long)
                    (metricsAfter.getOrDefault("varve_chunk_bytes", 0.0)
                        + metricsAfter.getOrDefault("varve_index_bytes", 0.0)),
                growth(metricsBefore, metricsAfter, "varve_flushes_total"),
                growth(metricsBefore, metricsAfter, "varve_merges_total"),
                growth(metricsBefore, metricsAfter, "varve_checkpoints_total"),
                history.refusals(),
                alone,
                during,
                problems);
        server.stop();
        return report;
      }
    }
  }

  /** So that the last old sample is older than any live one, on a whole minute. */
  private long historyStart() {
    long end = System.currentTimeMillis() / History.MINUTE * History.MINUTE - 10 * History.MINUTE;
    return end - settings.minutes() * History.MINUTE;
  }

  private void report(History history, long begin) {
    long before = 0;
    try {
      while (true) {
        Thread.sleep(PROGRESS_MILLIS);
        long sent = history.sent();
        double seconds = (System.nanoTime() - begin) / 1e9;
        double left = (history.total() - sent) / Math.max(1, sent / seconds);
        progress.accept(
            String.format(
                Locale.ROOT,
                "%5.1f %%  %,d samples  %,.0f samples/s  %d refused  %.0f s left",
                100.0 * sent / history.total(),
                sent,
                (sent - before) / (PROGRESS_MILLIS / 1e3),
                history.refusals(),
                left));
        before = sent;
      }
    } catch (InterruptedException e) {
      // everything is sent
    }
  }

  private static long growth(Map<String, Double> before, Map<String, Double> after, String name) {
    return (long) (after.getOrDefault(name, 0.0) - before.getOrDefault(name, 0.0));
  }

  /** The server's own metrics without labels. */
  private static Map<String, Double> metrics(Client client)
      throws IOException, InterruptedException {
    Map<String, Double> values = new HashMap<>();
    for (String line : client.get("/metrics").body().lines().toList()) {
      int space = line.lastIndexOf(' ');
      if (!line.startsWith("#") && space > 0 && line.indexOf('{') < 0) {
        values.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
      }
    }
    return values;
  }

  /** Waits until no job is waiting and none was done for some time; the metrics then. */
  private static Map<String, Double> awaitQuiet(Client client)
      throws IOException, InterruptedException {
    Map<String, Double> before = metrics(client);
    int quiet = 0;
    for (int poll = 0; poll < MOST_POLLS && quiet < QUIET_POLLS; poll++) {
      Thread.sleep(POLL_MILLIS);
      Map<String, Double> now = metrics(client);
      boolean same = now.getOrDefault("varve_waiting_jobs", 0.0) == 0;
      for (String job : new String[] {"flushes", "merges", "checkpoints"}) {
        same &= growth(before, now, "varve_" + job + "_total") == 0;
      }
      quiet = same ? quiet + 1 : 0;
      before = now;
    }
    return before;
  }

  /** Counts and sums per period and series; what differs from what was sent. */
  private List<String> verify(Client client, History history, long start)
      throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    for (int period = 0; period < history.periods(); period++) {
      int minutes = history.periodMinutes(period);
      long end = history.periodEndMillis(period);
      String range = "({job=\"fleet\"}[" + minutes + "m])";
      double count = ask(client, "sum(count_over_time" + range + ")", end);
      double least = ask(client, "min(count_over_time" + range + ")", end);
      double series = ask(client, "count(count_over_time" + range + ")", end);
      double sum = ask(client, "sum(sum_over_time" + range + ")", end);
      String what =
          "the "
              + minutes
              + " minutes up to "
              + Instant.ofEpochMilli(end)
              + " (the history begins at "
              + Instant.ofEpochMilli(start)
              + "): ";
      if (count != (double) settings.history() * minutes
          || least != minutes
          || series != settings.history()) {
        problems.add(
            String.format(
                Locale.ROOT,
                "%s%,.0f samples of %,.0f series, at least %,.0f of each; sent were %,d of %,d",
                what,
                count,
                series,
                least,
                (long) settings.history() * minutes,
                settings.history()));
      }
      double sent = history.periodSum(period);
      if (!(Math.abs(sum - sent) <= SUMS_DIFFER * Math.abs(sent))) {
        problems.add(what + "values add up to " + sum + "; sent were " + sent);
      }
    }
    return problems;
  }

  private static double ask(Client client, String promql, long time)
      throws IOException, InterruptedException {
    JsonNode result =
        new ObjectMapper().readTree(client.query(promql, time)).path("data").path("result");
    return result.isEmpty() ? 0 : Double.parseDouble(result.get(0).path("value").get(1).asText());
  }
}
