package io.varve.bench.cluster;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * For how long nothing can be written when the leader is killed: a small write every few
 * milliseconds at one of the nodes that run, whether or not earlier ones are answered, and the
 * longest time without an acknowledgement around each kill.
 */
final class FailoverRun {
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final int PERIOD_MILLIS = 20;
  private static final int QUIET_MILLIS = 1_500;
  private static final int SERIES = 50;
  private static final long MOST_GAP_NANOS = 30_000_000_000L;
  private static final double MEDIAN_BAR = 3;
  private static final double WORST_BAR = 10;

  private final List<String> varve;
  private final Path work;
  private final int kills;
  private final Consumer<String> progress;
  private final List<Long> acknowledged = new ArrayList<>(); // nanos; guarded by itself
  private final AtomicInteger refused = new AtomicInteger();
  private volatile int down = -1;
  private volatile boolean over;

  FailoverRun(List<String> varve, Path work, int kills, Consumer<String> progress) {
    this.varve = varve;
    this.work = work;
    this.kills = kills;
    this.progress = progress;
  }

  /**
   * What was measured.
   *
   * @param gapSeconds around each kill, in their order
   * @param refused writes that were answered "not now", or not at all
   */
  record Outcome(double median, double worst, double[] gapSeconds, int refused) {
    @JsonIgnore
    boolean passed() {
      return median <= MEDIAN_BAR && worst <= WORST_BAR;
    }

    void print(PrintStream out) {
      out.printf(
          Locale.ROOT,
          """

          | no write acknowledged after kill -9 of the leader, %d kills | s | bar |
          |---|--:|--:|
          | median | %.2f | %.0f |
          | worst | %.2f | %.0f |

          """,
          gapSeconds.length,
          median,
          MEDIAN_BAR,
          worst,
          WORST_BAR);
      out.println("All gaps, s: " + Arrays.toString(rounded()) + "; refused writes: " + refused);
    }

    private double[] rounded() {
      return Arrays.stream(gapSeconds).map(gap -> Math.rint(gap * 100) / 100).toArray();
    }
  }

  Outcome run() throws IOException, InterruptedException {
    TestCluster.Settings settings = TestCluster.Settings.plain(varve, work, false, progress);
    UniqueSamples samples =
        new UniqueSamples(0, 1, SERIES, System.currentTimeMillis() - 3_600_000, 1);
    double[] gaps = new double[kills];
    try (TestCluster cluster = TestCluster.start(settings);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      cluster.awaitWell(START);
      Thread writer = Thread.ofVirtual().start(() -> write(cluster.client(), samples, threads));
      try {
        for (int k = 0; k < kills; k++) {
          gaps[k] = kill(cluster);
          progress.accept("kill %d of %d: %.2f s".formatted(k + 1, kills, gaps[k]));
        }
      } finally {
        over = true;
        writer.join();
        threads.shutdownNow();
      }
    }
    double[] sorted = gaps.clone();
    Arrays.sort(sorted);
    double median = (sorted[(kills - 1) / 2] + sorted[kills / 2]) / 2;
    return new Outcome(median, sorted[kills - 1], gaps, refused.get());
  }

  private void write(Nodes nodes, UniqueSamples samples, ExecutorService threads) {
    Random random = new Random(0);
    try {
      for (int n = 0; !over; n++) {
        byte[] body =
            SampleBodies.of(samples, List.of(new Run(n % SERIES, n / SERIES, n / SERIES + 1)));
        int node = random.nextInt(TestCluster.NODES);
        if (node == down) { // a load balancer does not choose it
          node = (node + 1 + random.nextInt(TestCluster.NODES - 1)) % TestCluster.NODES;
        }
        int to = node;
        threads.execute(() -> write(nodes, to, body));
        Thread.sleep(PERIOD_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(Nodes nodes, int node, byte[] body) {
    try {
      HttpResponse<String> answer = nodes.write(node, body, PATIENCE);
      if (answer.statusCode() / 100 == 2) {
        synchronized (acknowledged) {
          acknowledged.add(System.nanoTime());
        }
      } else {
        refused.incrementAndGet();
      }
    } catch (IOException e) {
      refused.incrementAndGet();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills the leader, and starts it again when writes have gone on for a while. */
  private double kill(TestCluster cluster) throws IOException, InterruptedException {
    Thread.sleep(QUIET_MILLIS);
    int leader = cluster.leader();
    if (leader < 0) {
      throw new IOException("no node leads");
    }
    long killed = System.nanoTime();
    down = leader;
    cluster.nodes().get(leader).kill();
    long quiet = 0;
    while (quiet < QUIET_MILLIS && System.nanoTime() - killed < MOST_GAP_NANOS) {
      Thread.sleep(PERIOD_MILLIS);
      quiet = newest() > killed + QUIET_MILLIS * 1_000_000L ? quiet + PERIOD_MILLIS : 0;
    }
    double gap = longest(killed, System.nanoTime()) / 1e9;
    cluster.nodes().get(leader).start();
    cluster.awaitWell(START);
    down = -1;
    return gap;
  }

  private long newest() {
    synchronized (acknowledged) {
      return acknowledged.isEmpty() ? Long.MIN_VALUE : acknowledged.getLast();
    }
  }

  /** The longest time without an acknowledgement that ends in a stretch of time. */
  private long longest(long from, long to) {
    long[] times;
    synchronized (acknowledged) {
      times = acknowledged.stream().mapToLong(Long::longValue).sorted().toArray();
    }
    long longest = 0;
    long before = from;
    for (long time : times) {
      if (time <= from) {
        before = time;
      } else {
        longest = Math.max(longest, time - before);
        before = time;
      }
    }
    return Math.max(longest, to - Math.max(before, from));
  }
}
