package io.varve.http.net;

import java.io.IOException;

/** Turns what a handler has thrown into an answer, as long as none was begun. */
public interface ErrorAnswer {
  /** Answers a request that failed. */
  void answer(Throwable failure, Request request, Response response) throws IOException;
}
