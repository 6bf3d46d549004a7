package io.varve.ingest.otlp;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/** Names and units of metrics by the rules of {@code prometheus/otlptranslator}. */
final class MetricNames {
  /** What a name may be given a suffix for. */
  enum Kind {
    /** A sum that only rises. */
    COUNTER,
    /** A gauge proper: a sum that may fall is not one. */
    GAUGE,
    /** Everything else. */
    OTHER
  }

  private static final Map<String, String> UNITS =
      Map.ofEntries(
          Map.entry("d", "days"),
          Map.entry("h", "hours"),
          Map.entry("min", "minutes"),
          Map.entry("s", "seconds"),
          Map.entry("ms", "milliseconds"),
          Map.entry("us", "microseconds"),
          Map.entry("ns", "nanoseconds"),
          Map.entry("By", "bytes"),
          Map.entry("KiBy", "kibibytes"),
          Map.entry("MiBy", "mebibytes"),
          Map.entry("GiBy", "gibibytes"),
          Map.entry("TiBy", "tibibytes"),
          Map.entry("KBy", "kilobytes"),
          Map.entry("MBy", "megabytes"),
          Map.entry("GBy", "gigabytes"),
          Map.entry("TBy", "terabytes"),
          Map.entry("m", "meters"),
          Map.entry("V", "volts"),
          Map.entry("A", "amperes"),
          Map.entry("J", "joules"),
          Map.entry("W", "watts"),
          Map.entry("g", "grams"),
          Map.entry("Cel", "celsius"),
          Map.entry("Hz", "hertz"),
          Map.entry("1", ""),
          Map.entry("%", "percent"));

  private static final Map<String, String> PER_UNITS =
      Map.of(
          "s", "second", "m", "minute", "h", "hour", "d", "day", "w", "week", "mo", "month", "y",
          "year");

  private static final IntPredicate PART_OF_TOKEN = c -> LabelNames.isLetterOrDigit(c) || c == ':';
  private static final IntPredicate PART_OF_NAME = PART_OF_TOKEN.or(c -> c == '_');

  private final boolean escapes;
  private final boolean suffixes;

  MetricNames(TranslationStrategy strategy) {
    escapes = strategy.escapes();
    suffixes = strategy.suffixes();
  }

  /** A unit in two parts, in words; "" for what is not there. */
  private record Unit(String main, String per) {
    static Unit of(String unit) {
      int slash = unit.indexOf('/');
      String main = (slash < 0 ? unit : unit.substring(0, slash)).strip();
      String per = slash < 0 ? "" : unit.substring(slash + 1).strip();
      String perWord = isAnnotation(per) ? "" : PER_UNITS.getOrDefault(per, per);
      return new Unit(
          isAnnotation(main) ? "" : UNITS.getOrDefault(main, main),
          perWord.isEmpty() ? "" : "per_" + perWord);
    }

    private static boolean isAnnotation(String part) {
      return part.indexOf('{') >= 0 || part.indexOf('}') >= 0;
    }
  }

  /**
   * The metric's name.
   *
   * @throws UntranslatableException if there is none
   */
  String of(String name, String unit, Kind kind) {
    if (!escapes) {
      return suffixes ? withSuffixes(name, unit, kind) : name;
    }
    String result;
    if (suffixes) {
      result = normalized(name, unit, kind);
    } else {
      result = String.join("_", tokens(name, PART_OF_NAME));
      result = beginsWithDigit(result) ? "_" + result : result;
    }
    if (result.isEmpty()) {
      throw new UntranslatableException(
          "normalization for metric "
              + UntranslatableException.quoted(name)
              + " resulted in empty name");
    }
    if (!result.equals(name) && LabelNames.isOnlyUnderscores(result)) {
      throw new UntranslatableException(
          "normalization for metric "
              + UntranslatableException.quoted(name)
              + " resulted in invalid name "
              + UntranslatableException.quoted(result));
    }
    return result;
  }

  private static String normalized(String name, String unit, Kind kind) {
    List<String> tokens = tokens(name, PART_OF_TOKEN);
    Unit words = Unit.of(unit);
    addUnit(tokens, clean(words.main), clean(words.per));
    if (kind == Kind.COUNTER) {
      moveToEnd(tokens, "total");
    }
    if (kind == Kind.GAUGE && unit.equals("1")) {
      moveToEnd(tokens, "ratio");
    }
    String result = String.join("_", tokens);
    return beginsWithDigit(result) ? "_" + result : result;
  }

  private static void addUnit(List<String> tokens, String main, String per) {
    String mainSuffix = tokens.contains(main) ? "" : main;
    String perSuffix = per.equals("per_") ? "" : trimUnderscore(per);
    if (tokens.contains(perSuffix)) {
      perSuffix = "";
    }
    if (!perSuffix.isEmpty()) {
      mainSuffix = trimUnderscore(mainSuffix);
    }
    if (!mainSuffix.isEmpty()) {
      tokens.add(mainSuffix);
    }
    if (!perSuffix.isEmpty()) {
      tokens.add(perSuffix);
    }
  }

  private static void moveToEnd(List<String> tokens, String token) {
    tokens.removeIf(token::equals);
    tokens.add(token);
  }

  private static String trimUnderscore(String text) {
    return text.endsWith("_") ? text.substring(0, text.length() - 1) : text;
  }

  private static boolean beginsWithDigit(String name) {
    return !name.isEmpty() && name.charAt(0) >= '0' && name.charAt(0) <= '9';
  }

  /** The runs of characters that pass. */
  private static List<String> tokens(String text, IntPredicate part) {
    List<String> tokens = new ArrayList<>();
    int from = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean inside = i < text.length() && part.test(text.charAt(i));
      if (inside && from < 0) {
        from = i;
      } else if (!inside && from >= 0) {
        tokens.add(text.substring(from, i));
        from = -1;
      }
    }
    return tokens;
  }

  /** The text in the alphabet of names, without an underscore before it or two in a row. */
  private static String clean(String unit) {
    StringBuilder out = new StringBuilder(unit.length());
    for (int i = 0; i < unit.length(); ) {
      int c = unit.codePointAt(i);
      i += Character.charCount(c);
      if (PART_OF_TOKEN.test(c)) {
        out.append((char) c);
      } else if (out.isEmpty() || out.charAt(out.length() - 1) != '_') {
        out.append('_');
      }
    }
    return out.indexOf("_") == 0 ? out.substring(1) : out.toString();
  }

  /** A name that keeps its characters: what is there as a suffix already is not added again. */
  private static String withSuffixes(String name, String unit, Kind kind) {
    String result = name;
    boolean ratio = kind == Kind.GAUGE && unit.equals("1");
    if (ratio) {
      result = without(result, "ratio");
    }
    if (kind == Kind.COUNTER) {
      result = without(result, "total");
    }
    Unit words = Unit.of(unit);
    if (!words.per.isEmpty()) {
      result = without(result, words.per);
    }
    if (!words.main.isEmpty() && !result.endsWith(words.main)) {
      result += "_" + words.main;
    }
    if (!words.per.isEmpty()) {
      result += "_" + words.per;
    }
    if (kind == Kind.COUNTER) {
      result += "_total";
    }
    return ratio ? result + "_ratio" : result;
  }

  /** The name without a suffix and the character before it, which is taken for a delimiter. */
  private static String without(String name, String suffix) {
    return name.endsWith(suffix) && name.length() > suffix.length() + 1
        ? name.substring(0, name.length() - suffix.length() - 1)
        : name;
  }

  /**
   * A unit in words: {@code By/s} is {@code bytes_per_second}.
   *
   * @param escaped whether only the alphabet of names is left
   */
  static String unit(String unit, boolean escaped) {
    Unit words = Unit.of(unit);
    String main = escaped ? clean(words.main) : words.main;
    String per = escaped ? clean(words.per) : words.per;
    String result = main.isEmpty() || per.isEmpty() ? main + per : main + "_" + per;
    result = result.startsWith("_") ? result.substring(1) : result;
    return trimUnderscore(result);
  }
}
