package io.varve.engine;

import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import java.util.List;

/**
 * Reads samples of the series of one {@link SeriesSet}, with buffers that are reused from call to
 * call and charged to the query. One thread at a time; ascending series numbers read files forward.
 */
public interface SeriesReader extends AutoCloseable {
  /**
   * Replaces the content of {@code into} by the samples of a series in a range: all sources merged,
   * in time order, one sample per timestamp as the duplicate policy decides, deleted ones left out,
   * stale markers as rows.
   */
  void read(int series, TimeRange range, SampleColumns into);

  /**
   * As {@link #read}, for who asks only when there are samples: a value that is no stale marker may
   * be given as 0. Costs no decoding of values where directories tell that none is.
   */
  default void readTimes(int series, TimeRange range, SampleColumns into) {
    read(series, range, into);
  }

  /**
   * True if a series has a sample in a range that is not deleted, a stale marker included. Costs no
   * decoding where the bounds of files, blocks and heads tell, and else that of times only, unless
   * something of the series is deleted.
   */
  default boolean anyIn(int series, TimeRange range) {
    SampleColumns found = new SampleColumns();
    read(series, range, found);
    return found.size > 0;
  }

  /**
   * Fills {@code into} with the aggregate of a series over a range; whole blocks are answered from
   * the aggregates stored in chunk directories, only the edges are decoded.
   *
   * @return false if the range holds what the aggregate cannot express (histograms, start
   *     timestamps, NaN or infinite values): read the samples instead
   */
  boolean aggregate(int series, TimeRange range, RangeAggregate into);

  /**
   * The same, for which also cells of continuous aggregates may be used that know some parts.
   *
   * @param parts which, as {@link CellPart#bits}; the others hold anything
   */
  default boolean aggregate(int series, TimeRange range, int parts, RangeAggregate into) {
    return aggregate(series, range, into);
  }

  /**
   * Fills {@code into} with the aggregates of series in consecutive cells: from the cells of a
   * continuous aggregate where there are some, from samples elsewhere; the same either way. Series
   * that are read together cost less than one after the other.
   *
   * @param first the first of {@code into.size()} consecutive series
   * @param range begins and ends at multiples of the cells' width
   * @param parts which parts of the cells are asked for, as {@link CellPart#bits}
   * @param into one for each series; those where the range holds what cells cannot express, as in
   *     {@link #aggregate}, say so
   */
  default void cells(
      int first, TimeRange range, long cellMillis, int parts, List<CellColumns> into) {
    SampleColumns found = new SampleColumns();
    for (int i = 0; i < into.size(); i++) {
      read(first + i, range, found);
      into.get(i).begin(range, cellMillis, parts);
      into.get(i).add(found, 0, found.size);
    }
  }

  @Override
  void close();
}
