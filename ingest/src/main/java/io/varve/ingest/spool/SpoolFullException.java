package io.varve.ingest.spool;

import java.io.IOException;

/** A spool holds as much as it may: nothing goes in until the cluster has taken some of it. */
public final class SpoolFullException extends IOException {
  private static final long serialVersionUID = 1;

  SpoolFullException(long waitingBytes, long mostBytes) {
    super(
        "the spool of this node is full: "
            + waitingBytes
            + " bytes wait for the cluster to take them, of at most "
            + mostBytes
            + " (cluster.spool.max_bytes)");
  }
}
