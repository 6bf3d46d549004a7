package io.varve.http;

import java.io.IOException;

/**
 * What works on a store besides requests, and is told when there is one, and when it is the one
 * that decides. Called by one thread at a time.
 */
interface Companions {
  /** A store is open. */
  void opened(OpenStore store);

  /**
   * It takes writes, so rules are evaluated on it.
   *
   * @throws IOException if what they need cannot be read
   */
  void leads(OpenStore store) throws IOException;

  /** Another one takes writes, or none: rules are not evaluated here. */
  void follows();

  /** The store is about to be closed for good. */
  void closing();
}
