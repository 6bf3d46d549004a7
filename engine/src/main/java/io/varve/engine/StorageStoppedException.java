package io.varve.engine;

/**
 * The store does not take writes at the moment: the disk is full, a write or fsync failed, or it is
 * closing. Nothing of the batch is stored; reads go on (HTTP 503). The message names the cause and
 * what ends it.
 */
public sealed class StorageStoppedException extends RuntimeException permits NotLeadingException {
  private static final long serialVersionUID = 1;

  /** With a message that names the cause and what ends it. */
  public StorageStoppedException(String message, Throwable cause) {
    super(message, cause);
  }

  /** With a message that names the cause and what ends it. */
  public StorageStoppedException(String message) {
    super(message);
  }
}
