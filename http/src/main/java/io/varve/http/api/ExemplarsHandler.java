package io.varve.http.api;

import io.varve.engine.model.Exemplar;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.json.GoFloat;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@code /api/v1/query_exemplars}: exemplars of the series that a query selects. */
public final class ExemplarsHandler implements Handler {
  private final Reading reading;
  private final Syntax syntax;

  /** Reads through {@code reading} what queries of that language select. */
  public ExemplarsHandler(Reading reading, Syntax syntax) {
    this.reading = reading;
    this.syntax = syntax;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    TimeRange range = arguments.range();
    if (range.isEmpty()) {
      throw ApiException.badData("end timestamp must not be before start timestamp");
    }
    List<List<Matcher>> selectors = new ArrayList<>();
    try {
      collect(syntax.parse(arguments.text("query")), selectors);
    } catch (ParseException e) {
      throw ApiException.badData(String.valueOf(e.getMessage()));
    }
    String tenant = arguments.tenant();
    if (selectors.isEmpty()) {
      response.empty(204);
      return;
    }
    TreeMap<Labels, List<Exemplar>> found =
        reading.look(
            request,
            (snapshot, budget) -> {
              TreeMap<Labels, List<Exemplar>> all = new TreeMap<>();
              for (List<Matcher> matchers : selectors) {
                all.putAll(snapshot.exemplars(tenant, matchers, range, budget));
              }
              return all;
            });
    Answers.success(
        response,
        json -> {
          json.beginList();
          for (Map.Entry<Labels, List<Exemplar>> series : found.entrySet()) {
            json.beginObject().key("seriesLabels").labels(series.getKey());
            json.key("exemplars").beginList();
            for (Exemplar exemplar : series.getValue()) {
              json.beginObject()
                  .key("labels")
                  .labels(exemplar.labels())
                  .key("value")
                  .string(GoFloat.sample(exemplar.value()))
                  .key("timestamp")
                  .seconds(exemplar.time())
                  .endObject();
            }
            json.endList().endObject();
          }
          json.endList();
        });
  }

  private static void collect(Expr expr, List<List<Matcher>> into) {
    if (expr instanceof Expr.VectorSelector selector) {
      into.add(selector.matchers());
    }
    for (Expr child : expr.children()) {
      collect(child, into);
    }
  }
}
