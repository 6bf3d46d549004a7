package io.varve.bench.cluster;

/**
 * Something that must not be.
 *
 * @param operation in which it was seen
 * @param what of which samples, for people
 */
record Violation(Kind kind, Operation operation, String what) {
  /** What can be wrong. */
  enum Kind {
    /** An acknowledged sample is not on a node after all is healed. */
    LOST("acknowledged samples lost"),
    MISSED_STRONG("strong reads that missed an acknowledged sample"),
    MISSED_FENCED("fenced reads that missed a sample of their client"),
    MISSED_BOUNDED("bounded reads that missed a sample older than the bound"),

    /** A strong read had shown the sample before. */
    VANISHED("samples that strong reads had shown and that were gone"),
    INVENTED("samples that nobody had sent"),
    WRONG("samples with a value or time that is not theirs"),
    WENT_BACK("positions that went back"),
    DIFFERENT("samples that are on some nodes only after all is healed"),

    /** A fenced or strong answer must be complete, or be no answer. */
    INCOMPLETE("fenced or strong answers that say they are incomplete"),

    /** Neither done nor "not now": the request was good. */
    ODD_STATUS("answers with a status that a good request must not have");

    private final String title;

    Kind(String title) {
      this.title = title;
    }

    String title() {
      return title;
    }
  }
}
