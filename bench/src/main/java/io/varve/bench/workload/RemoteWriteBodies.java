package io.varve.bench.workload;

import io.varve.engine.format.ByteWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

/**
 * A fleet of hosts replayed in order from one {@link Capture} as remote write 1.0 bodies in memory,
 * encoded as Prometheus encodes them: labels sorted, a value of 0 not written, requests filled
 * across the borders of scrapes. The same arguments always give the same bytes. Not thread-safe.
 */
public final class RemoteWriteBodies {
  private final Fleet fleet;
  private final FleetReplay replay;
  private final MessageEncoder encoder;
  private final ByteWriter message = new ByteWriter(1 << 20);

  /**
   * What is replayed.
   *
   * @param hosts how many hosts
   * @param intervalMillis between two scrapes of a host
   * @param startMillis time of step 0
   * @param jitterMillis scrapes are late by up to so much, all series of a scrape alike
   * @param samplesPerRequest of a full request
   */
  public record Fleet(
      int hosts, long intervalMillis, long startMillis, int jitterMillis, int samplesPerRequest) {}

  /**
   * One request.
   *
   * @param bytes the message, compressed if it was asked for so
   * @param messageBytes before compression
   */
  public record Body(byte[] bytes, int messageBytes, int samples) {}

  /** A replay of a recording. */
  public RemoteWriteBodies(Capture capture, Fleet fleet) {
    this.fleet = fleet;
    replay =
        new FleetReplay(
            capture,
            fleet.hosts(),
            fleet.intervalMillis(),
            fleet.startMillis(),
            fleet.jitterMillis(),
            false);
    encoder = Protocol.V1.encoder(capture, fleet.hosts());
  }

  /** Series of the whole fleet. */
  public int series() {
    return fleet.hosts() * replay.series();
  }

  /** The time of a host's scrape. */
  public long time(int host, int step) {
    return replay.time(host, step);
  }

  /** The value of a series of a host at a step, NaN if it is absent. */
  public double value(int series, int host, int step) {
    return replay.value(series, host, step);
  }

  /** Hands the requests that become full with this step to {@code into}, compressed. */
  public void step(int step, Consumer<Body> into) {
    step(step, true, into);
  }

  /** Hands the requests that become full with this step to {@code into}. */
  public void step(int step, boolean compressed, Consumer<Body> into) {
    for (int h = 0; h < fleet.hosts(); h++) {
      long time = time(h, step);
      for (int s = 0; s < replay.series(); s++) {
        double value = replay.value(s, h, step);
        if (Double.isNaN(value)) {
          continue;
        }
        encoder.add(s, h, time, value);
        if (encoder.samples() == fleet.samplesPerRequest()) {
          into.accept(take(compressed));
        }
      }
    }
  }

  /** The last request, which is not full; null if nothing is left. */
  public @Nullable Body last(boolean compressed) {
    return encoder.samples() == 0 ? null : take(compressed);
  }

  private Body take(boolean compressed) {
    int samples = encoder.samples();
    encoder.take(message);
    byte[] bytes = message.toByteArray();
    try {
      return new Body(compressed ? Snappy.compress(bytes) : bytes, bytes.length, samples);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
