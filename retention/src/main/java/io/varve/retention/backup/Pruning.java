package io.varve.retention.backup;

import io.varve.retention.chunkstore.ChunkStore;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

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
      return collect(marker, removed, kept, needed);
    }
  }

  private Result collect(Marker marker, List<String> removed, Set<String> kept, Set<String> needed)
      throws IOException {
    // Backups that came into being between the caller's look and the marker.
    for (ChunkStore.Item item : repository.store.list(Repository.LISTINGS)) {
      String name = item.name().substring(Repository.LISTINGS.length());
      if (!kept.contains(name)) {
        needed.addAll(Backups.objects(repository, repository.listing(name)));
      }
    }
    int objects = 0;
    long bytes = 0;
    for (ChunkStore.Item item : repository.store.list(Repository.OBJECTS)) {
      if (!needed.contains(item.name())) {
        marker.renew();
        if (marker.isLost()) {
          return new Result(removed, kept.size(), objects, bytes, "it stood still for too long");
        }
        repository.store.delete(item.name());
        objects++;
        bytes += item.bytes();
      }
    }
    return new Result(removed, kept.size(), objects, bytes, "");
  }
}
