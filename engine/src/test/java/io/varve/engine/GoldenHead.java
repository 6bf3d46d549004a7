package io.varve.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.format.ByteWriter;
import io.varve.engine.head.Head;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.head.Tenants;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.SeriesKey;
import io.varve.engine.model.StaleMarker;
import io.varve.engine.model.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A small open head of every kind of thing: what the golden records and checkpoints hold. */
final class GoldenHead {
  static final String TENANT = "team";
  static final Labels UP = Labels.of("__name__", "up", "job", "a");
  static final Labels RPC = Labels.of("__name__", "rpc_seconds", "job", "ü");
  static final long DAY = 86_400_000L;
  static final long T = 1_763_683_200_000L; // a window begins here

  private static final int[] NO_SPANS = {};
  private static final long[] NO_DELTAS = {};
  private static final double[] NO_COUNTS = {};

  static final Histogram INTEGERS =
      new Histogram(
          1,
          0,
          false,
          6,
          1,
          4.5,
          0,
          new int[] {1, 2},
          NO_SPANS,
          new long[] {3, -1},
          NO_DELTAS,
          NO_COUNTS,
          NO_COUNTS,
          NO_COUNTS);
  static final Histogram FLOATS =
      new Histogram(
          Histogram.CUSTOM_BUCKETS_SCHEMA,
          0,
          true,
          Double.doubleToRawLongBits(2.5),
          0,
          1.5,
          3,
          new int[] {0, 1},
          NO_SPANS,
          NO_DELTAS,
          NO_DELTAS,
          new double[] {2.5},
          NO_COUNTS,
          new double[] {0.5});

  private GoldenHead() {}

  static OpenHead empty() {
    return new OpenHead(
        new Windows(DAY), new SeriesTable(0, new SeriesKey.Hash(-5), new Tenants()));
  }

  static int add(OpenHead open, Labels labels) {
    byte[] bytes = labels.canonical();
    int tenant = open.table().tenants().id(TENANT);
    SeriesKey key = open.table().key(tenant, bytes, 0, bytes.length);
    return open.addSeries(key, tenant, bytes, 0, bytes.length);
  }

  /** Floats with and without a start, a stale marker, histograms, an exemplar, metadata. */
  static WriteBatch everyKind() {
    WriteBatch batch = new WriteBatch();
    batch.tenant = TENANT;
    int up = batch.addSeries(UP);
    int rpc = batch.addSeries(RPC);
    batch.seriesId[up] = 0;
    batch.seriesId[rpc] = 1;
    batch.addSample(up, T + 1000, Double.doubleToRawLongBits(0.1), 0);
    batch.addSample(up, T + 2000, StaleMarker.BITS, T + 500);
    batch.addHistogram(rpc, T + 1000, INTEGERS, 0);
    batch.addHistogram(rpc, T + 2000, FLOATS, T + 999);
    batch.addExemplar(rpc, T + 1500, 0.25, Labels.of("trace_id", "abc"));
    batch.addMetadata("rpc_seconds", new Metadata("histogram", "seconds", "Latency of ü"));
    return batch;
  }

  /** What {@link #everyKind} says, applied sample by sample. */
  static void apply(OpenHead open) {
    open.sample(0, T + 1000, Double.doubleToRawLongBits(0.1), 0);
    open.sample(0, T + 2000, StaleMarker.BITS, T + 500);
    histogram(open, T + 1000, 0, INTEGERS);
    histogram(open, T + 2000, T + 999, FLOATS);
    open.head()
        .addExemplar(
            1,
            T + 1500,
            Double.doubleToRawLongBits(0.25),
            Labels.of("trace_id", "abc").canonical());
    open.head()
        .addMetadata(TENANT, "rpc_seconds", new Metadata("histogram", "seconds", "Latency of ü"));
    open.endBatch();
  }

  private static void histogram(OpenHead open, long time, long start, Histogram histogram) {
    ByteWriter out = new ByteWriter(64);
    histogram.encode(out);
    open.histogram(1, time, start, out.array(), 0, out.size());
  }

  /** Everything that a head holds, in words; doubles as their bits. */
  static List<String> describe(OpenHead open) {
    List<String> lines = new ArrayList<>();
    SeriesTable table = open.table();
    Head head = open.head();
    for (int id = 0; id < table.size(); id++) {
      ByteWriter labels = new ByteWriter(64);
      table.writeLabels(id, labels);
      lines.add(
          id
              + " "
              + table.tenant(id)
              + " "
              + Labels.fromCanonical(labels.array(), 0, labels.size())
              + (table.lastTime(id) == SeriesTable.NO_TIME
                  ? ""
                  : " newest " + table.lastTime(id) + " " + Long.toHexString(table.lastBits(id))));
      SampleColumns rows = new SampleColumns();
      head.read(id, rows, new HeadScratch());
      rows(lines, id, "", rows);
    }
    for (Map.Entry<Long, LateHead.Window> window : open.late().windows().entrySet()) {
      for (int id : window.getValue().series()) {
        SampleColumns rows = new SampleColumns();
        window.getValue().read(id, rows);
        rows(lines, id, "late " + window.getKey() + " ", rows);
      }
    }
    for (Head.HeadExemplar exemplar : head.exemplars()) {
      Labels labels = Labels.fromCanonical(exemplar.labels(), 0, exemplar.labels().length);
      lines.add(
          "exemplar %d %d %x %s"
              .formatted(exemplar.series(), exemplar.time(), exemplar.bits(), labels));
    }
    head.metadata().forEach((tenant, metrics) -> lines.add(tenant + " " + metrics));
    return lines;
  }

  private static void rows(List<String> lines, int id, String what, SampleColumns rows) {
    for (int i = 0; i < rows.size; i++) {
      Histogram histogram = rows.histogram(i);
      String value;
      if (histogram == null) {
        value = Long.toHexString(Double.doubleToRawLongBits(rows.values[i]));
      } else if (histogram.equals(INTEGERS)) {
        value = "INTEGERS";
      } else {
        assertThat(histogram).isEqualTo(FLOATS);
        value = "FLOATS";
      }
      lines.add("  " + what + id + " " + rows.times[i] + " " + value + " start " + rows.start(i));
    }
  }
}
