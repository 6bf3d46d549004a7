package io.varve.http.search;

/**
 * How like texts are to a term, from 0 (not at all) to 1 (the same, or as good as). Characters are
 * code points. An instance keeps scratch memory: for one thread.
 */
interface Similarity {
  /** The score of a text; negative if it does not match. */
  double of(CodePoints text);
}
