package io.varve.bench.cluster;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.SplittableRandom;
import org.xerial.snappy.Snappy;

/** Series at a regular interval whose values cannot be compressed: 8 bytes a sample. */
final class RandomRows {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int SERIES = 500;
  private static final int SAMPLES_PER_BODY = 20;
  private static final int INTERVAL_MILLIS = 15_000;
  private static final int BYTES = 8;
  private static final int BUSY = 503;
  private static final long PAUSE_MILLIS = 50;

  private final int bodies;
  private final long beginMillis;
  private final SplittableRandom random = new SplittableRandom(1);

  RandomRows(int megabytes) {
    bodies = (int) (megabytes * 1_000_000L / (BYTES * SERIES * SAMPLES_PER_BODY));
    long span = (long) bodies * SAMPLES_PER_BODY * INTERVAL_MILLIS;
    beginMillis = (System.currentTimeMillis() - span) / INTERVAL_MILLIS * INTERVAL_MILLIS;
  }

  /** The time of the last samples. */
  long endMillis() {
    return beginMillis + ((long) bodies * SAMPLES_PER_BODY - 1) * INTERVAL_MILLIS;
  }

  /** Writes all, to the nodes in turn. */
  void write(Nodes nodes) throws IOException, InterruptedException {
    for (int body = 0; body < bodies; body++) {
      byte[] bytes = body((long) body * SAMPLES_PER_BODY);
      while (true) {
        HttpResponse<String> answer = nodes.write(body % nodes.count(), bytes, PATIENCE);
        if (answer.statusCode() / 100 == 2) {
          break;
        }
        if (answer.statusCode() != BUSY) {
          throw new IOException("a write was answered " + answer.statusCode() + answer.body());
        }
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }

  private byte[] body(long from) throws IOException {
    ByteWriter request = new ByteWriter(1 << 18);
    for (int s = 0; s < SERIES; s++) {
      long[] times = new long[SAMPLES_PER_BODY];
      double[] values = new double[SAMPLES_PER_BODY];
      for (int i = 0; i < SAMPLES_PER_BODY; i++) {
        times[i] = beginMillis + (from + i) * INTERVAL_MILLIS;
        values[i] = random.nextDouble();
      }
      SampleBodies.series(
          request,
          Labels.of("__name__", "x", "host", "h" + s % 20, "number", Integer.toString(s)),
          times,
          values);
    }
    return Snappy.compress(request.toByteArray());
  }
}
