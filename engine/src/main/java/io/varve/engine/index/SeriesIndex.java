package io.varve.engine.index;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * What any set of series can be asked: which of them matchers accept, what their labels are, which
 * names and values exist. Series are non-negative ints: window ids in a segment, head ids in the
 * head. Tenants never see each other; an unknown tenant has no series. Thread-safe.
 *
 * <p>Bitmaps that are returned belong to the caller and do not refer to the index.
 */
public interface SeriesIndex {
  /**
   * The series of a tenant that all matchers accept; a label that a series lacks counts as "". No
   * matchers select all (Prometheus 3.14 {@code tsdb/querier.go}, PostingsForMatchers).
   */
  default RoaringBitmap select(String tenant, List<Matcher> matchers) {
    return select(tenant, matchers, () -> {});
  }

  /**
   * The same.
   *
   * @param between run between pieces of work, every millisecond or so; what it throws ends the
   *     search
   */
  RoaringBitmap select(String tenant, List<Matcher> matchers, Runnable between);

  /**
   * Hands over each label name of the tenant's series once, in no particular order.
   *
   * @param within only of these series, null for all; ids of other tenants must not be in it
   */
  void labelNames(String tenant, @Nullable RoaringBitmap within, Consumer<String> out);

  /**
   * Hands over each value of a label once, in no particular order.
   *
   * @param within only of these series, null for all; ids of other tenants must not be in it
   */
  void labelValues(
      String tenant, String name, @Nullable RoaringBitmap within, Consumer<String> out);

  /** The tenant of a series. */
  String tenant(int id);

  /** The labels of a series. */
  Labels labels(int id);

  /** The canonical label bytes of a series ({@link Labels}): a copy. */
  byte[] canonical(int id);

  /** Hands over the tenants that have series, each once, in no particular order. */
  void tenants(Consumer<String> out);

  /** How many series a tenant has. */
  int seriesCount(String tenant);

  /**
   * Hands over each (label name, value) pair of a tenant once, with the number of its series; the
   * pairs of a name come one after the other.
   */
  void labelPairs(String tenant, PairConsumer out);

  /** Takes label pairs. */
  @FunctionalInterface
  interface PairConsumer {
    /** One pair and how many series have it. */
    void accept(String name, String value, int series);
  }
}
