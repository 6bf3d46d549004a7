package io.varve.http.net;

import java.io.IOException;

/** Answers the requests of one endpoint. Runs on a virtual thread per request; may block. */
public interface Handler {
  /**
   * Answers one request, whole: when it returns the answer has been given.
   *
   * @throws IOException if the client went away
   */
  void handle(Request request, Response response) throws IOException;
}
