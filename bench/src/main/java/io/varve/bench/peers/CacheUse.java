package io.varve.bench.peers;

/** What stores may keep of the results of queries, and at which times the same query is asked. */
enum CacheUse {
  /** Nothing is kept, and every run asks at another time. */
  OFF,

  /** Results are kept, and every run asks for the same. */
  REPEATED,

  /** Results are kept, and every run asks a little later than the one before: a dashboard. */
  SLIDING;

  private static final long BETWEEN_RUNS = 1_013;
  private static final int TURN = 100; // runs until the same times come again

  /** By how much a run asks at another time than the first. */
  long shiftMillis(int run) {
    return switch (this) {
      case OFF -> -BETWEEN_RUNS * (run % TURN);
      case REPEATED -> 0;
      case SLIDING -> BETWEEN_RUNS * (run % TURN - TURN);
    };
  }
}
