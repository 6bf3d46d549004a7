package io.varve.http.api;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.util.List;

/** {@code /api/v1/labels}: the names of labels. */
public final class LabelsHandler implements Handler {
  private final Reading reading;

  /** Reads through {@code reading}. */
  public LabelsHandler(Reading reading) {
    this.reading = reading;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = arguments.limit();
    TimeRange range = arguments.range();
    List<List<Matcher>> sets = arguments.matchersOfLabels();
    String tenant = arguments.tenant();
    Union<String> names =
        reading.look(
            request,
            (snapshot, budget) ->
                Union.of(
                    sets,
                    limit,
                    Labels::compareUtf8,
                    budget,
                    (matchers, most) ->
                        snapshot.labelNames(tenant, matchers, range, most, budget)));
    Answers.success(
        response, json -> json.strings(names.items()), Answers.truncated(names.cut()), List.of());
  }
}
