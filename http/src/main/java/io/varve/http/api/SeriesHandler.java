package io.varve.http.api;

import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.ParseException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** {@code /api/v1/series}: the label sets of series that have samples in a range. */
public final class SeriesHandler implements Handler {
  private static final int LABEL_BYTES = 80;

  private final Reading reading;

  /** Reads through {@code reading}. */
  public SeriesHandler(Reading reading) {
    this.reading = reading;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    if (!arguments.has("match[]")) {
      throw ApiException.badData("no match[] parameter provided");
    }
    int limit = arguments.limit();
    TimeRange range = arguments.range();
    List<List<Matcher>> sets;
    try {
      sets = arguments.matchers();
    } catch (IllegalArgumentException | ParseException e) {
      throw ApiException.badParameter("match[]", String.valueOf(e.getMessage()));
    }
    String tenant = arguments.tenant();
    Union<Labels> series =
        reading.look(
            request,
            (snapshot, budget) ->
                Union.of(
                    sets,
                    limit,
                    Comparator.<Labels>naturalOrder(),
                    budget,
                    (matchers, most) -> labels(snapshot, tenant, matchers, range, budget)));
    Answers.success(
        response,
        json -> {
          json.beginList();
          for (Labels labels : series.items()) {
            json.labels(labels);
          }
          json.endList();
        },
        Answers.truncated(series.cut()),
        List.of());
  }

  /** All of them, whatever the limit: only the sorted whole tells which are the first. */
  private static List<Labels> labels(
      Snapshot snapshot,
      String tenant,
      List<Matcher> matchers,
      TimeRange range,
      RequestBudget budget) {
    SeriesSet set = snapshot.select(tenant, matchers, range, budget);
    List<Labels> found = new ArrayList<>(set.size());
    try (SeriesReader reader = set.reader()) {
      for (int i = 0; i < set.size(); i++) {
        if (!reader.anyIn(i, range)) {
          budget.check();
          continue;
        }
        Labels labels = set.labels(i);
        budget.chargeBytes((long) LABEL_BYTES * labels.size());
        found.add(labels);
      }
    }
    return found;
  }
}
