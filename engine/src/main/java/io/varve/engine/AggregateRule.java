package io.varve.engine;

import io.varve.engine.model.Matcher;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A continuous aggregate: of which series what is kept cell by cell besides the samples, or of
 * which groups of series step by step.
 *
 * @param name what people call it
 * @param tenant whose series; null for all tenants
 * @param matchers all must accept a series; none accept all
 * @param cellMillis widths of the cells, or distances of the steps, each a divisor of the window's
 *     width
 * @param parts what cells know
 * @param grouping how series are grouped; null if cells are kept
 */
public record AggregateRule(
    String name,
    @Nullable String tenant,
    List<Matcher> matchers,
    List<Long> cellMillis,
    Set<CellPart> parts,
    @Nullable Grouping grouping) {
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

  /** Of series. */
  public AggregateRule(
      String name,
      @Nullable String tenant,
      List<Matcher> matchers,
      List<Long> cellMillis,
      Set<CellPart> parts) {
    this(name, tenant, matchers, cellMillis, parts, null);
  }

  /** Of series, with all parts. */
  public AggregateRule(
      String name, @Nullable String tenant, List<Matcher> matchers, List<Long> cellMillis) {
    this(name, tenant, matchers, cellMillis, EnumSet.allOf(CellPart.class));
  }

  /** Of groups. */
  public AggregateRule(
      String name,
      @Nullable String tenant,
      List<Matcher> matchers,
      List<Long> stepMillis,
      Grouping grouping) {
    this(name, tenant, matchers, stepMillis, Set.of(), grouping);
  }

  /** True if it speaks of series of a tenant. */
  public boolean isOf(String seriesTenant) {
    return tenant == null || tenant.equals(seriesTenant);
  }
}
