package io.varve.query.promql;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The functions of PromQL with their types: all of Prometheus 3.14 ({@code
 * promql/parser/functions.go}). What they compute is told in {@code io.varve.query.function}.
 */
@SuppressWarnings("ImmutableEnumChecker") // the lists are List.of
public enum FunctionSignature {
  /** {@code abs}. */
  ABS(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code absent}. */
  ABSENT(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code absent_over_time}. */
  ABSENT_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code acos}. */
  ACOS(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code acosh}. */
  ACOSH(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code asin}. */
  ASIN(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code asinh}. */
  ASINH(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code atan}. */
  ATAN(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code atanh}. */
  ATANH(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code avg_over_time}. */
  AVG_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code ceil}. */
  CEIL(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code changes}. */
  CHANGES(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code clamp}. */
  CLAMP(List.of(ValueType.VECTOR, ValueType.SCALAR, ValueType.SCALAR), 0, ValueType.VECTOR, false),
  /** {@code clamp_max}. */
  CLAMP_MAX(List.of(ValueType.VECTOR, ValueType.SCALAR), 0, ValueType.VECTOR, false),
  /** {@code clamp_min}. */
  CLAMP_MIN(List.of(ValueType.VECTOR, ValueType.SCALAR), 0, ValueType.VECTOR, false),
  /** {@code cos}. */
  COS(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code cosh}. */
  COSH(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code count_over_time}. */
  COUNT_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code day_of_month}. */
  DAY_OF_MONTH(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code day_of_week}. */
  DAY_OF_WEEK(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code day_of_year}. */
  DAY_OF_YEAR(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code days_in_month}. */
  DAYS_IN_MONTH(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code deg}. */
  DEG(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code delta}. */
  DELTA(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code deriv}. */
  DERIV(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code double_exponential_smoothing}. */
  DOUBLE_EXPONENTIAL_SMOOTHING(
      List.of(ValueType.MATRIX, ValueType.SCALAR, ValueType.SCALAR), 0, ValueType.VECTOR, true),
  /** {@code end}. */
  END(List.of(), 0, ValueType.SCALAR, true),
  /** {@code exp}. */
  EXP(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code first_over_time}. */
  FIRST_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code floor}. */
  FLOOR(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_avg}. */
  HISTOGRAM_AVG(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_count}. */
  HISTOGRAM_COUNT(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_fraction}. */
  HISTOGRAM_FRACTION(
      List.of(ValueType.SCALAR, ValueType.SCALAR, ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_quantile}. */
  HISTOGRAM_QUANTILE(List.of(ValueType.SCALAR, ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_quantiles}. */
  HISTOGRAM_QUANTILES(
      List.of(ValueType.VECTOR, ValueType.STRING, ValueType.SCALAR, ValueType.SCALAR),
      9,
      ValueType.VECTOR,
      true),
  /** {@code histogram_stddev}. */
  HISTOGRAM_STDDEV(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_stdvar}. */
  HISTOGRAM_STDVAR(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code histogram_sum}. */
  HISTOGRAM_SUM(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code hour}. */
  HOUR(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code idelta}. */
  IDELTA(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code increase}. */
  INCREASE(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code info}. */
  INFO(List.of(ValueType.VECTOR, ValueType.VECTOR), 1, ValueType.VECTOR, true),
  /** {@code irate}. */
  IRATE(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code label_join}. */
  LABEL_JOIN(
      List.of(ValueType.VECTOR, ValueType.STRING, ValueType.STRING, ValueType.STRING),
      -1,
      ValueType.VECTOR,
      false),
  /** {@code label_replace}. */
  LABEL_REPLACE(
      List.of(
          ValueType.VECTOR, ValueType.STRING, ValueType.STRING, ValueType.STRING, ValueType.STRING),
      0,
      ValueType.VECTOR,
      false),
  /** {@code last_over_time}. */
  LAST_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code ln}. */
  LN(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code log10}. */
  LOG10(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code log2}. */
  LOG2(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code mad_over_time}. */
  MAD_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, true),
  /** {@code max_of}. */
  MAX_OF(List.of(ValueType.SCALAR, ValueType.SCALAR), 0, ValueType.SCALAR, true),
  /** {@code max_over_time}. */
  MAX_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code min_of}. */
  MIN_OF(List.of(ValueType.SCALAR, ValueType.SCALAR), 0, ValueType.SCALAR, true),
  /** {@code min_over_time}. */
  MIN_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code minute}. */
  MINUTE(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code month}. */
  MONTH(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false),
  /** {@code pi}. */
  PI(List.of(), 0, ValueType.SCALAR, false),
  /** {@code predict_linear}. */
  PREDICT_LINEAR(List.of(ValueType.MATRIX, ValueType.SCALAR), 0, ValueType.VECTOR, false),
  /** {@code present_over_time}. */
  PRESENT_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code quantile_over_time}. */
  QUANTILE_OVER_TIME(List.of(ValueType.SCALAR, ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code rad}. */
  RAD(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code range}. */
  RANGE(List.of(), 0, ValueType.SCALAR, true),
  /** {@code rate}. */
  RATE(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code resets}. */
  RESETS(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code round}. */
  ROUND(List.of(ValueType.VECTOR, ValueType.SCALAR), 1, ValueType.VECTOR, false),
  /** {@code scalar}. */
  SCALAR(List.of(ValueType.VECTOR), 0, ValueType.SCALAR, false),
  /** {@code sgn}. */
  SGN(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code sin}. */
  SIN(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code sinh}. */
  SINH(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code sort}. */
  SORT(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code sort_by_label}. */
  SORT_BY_LABEL(List.of(ValueType.VECTOR, ValueType.STRING), -1, ValueType.VECTOR, true),
  /** {@code sort_by_label_desc}. */
  SORT_BY_LABEL_DESC(List.of(ValueType.VECTOR, ValueType.STRING), -1, ValueType.VECTOR, true),
  /** {@code sort_desc}. */
  SORT_DESC(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code sqrt}. */
  SQRT(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code start}. */
  START(List.of(), 0, ValueType.SCALAR, true),
  /** {@code start_timestamp}. */
  START_TIMESTAMP(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, true),
  /** {@code stddev_over_time}. */
  STDDEV_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code stdvar_over_time}. */
  STDVAR_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code step}. */
  STEP(List.of(), 0, ValueType.SCALAR, true),
  /** {@code sum_over_time}. */
  SUM_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, false),
  /** {@code tan}. */
  TAN(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code tanh}. */
  TANH(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code time}. */
  TIME(List.of(), 0, ValueType.SCALAR, false),
  /** {@code timestamp}. */
  TIMESTAMP(List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false),
  /** {@code ts_of_first_over_time}. */
  TS_OF_FIRST_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, true),
  /** {@code ts_of_last_over_time}. */
  TS_OF_LAST_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, true),
  /** {@code ts_of_max_over_time}. */
  TS_OF_MAX_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, true),
  /** {@code ts_of_min_over_time}. */
  TS_OF_MIN_OVER_TIME(List.of(ValueType.MATRIX), 0, ValueType.VECTOR, true),
  /** {@code vector}. */
  VECTOR(List.of(ValueType.SCALAR), 0, ValueType.VECTOR, false),
  /** {@code year}. */
  YEAR(List.of(ValueType.VECTOR), 1, ValueType.VECTOR, false);

  private static final Map<String, FunctionSignature> BY_NAME = new HashMap<>();

  static {
    for (FunctionSignature f : values()) {
      BY_NAME.put(f.text, f);
    }
  }

  private final String text = name().toLowerCase(Locale.ROOT);
  private final List<ValueType> arguments;
  private final int variadic;
  private final ValueType returns;
  private final boolean experimental;

  FunctionSignature(
      List<ValueType> arguments, int variadic, ValueType returns, boolean experimental) {
    this.arguments = arguments;
    this.variadic = variadic;
    this.returns = returns;
    this.experimental = experimental;
  }

  /** The function of a name (case matters); null if there is none. */
  public static @Nullable FunctionSignature of(String name) {
    return BY_NAME.get(name);
  }

  /** The name in PromQL. */
  public String text() {
    return text;
  }

  /** Types of the declared arguments; further ones have the type of the last. */
  public List<ValueType> arguments() {
    return arguments;
  }

  /**
   * How the number of arguments may vary: 0 not at all; n &gt; 0, the last declared argument may be
   * left out, or be followed by up to n − 1 more of its type; −1, it may be left out or be followed
   * by any number.
   */
  public int variadic() {
    return variadic;
  }

  /** The fewest arguments of a call. */
  public int fewestArguments() {
    return variadic == 0 ? arguments.size() : arguments.size() - 1;
  }

  /** The most arguments of a call. */
  public int mostArguments() {
    return variadic < 0
        ? Integer.MAX_VALUE
        : variadic == 0 ? arguments.size() : arguments.size() - 1 + variadic;
  }

  /** Type of the i-th argument of a call. */
  public ValueType argument(int i) {
    return arguments.get(Math.min(i, arguments.size() - 1));
  }

  /** What a call evaluates to. */
  public ValueType returns() {
    return returns;
  }

  /** True if {@link ParserOptions#experimentalFunctions} must allow it. */
  public boolean experimental() {
    return experimental;
  }
}
