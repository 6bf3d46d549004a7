package io.varve.bench.fuzz;

import io.varve.bench.fuzz.Term.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Makes an expression small as long as something stays true of it. */
final class Shrinker {
  /** What must stay true of the expression. */
  interface Condition {
    boolean holds(Term term) throws Exception;
  }

  private static final int MOST_ATTEMPTS = 250;

  private Shrinker() {}

  /** A small expression of which the condition holds; the given one at worst. */
  static Term shrink(Term term, Condition condition) throws Exception {
    Term best = term;
    int attempts = 0;
    boolean smaller = true;
    while (smaller) {
      smaller = false;
      List<Term> candidates = candidates(best, true);
      candidates.sort(Comparator.comparingInt(Term::size));
      for (Term candidate : candidates) {
        if (candidate.size() >= best.size()) {
          break;
        }
        if (++attempts > MOST_ATTEMPTS) {
          return best;
        }
        if (condition.holds(candidate)) {
          best = candidate;
          smaller = true;
          break;
        }
      }
    }
    return best;
  }

  /** Expressions that come of this one by one step. */
  private static List<Term> candidates(Term term, boolean top) {
    List<Term> found = new ArrayList<>();
    if (term.kind() == Kind.OPTION) {
      if (!term.parts().isEmpty()) {
        found.add(new Term(Kind.OPTION, term.head(), List.of()));
      }
    } else {
      found.addAll(term.below(t -> t.kind() == term.kind() || (top && isResult(t.kind()))));
      if (term.kind() == Kind.SCALAR) {
        found.add(Term.of(Kind.SCALAR, "<number>", "1"));
      } else if (term.kind() == Kind.VECTOR) {
        found.add(Term.of(Kind.VECTOR, "vector", "vector(1)"));
      }
    }
    for (int i = 0; i < term.parts().size(); i++) {
      Part part = term.parts().get(i);
      if (part instanceof Term child) {
        for (Term changed : candidates(child, false)) {
          found.add(term.with(i, changed));
        }
      }
    }
    return found;
  }

  private static boolean isResult(Kind kind) {
    return kind == Kind.SCALAR || kind == Kind.VECTOR || kind == Kind.HISTOGRAMS;
  }
}
