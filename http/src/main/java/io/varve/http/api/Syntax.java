package io.varve.http.api;

import io.varve.query.Feature;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.util.function.Supplier;

/** Reads the queries of requests that are not evaluated, in the language that the server allows. */
public final class Syntax {
  private final Supplier<Store> store;

  /** Asks a store that is there by the time of the first request. */
  public Syntax(Supplier<Store> store) {
    this.store = store;
  }

  /** The expression in the parameter {@code query}. */
  Expr parse(Arguments arguments) {
    try {
      return parse(arguments.text("query"));
    } catch (ParseException e) {
      throw ApiException.badParameter("query", String.valueOf(e.getMessage()));
    }
  }

  /**
   * An expression.
   *
   * @throws ParseException if it is none in the server's language
   */
  Expr parse(String query) {
    return Parser.parse(query, Feature.language(store.get().queries().options().features()));
  }
}
