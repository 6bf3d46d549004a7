package io.varve.engine.partition;

import java.util.Objects;

/**
 * A finished file of cells: aggregates of the samples of one chunk file, cell by cell. It is a
 * function of that file and of which series were wanted.
 *
 * @param file what is said of it as of a chunk file; {@link ChunkInfo#cellMillis} is not 0
 * @param source path of the chunk file that it was made from, which may be gone by now
 * @param rule which series were wanted, as its maker calls it
 */
public record CellsFile(ChunkFile file, String source, String rule) {
  /** Null is nowhere. */
  public CellsFile {
    Objects.requireNonNull(file);
    Objects.requireNonNull(source);
    Objects.requireNonNull(rule);
    if (file.info().cellMillis() == 0) {
      throw new IllegalArgumentException(file.path() + " is a file of samples");
    }
  }
}
