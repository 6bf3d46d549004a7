package io.varve.query.promqltest;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.query.promql.Expr;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import io.varve.query.promql.ParserOptions;
import io.varve.query.promqltest.CaseResult.Level;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Tells of evaluations what they need, by the language and by the series that are loaded. */
final class Levels {
  private final Set<Labels> withHistograms = new HashSet<>();
  private final Set<Labels> withStarts = new HashSet<>();

  void clear() {
    withHistograms.clear();
    withStarts.clear();
  }

  void add(Labels series, SampleColumns samples) {
    if (samples.histograms != null) {
      withHistograms.add(series);
    }
    if (samples.starts != null) {
      withStarts.add(series);
    }
  }

  Level of(Script.Eval eval) {
    Expr expr;
    try {
      expr = Parser.parse(eval.expression(), ParserOptions.ALL);
    } catch (ParseException e) {
      return eval.expression().contains("anchored") || eval.expression().contains("smoothed")
          ? Level.C
          : Level.A;
    }
    try {
      Parser.parse(eval.expression(), ParserOptions.DEFAULT);
    } catch (ParseException e) {
      return Level.C;
    }
    if (selects(expr, withStarts)) {
      return Level.C;
    }
    boolean expected =
        eval.series().stream()
            .anyMatch(s -> s.values().stream().anyMatch(v -> v.histogram() != null));
    return expected || selects(expr, withHistograms) ? Level.B : Level.A;
  }

  private static boolean selects(Expr expr, Set<Labels> series) {
    if (series.isEmpty()) {
      return false;
    }
    if (expr instanceof Expr.VectorSelector selector) {
      return series.stream().anyMatch(labels -> matches(labels, selector.matchers()));
    }
    return expr.children().stream().anyMatch(child -> selects(child, series));
  }

  private static boolean matches(Labels labels, List<Matcher> matchers) {
    return matchers.stream().allMatch(m -> m.matches(labels.get(m.name())));
  }
}
