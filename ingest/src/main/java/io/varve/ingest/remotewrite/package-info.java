/**
 * Prometheus remote write: a snappy block that holds one protobuf message, walked straight into a
 * {@code WriteBatch}.
 *
 * <p>{@link io.varve.ingest.remotewrite.RemoteWrite1Decoder} reads {@code prometheus.WriteRequest}
 * (remote write 1.0, with the exemplars, native histograms and metadata that Prometheus really
 * sends); {@link io.varve.ingest.remotewrite.MessageType} tells from the request's headers which
 * message it carries. What is refused and what that means for the rest of the request is told in
 * {@link io.varve.ingest.intake}.
 */
@NullMarked
package io.varve.ingest.remotewrite;

import org.jspecify.annotations.NullMarked;
