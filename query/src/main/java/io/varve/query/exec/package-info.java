/**
 * Evaluation: operators that pull columns of steps, series by series, from a snapshot.
 *
 * <p>Every operator knows its output series first ({@link
 * io.varve.query.exec.SeriesOperator#prepare}, on the thread that asked), and then computes any one
 * of them over all steps into a given column, from many threads at once ({@link
 * io.varve.query.exec.SeriesOperator#evaluate}). A chain of selector, range function and arithmetic
 * so runs on one column while it is in the processor's cache, and nothing but the end of the chain
 * is ever held for all series. Operators that need several series at one step (aggregations,
 * sorting, matching) evaluate what is below them in {@code prepare}, in batches of series: the
 * columns of a batch in parallel by series, their combination in parallel by step, each step's
 * series always in the same order. So results do not depend on the number of threads, not even in
 * the last bit.
 *
 * <p>A value of a column is a float, nothing ({@link io.varve.query.function.Absent}) or stands for
 * a native histogram ({@link io.varve.query.histogram.HistogramTable}). Whoever computes with
 * values asks {@code query.histograms.isUsed()} once per column, which float queries answer with
 * no.
 */
@NullMarked
package io.varve.query.exec;

import org.jspecify.annotations.NullMarked;
