package io.varve.query.promql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the elements of two instant vectors find their partners in a binary operation.
 *
 * @param cardinality how many elements may share a match group
 * @param on true if {@code labels} are those that are compared, false if they are ignored
 * @param labels the labels of {@code on(…)} or {@code ignoring(…)}; empty ignoring if neither
 * @param include labels that {@code group_left(…)} or {@code group_right(…)} copies from the side
 *     of the lower cardinality
 * @param fillLeft stands in for a missing left element; null if none
 * @param fillRight stands in for a missing right element; null if none
 */
public record VectorMatching(
    Cardinality cardinality,
    boolean on,
    List<String> labels,
    List<String> include,
    @Nullable Double fillLeft,
    @Nullable Double fillRight) {

  /** How many elements of either side a match group may have. */
  public enum Cardinality {
    /** One of each. */
    ONE_TO_ONE,
    /** {@code group_left}: many of the left. */
    MANY_TO_ONE,
    /** {@code group_right}: many of the right. */
    ONE_TO_MANY,
    /** The set operators. */
    MANY_TO_MANY
  }

  /** No modifier: all labels but the metric's name are compared, one to one. */
  public static final VectorMatching ONE_TO_ONE =
      new VectorMatching(Cardinality.ONE_TO_ONE, false, List.of(), List.of(), null, null);

  /** Copies the labels. */
  public VectorMatching {
    labels = List.copyOf(labels);
    include = List.copyOf(include);
  }
}
