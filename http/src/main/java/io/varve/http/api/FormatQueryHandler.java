package io.varve.http.api;

import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.Prettifier;
import java.io.IOException;

/** {@code /api/v1/format_query}: a query as Prometheus formats it. */
public final class FormatQueryHandler implements Handler {
  private final Syntax syntax;

  /** Reads queries by {@code syntax}. */
  public FormatQueryHandler(Syntax syntax) {
    this.syntax = syntax;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    String text = Prettifier.print(syntax.parse(new Arguments(request)));
    Answers.success(response, json -> json.string(text));
  }
}
