package io.varve.bench.peers;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

/**
 * A fleet of hosts replayed from one {@link Capture} as remote write 1.0 bodies, encoded as
 * Prometheus encodes them: labels sorted, a value of 0 not written, requests filled across the
 * borders of scrapes. The same arguments always give the same bytes. Not thread-safe.
 *
 * <p>Host h at step t takes row (t · interval / step + 137 · h) mod rows. Counters go on rising
 * when the rows wrap, rounded to the decimals that the series has, because a float sum with noise
 * digits is not what exporters send.
 */
public final class RemoteWriteBodies {
  private static final byte[] INSTANCE = new byte[0];
  private static final byte[] ZONE = new byte[0];
  private static final int ZONES = 4;
  private static final int ROW_SHIFT = 137;

  private final Capture capture;
  private final Fleet fleet;
  private final byte[][][] templates; // per series: label fields, with INSTANCE and ZONE in place
  private final byte[][] instances;
  private final byte[][] zones;
  private final double[] gains;
  private final int[] decimals; // −1: not asked for yet
  private final ByteWriter request = new ByteWriter(1 << 20);
  private int requestSamples;

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
    this.capture = capture;
    this.fleet = fleet;
    int n = capture.series().size();
    templates = new byte[n][][];
    for (int s = 0; s < n; s++) {
      templates[s] = template(capture.series().get(s));
    }
    instances = new byte[fleet.hosts()][];
    zones = new byte[fleet.hosts()][];
    for (int h = 0; h < fleet.hosts(); h++) {
      instances[h] = Labels.of("instance", "host-%05d.example:9100".formatted(h)).canonical();
      zones[h] = Labels.of("zone", "zone-" + (char) ('a' + h % ZONES)).canonical();
    }
    gains = new double[n];
    for (int s = 0; s < n; s++) {
      gains[s] = capture.series().get(s).counter() ? capture.gain(s) : 0;
    }
    decimals = new int[n];
    Arrays.fill(decimals, -1);
  }

  private static byte[][] template(Capture.Series series) {
    List<String[]> labels = new ArrayList<>();
    labels.add(new String[] {Labels.METRIC_NAME, series.metric()});
    labels.add(new String[] {"job", "node"});
    labels.add(new String[] {"instance", ""});
    labels.add(new String[] {"zone", ""});
    for (int i = 0; i < series.labels().size(); i += 2) {
      labels.add(new String[] {series.labels().get(i), series.labels().get(i + 1)});
    }
    labels.sort((a, b) -> Labels.compareUtf8(a[0], b[0]));
    List<byte[]> parts = new ArrayList<>();
    ByteWriter run = new ByteWriter(256);
    for (String[] label : labels) {
      byte[] hole =
          switch (label[0]) {
            case "instance" -> INSTANCE;
            case "zone" -> ZONE;
            default -> null;
          };
      if (hole == null) {
        run.bytes(Labels.of(label[0], label[1]).canonical());
      } else {
        parts.add(run.toByteArray());
        run.reset();
        parts.add(hole);
      }
    }
    parts.add(run.toByteArray());
    return parts.toArray(new byte[0][]);
  }

  /** Series of the whole fleet. */
  public int series() {
    return fleet.hosts() * capture.series().size();
  }

  /** The time of a host's scrape. */
  public long time(int host, int step) {
    long phase = host * fleet.intervalMillis() / fleet.hosts();
    long time = fleet.startMillis() + step * fleet.intervalMillis() + phase;
    if (fleet.jitterMillis() == 0) {
      return time;
    }
    long mixed = (host * 0x9E3779B97F4A7C15L + step) * 0xBF58476D1CE4E5B9L;
    return time + Long.remainderUnsigned(mixed >>> 17, fleet.jitterMillis() + 1L);
  }

  /** The value of a series of a host at a step, NaN if it is absent. */
  public double value(int series, int host, int step) {
    long at =
        (long) (step * (fleet.intervalMillis() / 1000.0) / capture.stepSeconds())
            + (long) ROW_SHIFT * host % capture.rows();
    double value = capture.value(series, (int) (at % capture.rows()));
    long wraps = at / capture.rows();
    if (wraps == 0 || gains[series] == 0 || Double.isNaN(value) || Double.isInfinite(value)) {
      return value;
    }
    if (decimals[series] < 0) {
      decimals[series] = capture.decimals(series);
    }
    return new BigDecimal(value + wraps * gains[series])
        .setScale(decimals[series], RoundingMode.HALF_EVEN)
        .doubleValue();
  }

  /** Hands the requests that become full with this step to {@code into}, compressed. */
  public void step(int step, Consumer<Body> into) {
    step(step, true, into);
  }

  /** Hands the requests that become full with this step to {@code into}. */
  public void step(int step, boolean compressed, Consumer<Body> into) {
    for (int h = 0; h < fleet.hosts(); h++) {
      long time = time(h, step);
      for (int s = 0; s < templates.length; s++) {
        double value = value(s, h, step);
        if (Double.isNaN(value)) {
          continue;
        }
        add(s, h, time, Double.doubleToRawLongBits(value));
        if (requestSamples == fleet.samplesPerRequest()) {
          into.accept(takeRequest(compressed));
        }
      }
    }
  }

  /** The last request, which is not full; null if nothing is left. */
  public @Nullable Body last(boolean compressed) {
    return requestSamples == 0 ? null : takeRequest(compressed);
  }

  private void add(int series, int host, long time, long bits) {
    int labels = 0;
    for (byte[] part : templates[series]) {
      labels += bytes(part, host).length;
    }
    int sample = (bits == 0 ? 0 : 9) + 1 + varintBytes(time);
    request.u8(0x0A); // timeseries
    request.varint(labels + 1 + varintBytes(sample) + sample);
    for (byte[] part : templates[series]) {
      request.bytes(bytes(part, host));
    }
    request.u8(0x12); // samples
    request.varint(sample);
    if (bits != 0) {
      request.u8(0x09); // value
      request.fixed64(bits);
    }
    request.u8(0x10); // timestamp
    request.varint(time);
    requestSamples++;
  }

  @SuppressWarnings("ReferenceEquality") // holes are told by identity
  private byte[] bytes(byte[] part, int host) {
    return part == INSTANCE ? instances[host] : part == ZONE ? zones[host] : part;
  }

  private static int varintBytes(long v) {
    return (70 - Long.numberOfLeadingZeros(v | 1)) / 7;
  }

  private Body takeRequest(boolean compressed) {
    byte[] message = request.toByteArray();
    Body body;
    try {
      byte[] bytes = compressed ? Snappy.compress(message) : message;
      body = new Body(bytes, message.length, requestSamples);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    request.reset();
    requestSamples = 0;
    return body;
  }

  /** The headers that go with the bodies, name and value in turn. */
  public static String[] headers() {
    return new String[] {
      "Content-Type", "application/x-protobuf",
      "Content-Encoding", "snappy",
      "X-Prometheus-Remote-Write-Version", "0.1.0",
      "User-Agent", "varve-bench"
    };
  }
}
