package io.varve.engine.index;

import io.varve.engine.model.Matcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;
import org.roaringbitmap.buffer.ImmutableRoaringBitmap;
import org.roaringbitmap.buffer.MutableRoaringBitmap;

/**
 * Finds the series of one tenant that all of some matchers accept.
 *
 * <p>Every matcher says one of four things about the set A of values that its test accepts: keep
 * the series that have one of A ({@code =}, {@code =~}), drop them ({@code !=}, {@code !~}), or,
 * when the test accepts "", keep or drop the series that have the label with a value outside A.
 * These steps narrow the candidates one after the other, cheapest first:
 *
 * <ul>
 *   <li>Values that are listed (equality, alternations of literals) are looked up, and the smallest
 *       such set is where the candidates begin. Each of several postings is intersected with the
 *       candidates before the union: a union of 256 postings first costs fifty times as much.
 *   <li>A regular expression runs over the distinct values, once; what it accepts is remembered.
 *       When that is most of them, the others are used instead.
 *   <li>As soon as it is cheaper to look at the labels of the remaining candidates than to touch
 *       postings, that is done for all steps that are left; a regular expression then runs on the
 *       values that the candidates have.
 * </ul>
 */
final class Selection {
  /** What it costs to find and open a posting list, and an id in it, roughly. */
  private static final int POSTING_NANOS = 400;

  private static final int ID_NANOS = 2;

  /** What it costs to read a value and run a regular expression on it, roughly. */
  private static final int REGEX_NANOS = 250;

  /** Postings of so many values are united as bitmaps, those of more in a plain set. */
  private static final int FEW = 8;

  private enum Kind {
    KEEP,
    DROP,
    KEEP_OTHERS,
    DROP_OTHERS
  }

  /** What one matcher asks. */
  private static final class Step {
    final Kind kind;
    final int name;
    final Matcher matcher;
    final boolean allValues;
    final long estimate;
    @Nullable RoaringBitmap accepted;
    private final RoaringBitmap seen = new RoaringBitmap(); // for probing: values that were tested
    private final RoaringBitmap passed = new RoaringBitmap();

    Step(
        Kind kind,
        int name,
        Matcher matcher,
        boolean allValues,
        @Nullable RoaringBitmap accepted,
        long estimate) {
      this.kind = kind;
      this.name = name;
      this.matcher = matcher;
      this.allValues = allValues;
      this.accepted = accepted;
      this.estimate = estimate;
    }

    boolean accepts(Terms terms, int value) {
      if (allValues) {
        return true;
      }
      RoaringBitmap known = accepted;
      if (known != null) {
        return known.contains(value);
      }
      if (!seen.contains(value)) {
        seen.add(value);
        if (matcher.test().accepts(terms.text(name, value))) {
          passed.add(value);
        }
      }
      return passed.contains(value);
    }
  }

  private final Terms terms;
  private final Runnable between;
  private @Nullable MutableRoaringBitmap candidates; // null: all

  private Selection(Terms terms, Runnable between) {
    this.terms = terms;
    this.between = between;
  }

  /** The series that all matchers accept: a bitmap of the caller's. */
  static RoaringBitmap select(Terms terms, List<Matcher> matchers, Runnable between) {
    return new Selection(terms, between).run(matchers).toRoaringBitmap();
  }

  private MutableRoaringBitmap run(List<Matcher> matchers) {
    List<Step> steps = new ArrayList<>(matchers.size());
    for (Matcher matcher : matchers) {
      int name = terms.name(matcher.name());
      if (name >= 0) {
        Step step = step(matcher, name);
        if (step != null) {
          steps.add(step);
        }
      } else if (!matcher.matchesEmpty()) {
        return new MutableRoaringBitmap();
      }
    }
    steps.sort(
        Comparator.comparing((Step step) -> step.accepted == null && !step.allValues)
            .thenComparing(step -> step.kind == Kind.DROP || step.kind == Kind.DROP_OTHERS)
            .thenComparingLong(step -> step.estimate));
    for (int i = 0; i < steps.size(); i++) {
      MutableRoaringBitmap found = candidates;
      if (found != null) {
        if (found.isEmpty()) {
          return found;
        }
        long size = found.getLongCardinality();
        if (size * terms.probeNanos() * (steps.size() - i) < postingCost(steps, i, size)) {
          return probe(found, steps.subList(i, steps.size()));
        }
      }
      apply(steps.get(i));
      between.run();
    }
    return candidates();
  }

  /** What a matcher asks; null if nothing. */
  private @Nullable Step step(Matcher matcher, int name) {
    boolean negates = matcher.type().negates();
    Set<String> listed = matcher.test().onlyValues();
    boolean emptyAccepted = matcher.matchesEmpty() != negates;
    Kind kind =
        negates
            ? emptyAccepted ? Kind.KEEP_OTHERS : Kind.DROP
            : emptyAccepted ? Kind.DROP_OTHERS : Kind.KEEP;
    long present = terms.count(name, Terms.ANY);
    if (listed != null) {
      RoaringBitmap values = new RoaringBitmap();
      long series = 0;
      for (String value : listed) {
        int number = value.isEmpty() ? -1 : terms.value(name, value);
        if (number >= 0) {
          values.add(number);
          series += terms.count(name, number);
        }
      }
      if (kind == Kind.DROP && values.isEmpty()) {
        return null;
      }
      return new Step(kind, name, matcher, false, values, kind == Kind.KEEP ? series : present);
    }
    String expression = matcher.value();
    if (expression.equals(".*") || expression.equals(".+")) {
      return kind == Kind.DROP_OTHERS
          ? null
          : new Step(kind, name, matcher, true, null, kind == Kind.KEEP_OTHERS ? 0 : present);
    }
    RoaringBitmap accepted =
        terms.knowsAccepted(name, matcher) ? terms.accepted(name, matcher, between) : null;
    return new Step(kind, name, matcher, false, accepted, present);
  }

  /** What it costs to apply the steps from one on by their postings, roughly, in nanoseconds. */
  private long postingCost(List<Step> steps, int from, long size) {
    long nanos = 0;
    for (int i = from; i < steps.size(); i++) {
      Step step = steps.get(i);
      RoaringBitmap accepted = step.accepted;
      long values = terms.values(step.name);
      if (step.allValues) {
        values = 1;
      } else if (accepted != null) {
        long some = accepted.getLongCardinality();
        values = Math.min(some, values - some) + 1;
      } else {
        nanos += REGEX_NANOS * values;
        values = Math.min(values, 8); // who knows how many pass
      }
      nanos += POSTING_NANOS * values + ID_NANOS * Math.min(step.estimate, size);
    }
    return nanos;
  }

  private MutableRoaringBitmap candidates() {
    MutableRoaringBitmap found = candidates;
    if (found == null) {
      found = terms.all();
      candidates = found;
    }
    return found;
  }

  private void apply(Step step) {
    if (step.allValues) {
      switch (step.kind) {
        case KEEP -> keepPresent(step.name);
        case DROP -> candidates().andNot(terms.postings(step.name, Terms.ANY));
        case KEEP_OTHERS -> candidates = new MutableRoaringBitmap();
        case DROP_OTHERS -> {}
      }
      return;
    }
    RoaringBitmap accepted = step.accepted;
    if (accepted == null) {
      accepted = terms.accepted(step.name, step.matcher, between);
    }
    int values = terms.values(step.name);
    boolean most = 2L * accepted.getLongCardinality() > values;
    switch (step.kind) {
      case KEEP -> {
        if (most) {
          keepPresent(step.name);
          drop(step.name, others(step.name, accepted));
        } else {
          keep(step.name, accepted);
        }
      }
      case DROP -> {
        if (most) {
          dropOthers(step.name, others(step.name, accepted));
        } else {
          drop(step.name, accepted);
        }
      }
      case KEEP_OTHERS -> {
        if (most) {
          keep(step.name, others(step.name, accepted));
        } else {
          keepPresent(step.name);
          drop(step.name, accepted);
        }
      }
      case DROP_OTHERS -> {
        if (most) {
          drop(step.name, others(step.name, accepted));
        } else {
          dropOthers(step.name, accepted);
        }
      }
    }
  }

  private RoaringBitmap others(int name, RoaringBitmap values) {
    RoaringBitmap others = terms.allValues(name);
    others.andNot(values);
    return others;
  }

  private void keepPresent(int name) {
    ImmutableRoaringBitmap present = terms.postings(name, Terms.ANY);
    MutableRoaringBitmap found = candidates;
    if (found == null) {
      candidates = present.toMutableRoaringBitmap();
    } else {
      found.and(present);
    }
  }

  private void keep(int name, RoaringBitmap values) {
    candidates = having(name, values, candidates);
  }

  private void drop(int name, RoaringBitmap values) {
    if (!values.isEmpty()) {
      MutableRoaringBitmap found = candidates();
      found.andNot(having(name, values, found));
    }
  }

  private void dropOthers(int name, RoaringBitmap values) {
    MutableRoaringBitmap found = candidates();
    MutableRoaringBitmap present =
        ImmutableRoaringBitmap.and(found, terms.postings(name, Terms.ANY));
    if (!values.isEmpty()) {
      present.andNot(having(name, values, present));
    }
    found.andNot(present);
  }

  /** The series within a set (null for all) that have one of some values. */
  private MutableRoaringBitmap having(
      int name, RoaringBitmap values, @Nullable MutableRoaringBitmap within) {
    MutableRoaringBitmap found = new MutableRoaringBitmap();
    if (values.isEmpty() || (within != null && within.isEmpty())) {
      return found;
    }
    PeekableIntIterator each = values.getIntIterator();
    if (values.getLongCardinality() <= FEW) {
      while (each.hasNext()) {
        ImmutableRoaringBitmap postings = terms.postings(name, each.next());
        found.or(within == null ? postings : ImmutableRoaringBitmap.and(within, postings));
      }
      return found;
    }
    int first = within == null ? terms.firstId() : within.first();
    int end = within == null ? terms.endId() : within.last() + 1;
    IdSet set = new IdSet(first, end);
    IdSet fast = within == null ? null : new IdSet(first, end, within);
    for (int taken = 1; each.hasNext(); taken++) {
      terms.collect(name, each.next(), within, fast, set);
      if (taken % Terms.VALUES_AT_ONCE == 0) {
        between.run();
      }
    }
    return set.toBitmap();
  }

  /** Looks at the labels of each candidate. */
  private MutableRoaringBitmap probe(MutableRoaringBitmap found, List<Step> steps) {
    Terms.Probe probe = terms.probe();
    Step[] ask = steps.toArray(new Step[0]);
    int[] kept = new int[found.getCardinality()];
    int n = 0;
    int asked = 0;
    PeekableIntIterator each = found.getIntIterator();
    while (each.hasNext()) {
      int id = each.next();
      if (passes(probe, id, ask)) {
        kept[n++] = id;
      }
      if (++asked % Terms.VALUES_AT_ONCE == 0) {
        between.run();
      }
    }
    MutableRoaringBitmap result = new MutableRoaringBitmap();
    result.addN(kept, 0, n);
    return result;
  }

  private boolean passes(Terms.Probe probe, int id, Step[] steps) {
    for (Step step : steps) {
      int value = probe.value(id, step.name);
      boolean in = value >= 0 && step.accepts(terms, value);
      boolean passes =
          switch (step.kind) {
            case KEEP -> in;
            case DROP -> !in;
            case KEEP_OTHERS -> value >= 0 && !in;
            case DROP_OTHERS -> value < 0 || in;
          };
      if (!passes) {
        return false;
      }
    }
    return true;
  }
}
