package io.varve.retention.rules;

import io.varve.engine.model.Histogram;
import java.util.List;

/** Answers the queries of rules. */
public interface Evaluator {
  /**
   * Checks an expression.
   *
   * @return its canonical text
   * @throws RuleException if it does not parse
   */
  String check(String expression);

  /**
   * Evaluates a vector or a number, which is a vector of one series without labels.
   *
   * @throws RuleException if there is no answer
   */
  List<RuleSample> evaluate(String expression, long timeMillis);

  /** A histogram as templates print it. */
  String text(Histogram histogram);
}
