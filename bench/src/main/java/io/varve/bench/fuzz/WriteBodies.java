package io.varve.bench.fuzz;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.xerial.snappy.Snappy;

/**
 * Remote write 1.0 bodies of whole series: first the samples of a series, then its labels. A body
 * has the samples of ten minutes, because Prometheus takes no sample that is much older than its
 * newest. One thread.
 */
final class WriteBodies {
  private static final long BODY_SPAN = 10 * 60_000L;
  private static final int TIMESERIES = 0x0A;
  private static final int SAMPLES = 0x12;

  // By time, then in the order in which series were made.
  private final TreeMap<Long, ByteWriter> bodies = new TreeMap<>();
  private final TreeMap<Long, ByteWriter> pending = new TreeMap<>();

  void sample(long time, double value) {
    ByteWriter sample = new ByteWriter(32);
    sample.u8(0x09); // value
    sample.bits(value);
    sample.u8(0x10); // timestamp
    sample.varint(time);
    add(time, SAMPLES, sample);
  }

  /** Adds a sample or histogram of the series that is being made. */
  void add(long time, int tag, ByteWriter message) {
    nested(pending.computeIfAbsent(time / BODY_SPAN, k -> new ByteWriter(1024)), tag, message);
  }

  /** Ends a series: the samples so far have these labels. */
  void end(String metric, String... labels) {
    String[] all = new String[labels.length + 2];
    all[0] = Labels.METRIC_NAME;
    all[1] = metric;
    System.arraycopy(labels, 0, all, 2, labels.length);
    byte[] fields = Labels.of(all).canonical();
    pending.forEach(
        (body, data) -> {
          ByteWriter one = new ByteWriter(1024);
          one.bytes(fields);
          one.bytes(data.toByteArray());
          nested(bodies.computeIfAbsent(body, k -> new ByteWriter(1 << 16)), TIMESERIES, one);
        });
    pending.clear();
  }

  static void nested(ByteWriter out, int tag, ByteWriter inner) {
    out.u8(tag);
    out.varint(inner.size());
    out.bytes(inner.toByteArray());
  }

  /** The compressed bodies, oldest first. */
  List<byte[]> compressed() throws IOException {
    List<byte[]> list = new ArrayList<>();
    for (ByteWriter body : bodies.values()) {
      list.add(Snappy.compress(body.toByteArray()));
    }
    return list;
  }
}
