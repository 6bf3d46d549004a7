package io.varve.bench.fuzz;

import io.varve.bench.fuzz.Part.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A random expression, or a piece of one, as a tree of words and further terms. Immutable.
 *
 * @param kind what may stand in its place
 * @param head what it is: a function's, an aggregation's or an operator's name, or the name of a
 *     rule of the grammar in angle brackets
 * @param parts what it is written as
 */
record Term(Kind kind, String head, List<Part> parts) implements Part {

  /** What a term evaluates to, or how else it fits into others. */
  enum Kind {
    SCALAR,
    VECTOR,
    MATRIX,
    /** A vector of native histograms. */
    HISTOGRAMS,
    /** A range of native histograms. */
    HISTOGRAM_MATRIX,
    /** May be left out: matchers, modifiers, groupings. */
    OPTION,
    /** Deliberately wrong, whatever it stands for. */
    WRONG
  }

  static Term of(Kind kind, String head, Object... parts) {
    List<Part> list = new ArrayList<>();
    for (Object part : parts) {
      list.add(part instanceof Part p ? p : new Word(part.toString(), part.toString()));
    }
    return new Term(kind, head, List.copyOf(list));
  }

  /** The expression as the reference version reads it. */
  String prometheus() {
    StringBuilder text = new StringBuilder();
    write(text, true);
    return text.toString();
  }

  /** The expression as Varve reads it. */
  String varve() {
    StringBuilder text = new StringBuilder();
    write(text, false);
    return text.toString();
  }

  private void write(StringBuilder text, boolean reference) {
    for (Part part : parts) {
      switch (part) {
        case Word word -> text.append(reference ? word.prometheus() : word.varve());
        case Term term -> term.write(text, reference);
      }
    }
  }

  /** Words and terms in it, itself included. */
  int size() {
    int size = 1;
    for (Part part : parts) {
      size += part instanceof Term term ? term.size() : 1;
    }
    return size;
  }

  /** True if it or a term in it is such. */
  boolean any(Predicate<Term> such) {
    return such.test(this)
        || parts.stream().anyMatch(part -> part instanceof Term term && term.any(such));
  }

  /** True if it or a term in it has one of these heads. */
  boolean has(String... heads) {
    List<String> list = List.of(heads);
    return any(term -> list.contains(term.head));
  }

  /** Terms of a kind below this one. */
  List<Term> below(Predicate<Term> such) {
    List<Term> found = new ArrayList<>();
    for (Part part : parts) {
      if (part instanceof Term term) {
        if (such.test(term)) {
          found.add(term);
        }
        found.addAll(term.below(such));
      }
    }
    return found;
  }

  /** What subqueries evaluate. */
  List<Term> inSubqueries() {
    List<Term> found = new ArrayList<>();
    for (Term subquery : below(term -> term.head.equals("<subquery>"))) {
      for (Part part : subquery.parts) {
        if (part instanceof Term term && term.kind == Kind.VECTOR) {
          found.add(term);
        }
      }
    }
    return found;
  }

  /**
   * True if a subquery that was made to stand in another one does not: its windows could end at its
   * steps, and whether they are closed on the left would show.
   */
  boolean isOutOfPlace() {
    return isOutOfPlace(false);
  }

  private boolean isOutOfPlace(boolean inSubquery) {
    boolean subquery = head.equals("<subquery>");
    for (Part part : parts) {
      if (part instanceof Term term
          && ((subquery && !inSubquery && term.kind == Kind.WRONG && term.head.equals("<offset>"))
              || term.isOutOfPlace(inSubquery || subquery))) {
        return true;
      }
    }
    return false;
  }

  /** The same with another part. */
  Term with(int index, Part part) {
    List<Part> changed = new ArrayList<>(parts);
    changed.set(index, part);
    return new Term(kind, head, List.copyOf(changed));
  }

  @Override
  public String toString() {
    return varve();
  }
}
