package io.varve.engine;

/**
 * What a query may spend, asked by the engine as it reads for it. Implementations throw their own
 * unchecked exception when the query is over its limits, cancelled or late. Thread-safe.
 */
public interface QueryBudget {
  /** Memory that the query is about to hold, in bytes. */
  void chargeBytes(long bytes);

  /** Memory that the query has given back, in bytes. */
  void releaseBytes(long bytes);

  /** Samples that were decoded for the query; also the place to notice cancellation. */
  void chargeSamples(long samples);

  /** To be called between pieces of work that charge nothing, every millisecond or so. */
  default void check() {}

  /** Blocks of files that are decoded for the query: their samples, and their bytes on disk. */
  default void chargeBlocks(long blocks, long samples, long bytes) {
    chargeSamples(samples);
  }

  /** A budget without limits. */
  QueryBudget UNLIMITED =
      new QueryBudget() {
        @Override
        public void chargeBytes(long bytes) {}

        @Override
        public void releaseBytes(long bytes) {}

        @Override
        public void chargeSamples(long samples) {}
      };
}
