package io.varve.engine;

import io.varve.engine.model.Matcher;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A continuous aggregate: of which series what is kept cell by cell besides the samples.
 *
 * @param name what people call it
 * @param tenant whose series; null for all tenants
 * @param matchers all must accept a series; none accept all
 * @param cellMillis widths of the cells, each a divisor of the window's width
 * @param parts what cells know
 */
public record AggregateRule(
    String name,
    @Nullable String tenant,
    List<Matcher> matchers,
    List<Long> cellMillis,
    Set<CellPart> parts) {
  /** Keeps its own copies. */
  public AggregateRule {
    matchers = List.copyOf(matchers);
    cellMillis = List.copyOf(cellMillis);
    parts = Set.copyOf(parts);
    if (cellMillis.isEmpty() || cellMillis.stream().anyMatch(width -> width < 1000)) {
      throw new IllegalArgumentException(
          "aggregate '" + name + "': cells of at least one second are needed");
    }
  }

  /** Of all parts. */
  public AggregateRule(
      String name, @Nullable String tenant, List<Matcher> matchers, List<Long> cellMillis) {
    this(name, tenant, matchers, cellMillis, EnumSet.allOf(CellPart.class));
  }
}
