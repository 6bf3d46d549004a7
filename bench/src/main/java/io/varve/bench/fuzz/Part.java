package io.varve.bench.fuzz;

/** What a {@link Term} consists of: words and terms. */
sealed interface Part permits Part.Word, Term {

  /** Text that may have got another name between the two versions. */
  record Word(String prometheus, String varve) implements Part {}
}
