package io.varve.query;

import io.varve.query.promql.ParserOptions;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What of PromQL, and of a server that answers it, can be switched on and off, named as Prometheus'
 * feature flags ({@code --enable-feature}).
 */
public enum Feature {
  /** Functions and aggregations that Prometheus calls experimental. */
  EXPERIMENTAL_FUNCTIONS("promql-experimental-functions", false),
  /** Arithmetic in ranges, steps and offsets; stable, and so on, since Prometheus 3.14. */
  DURATION_EXPRESSIONS("promql-duration-expr", true),
  /** The modifiers {@code anchored} and {@code smoothed}. */
  EXTENDED_RANGE_SELECTORS("promql-extended-range-selectors", false),
  /** {@code fill}, {@code fill_left} and {@code fill_right} of binary operators. */
  BINOP_FILL_MODIFIERS("promql-binop-fill-modifiers", false),
  /** Metric names are dropped at the end of a query, not by each function. */
  DELAYED_NAME_REMOVAL("promql-delayed-name-removal", false),
  /** Start timestamps tell counter resets, and where a counter was zero. */
  START_TIMESTAMPS("use-start-timestamps", false),
  /** The labels {@code __type__} and {@code __unit__} say what a metric is. */
  TYPE_AND_UNIT_LABELS("type-and-unit-labels", false),
  /** Statistics of a query may count its samples step by step. */
  PER_STEP_STATS("promql-per-step-stats", false),
  /** The endpoints of a server that find names and values by what they are like. */
  SEARCH_API("search-api", false);

  private static final Set<Feature> DEFAULTS =
      Collections.unmodifiableSet(
          EnumSet.copyOf(Arrays.stream(values()).filter(f -> f.byDefault).toList()));

  private final String flag;
  private final boolean byDefault;

  Feature(String flag, boolean byDefault) {
    this.flag = flag;
    this.byDefault = byDefault;
  }

  /** Prometheus' name of it. */
  public String flag() {
    return flag;
  }

  /** True if it is on unless said otherwise. */
  public boolean isDefault() {
    return byDefault;
  }

  /** Those that a Prometheus server has on by default. */
  public static Set<Feature> defaults() {
    return DEFAULTS;
  }

  /** All of them. */
  public static Set<Feature> all() {
    return Set.of(values());
  }

  /** Those that Prometheus' own test scripts assume: all of the language. */
  public static Set<Feature> ofScripts() {
    Set<Feature> features = EnumSet.allOf(Feature.class);
    features.remove(TYPE_AND_UNIT_LABELS);
    return features;
  }

  /**
   * The feature of a flag.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Feature of(String flag) {
    for (Feature feature : values()) {
      if (feature.flag.equals(flag)) {
        return feature;
      }
    }
    throw new IllegalArgumentException(
        "\""
            + flag
            + "\" is not one of "
            + Arrays.stream(values()).map(Feature::flag).collect(Collectors.joining(", ")));
  }

  /** What of the language these allow. */
  public static ParserOptions language(Set<Feature> features) {
    return ParserOptions.DEFAULT.with(
        features.contains(EXPERIMENTAL_FUNCTIONS),
        features.contains(DURATION_EXPRESSIONS),
        features.contains(EXTENDED_RANGE_SELECTORS),
        features.contains(BINOP_FILL_MODIFIERS));
  }
}
