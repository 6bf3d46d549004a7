package io.varve.query.function;

import io.varve.query.promql.FunctionSignature;
import org.jspecify.annotations.Nullable;

/**
 * The functions that make one number of one number: mathematics, trigonometry and parts of dates
 * (Prometheus 3.14 {@code promql/functions.go}).
 */
public final class ElementFunctions {
  /** One number of one number; never asked for an absent one. */
  @FunctionalInterface
  public interface ElementFunction {
    /** The function's value. */
    double of(double value);
  }

  private ElementFunctions() {}

  /** The function; null if it is none of this kind. */
  public static @Nullable ElementFunction of(FunctionSignature function) {
    return switch (function) {
      case ABS -> Numbers::abs;
      case ACOS -> Math::acos;
      case ACOSH -> Numbers::acosh;
      case ASIN -> Math::asin;
      case ASINH -> Numbers::asinh;
      case ATAN -> Math::atan;
      case ATANH -> Numbers::atanh;
      case CEIL -> Math::ceil;
      case COS -> Math::cos;
      case COSH -> Numbers::cosh;
      case DAY_OF_MONTH -> v -> Calendar.of(v).day;
      case DAY_OF_WEEK -> v -> Calendar.of(v).dayOfWeek;
      case DAY_OF_YEAR -> v -> Calendar.of(v).dayOfYear;
      case DAYS_IN_MONTH -> v -> Calendar.of(v).daysInMonth();
      case DEG -> v -> v * 180 / Math.PI;
      case EXP -> Math::exp;
      case FLOOR -> Math::floor;
      case HOUR -> v -> Calendar.of(v).hour();
      case LN -> StrictMath::log;
      case LOG10 -> Numbers::log10;
      case LOG2 -> Numbers::log2;
      case MINUTE -> v -> Calendar.of(v).minute();
      case MONTH -> v -> Calendar.of(v).month;
      case RAD -> v -> v * Math.PI / 180;
      case SGN -> v -> v < 0 ? -1 : v > 0 ? 1 : v;
      case SIN -> Math::sin;
      case SINH -> Numbers::sinh;
      case SQRT -> Math::sqrt;
      case TAN -> Math::tan;
      case TANH -> Math::tanh;
      case YEAR -> v -> Calendar.of(v).year;
      default -> null;
    };
  }

  /** {@code round}: to a multiple of {@code nearest}, halves up. */
  public static double round(double value, double nearest) {
    double inverse = 1.0 / nearest;
    return Math.floor(value * inverse + 0.5) / inverse;
  }

  /** {@code clamp}; the caller has seen to it that {@code max < min} yields no sample at all. */
  public static double clamp(double value, double min, double max) {
    return Numbers.max(min, Numbers.min(max, value));
  }
}
