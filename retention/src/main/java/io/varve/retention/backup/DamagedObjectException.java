package io.varve.retention.backup;

import java.io.IOException;

/** An object of a backup is not as it was stored. */
public final class DamagedObjectException extends IOException {
  private static final long serialVersionUID = 1;

  DamagedObjectException(String message) {
    super(message);
  }
}
