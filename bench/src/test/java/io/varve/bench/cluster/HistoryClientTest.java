package io.varve.bench.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.bench.cluster.HistoryChecker.Verdict;
import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import io.varve.bench.cluster.Violation.Kind;
import io.varve.engine.Seeds;
import io.varve.http.Server;
import io.varve.http.config.ServerConfig;
import io.varve.http.config.ServerConfig.Address;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The clients against one real node, whose every read is a strong one; and against one behind a
 * proxy that answers reads from a copy which lags.
 */
final class HistoryClientTest {
  private static final long LAG_BOUND = 1_000_000_000;
  private static final int RUN_MILLIS = 2_500;

  @TempDir Path dir;

  private Server server(String name) throws IOException {
    Path config = dir.resolve(name + ".yaml");
    Files.writeString(config, "log_level: error\nstorage:\n  registry: heap\n");
    Server server =
        new Server(
            ServerConfig.load(config)
                .withListen(new Address("127.0.0.1", 0))
                .withDataDir(dir.resolve(name)));
    server.recover();
    return server;
  }

  private static List<Operation> run(List<Integer> ports, UniqueSamples samples, long seed)
      throws Exception {
    try (Nodes nodes = new Nodes(ports)) {
      HistoryClient.Shared shared =
          HistoryClient.Shared.of(nodes, samples, Duration.ofSeconds(5), 5, false, false);
      List<Thread> threads = new ArrayList<>();
      for (HistoryClient client : shared.clients(seed)) {
        threads.add(Thread.ofVirtual().start(client));
      }
      Thread.sleep(RUN_MILLIS);
      for (Thread thread : threads) {
        thread.interrupt();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      FinalReads.read(shared, Duration.ofSeconds(5));
      return shared.history().operations();
    }
  }

  private static UniqueSamples samples(long seed) {
    return new UniqueSamples(seed, 4, 3, System.currentTimeMillis() - 7 * 86_400_000L, 10_000);
  }

  private static long count(List<Operation> operations, Class<? extends Operation> kind) {
    return operations.stream().filter(kind::isInstance).filter(Operation::done).count();
  }

  @Test
  void oneNodeMissesNothing() throws Exception {
    long seed = Seeds.usual(1);
    UniqueSamples samples = samples(seed);
    try (Server server = server("one")) {
      List<Operation> operations = run(List.of(server.address().getPort()), samples, seed);
      Verdict verdict = new HistoryChecker(samples, LAG_BOUND).check(operations);
      assertThat(verdict.told()).isEmpty();
      assertThat(count(operations, Write.class)).isGreaterThan(100);
      assertThat(count(operations, Read.class)).isGreaterThan(100);
      assertThat(operations.stream().allMatch(op -> op.done() || op.status() == 0)).isTrue();
      assertThat(operations)
          .anyMatch(
              op ->
                  op instanceof Read read
                      && read.level() == ReadLevel.FINAL
                      && read.found().stream().anyMatch(f -> !f.numbers().isEmpty()));
    }
  }

  @Test
  void staleReadsAreCaught() throws Exception {
    long seed = Seeds.usual(2);
    UniqueSamples samples = samples(seed);
    try (Server server = server("fresh");
        Server copy = server("stale");
        LaggingCopy lagging =
            new LaggingCopy(
                server.address().getPort(), copy.address().getPort(), Duration.ofMillis(300))) {
      List<Operation> operations = run(List.of(lagging.port()), samples, seed);
      Verdict verdict = new HistoryChecker(samples, LAG_BOUND).check(operations);
      assertThat(verdict.counts()).containsKeys(Kind.MISSED_STRONG, Kind.MISSED_FENCED);
    }
  }
}
