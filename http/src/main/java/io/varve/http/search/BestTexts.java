package io.varve.http.search;

import io.varve.engine.QueryBudget;
import io.varve.engine.model.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The first of all matching texts in some order, each once however often it comes: holds no more
 * than are wanted. For one thread.
 */
public final class BestTexts implements Consumer<String> {
  private static final int KNOWN_TEXTS = 1 << 16;
  private static final int OVERHEAD = 128;

  /** In which order. */
  public enum Order {
    /** By UTF-8 bytes. */
    ASCENDING,
    /** The other way round. */
    DESCENDING,
    /** The highest score first, then by UTF-8 bytes. */
    SCORE;

    private Comparator<Scored> comparator() {
      Comparator<Scored> byText = (a, b) -> Labels.compareUtf8(a.text, b.text);
      return switch (this) {
        case ASCENDING -> byText;
        case DESCENDING -> byText.reversed();
        case SCORE -> Comparator.comparingDouble(Scored::score).reversed().thenComparing(byText);
      };
    }
  }

  /**
   * A text that matches.
   *
   * @param score from 0 to 1
   */
  public record Scored(String text, double score) {}

  private final SearchTerms terms;
  private final boolean byScore;
  private final int most;
  private final QueryBudget budget;
  private final TreeSet<Scored> best;
  private final Map<String, Double> known = new HashMap<>();

  /**
   * Collects.
   *
   * @param most how many are wanted, at least 1
   * @param budget charged for what is held; asked now and then whether to go on
   */
  public BestTexts(SearchTerms terms, Order order, int most, QueryBudget budget) {
    this.terms = terms;
    this.byScore = order == Order.SCORE;
    this.most = most;
    this.budget = budget;
    this.best = new TreeSet<>(order.comparator());
  }

  @Override
  public void accept(String text) {
    if (!byScore) {
      // The text alone tells its place: most need no score.
      Scored candidate = new Scored(text, 0);
      if (hopeless(candidate) || best.contains(candidate)) {
        budget.chargeSamples(0);
        return;
      }
    }
    Scored scored = new Scored(text, score(text));
    if (scored.score < 0 || hopeless(scored) || !best.add(scored)) {
      return;
    }
    budget.chargeBytes(bytes(text));
    if (best.size() > most) {
      budget.releaseBytes(bytes(best.removeLast().text));
    }
  }

  private boolean hopeless(Scored candidate) {
    return best.size() >= most && best.comparator().compare(candidate, best.last()) > 0;
  }

  /** A text comes once from each window, so scores are kept: of the first texts that come. */
  private double score(String text) {
    if (terms.matchAll()) {
      return 1;
    }
    Double before = known.get(text);
    if (before != null) {
      return before;
    }
    double score = terms.score(text);
    if (known.size() < KNOWN_TEXTS) {
      known.put(text, score);
      budget.chargeBytes(bytes(text));
    } else {
      budget.chargeSamples(0); // which is where it ends when the time is over
    }
    return score;
  }

  private static long bytes(String text) {
    return OVERHEAD + 2L * text.length();
  }

  /** What has been found, in order. */
  public List<Scored> found() {
    return new ArrayList<>(best);
  }
}
