package io.varve.retention.backup;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds out to which seconds a store can be restored, and what that takes: a backup, and the log of
 * its timeline from there on. The state at a second has everything that was acknowledged before
 * that second began, and nothing that was logged in it or later.
 */
final class PointInTime {
  private final Repository repository;
  private final SortedMap<String, List<StretchName>> timelines;
  private final List<BackupListing> listings;

  /** Looks at what there is. */
  PointInTime(Repository repository, List<BackupListing> listings) throws IOException {
    this.repository = repository;
    this.listings =
        listings.stream()
            .filter(l -> l.shards().size() == 1)
            .sorted(Comparator.comparingLong(PointInTime::position))
            .toList();
    this.timelines = LogArchive.stretches(repository, Repository.LOG);
  }

  /** What a restore needs. */
  record Plan(BackupListing listing, LogTail tail) {}

  static long position(BackupListing listing) {
    return listing.shards().getFirst().position();
  }

  private List<BackupListing> listingsOf(String timeline) {
    return listings.stream()
        .filter(l -> l.shards().getFirst().timeline().equals(timeline))
        .toList();
  }

  /**
   * Stretches of which each begins where the one before it ends, or earlier: one that was stored
   * while the answer got lost is stored again, and longer then.
   */
  static List<List<StretchName>> runs(List<StretchName> stretches) {
    List<List<StretchName>> runs = new ArrayList<>();
    long last = -1; // behind nothing
    for (StretchName stretch : stretches) {
      if (stretch.after() > last || runs.isEmpty()) {
        runs.add(new ArrayList<>());
      }
      runs.getLast().add(stretch);
      last = stretch.last();
    }
    return runs;
  }

  /** The seconds to which it is possible, oldest first. */
  List<Backups.Range> ranges() {
    List<Backups.Range> ranges = new ArrayList<>();
    for (Map.Entry<String, List<StretchName>> timeline : timelines.entrySet()) {
      for (List<StretchName> run : runs(timeline.getValue())) {
        BackupListing oldest = null;
        for (BackupListing listing : listingsOf(timeline.getKey())) {
          long position = position(listing);
          boolean reaches = position >= run.getFirst().after() && position <= run.getLast().last();
          if (reaches && oldest == null) {
            oldest = listing;
          }
        }
        if (oldest != null) {
          addRanges(timeline.getKey(), run, oldest.shards().getFirst().untilSecond(), ranges);
        }
      }
    }
    ranges.sort(Comparator.comparingLong(Backups.Range::fromSecond));
    return ranges;
  }

  private static void addRanges(
      String timeline, List<StretchName> run, long from, List<Backups.Range> ranges) {
    long begin = -1;
    long end = -1;
    for (StretchName stretch : run) {
      if (stretch.begin() == stretch.end()) {
        continue; // too short to tell of a second that others do not tell of
      }
      if (stretch.begin() > end) {
        add(timeline, Math.max(from, begin), end, ranges);
        begin = stretch.begin();
      }
      end = Math.max(end, stretch.end());
    }
    add(timeline, Math.max(from, begin), end, ranges);
  }

  private static void add(String timeline, long from, long to, List<Backups.Range> ranges) {
    if (to >= 0 && from <= to) {
      ranges.add(new Backups.Range(timeline, from, to));
    }
  }

  /**
   * What it takes to restore to a second.
   *
   * @param timeline "" for the newest that knows the second
   * @param evenEarlier whether a second that is not known may be replaced by the last one before it
   *     that is
   * @throws IOException naming the seconds that are possible, if this one is not
   */
  Plan plan(long second, String timeline, boolean evenEarlier) throws IOException {
    List<Backups.Range> possible = new ArrayList<>(ranges());
    if (!timeline.isEmpty()) {
      possible.removeIf(range -> !range.timeline().equals(timeline));
    }
    Backups.Range found = null;
    for (Backups.Range range : possible) {
      if (range.fromSecond() <= second && second <= range.toSecond()) {
        found = range; // timelines are named by the time at which they began
      }
    }
    if (found != null) {
      return plan(second, found);
    }
    Backups.Range before = null;
    for (Backups.Range range : possible) {
      if (range.toSecond() < second && (before == null || range.toSecond() >= before.toSecond())) {
        before = range;
      }
    }
    if (evenEarlier && before != null) {
      return plan(before.toSecond(), before);
    }
    throw new IOException(impossible(second, possible, before != null));
  }

  private String impossible(long second, List<Backups.Range> possible, boolean isBehind) {
    String place = repository.store.place();
    if (possible.isEmpty()) {
      return "nothing in "
          + place
          + " can be restored to a point in time: that takes a backup that was made while the log"
          + " was archived, and an archive that goes on for a second behind it";
    }
    StringBuilder text = new StringBuilder();
    text.append("the state at ").append(Instant.ofEpochSecond(second)).append(" is not in ");
    text.append(place).append("; those of these seconds are:");
    for (Backups.Range range : possible) {
      text.append("\n  ").append(range.text());
    }
    if (isBehind) {
      text.append(
          "\n(between them the server was down or could not archive its log; --allow-gap takes the"
              + " last second before)");
    }
    return text.toString();
  }

  private Plan plan(long second, Backups.Range range) throws IOException {
    for (List<StretchName> run : runs(timelines.getOrDefault(range.timeline(), List.of()))) {
      for (StretchName stretch : run) {
        if (stretch.begin() <= second
            && second <= stretch.end()
            && stretch.begin() < stretch.end()) {
          long position = LogArchive.read(repository, stretch).positionAt(second);
          Plan plan = plan(second, position, range, run);
          if (plan != null) {
            return plan;
          }
        }
      }
    }
    throw new IOException(
        "no backup of timeline "
            + range.timeline()
            + " lies before "
            + Instant.ofEpochSecond(second)
            + " in the log");
  }

  private @Nullable Plan plan(
      long second, long position, Backups.Range range, List<StretchName> run) {
    BackupListing newest = null;
    for (BackupListing listing : listingsOf(range.timeline())) {
      if (position(listing) >= run.getFirst().after() && position(listing) <= position) {
        newest = listing;
      }
    }
    if (newest == null) {
      return null;
    }
    long from = position(newest);
    List<StretchName> needed = new ArrayList<>();
    for (StretchName stretch : run) {
      if (stretch.last() > from && stretch.after() < position) {
        needed.add(stretch);
      }
    }
    return new Plan(newest, new LogTail(second, position, needed));
  }
}
