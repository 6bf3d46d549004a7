/**
 * What all wire formats share on the way from a request to a {@code WriteBatch}: recognising series
 * that are known, the rules that labels of new ones must keep, and the list of what was refused.
 *
 * <p><b>What a refusal does.</b> A request is decoded as a whole before anything of it is stored,
 * so bytes that cannot be read refuse all of it. Past that there are two kinds:
 *
 * <ul>
 *   <li><i>Here</i> are refused: series whose labels break a rule, samples that lie too far in the
 *       future, malformed histograms. They alone are left out, the rest is stored, and the answer
 *       is a 400 that names them. Remote write 1.0 demands the 400 and allows the partial write;
 *       Prometheus leaves such series out and answers 204, which hides the loss from the sender.
 *       Senders do not repeat after a 400, so refusing the rest as well would only lose more, and a
 *       repetition would be harmless because equal samples are no-ops.
 *   <li><i>The engine</i> refuses samples by the duplicate policy. For remote write 1.0 that rolls
 *       the whole request back, for 2.0 the rest is stored; both as in Prometheus.
 * </ul>
 *
 * <p>Exemplars and metadata that cannot be stored are left out and counted, but do not change the
 * status: a sender cannot act on it and would report the samples of the request as lost.
 */
@NullMarked
package io.varve.ingest.intake;

import org.jspecify.annotations.NullMarked;
