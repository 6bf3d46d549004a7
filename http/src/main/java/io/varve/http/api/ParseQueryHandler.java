package io.varve.http.api;

import io.varve.engine.model.Matcher;
import io.varve.http.json.GoFloat;
import io.varve.http.json.Json;
import io.varve.http.net.Handler;
import io.varve.http.net.Request;
import io.varve.http.net.Response;
import io.varve.query.promql.AtModifier;
import io.varve.query.promql.DurationExpr;
import io.varve.query.promql.Expr;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Printer;
import io.varve.query.promql.ValueType;
import io.varve.query.promql.VectorMatching;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code /api/v1/parse_query}: the syntax tree of a query, in the node types that Prometheus' user
 * interface draws. A range, step or offset that is an expression is told as text beside its number
 * (which is 0 then): {@code rangeExpr}, {@code stepExpr}, {@code offsetExpr}.
 */
public final class ParseQueryHandler implements Handler {
  private final Syntax syntax;

  /** Reads queries by {@code syntax}. */
  public ParseQueryHandler(Syntax syntax) {
    this.syntax = syntax;
  }

  @Override
  public void handle(Request request, Response response) throws IOException {
    Expr expr = syntax.parse(new Arguments(request));
    Answers.success(response, json -> node(json, expr));
  }

  private static void node(Json json, @Nullable Expr expr) throws IOException {
    switch (expr) {
      case null -> json.nothing();
      case Expr.Aggregate e -> aggregation(json, e);
      case Expr.Binary e -> binary(json, e);
      case Expr.Call e -> call(json, e);
      case Expr.MatrixSelector e -> {
        Expr.VectorSelector selector = e.selector();
        begin(json, "matrixSelector").key("name").string(selector.name());
        span(json, "range", e.rangeMillis(), e.rangeExpr());
        selector(json, selector);
      }
      case Expr.Subquery e -> {
        begin(json, "subquery").key("expr");
        node(json, e.inner());
        span(json, "range", e.rangeMillis(), e.rangeExpr());
        span(json, "offset", e.offsetMillis(), e.offsetExpr());
        span(json, "step", e.stepMillis(), e.stepExpr());
        at(json, e.at());
        json.endObject();
      }
      case Expr.NumberLiteral e ->
          begin(json, "numberLiteral").key("val").string(GoFloat.plain(e.value())).endObject();
      case Expr.StringLiteral e ->
          begin(json, "stringLiteral").key("val").string(e.value()).endObject();
      case Expr.Paren e -> {
        begin(json, "parenExpr").key("expr");
        node(json, e.inner());
        json.endObject();
      }
      case Expr.Unary e -> {
        begin(json, "unaryExpr").key("op").string(e.operator().text()).key("expr");
        node(json, e.inner());
        json.endObject();
      }
      case Expr.VectorSelector e -> {
        begin(json, "vectorSelector").key("name").string(e.name());
        selector(json, e);
      }
      case Expr.StepInvariant e -> node(json, e.inner());
    }
  }

  private static Json begin(Json json, String type) throws IOException {
    return json.beginObject().key("type").string(type);
  }

  private static void aggregation(Json json, Expr.Aggregate e) throws IOException {
    begin(json, "aggregation").key("op").string(e.aggregation().text()).key("expr");
    node(json, e.inner());
    json.key("param");
    node(json, e.parameter());
    json.key("grouping").strings(e.grouping()).key("without").flag(e.without()).endObject();
  }

  private static void binary(Json json, Expr.Binary e) throws IOException {
    begin(json, "binaryExpr").key("op").string(e.operator().text()).key("lhs");
    node(json, e.left());
    json.key("rhs");
    node(json, e.right());
    json.key("matching");
    VectorMatching matching = e.matching();
    if (matching == null) {
      json.nothing();
    } else {
      json.beginObject()
          .key("card")
          .string(matching.cardinality().name().toLowerCase(Locale.ROOT).replace('_', '-'))
          .key("labels")
          .strings(matching.labels())
          .key("on")
          .flag(matching.on())
          .key("include")
          .strings(matching.include())
          .key("fillValues")
          .beginObject();
      fill(json.key("lhs"), matching.fillLeft());
      fill(json.key("rhs"), matching.fillRight());
      json.endObject().endObject();
    }
    json.key("bool").flag(e.returnBool()).endObject();
  }

  /** JSON has no number that is none. */
  private static void fill(Json json, @Nullable Double value) throws IOException {
    if (value == null || !Double.isFinite(value)) {
      json.nothing();
    } else {
      json.number(value);
    }
  }

  private static void call(Json json, Expr.Call e) throws IOException {
    FunctionSignature function = e.function();
    begin(json, "call")
        .key("func")
        .beginObject()
        .key("name")
        .string(function.text())
        .key("argTypes")
        .strings(function.arguments().stream().map(ParseQueryHandler::name).toList())
        .key("variadic")
        .number(function.variadic())
        .key("returnType")
        .string(name(function.returns()))
        .endObject()
        .key("args")
        .beginList();
    for (Expr argument : e.arguments()) {
      node(json, argument);
    }
    json.endList().endObject();
  }

  private static String name(ValueType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  /** What both kinds of selectors have, and the end of the object. */
  private static void selector(Json json, Expr.VectorSelector e) throws IOException {
    span(json, "offset", e.offsetMillis(), e.offsetExpr());
    matchers(json.key("matchers"), e.matchers());
    at(json, e.at());
    json.key("anchored").flag(e.anchored()).key("smoothed").flag(e.smoothed()).endObject();
  }

  private static void matchers(Json json, List<Matcher> matchers) throws IOException {
    json.beginList();
    for (Matcher matcher : matchers) {
      json.beginObject()
          .key("name")
          .string(matcher.name())
          .key("value")
          .string(matcher.value())
          .key("type")
          .string(matcher.type().operator())
          .endObject();
    }
    json.endList();
  }

  private static void span(Json json, String key, long millis, @Nullable DurationExpr expr)
      throws IOException {
    json.key(key).number(millis);
    if (expr != null) {
      json.key(key + "Expr").string(Printer.print(expr));
    }
  }

  private static void at(Json json, @Nullable AtModifier at) throws IOException {
    json.key("timestamp");
    if (at != null && at.anchor() == AtModifier.Anchor.TIMESTAMP) {
      json.number(at.timestampMillis());
    } else {
      json.nothing();
    }
    json.key("startOrEnd");
    switch (at == null ? AtModifier.Anchor.TIMESTAMP : at.anchor()) {
      case TIMESTAMP -> json.nothing();
      case START -> json.string("start");
      case END -> json.string("end");
    }
  }
}
