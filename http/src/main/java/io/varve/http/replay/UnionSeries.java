package io.varve.http.replay;

import io.varve.engine.RangeAggregate;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;

/** Series that are stored, or replayed, or stored up to a time and replayed from then on. */
final class UnionSeries implements SeriesSet {
  private final SeriesSet stored;
  private final SeriesSet made;
  private final int[] storedOf;
  private final int[] madeOf;
  private final boolean[] cut;
  private final long from;

  /**
   * @param storedOf by series its number among the stored ones, −1 if it is not there
   * @param madeOf the same among the replayed ones
   * @param cut true if what is stored counts before {@code from} only
   */
  UnionSeries(
      SeriesSet stored, SeriesSet made, int[] storedOf, int[] madeOf, boolean[] cut, long from) {
    this.stored = stored;
    this.made = made;
    this.storedOf = storedOf;
    this.madeOf = madeOf;
    this.cut = cut;
    this.from = from;
  }

  @Override
  public int size() {
    return storedOf.length;
  }

  @Override
  public Labels labels(int series) {
    return storedOf[series] >= 0 ? stored.labels(storedOf[series]) : made.labels(madeOf[series]);
  }

  @Override
  public int windows() {
    return stored.windows();
  }

  @Override
  public SeriesReader reader() {
    return new Reader();
  }

  private final class Reader implements SeriesReader {
    private final SeriesReader ofStored = stored.reader();
    private final SeriesReader ofMade = made.reader();
    private final SampleColumns later = new SampleColumns();

    private TimeRange storedRange(int series, TimeRange range) {
      return cut[series]
          ? new TimeRange(range.startExclusive(), Math.min(range.endInclusive(), from - 1))
          : range;
    }

    @Override
    public void read(int series, TimeRange range, SampleColumns into) {
      TimeRange before = storedRange(series, range);
      if (storedOf[series] < 0 || before.isEmpty()) {
        into.clear();
        if (madeOf[series] >= 0) {
          ofMade.read(madeOf[series], range, into);
        }
        return;
      }
      ofStored.read(storedOf[series], before, into);
      if (madeOf[series] >= 0) {
        ofMade.read(madeOf[series], range, later);
        for (int i = 0; i < later.size; i++) {
          into.addFrom(later, i);
        }
      }
    }

    @Override
    public boolean anyIn(int series, TimeRange range) {
      TimeRange before = storedRange(series, range);
      return (storedOf[series] >= 0
              && !before.isEmpty()
              && ofStored.anyIn(storedOf[series], before))
          || (madeOf[series] >= 0 && ofMade.anyIn(madeOf[series], range));
    }

    @Override
    public boolean aggregate(int series, TimeRange range, RangeAggregate into) {
      TimeRange before = storedRange(series, range);
      boolean inStored = storedOf[series] >= 0 && !before.isEmpty();
      boolean inMade = madeOf[series] >= 0;
      if (inStored && !inMade) {
        return ofStored.aggregate(storedOf[series], before, into);
      }
      return inMade && !inStored && ofMade.aggregate(madeOf[series], range, into);
    }

    @Override
    public void close() {
      try (ofStored) {
        ofMade.close();
      }
    }
  }
}
