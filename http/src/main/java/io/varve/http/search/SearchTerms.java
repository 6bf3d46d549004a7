package io.varve.http.search;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is searched for: texts that are like one of some terms. Keeps scratch memory: for one
 * thread.
 */
public final class SearchTerms {
  /** How likeness is measured. */
  public enum Algorithm {
    /** The term's characters in their order, not necessarily side by side. */
    SUBSEQUENCE("subsequence"),
    /** The term itself, or what is near to it by Jaro and Winkler's measure. */
    JARO_WINKLER("jarowinkler");

    private final String parameter;

    Algorithm(String parameter) {
      this.parameter = parameter;
    }

    /** Prometheus' name of it. */
    public String parameter() {
      return parameter;
    }

    /** The one of this name; null if there is none. */
    public static @Nullable Algorithm of(String name) {
      for (Algorithm algorithm : values()) {
        if (algorithm.parameter.equals(name)) {
          return algorithm;
        }
      }
      return null;
    }
  }

  /**
   * One term.
   *
   * @param otherwise asked if {@code first} does not match
   */
  private record Term(Similarity first, @Nullable Similarity otherwise) {}

  private final List<Term> terms = new ArrayList<>();
  private final boolean fold;
  private final CodePoints text = new CodePoints();

  /**
   * Searches for terms; empty ones are left out.
   *
   * @param threshold the least score of what is only similar, from 0 to 1
   * @param caseSensitive whether capital and small letters differ
   */
  public SearchTerms(
      List<String> texts, Algorithm algorithm, double threshold, boolean caseSensitive) {
    fold = !caseSensitive;
    for (String given : texts) {
      if (given.isEmpty()) {
        continue;
      }
      CodePoints term = new CodePoints();
      term.set(given, fold);
      terms.add(
          switch (algorithm) {
            case SUBSEQUENCE -> new Term(new Subsequence(term, threshold), null);
            case JARO_WINKLER ->
                new Term(
                    new Substring(term), threshold > 0 ? new JaroWinkler(term, threshold) : null);
          });
    }
  }

  /** True if every text matches, with 1. */
  public boolean matchAll() {
    return terms.isEmpty();
  }

  /** The best score that a text has with one of the terms, from 0 to 1; negative if it has none. */
  public double score(String candidate) {
    if (terms.isEmpty()) {
      return 1;
    }
    text.set(candidate, fold);
    double best = -1;
    for (Term term : terms) {
      double score = term.first.of(text);
      if (score < 0 && term.otherwise != null) {
        score = term.otherwise.of(text);
      }
      best = Math.max(best, score);
      if (best >= 1) {
        break;
      }
    }
    return best;
  }
}
