package io.varve.http.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a server answers that scrapes nothing itself: {@code /api/v1/targets} and its neighbours.
 * There are no targets and no scrape pools; asking for one by name is an error.
 */
public final class TargetsHandlers {
  /** Made when it is needed: it takes a twentieth of a start, and hardly anybody asks. */
  private static final class Reading {
    static final ObjectMapper JSON = new ObjectMapper();
  }

  private TargetsHandlers() {}

  /** {@code /api/v1/targets}: none. */
  public static Handler targets() {
    return (request, response) ->
        Answers.success(
            response,
            json ->
                json.beginObject()
                    .key("activeTargets")
                    .beginList()
                    .endList()
                    .key("droppedTargets")
                    .beginList()
                    .endList()
                    .key("droppedTargetCounts")
                    .beginObject()
                    .endObject()
                    .endObject());
  }

  /** {@code /api/v1/targets/metadata}: none. */
  public static Handler metadata() {
    return (request, response) -> {
      Arguments arguments = new Arguments(request);
      var _ = arguments.numberOr("limit", -1);
      String selector = arguments.text("match_target");
      if (!selector.isEmpty()) {
        try {
          var _ = Parser.parseSelector(selector);
        } catch (ParseException e) {
          throw ApiException.badParameter("match_target", String.valueOf(e.getMessage()));
        }
      }
      Answers.success(response, json -> json.beginList().endList());
    };
  }

  /** {@code /api/v1/targets/relabel_steps}: there is no pool whose steps could be told. */
  public static Handler relabelSteps() {
    return (request, response) -> {
      Arguments arguments = new Arguments(request);
      String pool = required(arguments, "scrapePool");
      JsonNode labels;
      try {
        labels = Reading.JSON.readTree(required(arguments, "labels"));
      } catch (JsonProcessingException e) {
        throw ApiException.badData("error parsing labels: " + e.getOriginalMessage());
      }
      for (Map.Entry<String, JsonNode> label : labels.properties()) {
        if (!label.getValue().isTextual()) {
          throw ApiException.badData("error parsing labels: " + label.getKey() + " is no string");
        }
      }
      throw noPool(pool);
    };
  }

  /** {@code /api/v1/scrape_pools}: none. */
  public static Handler scrapePools() {
    return FixedHandler.emptyList("scrapePools");
  }

  /** {@code /api/v1/scrape_pools/config}: there is none. */
  public static Handler scrapePoolConfig() {
    return (request, response) -> {
      throw noPool(required(new Arguments(request), "scrapePool"));
    };
  }

  /**
   * {@code /api/v1/alertmanagers}: by their URLs those that alerts are sent to, and those that the
   * relabelling drops.
   */
  public static Handler alertmanagers(
      Supplier<List<String>> active, Supplier<List<String>> dropped) {
    return (request, response) ->
        Answers.success(
            response,
            json -> {
              json.beginObject();
              urls(json.key("activeAlertmanagers"), active.get());
              urls(json.key("droppedAlertmanagers"), dropped.get());
              json.endObject();
            });
  }

  private static void urls(Json json, List<String> urls) throws IOException {
    json.beginList();
    for (String url : urls) {
      json.beginObject().key("url").string(url).endObject();
    }
    json.endList();
  }

  private static String required(Arguments arguments, String name) {
    String text = arguments.text(name);
    if (text.isEmpty()) {
      throw ApiException.badData("no " + name + " parameter provided");
    }
    return text;
  }

  private static ApiException noPool(String pool) {
    return ApiException.badData(
        "error retrieving scrape config: scrape pool \"" + pool + "\" not found");
  }
}
