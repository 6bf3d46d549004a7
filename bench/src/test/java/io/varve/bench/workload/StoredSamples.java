package io.varve.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.SeriesLookup;
import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.model.Labels;
import io.varve.engine.model.WriteBatch;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.IngestOutcome;
import io.varve.ingest.Ingestor;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the real ingest makes of bodies: by series, values by time; and samples as they came. */
final class StoredSamples {
  /** A sample as it came. */
  record Arrival(Labels labels, long time, double value) {}

  final Map<Labels, TreeMap<Long, Double>> bySeries = new HashMap<>();
  final List<Arrival> arrivals = new java.util.ArrayList<>();
  private final Protocol protocol;
  private final Ingestor ingestor =
      new Ingestor(
          new NothingKnown(),
          this::store,
          IngestLimits.DEFAULT,
          InstantSource.fixed(Instant.ofEpochMilli(2_000_000_000_000L)));

  StoredSamples(Protocol protocol) {
    this.protocol = protocol;
  }

  /** Has a body read, which must be accepted as it is. */
  void write(byte[] body, int samples) {
    IngestOutcome outcome =
        ingestor.write(
            body, 0, body.length, protocol.headers().get(1), protocol.headers().get(3), null);
    assertThat(outcome.status()).as(outcome.message()).isEqualTo(204);
    assertThat(outcome.samples()).isEqualTo(samples);
    assertThat(ingestor.counters().seriesRewritten()).as("labels came sorted").isZero();
  }

  private WriteResult store(WriteBatch batch, WriteMode mode) {
    assertThat(mode)
        .isEqualTo(protocol == Protocol.V1 ? WriteMode.ALL_OR_NOTHING : WriteMode.PARTIAL);
    for (int i = 0; i < batch.sampleCount; i++) {
      int row = batch.sampleSeries[i];
      Labels labels =
          Labels.fromCanonical(
              batch.labelArray[row], batch.labelOffset[row], batch.labelLength[row]);
      double value = Double.longBitsToDouble(batch.sampleBits[i]);
      arrivals.add(new Arrival(labels, batch.sampleTime[i], value));
      assertThat(
              bySeries
                  .computeIfAbsent(labels, l -> new TreeMap<>())
                  .put(batch.sampleTime[i], value))
          .as("twice %s @%d", labels, batch.sampleTime[i])
          .isNull();
    }
    return new WriteResult(batch.sampleCount, 0, 0, 0, List.of(), 0);
  }

  private static final class NothingKnown implements SeriesLookup {
    @Override
    public int generation() {
      return 0;
    }

    @Override
    public int tenantId(String tenant) {
      return 0;
    }

    @Override
    public boolean is(int id, int tenantId, byte[] labels, int offset, int length) {
      return false;
    }

    @Override
    public int find(int tenantId, byte[] labels, int offset, int length) {
      return WriteBatch.UNKNOWN;
    }
  }
}
