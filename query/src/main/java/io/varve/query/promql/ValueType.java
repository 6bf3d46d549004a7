package io.varve.query.promql;

/** What an expression evaluates to. */
public enum ValueType {
  /** One number per step. */
  SCALAR("scalar"),
  /** A sample of every series per step. */
  VECTOR("instant vector"),
  /** A range of samples of every series per step. */
  MATRIX("range vector"),
  /** A text. */
  STRING("string");

  private final String documented;

  ValueType(String documented) {
    this.documented = documented;
  }

  /** The name in PromQL's documentation and messages, such as {@code instant vector}. */
  public String documented() {
    return documented;
  }
}
