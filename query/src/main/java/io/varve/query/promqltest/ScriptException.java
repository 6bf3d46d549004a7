package io.varve.query.promqltest;

/** A script that cannot be read: where, and why. Lines and columns count from 1. */
public final class ScriptException extends RuntimeException {
  private final int line;
  private final int column;

  ScriptException(int line, int column, String problem) {
    super(problem);
    this.line = line;
    this.column = column;
  }

  /** The line of the script, from 1. */
  public int line() {
    return line;
  }

  /** The character in the line, from 1. */
  public int column() {
    return column;
  }
}
