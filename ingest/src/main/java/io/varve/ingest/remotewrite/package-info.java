/**
 * Prometheus remote write: a snappy block that holds one protobuf message, walked straight into a
 * {@code WriteBatch}.
 *
 * <p>{@link io.varve.ingest.remotewrite.RemoteWrite1Decoder} reads {@code prometheus.WriteRequest}
 * (remote write 1.0, with the exemplars, native histograms and metadata that Prometheus really
 * sends), {@link io.varve.ingest.remotewrite.RemoteWrite2Decoder} {@code
 * io.prometheus.write.v2.Request} (remote write 2.0); {@link
 * io.varve.ingest.remotewrite.MessageType} tells from the request's headers which message it
 * carries. What a refusal does to the rest of its request is told in {@link
 * io.varve.ingest.intake}.
 *
 * <p><b>Where the specification and Prometheus differ</b>, this is what happens here:
 *
 * <ul>
 *   <li>Invalid labels in 1.0: the series is left out, the rest is stored, the answer is 400. The
 *       specification demands it; Prometheus answers 204.
 *   <li>Samples that the engine refuses by its duplicate policy: 1.0 requests are rolled back, of
 *       2.0 requests the rest is stored; both as in Prometheus.
 *   <li>Content type parameters may have spaces around them and quotes, as in RFC 9110; Prometheus
 *       takes {@code ; proto=…v2.Request} for 1.0 and loses the data.
 *   <li>No Content-Encoding is read as snappy, no Content-Type as 1.0: as in Prometheus.
 *   <li>The first symbol need not be empty, labels need not be sorted, a series may have samples
 *       and histograms: all accepted, as in Prometheus.
 *   <li>Exemplars that cannot be stored are left out and counted, not reported, as in Prometheus;
 *       only references outside of the symbol table are a 400.
 *   <li>Start timestamps are kept with their samples; they are not turned into zero samples. Field
 *       6 of a 2.0 series, the created timestamp of older drafts, is ignored.
 * </ul>
 */
@NullMarked
package io.varve.ingest.remotewrite;

import org.jspecify.annotations.NullMarked;
