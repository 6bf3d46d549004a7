/**
 * Native histograms as PromQL computes with them: immutable values with float counts, their
 * arithmetic, and what is asked of them (Prometheus 3.14 {@code model/histogram/float_histogram.go}
 * and {@code promql/quantile.go}). The stored form is {@link io.varve.engine.model.Histogram}.
 *
 * <p>A bucket has an index. With an exponential schema {@code n}, bucket {@code i} of the positive
 * side covers {@code (2^((i-1)·2^-n), 2^(i·2^-n)]}, that of the negative side the mirror image; the
 * zero bucket covers what is not further from zero than the zero threshold. With custom buckets,
 * bucket {@code i} ends with the custom bound {@code i}, and the last one is unbounded.
 *
 * <p>In columns of doubles a histogram is represented by a NaN that names it: see {@link
 * io.varve.query.histogram.HistogramTable}.
 */
@NullMarked
package io.varve.query.histogram;

import org.jspecify.annotations.NullMarked;
