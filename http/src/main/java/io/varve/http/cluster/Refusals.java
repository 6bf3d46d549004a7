package io.varve.http.cluster;

import io.varve.http.json.Envelope;
import io.varve.http.net.Response;
import io.varve.http.net.Route;
import java.io.IOException;

/** Says that a request is not answered, in the form that its endpoint has for that. */
final class Refusals {
  private Refusals() {}

  /** For a client, which may try again in a second. */
  static void unavailable(Route.Style style, Response response, String why) throws IOException {
    response.header(Headers.RETRY_AFTER, "1");
    error(style, response, 503, "unavailable", why);
  }

  /** For a client that asks for what cannot be. */
  static void bad(Route.Style style, Response response, String why) throws IOException {
    error(style, response, 400, "bad_data", why);
  }

  /** Any other error. */
  static void error(Route.Style style, Response response, int status, String type, String why)
      throws IOException {
    switch (style) {
      case API -> response.body(status, "application/json", out -> Envelope.error(out, type, why));
      case TEXT -> response.text(status, why + "\n");
    }
  }

  /** For the node that passed a request on: it was not taken. */
  static void toNode(Response response, String why) throws IOException {
    response.header(Headers.RETRY_AFTER, "1").header(Headers.REFUSED, "1").text(503, why + "\n");
  }
}
