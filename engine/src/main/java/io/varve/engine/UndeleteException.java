package io.varve.engine;

/** A delete that cannot be taken back; the message says why. Nothing has changed. */
public final class UndeleteException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean known;

  UndeleteException(boolean known, String message) {
    super(message);
    this.known = known;
  }

  /** False if there never was such a delete, or nothing is remembered of it any more. */
  public boolean known() {
    return known;
  }
}
