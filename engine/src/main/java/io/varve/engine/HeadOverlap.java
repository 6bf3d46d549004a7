package io.varve.engine;

import io.varve.engine.head.Head;
import io.varve.engine.head.HeadScratch;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which series of one head table may have samples in a range, so that a selection does not name
 * those that only were there before or after it: of samples in order the first and the newest of
 * the series in each head are looked at, late samples each for itself. One thread.
 */
final class HeadOverlap {
  private final SeriesTable table;
  private final TimeRange range;
  private final List<Head> heads = new ArrayList<>();
  private final List<LateHead.Window> late = new ArrayList<>();
  private final List<Expiring> expiring = new ArrayList<>();
  private @Nullable HeadScratch scratch;

  /** True if the range holds all that the heads hold, so that no series need be looked at. */
  private boolean all = true;

  HeadOverlap(SeriesTable table, TimeRange range) {
    this.table = table;
    this.range = range;
  }

  SeriesTable table() {
    return table;
  }

  void add(Head head, List<LateHead.Window> touched) {
    // Samples may come while this is asked; the first and the newest were there before.
    if (head.minTime() <= range.endInclusive() && head.maxTime() > range.startExclusive()) {
      heads.add(head);
      all &= head.minTime() > range.startExclusive() && head.maxTime() <= range.endInclusive();
    }
    late.addAll(touched);
    all &= touched.isEmpty();
  }

  /**
   * The same, of samples on their way into files that the retention may have let go of.
   *
   * @param expiries decisions behind the samples
   */
  void add(Head head, List<LateHead.Window> touched, List<Expiry> expiries) {
    if (expiries.isEmpty()) {
      add(head, touched);
    } else if (!touched.isEmpty() || SnapshotView.touches(head, range)) {
      expiring.add(new Expiring(head, touched, expiries));
      all = false;
    }
  }

  /** Samples of which some are hidden. */
  private record Expiring(Head head, List<LateHead.Window> late, List<Expiry> expiries) {}

  /** True if no head and no late window has anything in the range. */
  boolean isEmpty() {
    return heads.isEmpty() && late.isEmpty() && expiring.isEmpty();
  }

  boolean mayHold(int id) {
    if (all && heads.size() == 1) {
      return heads.getFirst().sampleCount(id) > 0;
    }
    // The newest in order, of whichever head: an older head may end before the range begins, and
    // then names a series too many.
    if (table.lastTime(id) > range.startExclusive()) {
      HeadScratch decoders = scratch;
      if (decoders == null) {
        decoders = new HeadScratch();
        scratch = decoders;
      }
      for (Head head : heads) {
        if (head.firstTime(id, decoders) <= range.endInclusive()) {
          return true;
        }
      }
    }
    for (LateHead.Window window : late) {
      if (window.anyIn(id, range)) {
        return true;
      }
    }
    return !expiring.isEmpty() && mayHoldYet(id);
  }

  private boolean mayHoldYet(int id) {
    for (Expiring source : expiring) {
      long horizon = range.startExclusive();
      for (Expiry expiry : source.expiries()) {
        Delete gone = expiry.of(table.tenant(id), table.labels(id));
        horizon = Math.max(horizon, gone.range().endInclusive());
      }
      TimeRange left = new TimeRange(horizon, range.endInclusive());
      if (table.lastTime(id) > horizon && source.head().sampleCount(id) > 0) {
        return true;
      }
      for (LateHead.Window window : source.late()) {
        if (window.anyIn(id, left)) {
          return true;
        }
      }
    }
    return false;
  }
}
