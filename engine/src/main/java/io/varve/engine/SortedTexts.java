package io.varve.engine;

import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Collects texts in the order of their UTF-8 bytes, each once. An index tells its own in that
 * order, and the next one mostly the same ones again: as long as that is so, each text is compared
 * once and nothing is looked up.
 */
final class SortedTexts implements Consumer<String> {
  /** What is charged at one time. */
  private static final int CHARGE_BYTES = 1 << 13;

  private final QueryBudget budget;
  private final List<String> ascending = new ArrayList<>();
  private final TreeSet<String> others = new TreeSet<>(Labels::compareUtf8);
  private int expected; // the place among those ascending of what may come next
  private long uncharged;

  /**
   * @param budget charged for the texts that are kept
   */
  SortedTexts(QueryBudget budget) {
    this.budget = budget;
  }

  @Override
  public void accept(String text) {
    if (expected < ascending.size() && ascending.get(expected).equals(text)) {
      expected++;
      return;
    }
    if (ascending.isEmpty() || Labels.compareUtf8(text, ascending.getLast()) > 0) {
      ascending.add(text);
      charge(text);
      return;
    }
    int place = Collections.binarySearch(ascending, text, Labels::compareUtf8);
    if (place >= 0) {
      expected = place + 1;
    } else if (others.add(text)) {
      charge(text);
    }
  }

  private void charge(String text) {
    uncharged += 64 + 2L * text.length();
    if (uncharged >= CHARGE_BYTES) {
      budget.chargeBytes(uncharged);
      uncharged = 0;
    }
  }

  /**
   * The first of them.
   *
   * @param limit how many, 0 for all
   */
  List<String> first(int limit) {
    budget.chargeBytes(uncharged);
    uncharged = 0;
    List<String> all = ascending;
    if (!others.isEmpty()) {
      others.addAll(ascending);
      all = new ArrayList<>(others);
    }
    return limit > 0 && all.size() > limit ? all.subList(0, limit) : all;
  }
}
