package io.varve.engine.index;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * What a tenant's labels look like in numbers: the answer of status/tsdb, largest first (Prometheus
 * 3.14 {@code tsdb/index/postings.go}, MemPostings.Stats).
 *
 * @param series how many series
 * @param labelPairs how many distinct pairs of label name and value
 * @param seriesByMetric series per metric name
 * @param valuesByLabel distinct values per label name
 * @param valueBytesByLabel bytes of the values of all series, per label name
 * @param seriesByPair series per "name=value"
 */
public record LabelStats(
    int series,
    int labelPairs,
    List<Count> seriesByMetric,
    List<Count> valuesByLabel,
    List<Count> valueBytesByLabel,
    List<Count> seriesByPair) {

  /**
   * One line.
   *
   * @param name what was counted
   * @param count how many
   */
  public record Count(String name, long count) {}

  /** Counts what an index has of a tenant; of each list the {@code top} largest. */
  public static LabelStats of(SeriesIndex index, String tenant, int top) {
    Top metrics = new Top(top);
    Top values = new Top(top);
    Top bytes = new Top(top);
    Top pairs = new Top(top);
    class PerName implements SeriesIndex.PairConsumer {
      String name = "";
      long valueCount;
      long valueBytes;
      int all;

      @Override
      public void accept(String pairName, String value, int series) {
        if (!pairName.equals(name)) {
          flush();
          name = pairName;
        }
        all++;
        valueCount++;
        valueBytes += (long) utf8Length(value) * series;
        if (pairName.equals(Labels.METRIC_NAME)) {
          metrics.add(value, series);
        }
        if (pairs.wants(series)) {
          pairs.add(pairName + "=" + value, series);
        }
      }

      void flush() {
        if (valueCount > 0) {
          values.add(name, valueCount);
          bytes.add(name, valueBytes);
          valueCount = 0;
          valueBytes = 0;
        }
      }
    }
    PerName perName = new PerName();
    index.labelPairs(tenant, perName);
    perName.flush();
    return new LabelStats(
        index.seriesCount(tenant),
        perName.all,
        metrics.list(),
        values.list(),
        bytes.list(),
        pairs.list());
  }

  private static int utf8Length(String text) {
    int length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // The two halves of a surrogate pair make four bytes.
      length += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return length;
  }

  /** The largest counts that were added; of equal ones the first by name. */
  private static final class Top {
    private static final Comparator<Count> LARGEST_FIRST =
        Comparator.comparingLong(Count::count).reversed().thenComparing(Count::name);

    private final int size;
    private final PriorityQueue<Count> kept;

    Top(int size) {
      this.size = size;
      this.kept = new PriorityQueue<>(LARGEST_FIRST.reversed());
    }

    boolean wants(long count) {
      Count least = kept.peek();
      return kept.size() < size || (least != null && count >= least.count());
    }

    void add(String name, long count) {
      if (wants(count)) {
        kept.add(new Count(name, count));
        if (kept.size() > size) {
          kept.poll();
        }
      }
    }

    List<Count> list() {
      List<Count> sorted = new ArrayList<>(kept);
      sorted.sort(LARGEST_FIRST);
      return sorted;
    }
  }
}
