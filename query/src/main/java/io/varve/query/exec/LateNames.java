package io.varve.query.exec;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Which series lose their names at the end of a query, where names are not dropped at once. */
final class LateNames {
  private LateNames() {}

  /** All of so many series; null if there are none. */
  static @Nullable BitSet all(int series) {
    if (series == 0) {
      return null;
    }
    BitSet all = new BitSet(series);
    all.set(0, series);
    return all;
  }

  /** A group loses its name if one of its members does. */
  static @Nullable BitSet ofGroups(@Nullable BitSet members, int[] groupOf) {
    if (members == null) {
      return null;
    }
    BitSet groups = new BitSet();
    for (int i = members.nextSetBit(0); i >= 0; i = members.nextSetBit(i + 1)) {
      if (groupOf[i] >= 0) {
        groups.set(groupOf[i]);
      }
    }
    return groups;
  }

  /** Of series that were chosen or put into another order. */
  static @Nullable BitSet ofRows(@Nullable BitSet before, int[] rows) {
    if (before == null) {
      return null;
    }
    BitSet after = new BitSet(rows.length);
    for (int i = 0; i < rows.length; i++) {
      after.set(i, before.get(rows[i]));
    }
    return after;
  }

  /** Of the series of one vector followed by those of another. */
  static @Nullable BitSet joined(@Nullable BitSet first, int count, @Nullable BitSet second) {
    if (second == null) {
      return first;
    }
    BitSet all = first == null ? new BitSet() : (BitSet) first.clone();
    second.stream().forEach(i -> all.set(count + i));
    return all;
  }
}
