package io.varve.engine.partition;

import java.util.Objects;

/**
 * A finished chunk file: what the manifest says of it.
 *
 * @param info identity and place
 * @param path path relative to the data folder, with '/'
 * @param bytes size of the file
 * @param sha256 SHA-256 of the whole file, 64 lower-case hex digits
 * @param series series in the file
 * @param blocks blocks of all series
 * @param samples samples of all blocks
 * @param minTime earliest sample, milliseconds since the epoch; 0 without samples
 * @param maxTime latest sample; 0 without samples
 */
public record ChunkFile(
    ChunkInfo info,
    String path,
    long bytes,
    String sha256,
    int series,
    long blocks,
    long samples,
    long minTime,
    long maxTime) {
  /** Null is nowhere. */
  public ChunkFile {
    Objects.requireNonNull(info);
    Objects.requireNonNull(path);
    Objects.requireNonNull(sha256);
  }
}
