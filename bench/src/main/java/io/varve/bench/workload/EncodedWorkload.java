package io.varve.bench.workload;

import io.varve.bench.workload.DeliveryOrder.Steps;
import io.varve.engine.format.ByteWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.xerial.snappy.Snappy;

/**
 * A workload as files of requests, the same for every store and every round: encoding takes part of
 * no measurement, and as much memory as a few requests. Whoever gave the folder deletes it.
 *
 * <p>Each series goes over one connection only, so that its samples arrive in the order in which
 * they were sent.
 */
public final class EncodedWorkload {
  private final List<Pass> passes;
  private final Check check;
  private final Protocol protocol;
  private final long series;

  /**
   * The requests of a pass, or of the tail.
   *
   * @param files one per connection
   * @param bytes of all requests, compressed
   * @param messageBytes before compression
   * @param millis of the samples' time that the pass goes on
   */
  public record Pass(
      List<Path> files, long samples, long requests, long bytes, long messageBytes, long millis) {}

  /**
   * What must be found at the end, right after the time of the last sample.
   *
   * @param windowMillis how far back is looked
   * @param series that have samples there
   * @param samples that are there
   */
  public record Check(long windowMillis, long series, long samples) {}

  private EncodedWorkload(List<Pass> passes, Check check, Protocol protocol, long series) {
    this.passes = passes;
    this.check = check;
    this.protocol = protocol;
    this.series = series;
  }

  /**
   * Encodes a workload.
   *
   * @param folder for the files
   * @param samplesPerRequest of a full request
   * @param progress takes lines that tell how far it is
   */
  public static EncodedWorkload encode(
      Workload workload,
      Protocol protocol,
      int connections,
      int samplesPerRequest,
      Path folder,
      Consumer<String> progress)
      throws IOException {
    Encoding encoding = new Encoding(workload, protocol, connections, samplesPerRequest);
    List<Pass> passes = new ArrayList<>();
    int parts = workload.shape().passes() + (workload.shape().tailSteps() > 0 ? 1 : 0);
    for (int part = 0; part < parts; part++) {
      passes.add(encoding.pass(part, folder, progress));
    }
    return new EncodedWorkload(
        List.copyOf(passes),
        new Check(
            encoding.windowMillis, encoding.windowSeries.cardinality(), encoding.windowSamples),
        protocol,
        encoding.allSeries.cardinality());
  }

  /** The passes; the last one is the tail if the workload has one. */
  public List<Pass> passes() {
    return passes;
  }

  /** What must be found at the end. */
  public Check check() {
    return check;
  }

  /** How it is encoded. */
  public Protocol protocol() {
    return protocol;
  }

  /** Distinct series of all passes. */
  public long series() {
    return series;
  }

  /** The encoder at work. */
  private static final class Encoding {
    private static final long LOOK_BACK = 300_000;
    private static final long NANOS_BETWEEN_LINES = 2_000_000_000L;

    private final Workload workload;
    private final int samplesPerRequest;
    private final MessageEncoder[] encoders;
    private final long[] newest;
    private final ByteWriter message = new ByteWriter(1 << 20);
    private final long windowMillis;
    private final long windowStart;
    private final BitSet windowSeries = new BitSet();
    private final BitSet allSeries = new BitSet();
    private final int seriesPerHost;
    private byte[] compressed = new byte[1 << 16];
    private BodyFile.Writer[] writers = new BodyFile.Writer[0];
    private long windowSamples;
    private long samples;
    private long requests;
    private long bytes;
    private long messageBytes;

    Encoding(Workload workload, Protocol protocol, int connections, int samplesPerRequest) {
      this.workload = workload;
      this.samplesPerRequest = samplesPerRequest;
      this.seriesPerHost = workload.capture().series().size();
      encoders = new MessageEncoder[connections];
      newest = new long[connections];
      for (int c = 0; c < connections; c++) {
        encoders[c] = protocol.encoder(workload.capture(), workload.hostNumbers());
      }
      Workload.Shape shape = workload.shape();
      long all = workload.lastMillis() + 1 - workload.firstMillis();
      long span = shape.tailSteps() * shape.intervalMillis() + shape.intervalMillis() / 2;
      windowMillis = Math.min(all, Math.max(LOOK_BACK, span));
      windowStart = workload.lastMillis() + 1 - windowMillis;
    }

    Pass pass(int part, Path folder, Consumer<String> progress) throws IOException {
      Steps steps = workload.steps(part);
      List<Path> files = new ArrayList<>();
      writers = new BodyFile.Writer[encoders.length];
      samples = 0;
      requests = 0;
      bytes = 0;
      messageBytes = 0;
      try {
        for (int c = 0; c < writers.length; c++) {
          files.add(folder.resolve("bodies-" + part + "-" + c));
          writers[c] = new BodyFile.Writer(files.getLast());
        }
        long told = System.nanoTime();
        for (int step = steps.from(); step < steps.to(); step++) {
          workload.deliver(step, steps, this::add);
          if (System.nanoTime() - told > NANOS_BETWEEN_LINES) {
            told = System.nanoTime();
            progress.accept(
                "encoding pass %d: %d %%"
                    .formatted(
                        part + 1, 100L * (step - steps.from()) / (steps.to() - steps.from())));
          }
        }
        for (int c = 0; c < writers.length; c++) {
          if (encoders[c].samples() > 0) {
            take(c);
          }
        }
      } catch (UncheckedIOException e) {
        throw e.getCause();
      } finally {
        for (BodyFile.Writer writer : writers) {
          if (writer != null) {
            writer.close();
          }
        }
      }
      for (Path file : files) {
        // Otherwise it would be written back while a store is measured.
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
      long millis = (steps.to() - steps.from()) * workload.shape().intervalMillis();
      return new Pass(List.copyOf(files), samples, requests, bytes, messageBytes, millis);
    }

    private void add(int series, int host, long time, double value) {
      int c = (host + series) % encoders.length;
      encoders[c].add(series, host, time, value);
      newest[c] = Math.max(newest[c], time);
      int number = host * seriesPerHost + series;
      allSeries.set(number);
      if (time > windowStart) {
        windowSeries.set(number);
        windowSamples++;
      }
      samples++;
      if (encoders[c].samples() == samplesPerRequest) {
        take(c);
      }
    }

    private void take(int c) {
      int count = encoders[c].samples();
      encoders[c].take(message);
      int most = Snappy.maxCompressedLength(message.size());
      if (compressed.length < most) {
        compressed = new byte[most];
      }
      try {
        int length = Snappy.compress(message.array(), 0, message.size(), compressed, 0);
        writers[c].add(compressed, length, count, newest[c]);
        bytes += length;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      messageBytes += message.size();
      requests++;
    }
  }

  /** Deletes the files. */
  public void delete() throws IOException {
    for (Pass pass : passes) {
      for (Path file : pass.files()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
