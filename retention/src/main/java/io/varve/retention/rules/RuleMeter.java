package io.varve.retention.rules;

/** Counts how long evaluations take. Any thread. */
public interface RuleMeter {
  /** Counts nothing. */
  RuleMeter NONE =
      new RuleMeter() {
        @Override
        public void ruleEvaluated(long nanos) {}

        @Override
        public void groupEvaluated(long nanos) {}
      };

  /** A rule was evaluated, successfully or not. */
  void ruleEvaluated(long nanos);

  /** All rules of a group were evaluated. */
  void groupEvaluated(long nanos);
}
