package io.varve.query.promql;

import org.jspecify.annotations.Nullable;

/** The aggregation operators. */
public enum Aggregation {
  /** Arithmetic mean. */
  AVG("avg", null, false),
  /** The k smallest. */
  BOTTOMK("bottomk", ValueType.SCALAR, false),
  /** How many. */
  COUNT("count", null, false),
  /** How many of each value. */
  COUNT_VALUES("count_values", ValueType.STRING, false),
  /** 1 for each group. */
  GROUP("group", null, false),
  /** A sample of the series, by ratio. */
  LIMIT_RATIO("limit_ratio", ValueType.SCALAR, true),
  /** A sample of the series, by count. */
  LIMITK("limitk", ValueType.SCALAR, true),
  /** Greatest value. */
  MAX("max", null, false),
  /** Smallest value. */
  MIN("min", null, false),
  /** A quantile. */
  QUANTILE("quantile", ValueType.SCALAR, false),
  /** Standard deviation of the population. */
  STDDEV("stddev", null, false),
  /** Variance of the population. */
  STDVAR("stdvar", null, false),
  /** Sum. */
  SUM("sum", null, false),
  /** The k greatest. */
  TOPK("topk", ValueType.SCALAR, false);

  private final String text;
  private final @Nullable ValueType parameter;
  private final boolean experimental;

  Aggregation(String text, @Nullable ValueType parameter, boolean experimental) {
    this.text = text;
    this.parameter = parameter;
    this.experimental = experimental;
  }

  /** As PromQL writes it. */
  public String text() {
    return text;
  }

  /** Type of the argument before the vector; null if there is none. */
  public @Nullable ValueType parameter() {
    return parameter;
  }

  /** True if {@link ParserOptions#experimentalFunctions} must allow it. */
  public boolean experimental() {
    return experimental;
  }
}
