package io.varve.bench.peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a store answered: by series (or name), timestamps and values in turn. Order is of no
 * importance.
 */
final class QueryAnswer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, double[]> rows = new TreeMap<>();

  /**
   * Reads the body of an answer.
   *
   * @throws IOException if it is not a success or not of the API's form
   */
  static QueryAnswer parse(String body) throws IOException {
    JsonNode root = JSON.readTree(body);
    if (!"success".equals(root.path("status").asText())) {
      throw new IOException("not a success: " + body.substring(0, Math.min(300, body.length())));
    }
    QueryAnswer answer = new QueryAnswer();
    JsonNode data = root.path("data");
    if (data.isArray()) {
      for (JsonNode element : data) {
        answer.rows.put(element.isObject() ? key(element) : element.asText(), new double[0]);
      }
      return answer;
    }
    for (JsonNode series : data.path("result")) {
      JsonNode values = series.path("values");
      double[] points;
      if (values.isArray()) {
        points = new double[2 * values.size()];
        for (int i = 0; i < values.size(); i++) {
          point(values.get(i), points, i);
        }
      } else {
        points = new double[2];
        point(series.path("value"), points, 0);
      }
      answer.rows.put(key(series.path("metric")), points);
    }
    return answer;
  }

  private static void point(JsonNode pair, double[] into, int at) throws IOException {
    if (pair.size() != 2) {
      throw new IOException("not a sample: " + pair);
    }
    into[2 * at] = pair.get(0).asDouble();
    into[2 * at + 1] =
        switch (pair.get(1).asText()) {
          case "+Inf" -> Double.POSITIVE_INFINITY;
          case "-Inf" -> Double.NEGATIVE_INFINITY;
          default -> Double.parseDouble(pair.get(1).asText());
        };
  }

  private static String key(JsonNode labels) {
    Map<String, String> sorted = new TreeMap<>();
    labels.properties().forEach(e -> sorted.put(e.getKey(), e.getValue().asText()));
    return sorted.toString();
  }

  /** Series, or names. */
  int size() {
    return rows.size();
  }

  /**
   * The first difference to another answer, null if there is none.
   *
   * @param tolerance relative difference of values that is none
   */
  @Nullable String difference(QueryAnswer expected, double tolerance) {
    for (Map.Entry<String, double[]> row : expected.rows.entrySet()) {
      double[] want = row.getValue();
      double[] got = rows.get(row.getKey());
      if (got == null) {
        return "misses " + row.getKey();
      }
      if (got.length != want.length) {
        return row.getKey() + " has " + got.length / 2 + " points, not " + want.length / 2;
      }
      for (int i = 0; i < want.length; i += 2) {
        if (got[i] != want[i] || !isNear(got[i + 1], want[i + 1], tolerance)) {
          return "%s is %s @%s, not %s @%s"
              .formatted(row.getKey(), got[i + 1], got[i], want[i + 1], want[i]);
        }
      }
    }
    for (String key : rows.keySet()) {
      if (!expected.rows.containsKey(key)) {
        return "has " + key + " too much";
      }
    }
    return null;
  }

  private static boolean isNear(double got, double want, double tolerance) {
    return Double.compare(got, want) == 0
        || got == want
        || (Double.isFinite(got - want)
            && Math.abs(got - want) <= tolerance * Math.max(Math.abs(got), Math.abs(want)));
  }
}
