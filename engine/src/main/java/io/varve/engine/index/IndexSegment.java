package io.varve.engine.index;

import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SeriesKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/** One immutable, mapped segment of a window's index. Usable while its arena is open. */
public final class IndexSegment implements SeriesIndex {
  private final IndexSegmentId id;
  private final int count;

  private IndexSegment(IndexSegmentId id, int count) {
    this.id = id;
    this.count = count;
  }

  /**
   * Maps a segment file. Reads its two ends only; pages are checked when they are first touched.
   *
   * @param arena how long the mapping lives; its owner closes it after the last use
   * @throws io.varve.engine.format.CorruptDataException if it is not a whole segment file
   */
  public static IndexSegment open(
      FileSystem fs, Path dataDir, String relativePath, long expectedBytes, Arena arena)
      throws IOException {
    throw new IllegalStateException("index segments are not read yet");
  }

  /** What the file says it is. */
  public IndexSegmentId id() {
    return id;
  }

  /** Window id of the first series. */
  public int firstId() {
    return id.firstId();
  }

  /** How many series. */
  public int count() {
    return count;
  }

  /** Checks every page and every structure and reports what is wrong, in words. */
  public void verify(Consumer<String> problem) {
    throw new IllegalStateException("index segments are not read yet");
  }

  /** Heap bytes that are held for this segment, the mapping not included. */
  public long residentBytes() {
    return 0;
  }

  /**
   * Recomputes the keys of all series from their labels.
   *
   * @param outHigh receives the upper halves, by position (window id − first id)
   * @param outLow receives the lower halves
   */
  public void keys(SeriesKey.Hash hash, long[] outHigh, long[] outLow) {
    throw new IllegalStateException("index segments are not read yet");
  }

  @Override
  public RoaringBitmap select(String tenant, List<Matcher> matchers) {
    throw new IllegalStateException("index segments are not read yet");
  }

  @Override
  public void labelNames(String tenant, @Nullable RoaringBitmap within, Consumer<String> out) {}

  @Override
  public void labelValues(
      String tenant, String name, @Nullable RoaringBitmap within, Consumer<String> out) {}

  @Override
  public String tenant(int id) {
    throw new IllegalStateException("index segments are not read yet");
  }

  @Override
  public Labels labels(int id) {
    return Labels.fromCanonical(canonical(id), 0, canonical(id).length);
  }

  @Override
  public byte[] canonical(int id) {
    throw new IllegalStateException("index segments are not read yet");
  }

  @Override
  public void tenants(Consumer<String> out) {}

  @Override
  public int seriesCount(String tenant) {
    return 0;
  }

  @Override
  public void labelPairs(String tenant, PairConsumer out) {}
}
