package io.varve.retention.rules.template;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The functions that templates may call: Go's, and those of Prometheus' template package. */
final class Functions {
  /** Those of Prometheus. */
  static final Set<String> OF_PROMETHEUS =
      Set.of(
          "query",
          "first",
          "label",
          "value",
          "strvalue",
          "args",
          "reReplaceAll",
          "safeHtml",
          "match",
          "title",
          "toUpper",
          "toLower",
          "graphLink",
          "tableLink",
          "sortByLabel",
          "stripPort",
          "stripDomain",
          "humanize",
          "humanize1024",
          "humanizeDuration",
          "humanizePercentage",
          "humanizeTimestamp",
          "toTime",
          "toDuration",
          "now",
          "pathPrefix",
          "externalURL",
          "parseDuration",
          "urlQueryEscape");

  /** All, those of Go included. */
  static final Set<String> NAMES = names();

  private static Set<String> names() {
    Set<String> names = new HashSet<>(OF_PROMETHEUS);
    names.addAll(
        List.of(
            "and",
            "or",
            "not",
            "len",
            "index",
            "slice",
            "print",
            "printf",
            "println",
            "html",
            "js",
            "urlquery",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge"));
    return Set.copyOf(names);
  }

  private static final String[] LARGE = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
  private static final String[] BINARY = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
  private static final String[] SMALL = {"m", "u", "n", "p", "f", "a", "z", "y"};
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final Surroundings surroundings;

  Functions(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /** False for nothing, zero and what is empty. */
  static boolean isTrue(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Boolean b -> b;
      case String s -> !s.isEmpty();
      case Long l -> l != 0;
      case Double d -> d != 0;
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> true;
    };
  }

  /** What a map yields for a key that it does not have: a map of labels an empty text. */
  static @Nullable Object absent(Map<?, ?> map) {
    return map.values().stream().allMatch(String.class::isInstance) ? "" : null;
  }

  @Nullable Object call(String name, List<@Nullable Object> a) {
    return switch (name) {
      case "not" -> !isTrue(arg(name, a, 0, 1));
      case "len" ->
          switch (arg(name, a, 0, 1)) {
            case String s -> (long) s.getBytes(StandardCharsets.UTF_8).length;
            case List<?> list -> (long) list.size();
            case Map<?, ?> map -> (long) map.size();
            case null, default -> throw new TemplateException("error calling len: no length");
          };
      case "index" -> index(a);
      case "slice" -> slice(a);
      case "print" -> print(a, false);
      case "println" -> print(a, true) + "\n";
      case "printf" -> GoFormat.printf(text(name, a, 0), a.subList(1, a.size()));
      case "html" -> html(print(a, false));
      case "js" -> print(a, false).replace("\\", "\\\\").replace("'", "\\'").replace("\"", "\\\"");
      case "urlquery", "urlQueryEscape" -> url(print(a, false));
      case "eq" -> {
        if (a.size() < 2) {
          throw new TemplateException("error calling eq: missing argument for comparison");
        }
        boolean equal = false;
        for (Object other : a.subList(1, a.size())) {
          equal |= compare(a.get(0), other, true) == 0;
        }
        yield equal;
      }
      case "ne" -> compare(arg(name, a, 0, 2), a.get(1), true) != 0;
      case "lt" -> compare(arg(name, a, 0, 2), a.get(1), false) < 0;
      case "le" -> compare(arg(name, a, 0, 2), a.get(1), false) <= 0;
      case "gt" -> compare(arg(name, a, 0, 2), a.get(1), false) > 0;
      case "ge" -> compare(arg(name, a, 0, 2), a.get(1), false) >= 0;
      case "query" -> surroundings.query(text(name, a, 0));
      case "first" -> {
        List<?> list = list(name, a, 0);
        if (list.isEmpty()) {
          throw new TemplateException(
              "error calling first: first() called on vector with no elements");
        }
        yield list.getFirst();
      }
      case "label" -> sample(name, a, 1).labels().getOrDefault(text(name, a, 0), "");
      case "value" -> sample(name, a, 0).value();
      case "strvalue" -> sample(name, a, 0).labels().getOrDefault("__value__", "");
      case "args" -> {
        Map<String, @Nullable Object> named = new HashMap<>();
        for (int i = 0; i < a.size(); i++) {
          named.put("arg" + i, a.get(i));
        }
        yield named;
      }
      case "reReplaceAll" ->
          pattern(text(name, a, 0))
              .matcher(text(name, a, 2))
              .replaceAll(text(name, a, 1).replaceAll("\\$\\{(\\w+)}", "\\$$1"));
      case "match" -> pattern(text(name, a, 0)).matcher(text(name, a, 1)).find();
      case "safeHtml" -> text(name, a, 0);
      case "title" -> title(text(name, a, 0));
      case "toUpper" -> text(name, a, 0).toUpperCase(Locale.ROOT);
      case "toLower" -> text(name, a, 0).toLowerCase(Locale.ROOT);
      case "graphLink" -> "/graph?g0.expr=" + url(text(name, a, 0)) + "&g0.tab=0";
      case "tableLink" -> "/graph?g0.expr=" + url(text(name, a, 0)) + "&g0.tab=1";
      case "sortByLabel" -> {
        String label = text(name, a, 0);
        List<@Nullable Object> sorted = new ArrayList<>(list(name, a, 1));
        sorted.sort(
            Comparator.comparing(
                s -> s instanceof Sample sample ? sample.labels().getOrDefault(label, "") : ""));
        yield sorted;
      }
      case "stripPort" -> stripPort(text(name, a, 0));
      case "stripDomain" -> stripDomain(text(name, a, 0));
      case "humanize" -> humanize(number(name, a, 0));
      case "humanize1024" -> humanize1024(number(name, a, 0));
      case "humanizeDuration" -> humanizeDuration(number(name, a, 0));
      case "humanizePercentage" -> GoFormat.general(number(name, a, 0) * 100, 4) + "%";
      case "humanizeTimestamp", "toTime" -> time(number(name, a, 0));
      case "toDuration" -> duration(number(name, a, 0));
      case "now" -> surroundings.now();
      case "parseDuration" -> parseDuration(text(name, a, 0));
      case "pathPrefix" -> {
        String path = URI.create(surroundings.externalUrl()).getPath();
        yield path == null ? "" : path;
      }
      case "externalURL" -> surroundings.externalUrl();
      default -> throw new TemplateException("function \"" + name + "\" not defined");
    };
  }

  // Arguments.

  private static @Nullable Object arg(String name, List<@Nullable Object> a, int i, int count) {
    if (a.size() != count) {
      throw new TemplateException(
          "wrong number of args for " + name + ": want " + count + " got " + a.size());
    }
    return a.get(i);
  }

  private static @Nullable Object arg(String name, List<@Nullable Object> a, int i) {
    if (i >= a.size()) {
      throw new TemplateException("wrong number of args for " + name + ": got " + a.size());
    }
    return a.get(i);
  }

  private static String text(String name, List<@Nullable Object> a, int i) {
    if (arg(name, a, i) instanceof String s) {
      return s;
    }
    throw new TemplateException(
        "error calling " + name + ": expected string; got " + GoFormat.plain(a.get(i)));
  }

  private static List<?> list(String name, List<@Nullable Object> a, int i) {
    if (arg(name, a, i) instanceof List<?> list) {
      return list;
    }
    throw new TemplateException("error calling " + name + ": expected the result of a query");
  }

  private static Sample sample(String name, List<@Nullable Object> a, int i) {
    if (arg(name, a, i) instanceof Sample sample) {
      return sample;
    }
    throw new TemplateException("error calling " + name + ": expected a sample");
  }

  private static double number(String name, List<@Nullable Object> a, int i) {
    return switch (arg(name, a, i)) {
      case Double d -> d;
      case Long l -> l;
      case String s -> {
        try {
          yield Double.parseDouble(s.replace("Inf", "Infinity"));
        } catch (NumberFormatException e) {
          throw new TemplateException(
              "error calling "
                  + name
                  + ": strconv.ParseFloat: parsing "
                  + GoFormat.quote(s)
                  + ": invalid syntax");
        }
      }
      case null, default ->
          throw new TemplateException("error calling " + name + ": can't convert to float");
    };
  }

  // Go's functions.

  private static @Nullable Object index(List<@Nullable Object> a) {
    Object value = arg("index", a, 0);
    for (Object key : a.subList(1, a.size())) {
      value =
          switch (value) {
            case Map<?, ?> map -> map.containsKey(key) ? map.get(key) : absent(map);
            case List<?> list when key instanceof Long l && l >= 0 && l < list.size() ->
                list.get(l.intValue());
            case List<?> list -> throw new TemplateException("error calling index: out of range");
            case null, default ->
                throw new TemplateException("error calling index: can't index item");
          };
    }
    return value;
  }

  private static Object slice(List<@Nullable Object> a) {
    Object value = arg("slice", a, 0);
    int size = value instanceof String s ? s.length() : list("slice", a, 0).size();
    int from = a.size() > 1 && a.get(1) instanceof Long l ? Math.clamp(l, 0, size) : 0;
    int to = a.size() > 2 && a.get(2) instanceof Long l ? Math.clamp(l, from, size) : size;
    return value instanceof String s
        ? s.substring(from, to)
        : List.copyOf(list("slice", a, 0).subList(from, to));
  }

  /** Spaces stand between operands, for {@code print} only where neither is a text. */
  private static String print(List<@Nullable Object> values, boolean always) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < values.size(); i++) {
      boolean texts =
          i > 0 && (values.get(i) instanceof String || values.get(i - 1) instanceof String);
      if (i > 0 && (always || !texts)) {
        out.append(' ');
      }
      out.append(GoFormat.plain(values.get(i)));
    }
    return out.toString();
  }

  private static int compare(@Nullable Object x, @Nullable Object y, boolean equality) {
    if (x instanceof String a && y instanceof String b) {
      return a.compareTo(b);
    }
    if (x instanceof Long a && y instanceof Long b) {
      return Long.compare(a, b);
    }
    if (x instanceof Double a && y instanceof Double b) {
      return a < b ? -1 : a > b ? 1 : a.doubleValue() == b.doubleValue() ? 0 : equality ? 1 : 2;
    }
    if (equality && x instanceof Boolean a && y instanceof Boolean b) {
      return a.equals(b) ? 0 : 1;
    }
    if (equality && (x == null || y == null)) {
      return x == null && y == null ? 0 : 1;
    }
    throw new TemplateException("incompatible types for comparison");
  }

  private static String html(String text) {
    return text.replace("&", "&amp;")
        .replace("'", "&#39;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&#34;");
  }

  private static String url(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("*", "%2A").replace("%7E", "~");
  }

  // Those of Prometheus.

  private static Pattern pattern(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new TemplateException("invalid regular expression: " + text);
    }
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      out.append(inWord ? c : Character.toTitleCase(c));
      inWord = Character.isLetterOrDigit(c) || c == '_' || c == '\'';
    }
    return out.toString();
  }

  private static String stripPort(String hostPort) {
    int colon = hostPort.lastIndexOf(':');
    if (colon < 0) {
      return hostPort;
    }
    String host = hostPort.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      return host.substring(1, host.length() - 1);
    }
    return host.indexOf(':') >= 0 ? hostPort : host;
  }

  private static String stripDomain(String hostPort) {
    int colon = hostPort.lastIndexOf(':');
    boolean port = colon >= 0 && !stripPort(hostPort).equals(hostPort);
    String host = port ? stripPort(hostPort) : hostPort;
    if (host.indexOf(':') >= 0 || host.matches("[0-9.]+")) {
      return hostPort;
    }
    int dot = host.indexOf('.');
    return (dot < 0 ? host : host.substring(0, dot)) + (port ? hostPort.substring(colon) : "");
  }

  private static boolean isSpecial(double v) {
    return Double.isNaN(v) || Double.isInfinite(v);
  }

  private static String humanize(double value) {
    if (value == 0 || isSpecial(value)) {
      return GoFormat.general(value, 4);
    }
    return Math.abs(value) >= 1 ? large(value, 1000, LARGE) : small(value, "");
  }

  private static String humanize1024(double value) {
    return Math.abs(value) <= 1 || isSpecial(value)
        ? GoFormat.general(value, 4)
        : large(value, 1024, BINARY);
  }

  private static String large(double value, double base, String[] prefixes) {
    double v = value;
    String prefix = "";
    for (String p : prefixes) {
      if (Math.abs(v) < base) {
        break;
      }
      prefix = p;
      v /= base;
    }
    return GoFormat.general(v, 4) + prefix;
  }

  private static String small(double value, String unit) {
    double v = value;
    String prefix = "";
    for (String p : SMALL) {
      if (Math.abs(v) >= 1) {
        break;
      }
      prefix = p;
      v *= 1000;
    }
    return GoFormat.general(v, 4) + prefix + unit;
  }

  private static String humanizeDuration(double value) {
    if (isSpecial(value)) {
      return GoFormat.general(value, 4);
    }
    if (value == 0) {
      return GoFormat.general(value, 4) + "s";
    }
    if (Math.abs(value) < 1) {
      return small(value, "s");
    }
    String sign = value < 0 ? "-" : "";
    double v = Math.abs(value);
    long whole = (long) v;
    long seconds = whole % 60;
    long minutes = whole / 60 % 60;
    long hours = whole / 3600 % 24;
    long days = whole / 86_400;
    if (days != 0) {
      return sign + days + "d " + hours + "h " + minutes + "m " + seconds + "s";
    }
    if (hours != 0) {
      return sign + hours + "h " + minutes + "m " + seconds + "s";
    }
    return minutes != 0
        ? sign + minutes + "m " + seconds + "s"
        : sign + GoFormat.general(v, 4) + "s";
  }

  private static String time(double seconds) {
    if (isSpecial(seconds)) {
      return GoFormat.general(seconds, 4);
    }
    long millis = (long) (seconds * 1000);
    Instant at = Instant.ofEpochMilli(millis);
    long part = Math.floorMod(millis, 1000);
    String fraction =
        part == 0 ? "" : ("." + String.format(Locale.ROOT, "%03d", part)).replaceAll("0+$", "");
    return TIME.format(at) + fraction + " +0000 UTC";
  }

  /** As Go's time.Duration writes itself. */
  private static String duration(double seconds) {
    if (seconds == 0) {
      return "0s";
    }
    double v = Math.abs(seconds);
    String sign = seconds < 0 ? "-" : "";
    if (v < 1) {
      return sign
          + (v < 1e-3
              ? GoFormat.general(v * 1e6, -1) + "µs"
              : GoFormat.general(v * 1e3, -1) + "ms");
    }
    long whole = (long) v;
    String rest =
        new BigDecimal(Double.toString(v))
            .subtract(BigDecimal.valueOf(whole / 60 * 60))
            .stripTrailingZeros()
            .toPlainString();
    if (whole < 60) {
      return sign + rest + "s";
    }
    return whole < 3600
        ? sign + whole / 60 + "m" + rest + "s"
        : sign + whole / 3600 + "h" + whole / 60 % 60 + "m" + rest + "s";
  }

  private static double parseDuration(String text) {
    com.google.re2j.Matcher parts =
        Pattern.compile(
                "(?:(\\d+)y)?(?:(\\d+)w)?(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?")
            .matcher(text);
    if (text.isEmpty() || !parts.matches()) {
      throw new TemplateException("not a valid duration string: " + GoFormat.quote(text));
    }
    double[] units = {31_536_000, 604_800, 86_400, 3600, 60, 1, 0.001};
    double seconds = 0;
    for (int i = 0; i < units.length; i++) {
      String part = parts.group(i + 1);
      seconds += part == null ? 0 : Double.parseDouble(part) * units[i];
    }
    return seconds;
  }
}
