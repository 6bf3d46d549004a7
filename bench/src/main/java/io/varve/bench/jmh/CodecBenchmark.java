package io.varve.bench.jmh;

import io.varve.bench.workload.Capture;
import io.varve.engine.codec.FloatBlockDecoder;
import io.varve.engine.codec.FloatBlockEncoder;
import io.varve.engine.codec.TimeColumnDecoder;
import io.varve.engine.codec.TimeColumnEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * Nanoseconds per sample to write and read blocks. One operation is a sample; one invocation goes
 * over many blocks of many series, of a recorded exporter ({@code -Dvarve.capture=FILE}) or,
 * without one, of made-up series, so that branches and tables are as cold as they are in a query.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CodecBenchmark {
  private static final int SAMPLES = 1024 * 480;

  /** Seconds between samples. */
  @Param({"1", "15"})
  public int every;

  /** Samples in a block; divides {@value #SAMPLES}. */
  @Param({"480", "64"})
  public int blockSamples;

  private final FloatBlockEncoder encoder = new FloatBlockEncoder();
  private final FloatBlockDecoder decoder = new FloatBlockDecoder();
  private final TimeColumnEncoder timeEncoder = new TimeColumnEncoder();
  private final TimeColumnDecoder timeDecoder = new TimeColumnDecoder();
  private double[][] blocks = new double[0][];
  private byte[][] encoded = new byte[0][];
  private double[] values = new double[0];
  private long[] jittered = new long[0];
  private long[] times = new long[0];
  private byte[] encodedTimes = new byte[0];
  private byte[] out = new byte[0];

  /** JMH needs it. */
  public CodecBenchmark() {}

  /** Cuts series into blocks and takes as many as one invocation needs, evenly. */
  @Setup
  public void setUp() throws IOException {
    List<double[]> all = new ArrayList<>();
    for (double[] column : columns()) {
      for (int from = 0; from + blockSamples <= column.length; from += blockSamples) {
        all.add(Arrays.copyOfRange(column, from, from + blockSamples));
      }
    }
    blocks = new double[SAMPLES / blockSamples][];
    encoded = new byte[blocks.length][];
    out = new byte[encoder.maxBytes(blockSamples)];
    values = new double[blockSamples];
    times = new long[blockSamples];
    long bytes = 0;
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = all.get((int) ((long) i * all.size() / blocks.length));
      int end = encoder.encode(blocks[i], 0, blockSamples, out, 0);
      encoded[i] = Arrays.copyOf(out, end);
      bytes += encoded[i].length;
    }
    System.out.printf("%.4f bytes per sample%n", (double) bytes / SAMPLES);
    SplittableRandom random = new SplittableRandom(1);
    jittered = new long[blockSamples];
    for (int i = 0; i < blockSamples; i++) {
      jittered[i] = 1_790_000_000_000L + 15_000L * i + random.nextInt(5);
    }
    byte[] room = new byte[timeEncoder.maxBytes(blockSamples)];
    int end = timeEncoder.encode(jittered, 0, blockSamples, room, 0);
    encodedTimes = Arrays.copyOf(room, end);
  }

  private List<double[]> columns() throws IOException {
    List<double[]> columns = new ArrayList<>();
    String file = System.getProperty("varve.capture");
    if (file == null) {
      SplittableRandom random = new SplittableRandom(7);
      for (int s = 0; s < 300; s++) {
        double[] column = new double[4_800];
        double counter = 0;
        for (int i = 0; i < column.length; i++) {
          counter += random.nextInt(1 + s);
          column[i] = s % 3 > 0 ? s : s % 2 == 0 ? counter : random.nextInt(1000) / 100.0;
        }
        columns.add(column);
      }
      return columns;
    }
    Capture capture = Capture.read(Path.of(file));
    for (int s = 0; s < capture.series().size(); s++) {
      double[] column = new double[capture.rows()];
      int n = 0;
      for (int row = 0; row < capture.rows(); row += every) {
        double v = capture.value(s, row);
        if (!Double.isNaN(v)) {
          column[n++] = v;
        }
      }
      columns.add(Arrays.copyOf(column, n));
    }
    return columns;
  }

  /** Blocks in their smallest form, as a flush and a merge write them. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public int encode() {
    int bytes = 0;
    for (double[] block : blocks) {
      bytes += encoder.encode(block, 0, block.length, out, 0);
    }
    return bytes;
  }

  /** Blocks as the head packs its tails. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public int encodeFast() {
    int bytes = 0;
    for (double[] block : blocks) {
      bytes += encoder.encodeFast(block, 0, block.length, out, 0);
    }
    return bytes;
  }

  /** Blocks in their smallest form, into a reused array. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public double[] decode() {
    for (byte[] block : encoded) {
      decoder.decode(block, 0, block.length, blockSamples, values, 0);
    }
    return values;
  }

  /** One jittered time column, again and again. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public int encodeTimes() {
    int bytes = 0;
    byte[] room = new byte[timeEncoder.maxBytes(blockSamples)];
    for (int i = 0; i < SAMPLES / blockSamples; i++) {
      bytes += timeEncoder.encode(jittered, 0, blockSamples, room, 0);
    }
    return bytes;
  }

  /** The same column, decoded. */
  @Benchmark
  @OperationsPerInvocation(SAMPLES)
  public long[] decodeTimes() {
    for (int i = 0; i < SAMPLES / blockSamples; i++) {
      timeDecoder.decode(encodedTimes, 0, encodedTimes.length, blockSamples, times, 0);
    }
    return times;
  }
}
