package io.varve.bench.fuzz;

import io.varve.bench.fuzz.Part.Word;
import io.varve.bench.fuzz.Term.Kind;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Makes random expressions of everything that Prometheus 2.42 understands: most are well typed, a
 * few are deliberately wrong. The same seed makes the same expression.
 */
final class ExpressionGenerator {
  private static final int DEPTH = 4;

  private static final String[] GAUGES = {"temperature", "bytes", "up", "build_info", "lonely"};
  private static final String[] LABELS = {"job", "instance", "path", "version", "le", "nothing"};
  private static final String[] RANGES = {"40s", "1m", "2m", "5m", "7m13s", "10m", "25m", "1h"};
  private static final String[] STEPS = {"", "15s", "30s", "1m", "97s", "5m"};
  private static final String[] OFFSETS = {"10s", "1m", "5m", "11m7s", "-30s", "-2m"};
  private static final String[] HALF_OFFSETS = {"500ms", "1m500ms", "-30s500ms"};
  private static final String[] NUMBERS = {
    "0", "1", "2", "-1", "0.5", "3.25", "1e3", "0x1F", "017", "Inf", "-Inf", "NaN", "1e-3", "100",
    ".25", "5.", "1e9", "1e308"
  };
  private static final String[] ELEMENT_FUNCTIONS = {
    "abs",
    "ceil",
    "floor",
    "exp",
    "sqrt",
    "ln",
    "log2",
    "log10",
    "sgn",
    "deg",
    "rad",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "timestamp",
    "sort",
    "sort_desc"
  };
  private static final String[] DATES = {
    "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"
  };
  private static final String[] RANGE_FUNCTIONS = {
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "avg_over_time",
    "sum_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "absent_over_time",
    "stddev_over_time",
    "stdvar_over_time"
  };
  private static final String[] AGGREGATIONS = {
    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"
  };
  private static final String[] ARITHMETIC = {"+", "-", "*", "/", "%", "^", "+", "*", "atan2"};
  private static final String[] COMPARISONS = {"==", "!=", ">", "<", ">=", "<="};
  private static final String[] SETS = {"and", "or", "unless"};

  private final Random random;
  private int subqueries; // that enclose what is being made

  ExpressionGenerator(long seed) {
    random = new Random(seed);
  }

  /** A whole expression. */
  Term next() {
    int dice = random.nextInt(100);
    if (dice < 4) {
      return wrong();
    }
    if (dice < 8) {
      return scalar(DEPTH);
    }
    return dice < 14 ? histograms(DEPTH - 1) : vector(1 + random.nextInt(DEPTH));
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private String one(String... of) {
    return of[random.nextInt(of.length)];
  }

  private String one(List<String> of) {
    return of.get(random.nextInt(of.size()));
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private Term scalar(int depth) {
    if (depth <= 0 || chance(45)) {
      return Term.of(Kind.SCALAR, "<number>", one(NUMBERS));
    }
    return switch (random.nextInt(7)) {
      case 0 -> Term.of(Kind.SCALAR, "time", "time()");
      case 1 -> Term.of(Kind.SCALAR, "pi", "pi()");
      case 2, 3 -> Term.of(Kind.SCALAR, "scalar", "scalar(", vector(depth - 1), ")");
      case 4 -> Term.of(Kind.SCALAR, "<parentheses>", "(", scalar(depth - 1), ")");
      case 5 -> Term.of(Kind.SCALAR, "<unary>", one("-", "+"), scalar(depth - 1));
      default -> {
        String operator = chance(60) ? one(ARITHMETIC) : one(COMPARISONS) + " bool";
        yield Term.of(
            Kind.SCALAR,
            operator,
            "(",
            scalar(depth - 1),
            " " + operator + " ",
            scalar(depth - 1),
            ")");
      }
    };
  }

  private Term vector(int depth) {
    if (depth <= 0) {
      return chance(4)
          ? Term.of(Kind.VECTOR, "vector", "vector(", scalar(0), ")")
          : selector(Kind.VECTOR, "");
    }
    int dice = random.nextInt(100);
    if (dice < 28) {
      return overRange(depth);
    }
    if (dice < 48) {
      return aggregation(depth);
    }
    if (dice < 72) {
      return binary(depth);
    }
    if (dice < 92) {
      return function(depth);
    }
    if (dice < 95) {
      return Term.of(Kind.VECTOR, "<parentheses>", "(", vector(depth - 1), ")");
    }
    return dice < 98
        ? Term.of(Kind.VECTOR, "<unary>", one("-", "+"), vector(depth - 1))
        : selector(Kind.VECTOR, "");
  }

  /** An instant selector, or one of a range if {@code range} is not empty. */
  private Term selector(Kind kind, String range) {
    boolean histogram = kind == Kind.HISTOGRAMS || kind == Kind.HISTOGRAM_MATRIX;
    List<Object> parts = new ArrayList<>();
    int dice = random.nextInt(100);
    String metric;
    if (histogram) {
      metric = "latency_native";
    } else if (dice < 40) {
      metric = one(GAUGES);
    } else if (dice < 75) {
      metric = "requests_total";
    } else if (dice < 85) {
      metric = "latency_bucket";
    } else if (dice < 90) {
      metric = "no_such_metric";
    } else {
      metric = "";
    }
    parts.add(metric);
    if (metric.isEmpty()) {
      // Native histograms stay out of what is a vector of floats.
      parts.add(
          one(
              "{__name__=~\"temp.*|up|bytes\"",
              "{__name__=~\"(requests|bytes).*\"",
              "{version!=\"\"",
              "{path=~\"/.+\"",
              "{__name__=\"up\"",
              "{only=~\".+\"",
              "{__name__!~\"latency.+|build.*|requests_total\",job=~\".*[bi]\""));
      parts.add(chance(30) ? Term.of(Kind.OPTION, "<matcher>", ",", matcher()) : "");
      parts.add("}");
    } else if (chance(60)) {
      String second = chance(25) ? "," + matcher() : "";
      parts.add(Term.of(Kind.OPTION, "<matchers>", "{" + matcher() + second + "}"));
    }
    parts.add(range);
    parts.add(modifiers(false));
    return Term.of(kind, range.isEmpty() ? "<selector>" : "<range>", parts.toArray());
  }

  private String matcher() {
    String label = one("job", "instance", "path", "job", "instance", "version", "nothing");
    String value =
        switch (label) {
          case "job" -> one(RandomData.JOBS);
          case "instance" -> one(RandomData.INSTANCES);
          case "path" -> one(RandomData.PATHS);
          default -> one("", "v1", "v2");
        };
    return switch (random.nextInt(5)) {
      case 0 -> label + "!=" + quoted(value);
      case 1 ->
          label
              + one("=~", "!~")
              + quoted(
                  one(
                      ".*",
                      ".+",
                      "",
                      "api|web",
                      "h[12]:.+",
                      "(?i)API",
                      "d?b",
                      "gr..e.*",
                      "/[^a-z]+.*",
                      "\\w+",
                      "h.:\\d{2}",
                      ".*💡"));
      default -> label + "=" + quoted(value);
    };
  }

  /** Offset and {@code @}, in any order, or neither. */
  private Term modifiers(boolean ofSubquery) {
    boolean at = chance(8);
    // What stands in a subquery is evaluated at whole seconds: see RandomData.
    boolean half = ofSubquery && subqueries > 0 && !at;
    String offset = half ? one(HALF_OFFSETS) : chance(20) ? one(OFFSETS) : "";
    List<String> texts = new ArrayList<>();
    if (!offset.isEmpty()) {
      texts.add(" offset " + offset);
    }
    if (at) {
      long time = RandomData.START + random.nextLong(RandomData.SPAN);
      texts.add(
          " @ "
              + one(
                  "start()",
                  "end()",
                  BigDecimal.valueOf(time / 1000 * 1000 + 500, 3).toPlainString()));
    }
    if (texts.size() == 2 && chance(50)) {
      texts.add(texts.removeFirst());
    }
    Kind kind = half ? Kind.WRONG : Kind.OPTION; // a half one must stay
    return Term.of(kind, at ? "@" : "<offset>", String.join("", texts));
  }

  private Term matrix(int depth, boolean ofCounters) {
    if (depth > 0 && chance(22)) {
      subqueries++;
      Term inner = vector(depth - 1);
      subqueries--;
      String range = one("2m", "5m", "10m", "25m");
      return Term.of(
          Kind.MATRIX,
          "<subquery>",
          inner.head().startsWith("<") ? "" : "(",
          inner,
          inner.head().startsWith("<") ? "" : ")",
          "[" + range + ":" + one(STEPS) + "]",
          modifiers(true));
    }
    if (ofCounters && chance(70)) {
      return Term.of(
          Kind.MATRIX,
          "<range>",
          one("requests_total", "requests_total", "latency_bucket"),
          Term.of(Kind.OPTION, "<matchers>", "{" + matcher() + "}"),
          "[" + one(RANGES) + "]",
          modifiers(false));
    }
    return selector(Kind.MATRIX, "[" + one(RANGES) + "]");
  }

  private Term overRange(int depth) {
    int dice = random.nextInt(RANGE_FUNCTIONS.length + 5);
    if (dice >= RANGE_FUNCTIONS.length) {
      return switch (dice - RANGE_FUNCTIONS.length) {
        case 0, 1 ->
            Term.of(
                Kind.VECTOR,
                "quantile_over_time",
                "quantile_over_time(",
                quantile(depth),
                ", ",
                matrix(depth, false),
                ")");
        case 2, 3 ->
            Term.of(
                Kind.VECTOR,
                "predict_linear",
                "predict_linear(",
                matrix(depth, false),
                ", ",
                chance(80) ? one("600", "-60", "3600") : scalar(depth - 1),
                ")");
        default ->
            Term.of(
                Kind.VECTOR,
                "holt_winters",
                new Word("holt_winters", "double_exponential_smoothing"),
                "(",
                matrix(depth, false),
                ", " + one("0.3", "0.9", "0.5", "0", "1", "NaN"),
                ", " + one("0.1", "0.6", "0.5", "2") + ")");
      };
    }
    String name = RANGE_FUNCTIONS[dice];
    return Term.of(Kind.VECTOR, name, name + "(", matrix(depth, dice < 2), ")");
  }

  private Term quantile(int depth) {
    return chance(85)
        ? Term.of(
            Kind.SCALAR, "<number>", one("0", "0.1", "0.5", "0.9", "0.99", "1", "-1", "2", "NaN"))
        : scalar(depth - 1);
  }

  private Term function(int depth) {
    int dice = random.nextInt(100);
    if (dice < 40) {
      String name = one(ELEMENT_FUNCTIONS);
      return Term.of(Kind.VECTOR, name, name + "(", vector(depth - 1), ")");
    }
    if (dice < 47) {
      String name = one(DATES);
      return chance(20)
          ? Term.of(Kind.VECTOR, name, name + "()")
          : Term.of(Kind.VECTOR, name, name + "(", vector(depth - 1), ")");
    }
    if (dice < 58) {
      String name = one("clamp_min", "clamp_max", "round", "clamp");
      Object second = name.equals("clamp") ? scalar(depth - 1) : "";
      return Term.of(
          Kind.VECTOR,
          name,
          name + "(",
          vector(depth - 1),
          ", ",
          scalar(depth - 1),
          name.equals("clamp") ? ", " : "",
          second,
          ")");
    }
    if (dice < 63) {
      return Term.of(Kind.VECTOR, "round", "round(", vector(depth - 1), ")");
    }
    if (dice < 70) {
      return Term.of(Kind.VECTOR, "absent", "absent(", vector(depth - 1), ")");
    }
    if (dice < 78) {
      String by = "le" + (chance(50) ? ", job" : "");
      Term buckets =
          switch (random.nextInt(3)) {
            case 0 -> Term.of(Kind.VECTOR, "<selector>", "latency_bucket", modifiers(false));
            case 1 ->
                Term.of(
                    Kind.VECTOR,
                    "sum",
                    "sum by (" + by + ") (",
                    Term.of(Kind.VECTOR, "rate", "rate(latency_bucket[" + one(RANGES) + "])"),
                    ")");
            default -> vector(depth - 1);
          };
      return Term.of(
          Kind.VECTOR,
          "histogram_quantile",
          "histogram_quantile(",
          quantile(depth),
          ", ",
          buckets,
          ")");
    }
    if (dice < 86) {
      return Term.of(
          Kind.VECTOR,
          "label_replace",
          "label_replace(",
          vector(depth - 1),
          ", " + quoted(one("job", "new", "instance", "__name__", "le")),
          ", " + quoted(one("$1", "x-$1", "", "${1}y", "$1x", "$name", "const", "$2")),
          ", " + quoted(one(LABELS)),
          ", "
              + quoted(one("(.*)", "(.).*", "(?P<name>[a-z]+).*", "no", "", "(a)(p)i|(.*)"))
              + ")");
    }
    if (dice < 92) {
      String more = chance(50) ? ", " + quoted(one(LABELS)) : "";
      return Term.of(
          Kind.VECTOR,
          "label_join",
          "label_join(",
          vector(depth - 1),
          ", " + quoted(one("job", "new", "__name__")),
          ", " + quoted(one("-", "", "→")),
          more + ", " + quoted(one(LABELS)) + ")");
    }
    if (dice < 96) {
      return Term.of(Kind.VECTOR, "vector", "vector(", scalar(depth - 1), ")");
    }
    return ofHistograms(depth);
  }

  private Term grouping() {
    int dice = random.nextInt(100);
    if (dice < 35) {
      return Term.of(Kind.OPTION, "<grouping>", "");
    }
    return Term.of(Kind.OPTION, "<grouping>", one(" by ", " without "), "(" + labels() + ") ");
  }

  private String labels() {
    return switch (random.nextInt(6)) {
      case 0 -> "";
      case 1 -> one(LABELS) + ", " + one(LABELS);
      case 2 -> one("__name__", "job");
      default -> one("job", "instance");
    };
  }

  private Term aggregation(int depth) {
    int dice = random.nextInt(100);
    if (dice < 14) {
      String name = one("topk", "bottomk");
      Object k = chance(80) ? one("1", "2", "3", "0", "-1", "100") : scalar(depth - 1);
      return Term.of(Kind.VECTOR, name, name, grouping(), "(", k, ", ", vector(depth - 1), ")");
    }
    if (dice < 24) {
      return Term.of(
          Kind.VECTOR,
          "quantile",
          "quantile",
          grouping(),
          "(",
          quantile(depth),
          ", ",
          vector(depth - 1),
          ")");
    }
    if (dice < 30) {
      return Term.of(
          Kind.VECTOR,
          "count_values",
          "count_values",
          grouping(),
          "(" + quoted(one("value", "job", "v")) + ", ",
          vector(depth - 1),
          ")");
    }
    String name = one(AGGREGATIONS);
    return Term.of(Kind.VECTOR, name, name, grouping(), "(", vector(depth - 1), ")");
  }

  private Term matching(boolean mayGroup) {
    int dice = random.nextInt(100);
    if (dice < 35) {
      return Term.of(Kind.OPTION, "<matching>", "");
    }
    String labels = one("job", "instance", "job, instance", "job, instance", "path", "");
    String group =
        mayGroup && chance(50)
            ? one(" group_left ", " group_right ", " group_left", " group_right")
            : "";
    if (group.endsWith("t")) {
      group += " (" + one("", "version", "path", "nothing", "le, path") + ") ";
    }
    return Term.of(
        Kind.OPTION,
        group.isEmpty() ? "<matching>" : "<group>",
        one("on", "ignoring") + " (" + labels + ") " + group);
  }

  private Term binary(int depth) {
    int dice = random.nextInt(100);
    if (dice < 20) {
      String operator = one(SETS);
      return Term.of(
          Kind.VECTOR,
          operator,
          "(",
          vector(depth - 1),
          " " + operator + " ",
          matching(false),
          vector(depth - 1),
          ")");
    }
    boolean comparison = chance(45);
    String operator = comparison ? one(COMPARISONS) : one(ARITHMETIC);
    Object bool = comparison && chance(40) ? "bool " : "";
    if (dice < 60) {
      boolean left = chance(50);
      return Term.of(
          Kind.VECTOR,
          operator,
          "(",
          left ? scalar(depth - 1) : vector(depth - 1),
          " " + operator + " ",
          bool,
          left ? vector(depth - 1) : scalar(depth - 1),
          ")");
    }
    if (dice < 80) {
      // Pairs that do match.
      String range = one(RANGES);
      String metric = one("temperature", "bytes", "up");
      return Term.of(
          Kind.VECTOR,
          operator,
          "(",
          selector(Kind.VECTOR, ""),
          " " + operator + " ",
          bool,
          one(
              "on (job, instance) ",
              "on (job, instance) group_left () ",
              "ignoring (path) ",
              "ignoring (path) group_left ",
              "on (instance, job) group_left (version) "),
          chance(50)
              ? Term.of(Kind.VECTOR, "<selector>", metric, modifiers(false))
              : Term.of(
                  Kind.VECTOR, "max_over_time", "max_over_time(" + metric + "[" + range + "])"),
          ")");
    }
    return Term.of(
        Kind.VECTOR,
        operator,
        "(",
        vector(depth - 1),
        " " + operator + " ",
        bool,
        matching(true),
        vector(depth - 1),
        ")");
  }

  /** Floats that come of native histograms. */
  private Term ofHistograms(int depth) {
    return switch (random.nextInt(6)) {
      case 0 -> Term.of(Kind.VECTOR, "histogram_sum", "histogram_sum(", histograms(depth - 1), ")");
      case 1 ->
          Term.of(
              Kind.VECTOR,
              "histogram_fraction",
              "histogram_fraction(" + one("0", "-1", "0.5") + ", " + one("0.2", "4", "Inf") + ", ",
              histograms(depth - 1),
              ")");
      case 2 ->
          Term.of(
              Kind.VECTOR,
              "histogram_quantile",
              "histogram_quantile(",
              quantile(0),
              ", ",
              histograms(depth - 1),
              ")");
      case 3 -> Term.of(Kind.VECTOR, "count", "count", grouping(), "(", histograms(depth - 1), ")");
      default ->
          Term.of(Kind.VECTOR, "histogram_count", "histogram_count(", histograms(depth - 1), ")");
    };
  }

  private Term histograms(int depth) {
    if (depth <= 0 || chance(25)) {
      return selector(Kind.HISTOGRAMS, "");
    }
    return switch (random.nextInt(6)) {
      case 0, 1, 2 -> {
        String name = one("rate", "increase", "delta");
        yield Term.of(
            Kind.HISTOGRAMS,
            name,
            name + "(",
            selector(Kind.HISTOGRAM_MATRIX, "[" + one(RANGES) + "]"),
            ")");
      }
      case 3, 4 ->
          Term.of(Kind.HISTOGRAMS, "sum", "sum", grouping(), "(", histograms(depth - 1), ")");
      default ->
          Term.of(
              Kind.HISTOGRAMS,
              "+",
              "(",
              histograms(depth - 1),
              " + ",
              matching(false),
              histograms(depth - 1),
              ")");
    };
  }

  /** What neither may accept. */
  private Term wrong() {
    return switch (random.nextInt(14)) {
      case 0 -> Term.of(Kind.WRONG, "<wrong>", "rate(", vector(1), ")");
      case 1 -> Term.of(Kind.WRONG, "<wrong>", "sum(", scalar(1), ")");
      case 2 -> Term.of(Kind.WRONG, "<wrong>", "(", scalar(1), " > ", scalar(1), ")");
      case 3 -> Term.of(Kind.WRONG, "<wrong>", "(", vector(1), " and ", scalar(1), ")");
      case 4 -> Term.of(Kind.WRONG, "<wrong>", "no_such_function(", vector(1), ")");
      case 5 -> Term.of(Kind.WRONG, "<wrong>", "abs(", vector(1), ", ", scalar(0), ")");
      case 6 -> Term.of(Kind.WRONG, "<wrong>", "(", vector(1), " and bool ", vector(1), ")");
      case 7 -> Term.of(Kind.WRONG, "<wrong>", matrix(0, false), " + 1");
      case 8 -> Term.of(Kind.WRONG, "<wrong>", "{job=~\".*\"}");
      case 9 -> Term.of(Kind.WRONG, "<wrong>", "up{job=~\"(\"}");
      case 10 -> Term.of(Kind.WRONG, "<wrong>", "rate(up[1m] offset)");
      case 11 -> Term.of(Kind.WRONG, "<wrong>", "rate(up[0s])");
      case 12 -> Term.of(Kind.WRONG, "<wrong>", "up + on (job) group_left (job) up");
      default -> Term.of(Kind.WRONG, "<wrong>", "(", vector(1), " or on (job) group_left () up)");
    };
  }
}
