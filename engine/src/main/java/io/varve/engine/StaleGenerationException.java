package io.varve.engine;

/**
 * The head renumbered its series after the batch found its ids. Nothing is stored; look the ids up
 * again (or set them to {@code WriteBatch.UNKNOWN}) and append once more.
 */
public final class StaleGenerationException extends RuntimeException {
  /** For a batch of an older generation. */
  public StaleGenerationException(int batch, int now) {
    super("batch has ids of generation " + batch + ", the head is at " + now, null, false, false);
  }
}
