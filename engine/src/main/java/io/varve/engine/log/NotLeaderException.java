package io.varve.engine.log;

import java.io.IOException;

/**
 * A replicated log takes records at another replica, its leader, or at none at the moment. What was
 * appended here before may be in the log all the same, or not: it is not known.
 */
public final class NotLeaderException extends IOException {
  private static final long serialVersionUID = 1;

  /** With a message that names the replica, and the leader if it is known. */
  public NotLeaderException(String message) {
    super(message);
  }
}
