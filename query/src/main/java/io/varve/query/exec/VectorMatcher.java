package io.varve.query.exec;

import io.varve.engine.model.Labels;
import io.varve.query.QueryException;
import io.varve.query.promql.VectorMatching;
import io.varve.query.promql.VectorMatching.Cardinality;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Which series of two vectors match each other, and what their result is called. */
final class VectorMatcher {
  private final VectorMatching matching;
  private final Groups.Projection signature;
  private final Set<String> matchingLabels;

  VectorMatcher(VectorMatching matching) {
    this.matching = matching;
    String[] names = matching.labels().toArray(new String[0]);
    this.signature = matching.on() ? Groups.on(names) : Groups.ignoring(names);
    this.matchingLabels = new HashSet<>(matching.labels());
  }

  /** What must be equal for two series to match. */
  Labels signature(Labels series) {
    return signature.of(series);
  }

  /**
   * The signatures of both sides as numbers.
   *
   * @param left per left series
   * @param right per right series
   * @param count how many there are
   */
  record Numbered(int[] left, int[] right, int count) {}

  /** Numbers the signatures. */
  Numbered number(Labels[] left, Labels[] right) {
    Map<Labels, Integer> numbers = new HashMap<>();
    int[] l = number(left, numbers);
    int[] r = number(right, numbers);
    return new Numbered(l, r, numbers.size());
  }

  private int[] number(Labels[] series, Map<Labels, Integer> numbers) {
    int[] result = new int[series.length];
    for (int i = 0; i < series.length; i++) {
      int next = numbers.size();
      Integer known = numbers.putIfAbsent(signature(series[i]), next);
      result[i] = known == null ? next : known;
    }
    return result;
  }

  /** The error of two series of the one side that match the same of the other. */
  QueryException duplicate(Labels series, Labels earlier, boolean onTheLeft) {
    return QueryException.execution(
        "found duplicate series for the match group "
            + signature(series)
            + " on the "
            + (onTheLeft ? "left" : "right")
            + " hand-side of the operation: ["
            + (series.compareTo(earlier) < 0 ? series + ", " + earlier : earlier + ", " + series)
            + "];many-to-many matching not allowed: matching labels must be unique on one side");
  }

  /**
   * The label set of a result.
   *
   * @param many of the side of which there may be several, the left one if one to one
   * @param one of the other side
   */
  Labels result(Labels many, Labels one, BinaryElement element) {
    Labels.Builder result =
        new Labels.Builder(element.changesMeaning() ? Rows.withoutMetadata(many) : many);
    if (matching.cardinality() == Cardinality.ONE_TO_ONE) {
      for (int i = 0; i < many.size(); i++) {
        if (matchingLabels.contains(many.name(i)) != matching.on()) {
          result.remove(many.name(i));
        }
      }
    }
    for (String name : matching.include()) {
      result.set(name, one.get(name));
    }
    Labels labels = result.build();
    return element.returnBool() && !element.query().lateNames
        ? Rows.withoutMetadata(labels)
        : labels;
  }
}
