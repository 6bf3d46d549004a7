package io.varve.bench.jmh;

import io.varve.bench.workload.Capture;
import io.varve.bench.workload.RemoteWriteBodies;
import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.WriteMode;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.intake.AliasCache;
import io.varve.ingest.intake.Intake;
import io.varve.ingest.intake.ScrapeOrder;
import io.varve.ingest.remotewrite.RemoteWrite1Decoder;
import io.varve.ingest.remotewrite.SnappyBlock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Nanoseconds per sample from a remote write body to a batch in which every series is recognised,
 * for series that the engine knows. One operation is a sample; one invocation is a request of 5,000
 * of them, of a fleet that is replayed from a recorded exporter ({@code -Dvarve.capture=FILE}) or,
 * without one, from made-up series.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseCompactObjectHeaders"})
public class IngestBenchmark {
  private static final int SAMPLES = 5_000;
  private static final int STEPS = 12;

  /** Hosts of the fleet; a host has about 600 series. */
  @Param({"40"})
  public int hosts;

  private final List<byte[]> compressed = new ArrayList<>();
  private final List<byte[]> messages = new ArrayList<>(); // with slack
  private byte[] decoded = new byte[0];
  private Path folder = Path.of("");
  private Engine engine;
  private Intake intake;
  private RemoteWrite1Decoder decoder;
  private int next;

  /** JMH needs it. */
  @SuppressWarnings("NullAway.Init") // the fields are set up by setUp
  public IngestBenchmark() {}

  /** Writes every body once, so that all series are known. */
  @Setup
  public void setUp() throws IOException {
    RemoteWriteBodies.Fleet fleet =
        new RemoteWriteBodies.Fleet(hosts, 15_000, 1_790_000_000_000L, 2, SAMPLES);
    RemoteWriteBodies bodies = new RemoteWriteBodies(capture(), fleet);
    RemoteWriteBodies again = new RemoteWriteBodies(capture(), fleet);
    for (int step = 0; step < STEPS; step++) {
      bodies.step(step, body -> compressed.add(body.bytes()));
      again.step(
          step,
          false,
          body ->
              messages.add(
                  Arrays.copyOf(body.bytes(), body.messageBytes() + RemoteWrite1Decoder.SLACK)));
    }
    decoded = new byte[messages.stream().mapToInt(m -> m.length).max().orElseThrow()];
    folder = Files.createTempDirectory("varve-bench");
    engine = Engine.open(EngineConfig.defaults(folder).withBackgroundThreads(false));
    IngestLimits limits = IngestLimits.DEFAULT;
    intake =
        new Intake(
            engine.seriesLookup(),
            new ScrapeOrder(limits.predictedSeries()),
            new AliasCache(limits.aliasBytes()),
            limits.labels(),
            limits.entriesPerRequest());
    decoder = new RemoteWrite1Decoder(intake);
    for (int i = 0; i < messages.size(); i++) {
      walk();
      engine.append(intake.batch, WriteMode.ALL_OR_NOTHING);
    }
  }

  private static Capture capture() throws IOException {
    String file = System.getProperty("varve.capture");
    if (file != null) {
      return Capture.read(Path.of(file));
    }
    List<Capture.Series> series = new ArrayList<>();
    double[][] columns = new double[600][720];
    for (int s = 0; s < columns.length; s++) {
      series.add(
          new Capture.Series(
              "bench_operations_seconds_total",
              List.of("operation", "operation-" + s / 10, "mode", "mode-" + s % 10),
              true));
      for (int r = 0; r < columns[s].length; r++) {
        columns[s][r] = s % 3 == 0 ? s : (double) r * s / 4;
      }
    }
    return Capture.of(series, columns, 1);
  }

  /** Ends the engine and deletes its folder. */
  @TearDown
  public void tearDown() throws IOException {
    engine.close();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Protobuf walk, recognition of series, batch. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public int walk() {
    byte[] message = messages.get(advance());
    intake.begin("", Long.MAX_VALUE);
    decoder.decode(message, message.length - RemoteWrite1Decoder.SLACK);
    return intake.batch.sampleCount;
  }

  /** The same with snappy in front. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public int snappyAndWalk() {
    byte[] body = compressed.get(advance());
    int length = SnappyBlock.decode(body, 0, body.length, decoded);
    intake.begin("", Long.MAX_VALUE);
    decoder.decode(decoded, length);
    return intake.batch.sampleCount;
  }

  /** Snappy alone. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public int snappy() {
    byte[] body = compressed.get(advance());
    return SnappyBlock.decode(body, 0, body.length, decoded);
  }

  private int advance() {
    int now = next;
    next = now + 1 == messages.size() ? 0 : now + 1;
    return now;
  }
}
