package io.varve.bench.cluster;

import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A client that writes its own series and reads everybody's, one request after the other, each at a
 * node of its choice; all of it goes into the history. Some runs are sent late, some again although
 * they were acknowledged; what was not acknowledged is sent again or left as it is. Its own thread
 * runs it until it is interrupted.
 */
final class HistoryClient implements Runnable {
  private static final double WRITES = 0.55;
  private static final double LATE = 0.05;
  private static final double AGAIN = 0.02;
  private static final double REPEAT_UNKNOWN = 0.7;
  private static final double OLD_FENCE = 0.3;
  private static final double OTHERS_FENCE = 0.2;
  private static final double OLD_STRETCH = 0.2;
  private static final int MOST_RUN = 12;
  private static final int MOST_SERIES = 3;
  private static final int MOST_READ = 150;
  private static final int BEYOND = 4; // what is not yet written is asked for, too
  private static final int MOST_KEPT = 64;

  private final Shared shared;
  private final int client;
  private final Random random;
  private final SampleReader reader;
  private final Deque<List<Run>> unknown = new ArrayDeque<>();
  private final Deque<Run> late = new ArrayDeque<>();
  private final ArrayList<Write> acknowledged = new ArrayList<>(); // the last ones

  /**
   * What the clients of a run have in common.
   *
   * @param next by series, the number that its owner writes next
   * @param last by client, the last write that was acknowledged
   * @param pauseMillis on average between two requests of a client
   * @param boundedOnly true if no read asks for more, as nothing is promised that it could rely on
   */
  record Shared(
      Nodes nodes,
      UniqueSamples samples,
      History history,
      AtomicIntegerArray next,
      AtomicReferenceArray<@Nullable Write> last,
      Duration patience,
      int pauseMillis,
      boolean weakenedReads,
      boolean boundedOnly) {
    static Shared of(
        Nodes nodes,
        UniqueSamples samples,
        Duration patience,
        int pauseMillis,
        boolean weakenedReads,
        boolean boundedOnly) {
      return new Shared(
          nodes,
          samples,
          new History(),
          new AtomicIntegerArray(samples.series()),
          new AtomicReferenceArray<>(samples.clients()),
          patience,
          pauseMillis,
          weakenedReads,
          boundedOnly);
    }

    /** All clients of a run. */
    List<HistoryClient> clients(long seed) {
      List<HistoryClient> clients = new ArrayList<>();
      for (int c = 0; c < samples.clients(); c++) {
        clients.add(new HistoryClient(this, c, new Random(seed * 1009 + c)));
      }
      return clients;
    }
  }

  HistoryClient(Shared shared, int client, Random random) {
    this.shared = shared;
    this.client = client;
    this.random = random;
    this.reader = new SampleReader(shared.nodes(), shared.samples(), shared.weakenedReads());
  }

  @Override
  public void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        if (random.nextDouble() < WRITES) {
          write();
        } else {
          read();
        }
        Thread.sleep(random.nextInt(2 * shared.pauseMillis() + 1));
      }
    } catch (InterruptedException e) {
      // the run is over
    }
  }

  private void write() throws InterruptedException {
    List<Run> runs = batch();
    byte[] body = SampleBodies.of(shared.samples(), runs);
    int node = random.nextInt(shared.nodes().count());
    int status = Operation.NO_ANSWER;
    Position position = null;
    long invoked = System.nanoTime();
    try {
      HttpResponse<String> answer = shared.nodes().write(node, body, shared.patience());
      status = answer.statusCode();
      position = answer.headers().firstValue(Nodes.POSITION_HEADER).map(Position::of).orElse(null);
    } catch (IOException e) {
      status = Operation.NO_ANSWER;
    } finally {
      // Also when the run ends meanwhile: the node may have taken it.
      Write write = new Write(client, node, invoked, System.nanoTime(), status, runs, position);
      shared.history().add(write);
      if (write.done()) {
        shared.last().set(client, write);
        keep(write);
      } else {
        unknown.addLast(runs);
        if (unknown.size() > MOST_KEPT) {
          unknown.removeFirst();
        }
      }
    }
  }

  private void keep(Write write) {
    acknowledged.add(write);
    if (acknowledged.size() > MOST_KEPT) {
      acknowledged.removeFirst();
    }
  }

  private List<Run> batch() {
    if (!unknown.isEmpty() && random.nextDouble() < REPEAT_UNKNOWN) {
      return unknown.removeFirst();
    }
    if (!acknowledged.isEmpty() && random.nextDouble() < AGAIN) {
      return acknowledged.get(random.nextInt(acknowledged.size())).runs();
    }
    List<Run> runs = new ArrayList<>();
    if (!late.isEmpty() && random.nextDouble() < LATE) {
      runs.add(late.removeFirst());
    }
    UniqueSamples samples = shared.samples();
    int count = 1 + random.nextInt(Math.min(MOST_SERIES, samples.seriesPerClient()));
    int first = random.nextInt(samples.seriesPerClient());
    for (int i = 0; i < count; i++) {
      int series = client * samples.seriesPerClient() + (first + i) % samples.seriesPerClient();
      int from = shared.next().get(series);
      int to = from + 1 + random.nextInt(MOST_RUN);
      shared.next().set(series, to);
      if (random.nextDouble() < LATE) {
        late.addLast(new Run(series, from, to));
      } else {
        runs.add(new Run(series, from, to));
      }
    }
    return runs.isEmpty() ? batch() : runs;
  }

  private void read() throws InterruptedException {
    ReadLevel level =
        switch (shared.boundedOnly() ? 0 : random.nextInt(10)) {
          case 0, 1, 2, 3 -> ReadLevel.BOUNDED;
          case 4, 5, 6 -> ReadLevel.FENCED;
          default -> ReadLevel.STRONG;
        };
    Write fence = level == ReadLevel.FENCED ? fence() : null;
    if (level == ReadLevel.FENCED && fence == null) {
      return; // nothing is acknowledged yet
    }
    UniqueSamples samples = shared.samples();
    int owner = fence == null ? random.nextInt(samples.clients()) : fence.client();
    int first = random.nextInt(samples.seriesPerClient());
    List<Integer> series = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(Math.min(MOST_SERIES, samples.seriesPerClient())); i++) {
      series.add(owner * samples.seriesPerClient() + (first + i) % samples.seriesPerClient());
    }
    int end = shared.next().get(series.getFirst()) + 1 + random.nextInt(BEYOND);
    if (random.nextDouble() < OLD_STRETCH) {
      end = 1 + random.nextInt(end);
    }
    int from = Math.max(0, end - 1 - random.nextInt(MOST_READ));
    int node = random.nextInt(shared.nodes().count());
    Read read =
        reader.read(
            client,
            node,
            level,
            fence,
            new SampleReader.Selection(series, from, end),
            shared.patience());
    shared.history().add(read);
  }

  private @Nullable Write fence() {
    double kind = random.nextDouble();
    if (kind < OTHERS_FENCE) {
      return shared.last().get(random.nextInt(shared.samples().clients()));
    }
    if (kind < OTHERS_FENCE + OLD_FENCE && !acknowledged.isEmpty()) {
      return acknowledged.get(random.nextInt(acknowledged.size()));
    }
    return shared.last().get(client);
  }
}
