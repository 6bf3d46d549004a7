package io.varve.query.grouped;

import io.varve.query.promql.Aggregation;
import io.varve.query.promql.FunctionSignature;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What grouped aggregates may store of a group at a step {@code t}: an aggregation over a function
 * of the range that ends there and is as wide as the steps.
 */
public record GroupedColumn(Aggregation aggregation, FunctionSignature function) {
  /** The functions that there may be. */
  public static final List<FunctionSignature> FUNCTIONS =
      List.of(
          FunctionSignature.RATE,
          FunctionSignature.INCREASE,
          FunctionSignature.SUM_OVER_TIME,
          FunctionSignature.COUNT_OVER_TIME,
          FunctionSignature.MIN_OVER_TIME,
          FunctionSignature.MAX_OVER_TIME,
          FunctionSignature.AVG_OVER_TIME,
          FunctionSignature.LAST_OVER_TIME);

  /** The aggregations that there may be; {@code avg} is stored as a sum and a count. */
  public static final List<Aggregation> AGGREGATIONS =
      List.of(
          Aggregation.SUM,
          Aggregation.COUNT,
          Aggregation.MIN,
          Aggregation.MAX,
          Aggregation.AVG,
          Aggregation.GROUP);

  /** As the columns of tables are called: {@code sum(rate)}. */
  public String name() {
    return aggregation.text() + "(" + function.text() + ")";
  }

  /** The column that a name means; null if none does. */
  public static @Nullable GroupedColumn of(String name) {
    for (FunctionSignature function : FUNCTIONS) {
      for (Aggregation aggregation : AGGREGATIONS) {
        GroupedColumn column = new GroupedColumn(aggregation, function);
        if (column.name().equals(name)) {
          return column;
        }
      }
    }
    return null;
  }

  /** The columns that are stored for these aggregations over these functions. */
  public static List<String> names(
      Iterable<Aggregation> aggregations, Iterable<FunctionSignature> functions) {
    List<String> names = new ArrayList<>();
    for (FunctionSignature function : functions) {
      for (Aggregation aggregation : aggregations) {
        Set<Aggregation> stored =
            aggregation == Aggregation.AVG
                ? Set.of(Aggregation.SUM, Aggregation.COUNT)
                : Set.of(aggregation);
        stored.forEach(one -> names.add(new GroupedColumn(one, function).name()));
      }
    }
    return names.stream().sorted().distinct().toList();
  }
}
