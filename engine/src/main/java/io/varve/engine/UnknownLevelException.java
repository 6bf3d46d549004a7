package io.varve.engine;

/** A log may hold what this version does not know: it can neither open nor follow the store. */
public final class UnknownLevelException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UnknownLevelException(String level) {
    super(
        "the cluster uses features of level "
            + level
            + ", and this version of Varve knows those up to level "
            + FeatureLevel.CURRENT
            + ": install the version that the other nodes have");
  }
}
