package io.varve.ingest.cluster.raft;

import java.io.IOException;

/**
 * A majority of the replicas did not confirm a record in time. It may still come to be in the log,
 * or not: that is not known.
 */
public final class ReplicationTimeoutException extends IOException {
  private static final long serialVersionUID = 1;

  ReplicationTimeoutException(String message) {
    super(message);
  }
}
