package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;

/**
 * {@code /api/v1/search/…}: what Prometheus answers unless its feature {@code search-api} is on,
 * which Varve does not have.
 */
public final class SearchHandler implements Handler {
  /** Keeps nothing. */
  public SearchHandler() {}

  @Override
  public void handle(Request request, Response response) {
    throw new ApiException(ErrorType.UNAVAILABLE, "search API disabled");
  }
}
