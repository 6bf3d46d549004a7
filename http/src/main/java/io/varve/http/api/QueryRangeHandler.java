package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.text.NumberFormat;
import java.util.Locale;

/** {@code /api/v1/query_range}: a query at many times. */
public final class QueryRangeHandler implements Handler {
  private final Querying querying;
  private final int maxPoints;

  /**
   * Answers queries of a limited resolution.
   *
   * @param maxPoints intervals that the range may have
   */
  public QueryRangeHandler(Querying querying, int maxPoints) {
    this.querying = querying;
    this.maxPoints = maxPoints;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = arguments.limit();
    long start = arguments.time("start");
    long end = arguments.time("end");
    if (end < start) {
      throw ApiException.badParameter("end", "end timestamp must not be before start time");
    }
    long step = arguments.duration("step");
    if (step == 0 && arguments.text("step").matches(".*[1-9].*")) {
      throw ApiException.badParameter("step", "a step of less than a millisecond is not possible");
    }
    if (step <= 0) {
      throw ApiException.badParameter(
          "step",
          "zero or negative query resolution step widths are not accepted. Try a positive integer");
    }
    if ((end - start) / step > maxPoints) {
      throw ApiException.badData(
          "exceeded maximum resolution of "
              + NumberFormat.getIntegerInstance(Locale.ROOT).format(maxPoints)
              + " points per timeseries. Try decreasing the query resolution (?step=XX)");
    }
    Querying.Terms terms = querying.terms(arguments);
    querying.answer(
        request,
        response,
        terms,
        limit,
        arguments.tenant(),
        arguments.text("query"),
        new Querying.Times(start, end, step));
  }
}
