/**
 * OTLP metrics: {@code ExportMetricsServiceRequest} as binary protobuf or OTLP/JSON, translated
 * into series as Prometheus 3.14 does it ({@code storage/remote/otlptranslator}, {@code
 * prometheus/otlptranslator}).
 *
 * <p>{@link io.varve.ingest.otlp.OtlpDecoder} reads requests with the classes that are generated
 * from OpenTelemetry's own protocol description. Those make an object of every data point and
 * attribute, so what a request will take in memory is estimated from its bytes before it is parsed.
 *
 * <p><b>Where it differs from Prometheus:</b>
 *
 * <ul>
 *   <li>What cannot be translated or stored (deltas that are not wanted, names of nothing but
 *       underscores, metrics without data points, malformed histograms) is left out, the rest is
 *       stored, and the answer is a 400 that names it. Prometheus stores nothing of such a request
 *       and answers 500. Neither is tried again by a sender that follows OTLP.
 *   <li>A data point that cannot be translated does not keep those behind it in its metric from
 *       being stored.
 *   <li>A data point without a timestamp is refused here; Prometheus finds it out of bounds.
 *   <li>The zero threshold of exponential histograms is the sender's, if it says one; else it is
 *       1e-128, as it always is in Prometheus.
 *   <li>With custom buckets, a histogram without bounds and counts has one bucket; Prometheus
 *       refuses it.
 *   <li>Exemplars without a value are left out, not an error; those of classic histograms find
 *       their bucket in whichever order they come.
 *   <li>A resource gets at most a thousand samples of {@code target_info} from one request, the
 *       newest (about 42 hours with the usual lookback); in Prometheus one wrong timestamp can make
 *       millions.
 *   <li>Running totals of deltas are of bounded size, and take only what can be stored: what the
 *       store refused may be sent again. In Prometheus it is lost. Late deltas are told, not
 *       dropped without a word, and so are falls of a sum that only rises, which would look like
 *       resets.
 * </ul>
 *
 * <p><b>Deltas made cumulative.</b> {@link io.varve.ingest.otlp.RunningTotals} has one total for
 * each stream: what the deltas since the first have added up to, and since when that counts. The
 * total is stored at the time of each delta, with that start timestamp. It begins anew, with a new
 * start timestamp, after a restart of the store, when nothing has come for {@code delta_max_stale},
 * and when a histogram gets other bounds; a time for which nothing came does not end it. Totals are
 * not written down: what was answered with success is stored, as a sample, in any case.
 */
@NullMarked
package io.varve.ingest.otlp;

import org.jspecify.annotations.NullMarked;
