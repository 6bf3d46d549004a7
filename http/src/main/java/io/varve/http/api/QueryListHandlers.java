package io.varve.http.api;

import io.varve.http.api.ActiveQueries.Active;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Tells which queries run and which took most, and ends one: {@code status/active_queries}, {@code
 * status/top_queries} and {@code admin/queries/ID/kill}. A tenant sees its own queries; with {@code
 * tenants=all}, where {@code http.admin_api} is on, everybody's are told. Any thread.
 */
public final class QueryListHandlers {
  private static final int DEFAULT_LIMIT = 20;
  private static final Map<String, Comparator<TopQueries.Total>> ORDERS =
      Map.of(
          "total", Comparator.comparingLong(TopQueries.Total::nanos),
          "max", Comparator.comparingLong(TopQueries.Total::maxNanos),
          "count", Comparator.comparingLong(TopQueries.Total::count),
          "samples", Comparator.comparingLong(TopQueries.Total::samples));

  private final ActiveQueries active;
  private final TopQueries top;
  private final boolean admin;

  /**
   * About these queries.
   *
   * @param admin whether the administration API is open
   */
  public QueryListHandlers(ActiveQueries active, TopQueries top, boolean admin) {
    this.active = active;
    this.top = top;
    this.admin = admin;
  }

  private boolean isTold(Arguments arguments, String tenant) {
    String tenants = arguments.text("tenants");
    if (!tenants.isEmpty() && !tenants.equals("all")) {
      throw ApiException.badParameter("tenants", "must be \"all\" or left out");
    }
    return (admin && !tenants.isEmpty()) || arguments.tenant().equals(tenant);
  }

  /** {@code active_queries}, the oldest first. */
  public Handler activeQueries() {
    return (request, response) -> {
      Arguments arguments = new Arguments(request);
      List<Active> told =
          active.all().stream().filter(q -> isTold(arguments, q.question().tenant())).toList();
      Answers.success(
          response,
          json -> {
            json.beginList();
            for (Active query : told) {
              write(json, query);
            }
            json.endList();
          });
    };
  }

  private static void write(Json json, Active query) throws IOException {
    ActiveQueries.Question question = query.question();
    json.beginObject()
        .key("id")
        .string(Long.toString(query.id()))
        .key("tenant")
        .string(question.tenant())
        .key("query")
        .string(question.shown())
        .key("type")
        .string(question.type())
        .key("start")
        .seconds(question.start())
        .key("end")
        .seconds(question.end())
        .key("step")
        .seconds(question.step())
        .key("state")
        .string(query.isRunning() ? "running" : "queued")
        .key("clients")
        .number(query.clients())
        .key("begun")
        .seconds(query.begunMillis())
        .key("seconds")
        .number(query.nanos() / 1e9)
        .key("samples")
        .number(query.samplesRead())
        .endObject();
  }

  /**
   * {@code top_queries}: {@code by} total (time), max, count or samples; the first {@code limit}.
   */
  public Handler topQueries() {
    return (request, response) -> {
      Arguments arguments = new Arguments(request);
      String by = arguments.text("by").isEmpty() ? "total" : arguments.text("by");
      Comparator<TopQueries.Total> order = ORDERS.get(by);
      if (order == null) {
        throw ApiException.badParameter("by", "must be total, max, count or samples");
      }
      int limit = arguments.limit() == 0 ? DEFAULT_LIMIT : arguments.limit();
      List<TopQueries.Total> told =
          top.all().stream()
              .filter(total -> isTold(arguments, total.tenant()))
              .sorted(order.reversed())
              .limit(limit)
              .toList();
      Answers.success(
          response,
          json -> {
            json.beginList();
            for (TopQueries.Total total : told) {
              write(json, total);
            }
            json.endList();
          });
    };
  }

  private static void write(Json json, TopQueries.Total total) throws IOException {
    json.beginObject()
        .key("tenant")
        .string(total.tenant())
        .key("query")
        .string(total.expression())
        .key("type")
        .string(total.type())
        .key("count")
        .number(total.count())
        .key("failures")
        .number(total.failures())
        .key("totalSeconds")
        .number(total.nanos() / 1e9)
        .key("maxSeconds")
        .number(total.maxNanos() / 1e9)
        .key("samples")
        .number(total.samples())
        .key("last")
        .seconds(total.lastMillis())
        .endObject();
  }

  /** {@code kill}: ends a query; all who wait for it are told that it was canceled. */
  public Handler kill() {
    return (request, response) -> {
      if (!admin) {
        throw new ApiException(ErrorType.UNAVAILABLE, "admin APIs disabled");
      }
      long id;
      try {
        id = Long.parseLong(request.pathParameter());
      } catch (NumberFormatException e) {
        throw ApiException.badData("not the id of a query: \"" + request.pathParameter() + '"');
      }
      if (!active.kill(id)) {
        throw new ApiException(ErrorType.NOT_FOUND, "there is no active query " + id);
      }
      response.empty(204);
    };
  }
}
