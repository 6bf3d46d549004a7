package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * {@code /api/v1/openapi.yaml}: which paths there are, by which methods and with which parameters,
 * as an OpenAPI description. The forms of answers are those of Prometheus' own description.
 */
public final class OpenApiHandler implements Handler {
  private static final String BASE = "/api/v1";
  private static final String QUERY = "query timeout limit lookback_delta stats explain";
  private static final String FIND = "match[] start end limit";

  private static final String SEARCH =
      FIND
          + " search[] fuzz_threshold fuzz_alg case_sensitive sort_by sort_dir include_score"
          + " batch_size";

  /** Names of parameters, by path. */
  private static final Map<String, String> PARAMETERS =
      Map.ofEntries(
          Map.entry("/query", QUERY + " time"),
          Map.entry("/query_range", QUERY + " start end step"),
          Map.entry("/query_exemplars", "query start end"),
          Map.entry("/format_query", "query"),
          Map.entry("/parse_query", "query"),
          Map.entry("/labels", FIND),
          Map.entry("/label/{name}/values", FIND),
          Map.entry("/series", FIND),
          Map.entry("/search/metric_names", SEARCH + " include_metadata"),
          Map.entry("/search/label_names", SEARCH),
          Map.entry("/search/label_values", SEARCH + " label"),
          Map.entry("/metadata", "metric limit limit_per_metric"),
          Map.entry(
              "/rules",
              "type rule_name[] rule_group[] file[] match[] exclude_alerts group_limit"
                  + " group_next_token"),
          Map.entry("/targets", "scrapePool state"),
          Map.entry("/targets/metadata", "match_target metric limit"),
          Map.entry("/targets/relabel_steps", "scrapePool labels"),
          Map.entry("/scrape_pools/config", "scrapePool"),
          Map.entry("/status/tsdb", "limit"),
          Map.entry("/status/self_metrics", "metric_name_pattern"),
          Map.entry("/admin/tsdb/delete_series", "match[] start end dry_run"),
          Map.entry("/admin/deletes", "match[] start end dry_run state"),
          Map.entry(
              "/admin/aggregates",
              "name match tenant resolutions functions by without aggregations"),
          Map.entry("/admin/tsdb/snapshot", "skip_head"),
          Map.entry("/openapi.yaml", "openapi_version"));

  private final List<Route> routes;
  private final String version;
  private final String base;

  /**
   * Describes routes.
   *
   * @param version of the server
   * @param base where users find the server, or what all paths begin with; may be empty
   */
  public OpenApiHandler(List<Route> routes, String version, String base) {
    this.routes = List.copyOf(routes);
    this.version = version;
    this.base = base;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    String wanted = new Arguments(request).text("openapi_version");
    String form =
        switch (wanted) {
          case "", "3.1" -> "3.1.0";
          case "3.2" -> "3.2.0";
          default ->
              throw ApiException.badParameter(
                  "openapi_version", "\"" + wanted + "\" is neither \"3.1\" nor \"3.2\"");
        };
    response.body(
        200,
        "application/yaml; charset=utf-8",
        out -> out.write(describe(form).getBytes(StandardCharsets.UTF_8)));
  }

  private String describe(String form) {
    StringBuilder text = new StringBuilder();
    text.append("openapi: \"").append(form).append("\"\n");
    text.append("info:\n  title: Varve\n  version: \"").append(version).append("\"\n");
    text.append("servers:\n  - url: ").append(base).append(BASE).append("\npaths:\n");
    for (Route route : routes) {
      if (!route.name().startsWith(BASE)) {
        continue;
      }
      String path = route.name().substring(BASE.length()).replace("*", "{name}");
      text.append("  \"").append(path).append("\":\n");
      for (String method : new TreeSet<>(route.methods())) {
        text.append("    ").append(method.toLowerCase(Locale.ROOT)).append(":\n");
        parameters(path, text);
        text.append("      responses:\n");
        text.append("        default:\n          description: ");
        text.append(
            route.style() == Route.Style.API
                ? "data or an error in Prometheus' JSON envelope\n"
                : "the body of the protocol, or an error as text\n");
      }
    }
    return text.toString();
  }

  private static void parameters(String path, StringBuilder text) {
    String names = PARAMETERS.getOrDefault(path, "");
    if (path.contains("{name}")) {
      names = "name " + names;
    }
    if (names.isEmpty()) {
      return;
    }
    text.append("      parameters:\n");
    for (String name : names.strip().split(" ", -1)) {
      boolean inPath = path.contains("{" + name + "}");
      text.append("        - name: \"").append(name).append("\"\n");
      text.append("          in: ").append(inPath ? "path" : "query").append('\n');
      text.append("          required: ").append(inPath).append('\n');
      boolean list = name.endsWith("[]");
      text.append("          schema:\n            type: ").append(list ? "array" : "string");
      text.append(list ? "\n            items:\n              type: string\n" : "\n");
    }
  }
}
