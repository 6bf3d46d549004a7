package io.varve.engine;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Collects texts in the order of their UTF-8 bytes, each once. An index tells its own in that
 * order, so as long as there is one, nothing has to be looked up.
 */
final class SortedTexts implements Consumer<String> {
  private final QueryBudget budget;
  private final List<String> ascending = new ArrayList<>();
  private final TreeSet<String> others = new TreeSet<>(Labels::compareUtf8);

  /**
   * @param budget charged for every text that is kept
   */
  SortedTexts(QueryBudget budget) {
    this.budget = budget;
  }

  @Override
  public void accept(String text) {
    int order = ascending.isEmpty() ? 1 : Labels.compareUtf8(text, ascending.getLast());
    if (order > 0) {
      ascending.add(text);
      charge(text);
    } else if (order < 0 && others.add(text)) {
      charge(text);
    }
  }

  private void charge(String text) {
    budget.chargeBytes(64 + 2L * text.length());
  }

  /**
   * The first of them.
   *
   * @param limit how many, 0 for all
   */
  List<String> first(int limit) {
    List<String> all = ascending;
    if (!others.isEmpty()) {
      others.addAll(ascending);
      all = new ArrayList<>(others);
    }
    return limit > 0 && all.size() > limit ? all.subList(0, limit) : all;
  }
}
