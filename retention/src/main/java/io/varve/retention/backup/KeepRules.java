package io.varve.retention.backup;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which backups stay: those that any of the rules keeps. The newest one always does, and so does
 * the newest that was not made of damaged files.
 *
 * @param last so many of the newest; 0 for no such rule
 * @param daily the newest of each UTC day, of the newest so many days that have one; 0 for no such
 *     rule
 */
public record KeepRules(int last, int daily) {
  /** Everything stays. */
  public static final KeepRules ALL = new KeepRules(0, 0);

  /** Neither is negative. */
  public KeepRules {
    if (last < 0 || daily < 0) {
      throw new IllegalArgumentException("keep " + last + ", " + daily);
    }
  }

  /** The names of those that stay, of some that are in order of time. */
  Set<String> kept(List<BackupListing> oldestFirst) {
    Set<String> kept = new HashSet<>();
    Set<LocalDate> days = new HashSet<>();
    int rank = 0;
    boolean keepsWhole = false;
    for (BackupListing listing : oldestFirst.reversed()) {
      LocalDate day =
          Instant.ofEpochMilli(listing.createdMillis()).atOffset(ZoneOffset.UTC).toLocalDate();
      boolean isNewestOfDay = days.size() < daily && days.add(day);
      boolean isNewestWhole = !keepsWhole && listing.damaged().isEmpty();
      keepsWhole |= isNewestWhole;
      if (equals(ALL) || rank == 0 || isNewestWhole || rank < last || isNewestOfDay) {
        kept.add(listing.name());
      }
      rank++;
    }
    return kept;
  }
}
