package io.varve.http.replay;

import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.Metadata;
import io.varve.engine.model.TimeRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The history with replayed series in front of it: of series that the rules make, the history is
 * seen up to the begin of the replay only.
 */
final class UnionSnapshot implements Snapshot {
  private final Snapshot history;
  private final String tenant;
  private final Snapshot overlay;
  private final Predicate<Labels> replayed;
  private final long from;

  /**
   * Takes over both snapshots.
   *
   * @param tenant whose series the history is asked for; the overlay has those of the default one
   * @param replayed accepts the series that rules make
   * @param from what the history has of those from this time on is not seen
   */
  UnionSnapshot(
      Snapshot history, String tenant, Snapshot overlay, Predicate<Labels> replayed, long from) {
    this.history = history;
    this.tenant = tenant;
    this.overlay = overlay;
    this.replayed = replayed;
    this.from = from;
  }

  @Override
  public SeriesSet select(
      String asked, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    SeriesSet stored = history.select(tenant, matchers, range, budget);
    SeriesSet made = overlay.select("", matchers, range, budget);
    int[] storedOf = new int[stored.size() + made.size()];
    int[] madeOf = new int[stored.size() + made.size()];
    boolean[] cut = new boolean[stored.size() + made.size()];
    Arrays.fill(madeOf, -1);
    int size = 0;
    boolean all = made.size() == 0;
    Map<Labels, Integer> rows = new HashMap<>();
    for (int i = 0; i < stored.size(); i++) {
      Labels labels = stored.labels(i);
      boolean clipped = replayed.test(labels) && range.endInclusive() >= from;
      all &= !clipped;
      if (clipped && range.startExclusive() >= from - 1) {
        continue;
      }
      if (clipped) {
        rows.put(labels, size);
      }
      cut[size] = clipped;
      storedOf[size++] = i;
    }
    if (all) {
      return stored;
    }
    for (int i = 0; i < made.size(); i++) {
      Integer row = rows.get(made.labels(i));
      if (row == null) {
        storedOf[size] = -1;
        madeOf[size++] = i;
      } else {
        madeOf[row] = i;
      }
    }
    return new UnionSeries(
        stored,
        made,
        Arrays.copyOf(storedOf, size),
        Arrays.copyOf(madeOf, size),
        Arrays.copyOf(cut, size),
        from);
  }

  @Override
  public List<String> labelNames(
      String asked, List<Matcher> matchers, TimeRange range, int limit, QueryBudget budget) {
    return limited(
        history.labelNames(tenant, matchers, range, 0, budget),
        overlay.labelNames("", matchers, range, 0, budget),
        limit);
  }

  @Override
  public List<String> labelValues(
      String asked,
      String name,
      List<Matcher> matchers,
      TimeRange range,
      int limit,
      QueryBudget budget) {
    return limited(
        history.labelValues(tenant, name, matchers, range, 0, budget),
        overlay.labelValues("", name, matchers, range, 0, budget),
        limit);
  }

  private static List<String> limited(Collection<String> a, Collection<String> b, int limit) {
    TreeSet<String> all = new TreeSet<>(Labels::compareUtf8);
    all.addAll(a);
    all.addAll(b);
    List<String> sorted = new ArrayList<>(all);
    return limit > 0 && sorted.size() > limit ? sorted.subList(0, limit) : sorted;
  }

  @Override
  public Map<Labels, List<Exemplar>> exemplars(
      String asked, List<Matcher> matchers, TimeRange range, QueryBudget budget) {
    return history.exemplars(tenant, matchers, range, budget);
  }

  @Override
  public Map<String, Metadata> metadata(String asked) {
    return history.metadata(tenant);
  }

  @Override
  public List<String> damage() {
    return history.damage();
  }

  @Override
  public void close() {
    try (history) {
      overlay.close();
    }
  }
}
