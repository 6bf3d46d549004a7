package io.varve.http.api;

import io.varve.engine.model.Matcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * What several selectors find together: sorted, each once, and not more than was asked for.
 *
 * @param items what was found
 * @param cut true if there is more
 */
record Union<T>(List<T> items, boolean cut) {
  /** What one selector finds. */
  interface Search<T> {
    /**
     * Searches; what it finds need not be sorted.
     *
     * @param most how many are wanted, 0 for all
     */
    Collection<T> find(List<Matcher> matchers, int most);
  }

  /**
   * Searches with every selector, or with one that accepts all if there is none.
   *
   * @param limit how many are wanted, 0 for all
   * @param budget ends the search when the time is over
   */
  static <T> Union<T> of(
      List<List<Matcher>> selectors,
      int limit,
      Comparator<T> order,
      RequestBudget budget,
      Search<T> search) {
    int most = limit == 0 || limit == Integer.MAX_VALUE ? 0 : limit + 1;
    List<T> items = new ArrayList<>();
    if (selectors.isEmpty()) {
      items.addAll(search.find(List.of(), most));
    }
    for (List<Matcher> matchers : selectors) {
      budget.check(); // finding nothing costs nothing else
      items.addAll(search.find(matchers, most));
    }
    if (!ascends(items, order)) {
      items.sort(order); // quick where long stretches ascend, as series in files do
      dropRepeated(items, order);
    }
    boolean cut = limit > 0 && items.size() > limit;
    return new Union<>(cut ? List.copyOf(items.subList(0, limit)) : items, cut);
  }

  private static <T> void dropRepeated(List<T> items, Comparator<T> order) {
    int kept = Math.min(1, items.size());
    for (int i = 1; i < items.size(); i++) {
      if (order.compare(items.get(kept - 1), items.get(i)) != 0) {
        items.set(kept++, items.get(i));
      }
    }
    items.subList(kept, items.size()).clear();
  }

  /** True of what one search finds, mostly; then sorting it would be in vain. */
  private static <T> boolean ascends(List<T> items, Comparator<T> order) {
    for (int i = 1; i < items.size(); i++) {
      if (order.compare(items.get(i - 1), items.get(i)) >= 0) {
        return false;
      }
    }
    return true;
  }
}
