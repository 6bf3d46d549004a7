/**
 * The door for samples: {@link io.varve.ingest.Ingestor} takes the body of a write request and
 * answers with an {@link io.varve.ingest.IngestOutcome}, which http only has to put into a
 * response. Each wire format has a package of its own, and all end in a {@code WriteBatch}.
 *
 * <p>What is refused, and what that does to the rest of its request, is told in {@link
 * io.varve.ingest.intake}.
 */
@NullMarked
package io.varve.ingest;

import org.jspecify.annotations.NullMarked;
