package io.varve.retention.rules;

/** A rule, or a file of them, that is wrong; or an evaluation that failed. */
public final class RuleException extends RuntimeException {
  /** With a text for whoever wrote the rule. */
  public RuleException(String message) {
    super(message);
  }
}
