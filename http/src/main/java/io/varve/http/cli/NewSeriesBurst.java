package io.varve.http.cli;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.util.Random;
import org.xerial.snappy.Snappy;

/** New targets, all at once, a dozen scrapes of each: what a rollout of many pods brings. */
final class NewSeriesBurst {
  private static final int TARGETS = 40;
  private static final int SERIES = 600; // of a target
  private static final int SCRAPES = 12;
  private static final int IN_A_REQUEST = 2_000;
  private static final long STEP_MILLIS = 15_000;

  private final Random random = new Random(2);
  private long start;
  private int targets;

  /** Takes requests. */
  interface Sink {
    void request(byte[] body) throws IOException;
  }

  /**
   * Nothing written yet.
   *
   * @param start milliseconds since the epoch, of the first scrape
   */
  NewSeriesBurst(long start) {
    this.start = start;
  }

  /** Writes the scrapes of new targets, behind those of the call before. */
  void write(Sink sink) throws IOException {
    double[] values = new double[TARGETS * SERIES];
    ByteWriter request = new ByteWriter(1 << 18);
    for (int scrape = 0; scrape < SCRAPES; scrape++) {
      for (int i = 0; i < values.length; i++) {
        int target = i / SERIES;
        values[i] = next(i % SERIES, values[i]);
        long time = start + scrape * STEP_MILLIS + target * 37L % STEP_MILLIS;
        RehearseCommand.series(request, labels(targets + target, i % SERIES), time, values[i]);
        if (i % IN_A_REQUEST == IN_A_REQUEST - 1) {
          sink.request(Snappy.compress(request.toByteArray()));
          request.reset();
        }
      }
    }
    targets += TARGETS;
    start += SCRAPES * STEP_MILLIS;
  }

  /** Most series of real targets stand still for minutes. */
  private double next(int series, double before) {
    return switch (series % 8) {
      case 0 -> before + random.nextInt(1_000);
      case 1 -> before + random.nextInt(100) * 0.01;
      case 2 -> random.nextInt(100_000) / 100.0;
      case 3 -> random.nextInt(10) == 0 ? before + 1 : before;
      case 4 -> random.nextDouble();
      default -> series;
    };
  }

  private static Labels labels(int target, int series) {
    return Labels.of(
        Labels.METRIC_NAME,
        "node_something_" + series / 8 + "_total",
        "device",
        "dev" + series % 4,
        "instance",
        "host-" + target + ".example:9100",
        "job",
        "node",
        "mode",
        "m" + series % 8,
        "zone",
        "zone-" + target % 5);
  }
}
