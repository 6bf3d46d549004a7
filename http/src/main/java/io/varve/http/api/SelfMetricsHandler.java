package io.varve.http.api;

import io.varve.engine.model.ValueTest;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.RegexBudget;
import java.io.IOException;
import java.util.function.Predicate;

/** {@code /api/v1/status/self_metrics}: the server's own metrics as JSON. */
public final class SelfMetricsHandler implements Handler {
  private final Families families;

  /** Tells {@code families}. */
  public SelfMetricsHandler(Families families) {
    this.families = families;
  }

  /** Metric families. */
  public interface Families {
    /** Writes a list of those whose names pass, in the JSON form of Prometheus' protobuf format. */
    void write(Json json, Predicate<String> names) throws IOException;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    String pattern = new Arguments(request).text("metric_name_pattern");
    Predicate<String> names;
    if (pattern.isEmpty()) {
      names = name -> true;
    } else {
      try {
        new RegexBudget().add(pattern);
        names = ValueTest.regex(pattern)::accepts;
      } catch (IllegalArgumentException e) {
        throw ApiException.badParameter("metric_name_pattern", String.valueOf(e.getMessage()));
      }
    }
    Answers.success(response, json -> families.write(json, names));
  }
}
