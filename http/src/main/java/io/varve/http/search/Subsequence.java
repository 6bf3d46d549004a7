package io.varve.http.search;

/**
 * Texts in which the characters of a term stand in this order, with others between them or not.
 *
 * <p>From each place where the term's first character stands, the others are taken as early as they
 * come. With runs of characters that follow each other directly, and gaps before and between them,
 * the score is (Σ run² − Σ gap / length − rest / (2 · length)) / term², where rest is what comes
 * behind the last run; the best place counts. A text that begins with the term has 1. The way of
 * scoring is that of mattyork/fuzzy and Nexucis/fuzzy, as Prometheus 3.14 has it.
 */
final class Subsequence implements Similarity {
  private final CodePoints term;
  private final double threshold;

  /**
   * @param threshold the least score of a match; 0 takes every subsequence whose score is above 0
   */
  Subsequence(CodePoints term, double threshold) {
    this.term = term;
    this.threshold = threshold;
  }

  @Override
  public double of(CodePoints text) {
    if (text.startsWith(term)) {
      return 1;
    }
    double score = best(text);
    return score > 0 && score >= threshold ? score : -1;
  }

  private double best(CodePoints text) {
    double best = -1;
    for (int start = 0; start <= text.size() - term.size(); start++) {
      if (text.at(start) != term.at(0)) {
        continue;
      }
      double score = from(text, start);
      if (Double.isNaN(score)) {
        break; // what is missing here is missing from every later place, too
      }
      best = Math.max(best, score);
    }
    return best < 0 ? 0 : best / ((double) term.size() * term.size());
  }

  /** The score from one place, not divided by term²; NaN if something of the term is missing. */
  private double from(CodePoints text, int start) {
    double perCharacter = 1.0 / text.size();
    double score = 0;
    int matched = 0;
    int end = 0; // behind the last run; before the first one, the text's begin
    int i = start;
    while (matched < term.size()) {
      while (i < text.size() && text.at(i) != term.at(matched)) {
        i++;
      }
      if (i == text.size()) {
        return Double.NaN;
      }
      int run = i;
      while (i < text.size() && matched < term.size() && text.at(i) == term.at(matched)) {
        i++;
        matched++;
      }
      if (run > end) {
        score -= (run - end) * perCharacter;
      }
      score += (double) (i - run) * (i - run);
      end = i;
    }
    if (text.size() > end) {
      score -= (text.size() - end) * perCharacter * 0.5;
    }
    return score;
  }
}
