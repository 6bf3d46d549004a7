/**
 * The cluster: which nodes there are, who leads which shard of the log, how far each replica is.
 * {@link io.varve.ingest.cluster.ClusterView} is what others see of it.
 */
@NullMarked
package io.varve.ingest.cluster;

import org.jspecify.annotations.NullMarked;
