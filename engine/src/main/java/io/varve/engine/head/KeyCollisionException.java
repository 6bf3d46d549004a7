package io.varve.engine.head;

import io.varve.engine.model.Labels;

/**
 * Two label sets with the same 128-bit key. The write of the second is refused: after that, equal
 * keys mean equal series everywhere.
 */
public final class KeyCollisionException extends RuntimeException {
  KeyCollisionException(Labels stored, Labels refused) {
    super("series " + refused + " has the same key as the stored series " + stored);
  }
}
