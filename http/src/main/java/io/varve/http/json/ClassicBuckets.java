package io.varve.http.json;

import io.varve.engine.model.Histogram;

/**
 * A histogram with custom buckets in the form that formats without native histograms know.
 *
 * @param bounds upper bounds, the last +Inf
 * @param cumulative observations up to each bound
 */
record ClassicBuckets(double[] bounds, double[] cumulative) {
  /** Of a histogram with custom buckets. */
  static ClassicBuckets of(Histogram histogram) {
    double[] custom = histogram.customValues();
    double[] bounds = new double[custom.length + 1];
    System.arraycopy(custom, 0, bounds, 0, custom.length);
    bounds[custom.length] = Double.POSITIVE_INFINITY;
    double[] counts = new double[bounds.length];
    int[] spans = histogram.positiveSpans();
    int bucket = 0;
    int given = 0;
    long whole = 0;
    for (int span = 0; span < spans.length; span += 2) {
      bucket += spans[span];
      for (int n = spans[span + 1]; n > 0; n--) {
        if (histogram.floatCounts()) {
          counts[bucket] = histogram.positiveCounts()[given];
        } else {
          whole += histogram.positiveDeltas()[given];
          counts[bucket] = whole;
        }
        bucket++;
        given++;
      }
    }
    double sum = 0;
    for (int i = 0; i < counts.length; i++) {
      sum += counts[i];
      counts[i] = sum;
    }
    counts[custom.length] = histogram.count(); // more than the sum where NaN was observed
    return new ClassicBuckets(bounds, counts);
  }
}
