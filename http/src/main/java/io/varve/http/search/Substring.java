package io.varve.http.search;

/**
 * Texts that contain a term: 1 where it stands at the begin, and less the later it comes, down to
 * 0.1 at the end.
 */
final class Substring implements Similarity {
  private final CodePoints term;

  Substring(CodePoints term) {
    this.term = term;
  }

  @Override
  public double of(CodePoints text) {
    int index = text.indexOf(term);
    if (index <= 0) {
      return index < 0 ? -1 : 1;
    }
    return 1 - 0.9 * index / (text.size() - term.size());
  }
}
