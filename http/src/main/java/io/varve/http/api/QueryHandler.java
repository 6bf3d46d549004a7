package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.time.InstantSource;

/** {@code /api/v1/query}: a query at one time. */
public final class QueryHandler implements Handler {
  private final Querying querying;
  private final InstantSource clock;

  /** Evaluates at the clock's time unless told otherwise. */
  public QueryHandler(Querying querying, InstantSource clock) {
    this.querying = querying;
    this.clock = clock;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Arguments arguments = new Arguments(request);
    int limit = arguments.limit();
    long time = arguments.time("time", clock.millis());
    Querying.Terms terms = querying.terms(arguments);
    querying.answer(
        request,
        response,
        terms,
        limit,
        arguments.tenant(),
        arguments.text("query"),
        new Querying.Times(time, time, 0));
  }
}
