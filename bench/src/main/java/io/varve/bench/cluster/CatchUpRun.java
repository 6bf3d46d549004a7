package io.varve.bench.cluster;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * A node loses its disk while all three are asked: how fast the sealed files come to it, and
 * whether anybody notices. The others must answer every question as before; the empty one, once it
 * answers at all, too.
 */
final class CatchUpRun {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration CAUGHT_UP = Duration.ofMinutes(10);
  private static final Duration MERGE = Duration.ofMinutes(10);
  private static final long BEFORE_MILLIS = 10_000;
  private static final long PAUSE_MILLIS = 20;
  private static final long LOOK_MILLIS = 10;
  private static final long MOST_MICROS = 60_000_000;
  private static final double BAR = 100;
  private static final int MOST_TEXT = 200;
  private static final List<String> QUERIES =
      List.of(
          "sum(count_over_time(x[30d]))",
          "sum(x)",
          "topk(3, x)",
          "quantile(0.9, avg_over_time(x[6h]))",
          "sum by (host) (rate(x[1h]))",
          "max_over_time(x{host=\"h7\"}[2d])");

  private final List<String> varve;
  private final Path work;
  private final int megabytes;
  private final Consumer<String> progress;
  private final List<String> expected = new ArrayList<>();
  private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
  private volatile Histogram latencies = new ConcurrentHistogram(MOST_MICROS, 3);
  private volatile int empty = -1;

  /**
   * Nothing is run yet.
   *
   * @param megabytes of values that cannot be compressed
   */
  CatchUpRun(List<String> varve, Path work, int megabytes, Consumer<String> progress) {
    this.varve = varve;
    this.work = work;
    this.megabytes = megabytes;
    this.progress = progress;
  }

  /**
   * What was found.
   *
   * @param sealedBytes that the node lacked
   * @param pullSeconds from the first of their bytes until all are proven and in place
   * @param wellSeconds from the start of its process until it followed, less than 1.5 s behind
   * @param answers that were given meanwhile, by the others and, once it did, by the empty one
   * @param byTheEmpty of them by the empty one, before it had caught up
   * @param wrong answers that were others than before, and refusals of the other nodes
   */
  record Outcome(
      long sealedBytes,
      double pullSeconds,
      double wellSeconds,
      long answers,
      long byTheEmpty,
      List<String> wrong,
      double beforeP50Millis,
      double beforeP99Millis,
      double meanwhileP50Millis,
      double meanwhileP99Millis) {
    double megabytesPerSecond() {
      return sealedBytes / 1e6 / pullSeconds;
    }

    @JsonIgnore
    boolean passed() {
      return wrong.isEmpty() && megabytesPerSecond() >= BAR;
    }

    void print(PrintStream out) {
      out.printf(
          Locale.ROOT,
          "%nCatch-up of an empty node: %,.0f MB of sealed files in %.1f s: %.0f MB/s (bar %.0f);"
              + " it followed %.1f s after its start%n",
          sealedBytes / 1e6,
          pullSeconds,
          megabytesPerSecond(),
          BAR,
          wellSeconds);
      out.printf(
          Locale.ROOT,
          "Meanwhile %,d answers (%,d of them by the empty node), %d wrong or missing; p50 %.1f ms"
              + " (before: %.1f), p99 %.1f ms (before: %.1f)%n",
          answers,
          byTheEmpty,
          wrong.size(),
          meanwhileP50Millis,
          beforeP50Millis,
          meanwhileP99Millis,
          beforeP99Millis);
      wrong.stream().limit(5).forEach(line -> out.println("  " + line));
    }
  }

  Outcome run() throws IOException, InterruptedException {
    TestCluster.Settings settings =
        new TestCluster.Settings(
            varve, work, false, false, 0, "http:\n  admin_api: true\n", false, 0, progress);
    try (TestCluster cluster = TestCluster.start(settings)) {
      cluster.awaitWell(START);
      RandomRows rows = new RandomRows(megabytes);
      progress.accept("writing " + megabytes + " MB of random values");
      rows.write(cluster.client());
      int leader = merge(cluster);
      cluster.awaitWell(START);
      long time = rows.endMillis();
      for (String query : QUERIES) {
        expected.add(answer(cluster.client(), leader, query, time));
      }
      AtomicLong answers = new AtomicLong();
      AtomicInteger byTheEmpty = new AtomicInteger();
      List<Thread> asking = new ArrayList<>();
      for (int n = 0; n < TestCluster.NODES; n++) {
        int node = n;
        asking.add(
            Thread.ofVirtual().start(() -> ask(cluster.client(), node, time, answers, byTheEmpty)));
      }
      try {
        progress.accept("asking all nodes");
        Thread.sleep(BEFORE_MILLIS);
        Histogram before = latencies;
        int lost = (leader + 1) % TestCluster.NODES;
        ClusterNode node = cluster.nodes().get(lost);
        long sealed = sealedBytes(node.data());
        progress.accept("node %s loses its disk".formatted(TestCluster.id(lost)));
        empty = lost;
        node.kill();
        node.wipe();
        latencies = new ConcurrentHistogram(MOST_MICROS, 3);
        answers.set(0);
        long begin = System.nanoTime();
        node.start();
        double pull = awaitPulled(node, sealed);
        if (!cluster.awaitWell(lost, CAUGHT_UP)) {
          throw new IOException("the node has not caught up: " + node.troubles(3));
        }
        double well = (System.nanoTime() - begin) / 1e9;
        Histogram meanwhile = latencies;
        return new Outcome(
            sealed,
            pull,
            well,
            answers.get(),
            byTheEmpty.get(),
            List.copyOf(wrong),
            millis(before, 50),
            millis(before, 99),
            millis(meanwhile, 50),
            millis(meanwhile, 99));
      } finally {
        for (Thread thread : asking) {
          thread.interrupt();
          thread.join();
        }
      }
    }
  }

  private static double millis(Histogram of, double percentile) {
    return of.getValueAtPercentile(percentile) / 1e3;
  }

  /** All that is open becomes final files, and what the log holds may go. */
  private static int merge(TestCluster cluster) throws IOException, InterruptedException {
    int leader = Math.max(0, cluster.leader());
    HttpResponse<String> merged = cluster.client().post(leader, "/api/v1/admin/tsdb/merge", MERGE);
    if (merged.statusCode() / 100 != 2) {
      throw new IOException("merging: " + merged.statusCode() + " " + merged.body());
    }
    return leader;
  }

  private static String answer(Nodes nodes, int node, String query, long time)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        nodes.get(
            node,
            "/api/v1/query?query="
                + URLEncoder.encode(query, StandardCharsets.UTF_8)
                + "&time="
                + time / 1_000,
            PATIENCE);
    JsonNode result = JSON.readTree(answer.body()).at("/data/result");
    if (answer.statusCode() != 200 || result.isEmpty()) {
      String body = answer.body();
      throw new IOException(
          answer.statusCode() + " " + body.substring(0, Math.min(MOST_TEXT, body.length())));
    }
    return result.toString();
  }

  private void ask(Nodes nodes, int node, long time, AtomicLong answers, AtomicInteger byTheEmpty) {
    int number = node;
    try {
      while (true) {
        int query = number++ % QUERIES.size();
        long begin = System.nanoTime();
        try {
          String got = answer(nodes, node, QUERIES.get(query), time);
          answers.incrementAndGet();
          if (node == empty) {
            byTheEmpty.incrementAndGet();
          } else {
            latencies.recordValue(Math.min(MOST_MICROS, (System.nanoTime() - begin) / 1_000));
          }
          if (!got.equals(expected.get(query))) {
            wrong.add(TestCluster.id(node) + ": " + QUERIES.get(query) + " is now " + got);
          }
        } catch (IOException e) {
          refused(node, query, e);
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      // enough
    }
  }

  /** The node whose disk is gone may say that it is not ready. */
  private void refused(int node, int query, IOException e) {
    if (node != empty) {
      wrong.add(TestCluster.id(node) + ": " + QUERIES.get(query) + ": " + e.getMessage());
    }
  }

  /** Seconds from the first bytes that come until all files are proven and have their names. */
  private static double awaitPulled(ClusterNode node, long sealed)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + CAUGHT_UP.toNanos();
    long first = 0;
    while (true) {
      long there = sealedBytes(node.data());
      long now = System.nanoTime();
      if (first == 0 && (there > 0 || isComing(node.data()))) {
        first = now;
      }
      if (there >= sealed) {
        return (now - first) / 1e9;
      }
      if (now > end) {
        throw new IOException(there + " of " + sealed + " bytes came: " + node.troubles(3));
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private static boolean isComing(Path data) throws IOException {
    return sum(data, file -> file.toString().contains("/install/")) > 0;
  }

  private static long sealedBytes(Path data) throws IOException {
    return sum(
        data,
        file -> {
          String name = String.valueOf(file.getFileName());
          return name.endsWith(".tch") || name.endsWith(".tix");
        });
  }

  private static long sum(Path folder, Predicate<Path> of) throws IOException {
    long sum = 0;
    List<Path> found;
    try (Stream<Path> all = Files.walk(folder)) {
      found = all.filter(of).toList();
    } catch (UncheckedIOException e) {
      return 0; // a folder went away meanwhile
    }
    for (Path path : found) {
      try {
        sum += Files.isRegularFile(path) ? Files.size(path) : 0;
      } catch (IOException e) {
        continue; // it got another name meanwhile
      }
    }
    return sum;
  }
}
