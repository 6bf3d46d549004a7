package io.varve.query;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.TimeRange;
import io.varve.query.QueryResult.Series;
import io.varve.query.exec.StepAnnotations;
import io.varve.query.histogram.FloatHistogram;
import io.varve.query.plan.Reach;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what range queries found, step by step, as long as nothing that it depends on has changed.
 *
 * <p>The steps of a question (tenant, canonical expression, step, phase, options) are kept in
 * blocks of some hours. A block has the number of the last change that its snapshot shows; it holds
 * as long as no window that its steps reach into has been changed since ({@link
 * Snapshot#lastChange}). Steps that reach beyond the settled time ({@link Snapshot#settledTo}) are
 * never kept. Thread-safe.
 */
final class ResultCache {
  private static final long HOUR = 3_600_000;
  private static final long SHORTEST_BLOCK = 3 * HOUR;
  private static final long LONGEST_BLOCK = 24 * HOUR;
  private static final int STEPS_PER_BLOCK = 256;
  private static final int LARGEST_SHARE = 4;
  private static final int MOST_RUNS = 8;
  private static final int MOST_STEPS = 100_000;
  private static final int SERIES_BYTES = 96;
  private static final int LABEL_BYTES = 64;
  private static final int POINT_BYTES = 16;

  private final long maxBytes;
  private final Cache<Place, Block> blocks;
  private final LongAdder reused = new LongAdder();
  private final LongAdder computed = new LongAdder();
  private final LongAdder outdated = new LongAdder();

  ResultCache(long maxBytes) {
    this.maxBytes = maxBytes;
    this.blocks =
        Caffeine.newBuilder()
            .maximumWeight(maxBytes)
            .weigher((Place place, Block block) -> block.bytes())
            .executor(Runnable::run) // what is too much goes before the query returns
            .build();
  }

  /**
   * What is asked, but for the bounds.
   *
   * @param phase of the steps: the remainder of their times divided by their distance
   */
  record Question(
      String tenant,
      String expression,
      long step,
      long phase,
      long lookback,
      boolean storedAggregates) {}

  private record Place(Question question, long number) {}

  /**
   * What is known of some successive steps.
   *
   * @param series those without a point at any of the steps are left out
   * @param notes annotations, of just these steps
   */
  record Piece(List<Series> series, StepAnnotations notes) {
    long first() {
      return notes.first();
    }

    long last() {
      return notes.first() + (notes.count() - 1) * notes.step();
    }

    private Piece slice(long from, long to) {
      return from == first() && to == last()
          ? this
          : new Piece(ResultCache.slice(series, from, to), notes.slice(from, to));
    }
  }

  private record Block(Piece piece, long version, int bytes) {
    Block(Piece piece, long version) {
      this(piece, version, ResultCache.bytes(piece));
    }

    long first() {
      return piece.first();
    }

    long last() {
      return piece.last();
    }
  }

  /** Successive steps, both ends included. */
  record Run(long first, long last) {}

  /**
   * What is known of a query's answer, and what is missing.
   *
   * @param known pieces in order of time
   * @param missing runs of steps that are in no piece
   * @param points of the pieces; a histogram counts by its size
   */
  record Found(List<Piece> known, List<Run> missing, long points) {}

  /** True if so many steps, and blocks of them, are worth to be looked at one by one. */
  static boolean isFit(Question question, long first, long last) {
    return (last - first) / question.step() < MOST_STEPS
        && (last - first) / span(question) < MOST_STEPS;
  }

  private void put(Place place, Block block) {
    if (block.bytes() <= maxBytes / LARGEST_SHARE) { // else it would drive out too much
      blocks.put(place, block);
    }
  }

  private static long span(Question question) {
    long span = LONGEST_BLOCK;
    while (span > SHORTEST_BLOCK && question.step() <= span / 2 / STEPS_PER_BLOCK) {
      span /= 2;
    }
    return span;
  }

  private boolean holds(Block block, Reach reach, Snapshot snapshot) {
    return snapshot.lastChange(reach.of(block.first(), block.last())) <= block.version()
        && (reach.fixed().isEmpty() || snapshot.lastChange(reach.fixed()) <= block.version());
  }

  /** What still holds of a block at its begin or at its end, whichever is more; null if nothing. */
  private static @Nullable Block trimmed(Block block, long step, Reach reach, Snapshot snapshot) {
    if (!reach.fixed().isEmpty() && snapshot.lastChange(reach.fixed()) > block.version()) {
      return null;
    }
    int steps = (int) ((block.last() - block.first()) / step) + 1;
    int prefix = longest(steps, n -> holds(block, 0, n - 1, step, reach, snapshot));
    int suffix = longest(steps, n -> holds(block, steps - n, steps - 1, step, reach, snapshot));
    int kept = Math.max(prefix, suffix);
    if (kept == 0) {
      return null;
    }
    long first = prefix >= suffix ? block.first() : block.last() - (kept - 1) * step;
    long last = first + (kept - 1) * step;
    return new Block(block.piece().slice(first, last), block.version());
  }

  private static boolean holds(
      Block block, int from, int to, long step, Reach reach, Snapshot snapshot) {
    TimeRange range = reach.of(block.first() + from * step, block.first() + to * step);
    return snapshot.lastChange(range) <= block.version();
  }

  /**
   * The largest number up to a bound that passes, if none passes that is larger than one that
   * fails.
   */
  private static int longest(int most, IntPredicate passes) {
    int good = 0;
    int bad = most + 1;
    while (bad - good > 1) {
      int middle = (good + bad) >>> 1;
      if (passes.test(middle)) {
        good = middle;
      } else {
        bad = middle;
      }
    }
    return good;
  }

  /** What is known of the steps {@code first}, {@code first + step} … {@code last}. */
  Found find(Question question, Reach reach, Snapshot snapshot, long first, long last) {
    long step = question.step();
    long span = span(question);
    List<Piece> known = new ArrayList<>();
    List<Run> missing = new ArrayList<>();
    long points = 0;
    long next = first; // not known yet whether it is known
    for (long number = Math.floorDiv(first - 1, span);
        number <= Math.floorDiv(last - 1, span);
        number++) {
      Place place = new Place(question, number);
      Block block = blocks.getIfPresent(place);
      if (block == null) {
        continue;
      }
      if (!holds(block, reach, snapshot)) {
        outdated.increment();
        Block rest = trimmed(block, question.step(), reach, snapshot);
        if (rest == null) {
          blocks.asMap().remove(place, block);
          continue;
        }
        put(place, rest);
        block = rest;
      }
      long from = Math.max(block.first(), first);
      long to = Math.min(block.last(), last);
      if (from > to) {
        continue;
      }
      if (from > next) {
        missing.add(new Run(next, from - step));
      }
      Piece piece = block.piece().slice(from, to);
      points += points(piece);
      known.add(piece);
      next = to + step;
    }
    if (next <= last) {
      missing.add(new Run(next, last));
    }
    if (missing.size() > MOST_RUNS) { // rather at once than in many small pieces
      known.clear();
      missing.clear();
      missing.add(new Run(first, last));
      points = 0;
    }
    long steps = (last - first) / step + 1;
    for (Run run : missing) {
      steps -= (run.last() - run.first()) / step + 1;
      computed.add((run.last() - run.first()) / step + 1);
    }
    reused.add(steps);
    return new Found(known, missing, points);
  }

  private static long points(Piece piece) {
    long points = 0;
    for (Series series : piece.series()) {
      points += series.size();
      for (int i = 0; series.histograms() != null && i < series.size(); i++) {
        FloatHistogram histogram = series.histogram(i);
        points += histogram == null ? 0 : histogram.bytes() / POINT_BYTES;
      }
    }
    return points;
  }

  /** The points of series between two times, both included. */
  private static List<Series> slice(List<Series> all, long from, long to) {
    List<Series> slice = new ArrayList<>(all.size());
    long[] lastFull = {};
    long[] lastSlice = {};
    for (Series series : all) {
      long[] times = series.times();
      int begin = index(times, from);
      int end = index(times, to + 1);
      if (begin == end) {
        continue;
      }
      if (begin == 0 && end == times.length) {
        slice.add(series);
        continue;
      }
      if (times != lastFull) { // many series share their times
        lastFull = times;
        lastSlice = Arrays.copyOfRange(times, begin, end);
      }
      slice.add(
          new Series(
              series.labels(),
              lastSlice,
              Arrays.copyOfRange(series.values(), begin, end),
              series.histograms() == null ? null : slice(series.histograms(), begin, end)));
    }
    return slice;
  }

  /** Null if there are only floats. */
  private static @Nullable FloatHistogram @Nullable [] slice(
      @Nullable FloatHistogram[] histograms, int begin, int end) {
    @Nullable FloatHistogram[] slice = Arrays.copyOfRange(histograms, begin, end);
    for (FloatHistogram histogram : slice) {
      if (histogram != null) {
        return slice;
      }
    }
    return null;
  }

  /** The first index whose time is not before one. */
  private static int index(long[] times, long time) {
    int at = Arrays.binarySearch(times, time);
    return at >= 0 ? at : -at - 1;
  }

  /** Joins pieces of disjoint times that together have all steps between them. */
  static Piece join(List<Piece> pieces) {
    return pieces.size() == 1
        ? pieces.getFirst()
        : new Piece(
            joinSeries(pieces.stream().map(Piece::series).toList()),
            StepAnnotations.join(pieces.stream().map(Piece::notes).toList()));
  }

  /** Each piece's series are distinct. */
  private static List<Series> joinSeries(List<List<Series>> pieces) {
    Map<Labels, List<Series>> byLabels = new LinkedHashMap<>();
    for (List<Series> piece : pieces) {
      for (Series series : piece) {
        byLabels.computeIfAbsent(series.labels(), labels -> new ArrayList<>(2)).add(series);
      }
    }
    List<Series> joined = new ArrayList<>(byLabels.size());
    long[] lastTimes = {};
    for (Map.Entry<Labels, List<Series>> entry : byLabels.entrySet()) {
      List<Series> parts = entry.getValue();
      if (parts.size() == 1) {
        joined.add(parts.getFirst());
        continue;
      }
      parts.sort((a, b) -> Long.compare(a.times()[0], b.times()[0]));
      int size = 0;
      for (Series part : parts) {
        size += part.size();
      }
      long[] times = new long[size];
      double[] values = new double[size];
      @Nullable FloatHistogram[] histograms = new FloatHistogram[0];
      int at = 0;
      for (Series part : parts) {
        System.arraycopy(part.times(), 0, times, at, part.size());
        System.arraycopy(part.values(), 0, values, at, part.size());
        @Nullable FloatHistogram[] some = part.histograms();
        if (some != null) {
          histograms = histograms.length == 0 ? new FloatHistogram[size] : histograms;
          System.arraycopy(some, 0, histograms, at, part.size());
        }
        at += part.size();
      }
      if (Arrays.equals(times, lastTimes)) {
        times = lastTimes;
      } else {
        lastTimes = times;
      }
      joined.add(
          new Series(entry.getKey(), times, values, histograms.length == 0 ? null : histograms));
    }
    return joined;
  }

  /**
   * Keeps an answer as far as it is settled.
   *
   * @param all found in the snapshot (or valid in it)
   */
  void keep(Question question, Reach reach, Snapshot snapshot, Piece all) {
    long first = all.first();
    long last = all.last();
    long settled = snapshot.settledTo();
    TimeRange fixed = reach.fixed();
    if (settled == Long.MIN_VALUE || (!fixed.isEmpty() && fixed.endInclusive() > settled)) {
      return;
    }
    long step = question.step();
    long span = span(question);
    long most = settled - reach.aheadMillis();
    if (most < first) {
      return;
    }
    long to = Math.min(last, first + (most - first) / step * step);
    for (long number = Math.floorDiv(first - 1, span);
        number <= Math.floorDiv(to - 1, span);
        number++) {
      long begin = number * span + 1; // blocks are open on the left, as windows are
      long from = begin <= first ? first : first + ((begin - first + step - 1) / step) * step;
      long end = Math.min(to, first + Math.floorDiv(begin + span - 1 - first, step) * step);
      if (from > end) {
        continue;
      }
      Place place = new Place(question, number);
      Block before = blocks.getIfPresent(place);
      if (before != null && before.first() <= from && before.last() >= end) {
        continue; // it was valid when it was found, or somebody else has just put it there
      }
      List<Piece> pieces = new ArrayList<>();
      pieces.add(all.slice(from, end));
      if (before != null && holds(before, reach, snapshot)) {
        if (before.first() < from && before.last() >= from - step) {
          pieces.add(before.piece().slice(before.first(), from - step));
        }
        if (before.last() > end && before.first() <= end + step) {
          pieces.add(before.piece().slice(end + step, before.last()));
        }
      }
      put(place, new Block(join(pieces), snapshot.version()));
    }
  }

  private static int bytes(Piece piece) {
    long bytes = SERIES_BYTES + piece.notes().bytes() + POINT_BYTES * points(piece);
    long[] last = {};
    for (Series s : piece.series()) {
      bytes += SERIES_BYTES + (long) LABEL_BYTES * s.labels().size();
      if (s.times() == last) {
        bytes -= 8L * s.size(); // shared
      }
      last = s.times();
    }
    return (int) Math.min(Integer.MAX_VALUE, bytes);
  }

  CacheStats stats() {
    blocks.cleanUp();
    long bytes = blocks.policy().eviction().orElseThrow().weightedSize().orElseThrow();
    return new CacheStats(
        reused.sum(), computed.sum(), outdated.sum(), blocks.estimatedSize(), bytes);
  }
}
