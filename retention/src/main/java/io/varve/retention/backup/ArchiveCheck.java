package io.varve.retention.backup;

import io.varve.engine.LogFeed;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Proves every byte of the log archive, and that nothing is missing: each object names the one
 * before it, and a further one names the newest.
 */
final class ArchiveCheck {
  private final Repository repository;
  private final List<BackupListing> listings;
  private final Progress progress;
  private final List<String> problems = new ArrayList<>();
  private int objects;

  ArchiveCheck(Repository repository, List<BackupListing> listings, Progress progress) {
    this.repository = repository;
    this.listings = listings;
    this.progress = progress;
  }

  /** What is known of a stretch that was read; null if it cannot be. */
  private record Read(String previous, List<LogFeed.Mark> marks) {}

  List<String> run() throws IOException {
    SortedMap<String, List<StretchName>> timelines =
        LogArchive.stretches(repository, Repository.LOG);
    Set<String> names = new TreeSet<>(timelines.keySet());
    for (var item : repository.store.list(Repository.LOG)) {
      String[] parts = item.name().split("/", -1);
      if (parts.length == 3 && parts[2].equals(Repository.NEWEST)) {
        names.add(parts[1]);
      }
    }
    for (String timeline : names) {
      List<StretchName> stretches = timelines.getOrDefault(timeline, List.of());
      objects += stretches.size();
      check(timeline, stretches);
    }
    return problems;
  }

  /** How many stretches were read. */
  int objects() {
    return objects;
  }

  private void check(String timeline, List<StretchName> stretches) throws IOException {
    progress.begin("reading the log", stretches.size(), 0);
    Map<StretchName, Read> read = Collections.synchronizedMap(new HashMap<>());
    List<String> damaged = Collections.synchronizedList(new ArrayList<>());
    Workers.each(
        stretches,
        name -> {
          try {
            LogStretch.Content content = LogArchive.read(repository, name);
            read.put(name, new Read(content.previous(), content.marks()));
          } catch (DamagedObjectException e) {
            damaged.add(e.getMessage() + "; it is of the log on timeline " + timeline);
          }
          progress.advance(0);
        });
    damaged.stream().sorted().forEach(problems::add);
    Set<String> there = new HashSet<>();
    stretches.forEach(stretch -> there.add(stretch.object()));
    StretchName before = null;
    for (StretchName stretch : stretches) {
      missingBefore(stretch, before, read.get(stretch), there);
      before = stretch;
    }
    newest(timeline, there);
  }

  /** What should be there before a stretch, and is not. */
  private void missingBefore(
      StretchName stretch, @Nullable StretchName before, @Nullable Read read, Set<String> there) {
    long reached = before == null ? needed(stretch.timeline()) : before.last();
    boolean lacks = stretch.after() > reached;
    if (read != null && !read.previous().isEmpty() && !there.contains(read.previous())) {
      if (before != null || lacks) {
        problems.add(
            "object "
                + read.previous()
                + " is missing; it is of the log on timeline "
                + stretch.timeline());
      }
    } else if (lacks && (before != null || read == null || !read.previous().isEmpty())) {
      problems.add(
          "records "
              + (reached + 1)
              + " to "
              + stretch.after()
              + " of the log on timeline "
              + stretch.timeline()
              + " are missing, before object "
              + stretch.object());
    }
  }

  /** From which position on a timeline has to be there; what is older was pruned. */
  private long needed(String timeline) {
    return listings.stream()
        .filter(l -> l.shards().getFirst().timeline().equals(timeline))
        .mapToLong(PointInTime::position)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  private void newest(String timeline, Set<String> there) throws IOException {
    try {
      String newest = LogArchive.newest(repository, timeline);
      if (newest == null) {
        problems.add(
            "object "
                + LogArchive.newest(timeline)
                + " is missing; it names the end of the log on timeline "
                + timeline);
      } else if (!there.contains(newest)) {
        problems.add(
            "object " + newest + " is missing; it is the end of the log on timeline " + timeline);
      }
    } catch (DamagedObjectException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
  }
}
