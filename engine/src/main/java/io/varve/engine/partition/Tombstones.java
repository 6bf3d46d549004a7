package io.varve.engine.partition;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * All deletes of a window. Immutable; any thread may ask. A delete hides the samples that were
 * logged before it: those of files whose last log position lies before the delete's.
 */
public final class Tombstones {
  /** Nothing is deleted. */
  public static final Tombstones NONE = new Tombstones(List.of());

  private final List<Tombstone> entries;
  private final RoaringBitmap touched = new RoaringBitmap();
  private final long lastPosition;

  private Tombstones(List<Tombstone> entries) {
    this.entries = entries;
    long last = Long.MIN_VALUE;
    for (Tombstone entry : entries) {
      touched.or(entry.windowIds());
      last = Math.max(last, entry.position());
    }
    lastPosition = last;
  }

  /** These deletes, in this order. */
  public static Tombstones of(List<Tombstone> entries) {
    return entries.isEmpty() ? NONE : new Tombstones(List.copyOf(entries));
  }

  /** The deletes in the order in which they were added. */
  public List<Tombstone> entries() {
    return entries;
  }

  /** True if anything is deleted. */
  public boolean any() {
    return !entries.isEmpty();
  }

  /** These deletes and one more. */
  public Tombstones with(Tombstone entry) {
    List<Tombstone> all = new ArrayList<>(entries);
    all.add(entry);
    return of(all);
  }

  /** These deletes but for those at some log positions. */
  public Tombstones without(Set<Long> positions) {
    List<Tombstone> left = new ArrayList<>(entries);
    left.removeIf(entry -> positions.contains(entry.position()));
    return left.size() == entries.size() ? this : of(left);
  }

  /** Those of these deletes that were logged at a position or later. */
  public Tombstones from(long position) {
    return of(entries.stream().filter(entry -> entry.position() >= position).toList());
  }

  /** Those of these deletes that were logged before a position. */
  public Tombstones before(long position) {
    return of(entries.stream().filter(entry -> entry.position() < position).toList());
  }

  /** True if some delete of a series can touch a source whose log range ends at a position. */
  private boolean touches(int windowId, long sourceLogTo) {
    return lastPosition > sourceLogTo && touched.contains(windowId);
  }

  /**
   * True if a sample is deleted.
   *
   * @param sourceLogTo last log position of the source that holds it
   */
  public boolean deleted(int windowId, long time, long sourceLogTo) {
    if (!touches(windowId, sourceLogTo)) {
      return false;
    }
    for (Tombstone entry : entries) {
      if (entry.position() > sourceLogTo
          && time > entry.startExclusive()
          && time <= entry.endInclusive()
          && entry.windowIds().contains(windowId)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The spans of a series that are deleted in a source, null if none is: (start exclusive, end
   * inclusive) in turn, ascending, apart from each other.
   *
   * @param sourceLogTo last log position of the source
   */
  public long @Nullable [] ranges(int windowId, long sourceLogTo) {
    if (!touches(windowId, sourceLogTo)) {
      return null;
    }
    List<Tombstone> found = new ArrayList<>();
    for (Tombstone entry : entries) {
      if (entry.position() > sourceLogTo
          && entry.endInclusive() > entry.startExclusive()
          && entry.windowIds().contains(windowId)) {
        found.add(entry);
      }
    }
    if (found.isEmpty()) {
      return null;
    }
    found.sort((a, b) -> Long.compare(a.startExclusive(), b.startExclusive()));
    long[] ranges = new long[2 * found.size()];
    int size = 0;
    for (Tombstone entry : found) {
      if (size > 0 && entry.startExclusive() <= ranges[size - 1]) {
        ranges[size - 1] = Math.max(ranges[size - 1], entry.endInclusive());
      } else {
        ranges[size++] = entry.startExclusive();
        ranges[size++] = entry.endInclusive();
      }
    }
    return Arrays.copyOf(ranges, size);
  }
}
