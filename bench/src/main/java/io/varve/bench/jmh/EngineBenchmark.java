package io.varve.bench.jmh;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesLookup;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * The engine by itself: appending batches of known series, finding series by their label bytes, and
 * reading series out of chunk files; all per sample or per series. A third of the series is
 * constant, a third counts, a third is a gauge with two decimals.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--enable-native-access=ALL-UNNAMED",
      "--sun-misc-unsafe-memory-access=allow",
      "-Xmx2g"
    })
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls open() first
public class EngineBenchmark {
  private static final int BATCH = 5000;
  private static final int READ_SERIES = 100;
  private static final int READ_STEPS = 480;
  private static final long ORIGIN = 1_700_000_000_000L;

  /** Active series; a batch holds 5,000 of them. */
  @Param({"25000"})
  public int series;

  private Path folder = Path.of(".");
  private Engine engine;
  private byte[][] labels = new byte[0][];
  private int[] ids = new int[0];
  private double[] values = new double[0];
  private int next;
  private long time;
  private final WriteBatch batch = new WriteBatch();
  private final SampleColumns rows = new SampleColumns();
  private final SplittableRandom random = new SplittableRandom(1);
  private Snapshot files;
  private SeriesSet readable;

  /** Opens an engine with all series in it, and some of them in chunk files. */
  @Setup(Level.Trial)
  public void open() throws IOException {
    folder = Files.createTempDirectory("varve-jmh");
    engine = Engine.open(EngineConfig.defaults(folder).withFsync(FsyncPolicy.OS));
    labels = new byte[series][];
    ids = new int[series];
    values = new double[series];
    for (int s = 0; s < series; s++) {
      labels[s] =
          Labels.of(
                  "__name__", "metric_" + s % 500,
                  "instance", "host-" + s / 500 + ".example:9100",
                  "job", "node",
                  "zone", "zone-" + s % 3)
              .canonical();
    }
    for (int step = 0; step < READ_STEPS; step++) {
      for (int s = 0; s < READ_SERIES; s++) {
        add(s, ORIGIN + step * 15_000L, false);
      }
      flushBatch();
    }
    engine.flush();
    files = engine.snapshot();
    readable =
        files.select(
            "", List.of(Matcher.equal("job", "node")), TimeRange.ALL, QueryBudget.UNLIMITED);
    time = ORIGIN + READ_STEPS * 15_000L;
    for (int s = 0; s < series; s++) {
      add(s, time, false);
      if (batch.sampleCount == BATCH) {
        flushBatch();
      }
    }
    flushBatch();
    SeriesLookup lookup = engine.seriesLookup();
    for (int s = 0; s < series; s++) {
      ids[s] = lookup.find(0, labels[s], 0, labels[s].length);
    }
  }

  private void add(int s, long at, boolean known) {
    switch (s % 3) {
      case 0 -> values[s] = s;
      case 1 -> values[s] += random.nextInt(50);
      default -> values[s] = random.nextInt(10_000) / 100.0;
    }
    int id = known ? ids[s] : WriteBatch.UNKNOWN;
    int row = batch.addSeries(id, labels[s], 0, labels[s].length);
    batch.addSample(row, at, Double.doubleToRawLongBits(values[s]), 0);
  }

  private void flushBatch() {
    if (batch.sampleCount > 0) {
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
    batch.clear();
    batch.generation = engine.seriesLookup().generation();
  }

  /** Appends one batch of known series; filling the batch is included. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int append() {
    batch.clear();
    batch.generation = engine.seriesLookup().generation();
    for (int i = 0; i < BATCH; i++) {
      if (next == series) {
        next = 0;
        time += 15_000;
      }
      add(next++, time + 15_000, true);
    }
    return engine.append(batch, WriteMode.ALL_OR_NOTHING).samples();
  }

  /** Finds series by hashing their label bytes. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int find() {
    SeriesLookup lookup = engine.seriesLookup();
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      byte[] bytes = labels[(next + i * 7919) % series];
      sum += lookup.find(0, bytes, 0, bytes.length);
    }
    return sum;
  }

  /** Checks guesses that are right, as for a scrape whose order is known. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int guess() {
    SeriesLookup lookup = engine.seriesLookup();
    int hits = 0;
    for (int i = 0; i < BATCH; i++) {
      int s = (next + i) % series;
      hits += lookup.is(ids[s], 0, labels[s], 0, labels[s].length) ? 1 : 0;
    }
    return hits;
  }

  /** Reads series of 480 samples out of a chunk file. */
  @Benchmark
  @OperationsPerInvocation(READ_SERIES * READ_STEPS)
  public int read() {
    int samples = 0;
    try (SeriesReader reader = readable.reader()) {
      for (int i = 0; i < READ_SERIES; i++) {
        reader.read(i, TimeRange.ALL, rows);
        samples += rows.size;
      }
    }
    return samples;
  }

  /** Closes the engine and deletes its folder. */
  @TearDown(Level.Trial)
  public void close() throws IOException {
    files.close();
    engine.close();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
