package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.bench.fuzz.Points.Place;
import io.varve.bench.fuzz.Term.Kind;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A difference that has been made small, and what else the two servers say about it. */
final class Case {
  private static final double TOLERANCE = 1e-9;
  private static final long SUBQUERY_REACH = 3_600_000;
  private static final long SUBQUERY_STEP = 15_000; // most steps of subqueries are multiples

  final Term term;
  final Span span;
  final JsonNode there;
  final JsonNode here;
  final Points those;
  final Points these;
  private final ServerPair servers;

  /** The two answers to a query. */
  Case(ServerPair servers, Term term, Span span, JsonNode there, JsonNode here) {
    this.servers = servers;
    this.term = term;
    this.span = span;
    this.there = there;
    this.here = here;
    this.those = new Points(there);
    this.these = new Points(here);
  }

  /** Times that cover those at which subqueries evaluate. */
  static Span ofSubqueries(Span span) {
    return new Span(
        (span.start() - SUBQUERY_REACH) / SUBQUERY_STEP * SUBQUERY_STEP,
        span.end() / SUBQUERY_STEP * SUBQUERY_STEP,
        SUBQUERY_STEP);
  }

  boolean isHead(String... heads) {
    return List.of(heads).contains(term.head());
  }

  /** What Prometheus says to another query over the same times. */
  JsonNode askThere(String query) throws IOException, InterruptedException {
    return servers.prometheus.query(query, span.start(), span.end(), span.step());
  }

  /** What Prometheus says to this query at one time; what is pinned stays pinned to this span. */
  Points thereAt(long time) throws IOException, InterruptedException {
    return new Points(servers.prometheus.query(pinned(term.prometheus()), time, time, 0));
  }

  private String pinned(String text) {
    return text.replace("@ start()", "@ " + BigDecimal.valueOf(span.start(), 3))
        .replace("@ end()", "@ " + BigDecimal.valueOf(span.end(), 3));
  }

  /**
   * True if it is made of a subquery to whose argument Prometheus gives another answer over all
   * steps than at each of them alone, where it agrees with Varve, and every difference is one of
   * its series.
   *
   * @param suspect which arguments are asked about
   */
  boolean differsBySteps(Predicate<Term> suspect) throws IOException, InterruptedException {
    Set<Place> moved = new HashSet<>();
    for (Term range : arguments(Kind.MATRIX)) {
      for (Part part : range.parts()) {
        if (part instanceof Term inner && suspect.test(inner) && !addMoved(inner, moved)) {
          return false;
        }
      }
    }
    return !moved.isEmpty()
        && differences().stream()
            .allMatch(place -> moved.stream().anyMatch(found -> found.fits(place)));
  }

  /** Adds where answers over the steps of a subquery differ; false if also those at one step do. */
  private boolean addMoved(Term inner, Set<Place> moved) throws IOException, InterruptedException {
    Span steps = ofSubqueries(span);
    String text = pinned(inner.prometheus());
    Points over =
        new Points(servers.prometheus.query(text, steps.start(), steps.end(), steps.step()));
    Points mine =
        new Points(
            servers.varve.query(pinned(inner.varve()), steps.start(), steps.end(), steps.step()));
    Set<Place> places = new HashSet<>(mine.texts.keySet());
    places.addAll(over.texts.keySet());
    for (Place place : places) {
      Double there = over.at(place);
      Double here = mine.at(place);
      if (there != null && here != null && same(there, here)) {
        continue;
      }
      long time = new BigDecimal(place.time()).movePointRight(3).longValue();
      Points alone = new Points(servers.prometheus.query(text, time, time, 0));
      Double atOnce = null;
      for (Map.Entry<Place, Double> e : alone.numbers().entrySet()) {
        if (e.getKey().labels().equals(place.labels())) {
          atOnce = e.getValue();
        }
      }
      boolean agrees =
          (atOnce == null || here == null) ? Objects.equals(atOnce, here) : same(atOnce, here);
      if (!agrees) {
        return false;
      }
      moved.add(place);
    }
    return true;
  }

  /** The same of a term in it. */
  Case of(Term inner) throws IOException, InterruptedException {
    return new Case(
        servers,
        inner,
        span,
        askThere(inner.prometheus()),
        servers.varve.query(inner.varve(), span.start(), span.end(), span.step()));
  }

  /** Where the answers differ by more than their last digits, or only one has a number. */
  Set<Place> differences() {
    Set<Place> places = new HashSet<>(those.texts.keySet());
    places.addAll(these.texts.keySet());
    places.removeIf(
        place -> {
          Double a = those.at(place);
          Double b = these.at(place);
          return a != null && b != null && same(a, b);
        });
    return places;
  }

  /** A number there and the one here. */
  interface Pair {
    boolean test(double there, double here);
  }

  /** A number there and the one here, and where they stand. */
  interface PlacedPair {
    boolean test(Place place, double there, double here);
  }

  /** True if both have numbers at the same places, and the pair holds where they differ. */
  boolean all(Pair pair) {
    return all((place, there, here) -> pair.test(there, here));
  }

  /** True if both have numbers at the same places, and the pair holds where they differ. */
  boolean all(PlacedPair pair) {
    if (!those.distinct
        || those.texts.isEmpty()
        || !those.texts.keySet().equals(these.texts.keySet())) {
      return false;
    }
    for (Place place : differences()) {
      Double a = those.at(place);
      Double b = these.at(place);
      if (a == null || b == null || !pair.test(place, a, b)) {
        return false;
      }
    }
    return true;
  }

  /** The same number but for its last digits; zeros of other sign are other numbers. */
  static boolean same(double there, double here) {
    return Double.compare(there, here) == 0
        || (Double.isFinite(there)
            && there != 0
            && Math.abs(there - here) <= TOLERANCE * Math.abs(there));
  }

  /** The terms of a kind that it is directly made of. */
  List<Term> arguments(Kind kind) {
    List<Term> found = new ArrayList<>();
    for (Part part : term.parts()) {
      if (part instanceof Term argument && argument.kind() == kind) {
        found.add(argument);
      }
    }
    return found;
  }

  /**
   * True if every difference is where an argument differs in its last digits, and in no more than
   * these.
   */
  boolean isMadeOfLastDigits() throws IOException, InterruptedException {
    Set<Place> shaky = new HashSet<>();
    Set<Place> anyTime = new HashSet<>();
    for (Kind kind : List.of(Kind.VECTOR, Kind.SCALAR, Kind.HISTOGRAMS)) {
      for (Term argument : arguments(kind)) {
        Set<Place> found = lastDigits(argument, span);
        if (found == null) {
          return false;
        }
        shaky.addAll(found);
      }
    }
    for (Term range : arguments(Kind.MATRIX)) {
      for (Part part : range.parts()) {
        if (part instanceof Term inner && inner.kind() == Kind.VECTOR) {
          Set<Place> found = lastDigits(inner, ofSubqueries(span));
          if (found == null) {
            return false;
          }
          anyTime.addAll(found);
        }
      }
    }
    for (Place place : differences()) {
      boolean known =
          shaky.stream().anyMatch(s -> s.time().equals(place.time()) && s.fits(place))
              || anyTime.stream().anyMatch(s -> s.fits(place));
      if (!known) {
        return false;
      }
    }
    return true;
  }

  /** Where answers to a term differ in their last digits; null if they differ in more. */
  private @Nullable Set<Place> lastDigits(Term argument, Span times)
      throws IOException, InterruptedException {
    JsonNode a =
        servers.prometheus.query(argument.prometheus(), times.start(), times.end(), times.step());
    JsonNode b = servers.varve.query(argument.varve(), times.start(), times.end(), times.step());
    if (new Answers(TOLERANCE).difference(a, b, false) != null) {
      return null;
    }
    Points p = new Points(a);
    Points q = new Points(b);
    Set<Place> found = new HashSet<>();
    p.texts.forEach(
        (place, text) -> {
          if (!text.equals(q.texts.get(place))) {
            found.add(place);
          }
        });
    return found;
  }

  /** What was added up for a number: how many, and the least and largest magnitude. */
  record Addends(double count, double least, double largest) {
    static Addends of(double value) {
      double magnitude = Double.isNaN(value) ? 0 : Math.abs(value);
      return new Addends(1, magnitude, magnitude);
    }

    Addends and(Addends other) {
      return new Addends(
          count + other.count, Math.min(least, other.least), Math.max(largest, other.largest));
    }
  }

  /** Of a sum over series by time, of one over time by place; empty if it is neither. */
  Map<Place, Addends> addends() throws IOException, InterruptedException {
    Map<Place, Addends> found = new HashMap<>();
    for (Term range : arguments(Kind.MATRIX)) {
      String text = range.prometheus();
      Points most = new Points(askThere("max_over_time(" + text + ")"));
      Points least = new Points(askThere("min_over_time(" + text + ")"));
      new Points(askThere("count_over_time(" + text + ")"))
          .numbers()
          .forEach((place, count) -> found.put(place, addends(place, count, most, least)));
    }
    for (Term inner : arguments(Kind.VECTOR)) {
      Points values = new Points(askThere(inner.prometheus()));
      Map<String, Addends> byTime = new HashMap<>();
      values
          .numbers()
          .forEach((place, value) -> byTime.merge(place.time(), Addends.of(value), Addends::and));
      for (Place place : differences()) {
        Addends at = byTime.get(place.time());
        if (at != null) {
          found.put(place, at);
        }
      }
    }
    return found;
  }

  private static Addends addends(Place place, double count, Points most, Points least) {
    Double high = most.at(place);
    Double low = least.at(place);
    Addends extremes = Addends.of(high == null ? 0 : high).and(Addends.of(low == null ? 0 : low));
    return new Addends(count, extremes.least, extremes.largest);
  }
}
