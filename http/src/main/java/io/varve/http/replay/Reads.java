package io.varve.http.replay;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.query.promql.AtModifier;
import io.varve.query.promql.DurationExpr;
import io.varve.query.promql.Expr;
import io.varve.query.promql.FunctionSignature;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import io.varve.retention.rules.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an expression reads. */
final class Reads {
  private static final String ALERT_NAME = "alertname";

  private final List<List<Matcher>> selectors = new ArrayList<>();
  private boolean ofTheWholeQuery;
  private boolean pinnedOrAhead;

  private Reads() {}

  /**
   * Of an expression.
   *
   * @throws io.varve.query.promql.ParseException if it is none
   */
  static Reads of(String expression) {
    Reads reads = new Reads();
    reads.walk(Parser.parse(expression, ParserOptions.ALL));
    return reads;
  }

  /** Of templates that may ask anything. */
  static Reads everything() {
    Reads reads = new Reads();
    reads.selectors.add(List.of());
    return reads;
  }

  private void walk(Expr expr) {
    switch (expr) {
      case Expr.VectorSelector selector -> {
        selectors.add(selector.matchers());
        placed(selector.offsetMillis(), selector.at(), selector.offsetExpr());
      }
      case Expr.MatrixSelector matrix -> resolved(matrix.rangeExpr());
      case Expr.Subquery subquery -> {
        placed(subquery.offsetMillis(), subquery.at(), subquery.offsetExpr());
        resolved(subquery.rangeExpr());
        resolved(subquery.stepExpr());
      }
      case Expr.Call call when call.function() == FunctionSignature.INFO -> info(call);
      default -> {}
    }
    expr.children().forEach(this::walk);
  }

  /** Joins with info metrics that need not be named. */
  private void info(Expr.Call call) {
    List<Matcher> names = new ArrayList<>();
    if (call.arguments().size() > 1 && call.arguments().get(1) instanceof Expr.VectorSelector s) {
      s.matchers().stream().filter(m -> m.name().equals(Labels.METRIC_NAME)).forEach(names::add);
    }
    if (names.isEmpty()) {
      names.add(Matcher.equal(Labels.METRIC_NAME, "target_info"));
    }
    selectors.add(names);
  }

  private void placed(long offset, @Nullable AtModifier at, @Nullable DurationExpr offsetExpr) {
    resolved(offsetExpr);
    pinnedOrAhead |= offset < 0 || at != null;
    ofTheWholeQuery |= at != null && at.anchor() != AtModifier.Anchor.TIMESTAMP;
  }

  /** The step and the range of a query are others when it is asked at one time. */
  private void resolved(@Nullable DurationExpr duration) {
    if (duration != null) {
      ofTheWholeQuery = true;
      pinnedOrAhead = true; // an offset may turn out to be negative
    }
  }

  /** True if it means something else when it is evaluated at many times in one query. */
  boolean ofTheWholeQuery() {
    return ofTheWholeQuery;
  }

  /** True if it may read samples that are newer than the time at which it is evaluated. */
  boolean pinnedOrAhead() {
    return pinnedOrAhead;
  }

  /** True if it may read series that a rule makes. */
  boolean mayRead(Rule rule) {
    return switch (rule) {
      case Rule.Recording recording -> mayRead(recording.name(), null);
      case Rule.Alerting alerting ->
          mayRead("ALERTS", alerting.name()) || mayRead("ALERTS_FOR_STATE", alerting.name());
    };
  }

  private boolean mayRead(String metric, @Nullable String alert) {
    for (List<Matcher> matchers : selectors) {
      if (matchers.stream().allMatch(m -> mayMatch(m, metric, alert))) {
        return true;
      }
    }
    return false;
  }

  private static boolean mayMatch(Matcher matcher, String metric, @Nullable String alert) {
    if (matcher.name().equals(Labels.METRIC_NAME)) {
      return matcher.matches(metric);
    }
    return alert == null || !matcher.name().equals(ALERT_NAME) || matcher.matches(alert);
  }
}
