package io.varve.engine.index;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * The append-only index of the open head: one writer at a time, any readers, no lock between them.
 * Label bytes stay where they are, in the {@link LabelSource}.
 */
public final class MemoryIndex implements SeriesIndex {
  private final LabelSource series;

  /** An empty index over the label bytes of a source. */
  public MemoryIndex(LabelSource series) {
    this.series = series;
  }

  /**
   * Adds a series; readers see it when this returns. Ids ascend. The source must give the same
   * bytes for this id for as long as the index is used. One thread at a time.
   */
  public void add(int id, String tenant, byte[] labels, int offset, int length) {}

  /** Heap bytes that the index holds, label bytes not included. */
  public long bytes() {
    return 0;
  }

  @Override
  public RoaringBitmap select(String tenant, List<Matcher> matchers) {
    throw new IllegalStateException("the head has no index yet");
  }

  @Override
  public void labelNames(String tenant, @Nullable RoaringBitmap within, Consumer<String> out) {}

  @Override
  public void labelValues(
      String tenant, String name, @Nullable RoaringBitmap within, Consumer<String> out) {}

  @Override
  public String tenant(int id) {
    return series.tenant(id);
  }

  @Override
  public Labels labels(int id) {
    return Labels.fromCanonical(series.array(id), series.offset(id), series.length(id));
  }

  @Override
  public byte[] canonical(int id) {
    int from = series.offset(id);
    return Arrays.copyOfRange(series.array(id), from, from + series.length(id));
  }

  @Override
  public void tenants(Consumer<String> out) {}

  @Override
  public int seriesCount(String tenant) {
    return 0;
  }

  @Override
  public void labelPairs(String tenant, PairConsumer out) {}
}
