package io.varve.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.SeriesLookup;
import io.varve.engine.StaleGenerationException;
import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.format.ByteReader;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.WriteBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A head made of maps that holds ingest to the contract of the batch: canonical label bytes in
 * every row, ids that belong to them, rows in ascending order, no series without data.
 */
public final class FakeHead implements SeriesLookup, BatchSink {
  /** A series of a tenant. */
  public record Key(String tenant, Labels labels) {}

  /** What a series holds. */
  public static final class Stored {
    /** Raw bits by time. */
    public final TreeMap<Long, Long> samples = new TreeMap<>();

    /** Start timestamps of samples and histograms that have one, by time. */
    public final TreeMap<Long, Long> starts = new TreeMap<>();

    /** Histograms by time. */
    public final TreeMap<Long, Histogram> histograms = new TreeMap<>();

    /** Exemplars in order of arrival. */
    public final List<Exemplar> exemplars = new ArrayList<>();
  }

  /** All series. */
  public final Map<Key, Stored> series = new HashMap<>();

  /** Metadata by metric. */
  public final Map<String, Metadata> metadata = new TreeMap<>();

  /** Appends so far, refused ones included. */
  public int appends;

  /** The mode of the last append. */
  public WriteMode lastMode = WriteMode.ALL_OR_NOTHING;

  /** Ids of the last batch. */
  public int[] lastIds = new int[0];

  private final Map<String, Integer> tenants = new HashMap<>();
  private final Map<Key, Integer> ids = new HashMap<>();
  private final List<Key> byId = new ArrayList<>();
  private final List<byte[]> bytesById = new ArrayList<>();
  private final Map<ByteBuffer, Integer> byBytes = new HashMap<>();
  private int generation = 1;
  private int renumberBefore;

  /** Gives every series another id, as a head does after a flush. */
  public void renumber() {
    List<Key> keys = new ArrayList<>(byId);
    byId.clear();
    bytesById.clear();
    ids.clear();
    byBytes.clear();
    for (int i = keys.size() - 1; i >= 0; i--) {
      create(keys.get(i));
    }
    generation++;
  }

  /** Renumbers before each of the next {@code times} appends. */
  public void renumberBeforeAppends(int times) {
    renumberBefore = times;
  }

  private int create(Key key) {
    ids.put(key, byId.size());
    byId.add(key);
    byte[] bytes = key.labels().canonical();
    bytesById.add(bytes);
    ByteBuffer hashed = ByteBuffer.allocate(4 + bytes.length);
    hashed.putInt(tenantId(key.tenant())).put(bytes).flip();
    byBytes.put(hashed, byId.size() - 1);
    return byId.size() - 1;
  }

  /** The id of a series, −1 if it is not known. */
  public int id(String tenant, Labels labels) {
    return ids.getOrDefault(new Key(tenant, labels), -1);
  }

  /** What the default tenant's series holds; empty if it does not exist. */
  public Stored of(Labels labels) {
    return series.getOrDefault(new Key("", labels), new Stored());
  }

  @Override
  public int generation() {
    return generation;
  }

  @Override
  public int tenantId(String tenant) {
    return tenants.computeIfAbsent(tenant, t -> tenants.size());
  }

  @Override
  public boolean is(int id, int tenantId, byte[] labels, int offset, int length) {
    return id >= 0
        && id < byId.size()
        && tenantId(byId.get(id).tenant()) == tenantId
        && Arrays.equals(
            bytesById.get(id), 0, bytesById.get(id).length, labels, offset, offset + length);
  }

  @Override
  public int find(int tenantId, byte[] labels, int offset, int length) {
    ByteBuffer key = ByteBuffer.allocate(4 + length);
    key.putInt(tenantId).put(labels, offset, length).flip();
    return byBytes.getOrDefault(key, WriteBatch.UNKNOWN);
  }

  @Override
  public WriteResult append(WriteBatch batch, WriteMode mode) {
    appends++;
    lastMode = mode;
    if (renumberBefore > 0) {
      renumberBefore--;
      renumber();
    }
    if (batch.generation != generation) {
      throw new StaleGenerationException(batch.generation, generation);
    }
    Stored[] rows = new Stored[batch.seriesCount];
    boolean[] used = new boolean[batch.seriesCount];
    lastIds = Arrays.copyOf(batch.seriesId, batch.seriesCount);
    for (int row = 0; row < rows.length; row++) {
      byte[] bytes =
          Arrays.copyOfRange(
              batch.labelArray[row],
              batch.labelOffset[row],
              batch.labelOffset[row] + batch.labelLength[row]);
      Labels labels = Labels.fromCanonical(bytes, 0, bytes.length);
      Labels.Builder sorted = new Labels.Builder();
      for (int i = 0; i < labels.size(); i++) {
        assertThat(labels.value(i)).isNotEmpty();
        sorted.add(labels.name(i), labels.value(i));
      }
      assertThat(sorted.build().canonical()).as("canonical bytes").isEqualTo(bytes);
      assertThat(labels.get(Labels.METRIC_NAME)).isNotEmpty();
      Key key = new Key(batch.tenant, labels);
      int id = batch.seriesId[row];
      if (id == WriteBatch.UNKNOWN) {
        id = ids.getOrDefault(key, -1);
        if (id < 0) {
          create(key);
        }
      } else {
        assertThat(byId.get(id)).isEqualTo(key);
      }
      rows[row] = series.computeIfAbsent(key, k -> new Stored());
    }
    for (int i = 0; i < batch.sampleCount; i++) {
      assertThat(i == 0 || batch.sampleSeries[i - 1] <= batch.sampleSeries[i]).isTrue();
      used[batch.sampleSeries[i]] = true;
      rows[batch.sampleSeries[i]].samples.put(batch.sampleTime[i], batch.sampleBits[i]);
      if (batch.sampleStart != null && batch.sampleStart[i] != 0) {
        rows[batch.sampleSeries[i]].starts.put(batch.sampleTime[i], batch.sampleStart[i]);
      }
    }
    for (int i = 0; i < batch.histogramCount; i++) {
      assertThat(i == 0 || batch.histogramSeries[i - 1] <= batch.histogramSeries[i]).isTrue();
      used[batch.histogramSeries[i]] = true;
      ByteReader in =
          new ByteReader()
              .on(
                  batch.bytes.array(),
                  batch.histogramOffset[i],
                  batch.histogramLength[i],
                  "histogram",
                  0);
      rows[batch.histogramSeries[i]].histograms.put(batch.histogramTime[i], Histogram.decode(in));
      assertThat(in.atEnd()).isTrue();
      if (batch.histogramStart[i] != 0) {
        rows[batch.histogramSeries[i]].starts.put(batch.histogramTime[i], batch.histogramStart[i]);
      }
    }
    for (int i = 0; i < batch.exemplarCount; i++) {
      used[batch.exemplarSeries[i]] = true;
      Labels labels =
          Labels.fromCanonical(
              batch.bytes.array(), batch.exemplarOffset[i], batch.exemplarLength[i]);
      rows[batch.exemplarSeries[i]].exemplars.add(
          new Exemplar(
              batch.exemplarTime[i], Double.longBitsToDouble(batch.exemplarBits[i]), labels));
    }
    for (boolean u : used) {
      assertThat(u).as("no series without data").isTrue();
    }
    for (int i = 0; i < batch.metadataCount; i++) {
      metadata.put(batch.metadataMetric[i], batch.metadata[i]);
    }
    return new WriteResult(
        batch.sampleCount, batch.histogramCount, batch.exemplarCount, 0, List.of(), 100L + appends);
  }
}
