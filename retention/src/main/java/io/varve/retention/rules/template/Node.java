package io.varve.retention.rules.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a template. */
sealed interface Node {
  /** Text that is copied. */
  record Text(String text) implements Node {}

  /** An action that prints its value, or sets variables. */
  record Action(Pipe pipe) implements Node {}

  /** {@code if}: one branch or the other. */
  record If(Pipe pipe, List<Node> then, List<Node> otherwise) implements Node {}

  /** {@code with}: as {@code if}, and the value becomes the dot. */
  record With(Pipe pipe, List<Node> then, List<Node> otherwise) implements Node {}

  /** {@code range}: once per element. */
  record Range(Pipe pipe, List<Node> body, List<Node> otherwise) implements Node {}

  /** {@code break}. */
  record Break() implements Node {}

  /** {@code continue}. */
  record Continue() implements Node {}

  /** {@code template}: another template by name. */
  record Template(String name, @Nullable Pipe pipe) implements Node {}

  /**
   * Commands of which each gets the value of the one before as its last argument.
   *
   * @param variables that are set to the value
   * @param declares true if the variables are new
   */
  record Pipe(List<String> variables, boolean declares, List<List<Operand>> commands) {}

  /** A word of a command. */
  sealed interface Operand {
    /** A text, number, truth value or nil. */
    record Literal(@Nullable Object value) implements Operand {}

    /** The dot. */
    record Dot() implements Operand {}

    /** A function. */
    record Function(String name) implements Operand {}

    /** A variable, with the dollar. */
    record Variable(String name) implements Operand {}

    /** A pipeline in parentheses. */
    record Parens(Pipe pipe) implements Operand {}

    /** A field of what stands before it. */
    record Field(Operand of, String name) implements Operand {}
  }
}
