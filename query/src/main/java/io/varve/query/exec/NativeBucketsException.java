package io.varve.query.exec;

/**
 * Says that a series with a bucket's bound in its labels has native histograms: an operator that
 * had to name its series beforehand left out what is made of them. The query is to be evaluated
 * anew by a context that expects them ({@link QueryContext#expectNativeBuckets}); nearly none is.
 */
public final class NativeBucketsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NativeBucketsException() {
    super("native histograms in series of buckets", null, false, false);
  }
}
