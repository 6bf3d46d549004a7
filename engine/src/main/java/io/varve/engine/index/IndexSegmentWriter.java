package io.varve.engine.index;

import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.file.Path;

/** Writes segments of a window's index. */
public final class IndexSegmentWriter {
  private IndexSegmentWriter() {}

  /**
   * Writes the series {@code 0 … count − 1} of a source as window ids {@code firstId, firstId + 1,
   * …}: temporary file, fsync, rename, fsync of the folder. The source is asked for each number in
   * ascending order, and its array only read until the next number is asked for, so it may decode
   * as it goes. The same series give the same bytes.
   *
   * @param series series in file order ({@link SeriesOrder}): those of a tenant stand together,
   *     tenants in ascending order of their UTF-8 bytes
   * @throws IllegalArgumentException if tenants are out of order or label bytes are not canonical
   */
  public static IndexSegmentFile write(
      FileSystem fs,
      Path dataDir,
      String relativePath,
      IndexSegmentId id,
      LabelSource series,
      int count)
      throws IOException {
    throw new IllegalStateException("index segments are not written yet");
  }
}
