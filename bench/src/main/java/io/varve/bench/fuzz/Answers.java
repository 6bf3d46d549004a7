package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Compares what two servers answer to a query. */
final class Answers {
  /** How far numbers may differ, relative to the larger one. */
  private final double tolerance;

  private long points;
  private long exactPoints;

  Answers(double tolerance) {
    this.tolerance = tolerance;
  }

  /** Numbers that were compared. */
  long points() {
    return points;
  }

  /** Of them those that were the same, digit for digit. */
  long exactPoints() {
    return exactPoints;
  }

  /** What differs first, null if nothing does. Warnings and texts of errors may differ. */
  @Nullable String difference(JsonNode there, JsonNode here, boolean ordered) {
    String wanted = there.path("status").asText();
    String got = here.path("status").asText();
    if (!wanted.equals(got)) {
      return "answers " + brief(here) + ", not " + brief(there);
    }
    if (!wanted.equals("success")) {
      String type = there.path("errorType").asText();
      return type.equals(here.path("errorType").asText())
          ? null
          : "fails as " + brief(here) + ", not as " + brief(there);
    }
    String type = there.at("/data/resultType").asText();
    if (!type.equals(here.at("/data/resultType").asText())) {
      return "is a " + here.at("/data/resultType").asText() + ", not a " + type;
    }
    JsonNode those = there.at("/data/result");
    JsonNode these = here.at("/data/result");
    return switch (type) {
      case "vector", "matrix" -> series(those, these, ordered);
      default -> point("", those, these);
    };
  }

  private static String brief(JsonNode answer) {
    String text =
        answer.path("status").asText().equals("error")
            ? answer.path("errorType").asText() + " \"" + answer.path("error").asText() + '"'
            : answer.path("status").asText() + " " + answer.at("/data/result");
    return text.length() > 300 ? text.substring(0, 300) + "…" : text;
  }

  private @Nullable String series(JsonNode those, JsonNode these, boolean ordered) {
    Map<String, JsonNode> expected = byLabels(those);
    Map<String, JsonNode> actual = byLabels(these);
    if (!expected.keySet().equals(actual.keySet())) {
      Set<String> missing = new TreeSet<>(expected.keySet());
      missing.removeAll(actual.keySet());
      Set<String> extra = new TreeSet<>(actual.keySet());
      extra.removeAll(expected.keySet());
      return "series missing " + first(missing) + ", too many " + first(extra);
    }
    for (Map.Entry<String, JsonNode> entry : expected.entrySet()) {
      JsonNode one = entry.getValue();
      JsonNode other = actual.get(entry.getKey());
      for (String key : List.of("value", "values", "histogram", "histograms")) {
        JsonNode wanted = one.path(key);
        JsonNode got = other == null ? wanted : other.path(key);
        if (wanted.isMissingNode() != got.isMissingNode()) {
          return entry.getKey() + " has " + (got.isMissingNode() ? "no " : "") + key;
        }
        if (wanted.isMissingNode()) {
          continue;
        }
        String different =
            key.endsWith("s")
                ? points(entry.getKey(), wanted, got)
                : point(entry.getKey(), wanted, got);
        if (different != null) {
          return different;
        }
      }
    }
    return ordered ? order(those, these) : null;
  }

  /** The values of sorted vectors; which of equal ones comes first is open. */
  private static @Nullable String order(JsonNode those, JsonNode these) {
    for (int i = 0; i < those.size(); i++) {
      double wanted = number(those.get(i).at("/value/1").asText());
      double got = number(these.get(i).at("/value/1").asText());
      if (Double.compare(wanted, got) != 0 && Math.abs(wanted - got) > 1e-9 * Math.abs(wanted)) {
        return "has " + got + " at " + i + ", not " + wanted;
      }
    }
    return null;
  }

  private static String first(Set<String> labels) {
    return labels.isEmpty() ? "none" : labels.size() + ": " + labels.iterator().next();
  }

  private static Map<String, JsonNode> byLabels(JsonNode result) {
    Map<String, JsonNode> series = new TreeMap<>();
    for (JsonNode one : result) {
      Map<String, String> labels = new TreeMap<>();
      one.get("metric").properties().forEach(l -> labels.put(l.getKey(), l.getValue().asText()));
      series.put(labels.toString(), one);
    }
    return series;
  }

  private @Nullable String points(String labels, JsonNode those, JsonNode these) {
    Iterator<JsonNode> other = these.iterator();
    for (JsonNode wanted : those) {
      if (!other.hasNext()) {
        return labels + " ends before " + wanted.get(0).asText();
      }
      String different = point(labels, wanted, other.next());
      if (different != null) {
        return different;
      }
    }
    return other.hasNext() ? labels + " goes on at " + other.next().get(0).asText() : null;
  }

  private @Nullable String point(String labels, JsonNode there, JsonNode here) {
    double time = there.get(0).asDouble();
    if (time != here.get(0).asDouble()) {
      return labels + " is at " + here.get(0).asText() + ", not at " + there.get(0).asText();
    }
    JsonNode wanted = there.get(1);
    JsonNode got = here.get(1);
    boolean same = wanted.isObject() ? histogram(wanted, got) : number(wanted, got);
    return same ? null : labels + " is " + got + ", not " + wanted + " at " + there.get(0).asText();
  }

  private boolean histogram(JsonNode wanted, JsonNode got) {
    if (!number(wanted.path("count"), got.path("count"))
        || !number(wanted.path("sum"), got.path("sum"))) {
      return false;
    }
    List<JsonNode> those = new ArrayList<>();
    wanted.path("buckets").forEach(those::add);
    List<JsonNode> these = new ArrayList<>();
    got.path("buckets").forEach(these::add);
    if (those.size() != these.size()) {
      return false;
    }
    for (int i = 0; i < those.size(); i++) {
      for (int k = 0; k < 4; k++) {
        if (!number(those.get(i).get(k), these.get(i).get(k))) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean number(JsonNode there, JsonNode here) {
    points++;
    String wanted = there.asText();
    String got = here.asText();
    if (wanted.equals(got)) {
      exactPoints++;
      return true;
    }
    double a = number(wanted);
    double b = number(got);
    // Zeros of different sign have different digits: they are told apart.
    return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b))
        && !(a == 0 && b == 0)
        && Double.isFinite(a)
        && Double.isFinite(b);
  }

  private static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      case "NaN" -> Double.NaN;
      default -> Double.parseDouble(text);
    };
  }
}
