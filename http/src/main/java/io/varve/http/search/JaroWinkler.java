package io.varve.http.search;

import java.util.Arrays;

/**
 * Texts like a term by the measure of Jaro (1989), with Winkler's (1990) bonus of 0.1 for each of
 * up to four characters with which both begin. Every text gets the bonus, as in Prometheus 3.14;
 * many libraries give it only above 0.7.
 */
final class JaroWinkler implements Similarity {
  private static final int MOST_COMMON = 4;
  private static final double BONUS = 0.1;

  private final CodePoints term;
  private final double threshold;
  private boolean[] shortTaken = new boolean[64];
  private boolean[] longTaken = new boolean[64];

  /**
   * @param threshold the least score of a match
   */
  JaroWinkler(CodePoints term, double threshold) {
    this.term = term;
    this.threshold = threshold;
  }

  @Override
  public double of(CodePoints text) {
    double score = score(text);
    return score >= threshold ? score : -1;
  }

  /** The measure, whatever the threshold. */
  double score(CodePoints text) {
    if (term.size() == text.size() && text.startsWith(term)) {
      return 1;
    }
    if (term.size() == 0 || text.size() == 0) {
      return 0;
    }
    CodePoints a = term.size() <= text.size() ? term : text;
    CodePoints b = term.size() <= text.size() ? text : term;
    double matches = match(a, b);
    if (matches == 0) {
      return 0;
    }
    double transpositions = transpositions(a, b);
    double jaro =
        (matches * (1.0 / a.size())
                + matches * (1.0 / b.size())
                + (matches - transpositions * 0.5) / matches)
            / 3;
    int common = 0;
    while (common < Math.min(MOST_COMMON, a.size()) && a.at(common) == b.at(common)) {
      common++;
    }
    return jaro + common * BONUS * (1 - jaro);
  }

  /** Takes equal characters that stand near each other, and counts them. */
  private int match(CodePoints a, CodePoints b) {
    if (longTaken.length < b.size()) {
      shortTaken = new boolean[b.size()];
      longTaken = new boolean[b.size()];
    }
    Arrays.fill(shortTaken, 0, a.size(), false);
    Arrays.fill(longTaken, 0, b.size(), false);
    int distance = Math.max(b.size() / 2 - 1, 0);
    int matches = 0;
    for (int i = 0; i < a.size(); i++) {
      int end = Math.min(i + distance + 1, b.size());
      for (int j = Math.max(i - distance, 0); j < end; j++) {
        if (!longTaken[j] && a.at(i) == b.at(j)) {
          shortTaken[i] = true;
          longTaken[j] = true;
          matches++;
          break;
        }
      }
    }
    return matches;
  }

  /** How many of the taken characters differ, each side read in its own order. */
  private int transpositions(CodePoints a, CodePoints b) {
    int count = 0;
    int k = 0;
    for (int i = 0; i < a.size(); i++) {
      if (!shortTaken[i]) {
        continue;
      }
      while (!longTaken[k]) {
        k++;
      }
      if (a.at(i) != b.at(k)) {
        count++;
      }
      k++;
    }
    return count;
  }
}
