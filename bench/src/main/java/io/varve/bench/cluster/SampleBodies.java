package io.varve.bench.cluster;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.xerial.snappy.Snappy;

/** Remote write 1.0 bodies of {@link UniqueSamples}. */
final class SampleBodies {
  private static final int TIMESERIES = 0x0A;
  private static final int SAMPLE = 0x12;
  private static final int VALUE = 0x09;
  private static final int TIMESTAMP = 0x10;

  private SampleBodies() {}

  /** The compressed body of a request with the samples of some runs. */
  static byte[] of(UniqueSamples samples, List<Run> runs) {
    ByteWriter request = new ByteWriter(1024);
    ByteWriter series = new ByteWriter(512);
    ByteWriter sample = new ByteWriter(32);
    for (Run run : runs) {
      series.reset();
      series.bytes(samples.labels(run.series()).canonical());
      for (int n = run.from(); n < run.to(); n++) {
        add(series, sample, samples.timeMillis(n), samples.value(run.series(), n));
      }
      nested(request, TIMESERIES, series);
    }
    try {
      return Snappy.compress(request.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a series to a request that is not compressed yet. */
  static void series(ByteWriter request, Labels labels, long[] times, double[] values) {
    ByteWriter series = new ByteWriter(512);
    ByteWriter sample = new ByteWriter(32);
    series.bytes(labels.canonical());
    for (int i = 0; i < times.length; i++) {
      add(series, sample, times[i], values[i]);
    }
    nested(request, TIMESERIES, series);
  }

  private static void add(ByteWriter series, ByteWriter sample, long time, double value) {
    sample.reset();
    sample.u8(VALUE);
    sample.bits(value);
    sample.u8(TIMESTAMP);
    sample.varint(time);
    nested(series, SAMPLE, sample);
  }

  private static void nested(ByteWriter out, int tag, ByteWriter inner) {
    out.u8(tag);
    out.varint(inner.size());
    out.bytes(inner.array(), 0, inner.size());
  }
}
