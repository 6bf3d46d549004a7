package io.varve.http.api;

import io.varve.engine.NotLeadingException;
import io.varve.engine.StorageStoppedException;
import io.varve.http.config.AggregatesConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The endpoints that declare continuous aggregates, {@code /api/v1/admin/aggregates…}: closed
 * unless the setting {@code http.admin_api} opens them.
 */
public final class AggregatesAdminHandlers {
  private static final List<String> LISTS =
      List.of("resolutions", "functions", "by", "without", "aggregations");

  private final DeclaredAggregates aggregates;
  private final boolean open;

  /** Works on aggregates that are there by the time of the first request. */
  public AggregatesAdminHandlers(DeclaredAggregates aggregates, boolean open) {
    this.aggregates = aggregates;
    this.open = open;
  }

  /**
   * {@code aggregates}: lists all; by POST declares one, by parameters that are called as the
   * settings of {@code aggregates.rules} are, lists with commas between their items.
   */
  public Handler all() {
    return guarded(
        (request, response) -> {
          if (request.method().equals("GET")) {
            Answers.success(
                response,
                json -> {
                  json.beginList();
                  for (DeclaredAggregates.Listed one : aggregates.list()) {
                    write(one, json);
                  }
                  json.endList();
                });
            return;
          }
          AggregatesConfig.Rule rule = rule(new Arguments(request));
          aggregates.declare(rule);
          Answers.success(
              response, json -> write(new DeclaredAggregates.Listed(rule, false), json));
        });
  }

  private static AggregatesConfig.Rule rule(Arguments arguments) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String key : List.of("name", "match", "tenant")) {
      if (arguments.has(key)) {
        values.put(key, arguments.text(key));
      }
    }
    Map<String, List<String>> lists = new LinkedHashMap<>();
    for (String key : LISTS) {
      if (arguments.has(key)) {
        String text = arguments.text(key).strip();
        lists.put(key, text.isEmpty() ? List.of() : List.of(text.split(",", -1)));
      }
    }
    return AggregatesConfig.of(values, lists);
  }

  private static void write(DeclaredAggregates.Listed one, Json json) throws IOException {
    json.beginObject()
        .key("name")
        .string(one.rule().name())
        .key("origin")
        .string(one.isOfFile() ? "file" : "api")
        .key("definition")
        .string(one.rule().text())
        .endObject();
  }

  /** {@code aggregates/NAME}: by DELETE takes one away. */
  public Handler one() {
    return guarded(
        (request, response) -> {
          String name = request.pathParameter();
          if (!aggregates.remove(name)) {
            throw new ApiException(ErrorType.NOT_FOUND, "there is no aggregate '" + name + "'");
          }
          response.empty(204);
        });
  }

  private Handler guarded(Handler inner) {
    return (request, response) -> {
      if (!open) {
        throw new ApiException(ErrorType.UNAVAILABLE, "admin APIs disabled");
      }
      try {
        inner.handle(request, response);
      } catch (ConfigException | IllegalArgumentException e) {
        throw ApiException.badData(String.valueOf(e.getMessage()));
      } catch (NotLeadingException e) {
        throw e; // another node takes the request
      } catch (StorageStoppedException e) {
        throw new ApiException(ErrorType.INTERNAL, String.valueOf(e.getMessage()));
      }
    };
  }
}
