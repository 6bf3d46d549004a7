package io.varve.retention.backup;

import java.io.IOException;
import java.io.InputStream;

/** How the bytes of objects lie in the store: as they are, or encrypted. */
sealed interface Sealing permits Sealing.None, AesSealing {
  /** The name of an object by the SHA-256 of its bytes (hex). */
  String nameOf(String sha256);

  /** How many bytes so many bytes take in the store. */
  long sealedBytes(long bytes);

  /**
   * The bytes as they lie in the store.
   *
   * @param name of the object, to which they are bound
   */
  InputStream seal(String name, InputStream bytes) throws IOException;

  /**
   * The other way round. What it gives is proven only as far as {@code sealed} was read to its end.
   *
   * @throws DamagedObjectException here or while reading, if they are not what was sealed
   */
  InputStream unseal(String name, InputStream sealed) throws IOException;

  /** As they are. */
  record None() implements Sealing {
    @Override
    public String nameOf(String sha256) {
      return sha256;
    }

    @Override
    public long sealedBytes(long bytes) {
      return bytes;
    }

    @Override
    public InputStream seal(String name, InputStream bytes) {
      return bytes;
    }

    @Override
    public InputStream unseal(String name, InputStream sealed) {
      return sealed;
    }
  }
}
