package io.varve.engine.model;

/**
 * One condition on a label of a series, as PromQL writes it. A missing label counts as "".
 * Immutable and thread-safe; the regular expression is RE2's and anchored at both ends, the dot
 * matches newlines (Prometheus {@code model/labels}, {@code ^(?s:…)$}).
 */
public final class Matcher {
  /** How the label's value is compared. */
  public enum Type {
    /** Equal. */
    EQ("="),
    /** Not equal. */
    NEQ("!="),
    /** Matches the whole value. */
    RE("=~"),
    /** Does not match the whole value. */
    NRE("!~");

    private final String operator;

    Type(String operator) {
      this.operator = operator;
    }

    /** As written in PromQL. */
    public String operator() {
      return operator;
    }

    /** True for the two that negate. */
    public boolean negates() {
      return this == NEQ || this == NRE;
    }
  }

  private final Type type;
  private final String name;
  private final String value;
  private final ValueTest test;

  /**
   * @throws IllegalArgumentException if a regular expression is not RE2's; the message says why
   */
  public Matcher(Type type, String name, String value) {
    this.type = type;
    this.name = name;
    this.value = value;
    this.test =
        switch (type) {
          case EQ, NEQ -> ValueTest.equal(value);
          case RE, NRE -> ValueTest.regex(value);
        };
  }

  /** The matcher {@code name="value"}. */
  public static Matcher equal(String name, String value) {
    return new Matcher(Type.EQ, name, value);
  }

  /** How the value is compared. */
  public Type type() {
    return type;
  }

  /** The label's name. */
  public String name() {
    return name;
  }

  /** The value or regular expression as written. */
  public String value() {
    return value;
  }

  /** True if a series whose label has this value ("" if it lacks the label) is meant. */
  public boolean matches(String labelValue) {
    return test.accepts(labelValue) != type.negates();
  }

  /** True if series without the label are meant. */
  public boolean matchesEmpty() {
    return matches("");
  }

  /** What the value is tested by, before negation. */
  public ValueTest test() {
    return test;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Matcher m
        && m.type == type
        && m.name.equals(name)
        && m.value.equals(value);
  }

  @Override
  public int hashCode() {
    return (name.hashCode() * 31 + value.hashCode()) * 31 + type.hashCode();
  }

  /** As PromQL writes it. */
  @Override
  public String toString() {
    return name
        + type.operator()
        + '"'
        + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
        + '"';
  }
}
