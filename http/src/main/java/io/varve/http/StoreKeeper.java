package io.varve.http;

import io.varve.engine.RecoveryProgress;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Opens the store behind a port, and closes it; what requests work on in between is its affair. */
interface StoreKeeper extends AutoCloseable {
  /**
   * Opens it for the first time; it can be worked on when this returns.
   *
   * @return what was recovered, in words
   * @throws IOException if the folder cannot be used
   * @throws io.varve.engine.format.CorruptDataException if the manifest is damaged
   */
  String open(RecoveryProgress progress) throws IOException;

  /** What is open at the moment; null if nothing is. Any thread. */
  @Nullable OpenStore current();

  /** Ends what works in the background, and asks queries to end. */
  void quiesce();

  /**
   * Closes it.
   *
   * @throws IOException if that failed; what was acknowledged is in the log all the same
   */
  @Override
  void close() throws IOException;
}
