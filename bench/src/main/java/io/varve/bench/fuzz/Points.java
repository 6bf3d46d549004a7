package io.varve.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The numbers of an answer by labels and time, a histogram as its count. */
final class Points {
  /** Where a number stands: the labels of its series but for the name, and its time as written. */
  record Place(Map<String, String> labels, String time) {
    /** True if the labels that both have are equal: one may be made of the other. */
    boolean fits(Place other) {
      return labels.entrySet().stream()
          .allMatch(l -> other.labels.getOrDefault(l.getKey(), l.getValue()).equals(l.getValue()));
    }
  }

  /** Numbers as written. */
  final Map<Place, String> texts = new LinkedHashMap<>();

  /** True if the series are distinct without their names. */
  final boolean distinct;

  Points(JsonNode answer) {
    boolean all = true;
    JsonNode result = answer.at("/data/result");
    if (answer.at("/data/resultType").asText().equals("scalar")) {
      texts.put(new Place(Map.of(), result.get(0).asText()), result.get(1).asText());
    } else {
      for (JsonNode series : result) {
        Map<String, String> labels = new TreeMap<>();
        series
            .path("metric")
            .properties()
            .forEach(l -> labels.put(l.getKey(), l.getValue().asText()));
        labels.remove("__name__");
        for (String key : List.of("values", "histograms")) {
          for (JsonNode point : series.path(key)) {
            all &= add(labels, point);
          }
        }
        for (String key : List.of("value", "histogram")) {
          if (series.has(key)) {
            all &= add(labels, series.get(key));
          }
        }
      }
    }
    distinct = all;
  }

  private boolean add(Map<String, String> labels, JsonNode point) {
    JsonNode value = point.get(1);
    String text = value.isObject() ? value.path("count").asText() : value.asText();
    return texts.put(new Place(labels, point.get(0).asText()), text) == null;
  }

  /** The number there; null if there is none. */
  @Nullable Double at(Place place) {
    String text = texts.get(place);
    return text == null ? null : number(text);
  }

  /** The numbers. */
  Map<Place, Double> numbers() {
    Map<Place, Double> numbers = new HashMap<>();
    texts.forEach((place, text) -> numbers.put(place, number(text)));
    return numbers;
  }

  static double number(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      case "NaN" -> Double.NaN;
      default -> Double.parseDouble(text);
    };
  }
}
