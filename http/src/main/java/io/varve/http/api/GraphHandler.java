package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * {@code /graph?g0.expr=…}: where links of notifications lead, in the form that Alertmanager and
 * its readers know. There are no graphs here; the answer of the query is what can be shown.
 */
public final class GraphHandler implements Handler {
  @Override
  public void handle(Request request, Response response) throws IOException {
    String query = new Arguments(request).text("g0.expr");
    // Seen from /graph, so that it holds behind every prefix.
    String to =
        query.isEmpty()
            ? "."
            : "api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8);
    response.header("Location", to).empty(302);
  }
}
