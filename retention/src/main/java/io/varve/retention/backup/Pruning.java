package io.varve.retention.backup;

import io.varve.retention.chunkstore.ChunkStore;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BinaryOperator;

/** Removes backups that are not to be kept, and then the objects that none needs any more. */
public final class Pruning {
  private final Repository repository;
  private final InstantSource clock;

  Pruning(Repository repository, InstantSource clock) {
    this.repository = repository;
    this.clock = clock;
  }

  /**
   * What was removed.
   *
   * @param removed names of backups
   * @param kept how many backups are left
   * @param objects how many objects went
   * @param bytes their size in the store
   * @param postponed why objects could not go yet, "" if they could; they go another time
   */
  public record Result(List<String> removed, int kept, int objects, long bytes, String postponed) {
    /** Keeps its own copy. */
    public Result {
      removed = List.copyOf(removed);
    }
  }

  Result run(List<Backups.Found> found, KeepRules keep) throws IOException {
    List<BackupListing> listings = new ArrayList<>();
    String unreadable = "";
    for (Backups.Found one : found) {
      if (one.listing() == null) {
        unreadable = "backup " + one.name() + " cannot be read: " + one.problem();
      } else {
        listings.add(one.listing());
      }
    }
    Set<String> kept = keep.kept(listings);
    List<String> removed = new ArrayList<>();
    Set<String> needed = new HashSet<>();
    try (Marker marker =
        Marker.put(repository, Repository.PRUNING, UUID.randomUUID().toString(), clock)) {
      for (BackupListing listing : listings) {
        if (kept.contains(listing.name())) {
          needed.addAll(Backups.objects(repository, listing));
        } else {
          repository.store.delete(Repository.LISTINGS + listing.name());
          removed.add(listing.name());
        }
      }
      if (!unreadable.isEmpty()) {
        // What it needs is not known, and it may be mended.
        return new Result(removed, kept.size(), 0, 0, unreadable);
      }
      if (Marker.isFresh(repository, Repository.CREATING, clock)) {
        return new Result(removed, kept.size(), 0, 0, "a backup is being made at this moment");
      }
      List<BackupListing> left = new ArrayList<>(listings);
      left.removeIf(listing -> !kept.contains(listing.name()));
      return collect(marker, removed, left, needed);
    }
  }

  private Result collect(
      Marker marker, List<String> removed, List<BackupListing> left, Set<String> needed)
      throws IOException {
    Set<String> kept = new HashSet<>();
    left.forEach(listing -> kept.add(listing.name()));
    // Backups that came into being between the caller's look and the marker.
    for (ChunkStore.Item item : repository.store.list(Repository.LISTINGS)) {
      String name = item.name().substring(Repository.LISTINGS.length());
      if (!kept.contains(name)) {
        BackupListing listing = repository.listing(name);
        left.add(listing);
        needed.addAll(Backups.objects(repository, listing));
      }
    }
    List<ChunkStore.Item> unneeded = new ArrayList<>(unneededLog(left));
    int objects = 0;
    long bytes = 0;
    for (ChunkStore.Item item : repository.store.list(Repository.OBJECTS)) {
      if (!needed.contains(item.name())) {
        unneeded.add(item);
      }
    }
    for (ChunkStore.Item item : unneeded) {
      marker.renew();
      if (marker.isLost()) {
        return new Result(removed, kept.size(), objects, bytes, "it stood still for too long");
      }
      repository.store.delete(item.name());
      objects++;
      bytes += item.bytes();
    }
    return new Result(removed, kept.size(), objects, bytes, "");
  }

  /**
   * The archived log behind which all backups lie that are left: on a timeline with backups what
   * comes before the oldest of them, on others what was logged before the oldest of all.
   */
  private List<ChunkStore.Item> unneededLog(List<BackupListing> left) throws IOException {
    long oldestMillis =
        left.stream().mapToLong(BackupListing::createdMillis).min().orElse(Long.MIN_VALUE);
    Map<String, BackupListing.Shard> oldest = new HashMap<>();
    for (BackupListing listing : left) {
      for (BackupListing.Shard shard : listing.shards()) {
        oldest.merge(shard.timeline(), shard, (a, b) -> a.position() <= b.position() ? a : b);
      }
    }
    List<ChunkStore.Item> all = repository.store.list(Repository.LOG);
    SortedMap<String, StretchName> ends = new TreeMap<>();
    for (ChunkStore.Item item : all) {
      StretchName stretch = StretchName.parse(item.name());
      if (stretch != null) {
        ends.merge(stretch.timeline(), stretch, BinaryOperator.maxBy(StretchName.ORDER));
      }
    }
    // Whoever archives a log reads from the last object where it is to go on.
    Set<String> alive = new HashSet<>(oldest.keySet());
    if (!ends.isEmpty()) {
      alive.add(ends.lastKey());
    }
    List<ChunkStore.Item> unneeded = new ArrayList<>();
    for (ChunkStore.Item item : all) {
      StretchName stretch = StretchName.parse(item.name());
      String[] parts = item.name().split("/", -1);
      if (stretch != null) {
        BackupListing.Shard base = oldest.get(stretch.timeline());
        boolean isNeeded =
            (alive.contains(stretch.timeline()) && stretch.equals(ends.get(stretch.timeline())))
                || (base == null
                    ? stretch.end() * 1_000 >= oldestMillis
                    : stretch.last() > base.position() || stretch.end() >= base.untilSecond());
        if (!isNeeded) {
          unneeded.add(item);
        }
      } else if (parts.length == 3 && parts[2].equals(Repository.NEWEST)) {
        StretchName end = ends.get(parts[1]);
        if (!alive.contains(parts[1]) && (end == null || end.end() * 1_000 < oldestMillis)) {
          unneeded.add(item);
        }
      }
    }
    return unneeded;
  }
}
