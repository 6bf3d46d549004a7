package io.varve.http.cluster;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;

/**
 * Tells another node the term of a record, which it needs beside the files that it has pulled:
 * {@code GET …/terms/INDEX}, answered with a number.
 */
public final class TermHandler implements Handler {
  private final Terms terms;

  /** Over a shard's log. */
  public TermHandler(Terms terms) {
    this.terms = terms;
  }

  /** Knows the terms of a log's records. */
  @FunctionalInterface
  public interface Terms {
    /**
     * The term of a record.
     *
     * @throws IOException if the log does not have it
     */
    long of(long index) throws IOException;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    long index;
    try {
      index = Long.parseLong(request.pathParameter());
    } catch (NumberFormatException e) {
      response.text(400, "not a number: " + request.pathParameter() + "\n");
      return;
    }
    long term;
    try {
      term = terms.of(index);
    } catch (IOException e) {
      response.text(404, e.getMessage() + "\n");
      return;
    }
    response.text(200, term + "\n");
  }
}
