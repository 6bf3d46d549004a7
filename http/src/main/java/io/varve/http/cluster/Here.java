package io.varve.http.cluster;

import io.varve.http.net.Availability;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.LogPosition;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How this node stands: what it can answer by itself. Any thread.
 *
 * @param id of the node
 * @param view null before the cluster is joined
 * @param availability of the server
 * @param open true while there is a store to ask
 */
record Here(
    String id,
    Supplier<@Nullable ClusterView> view,
    Supplier<Availability> availability,
    BooleanSupplier open) {
  /** What this node knows of the cluster if its store can be read, else null. */
  @Nullable ClusterView readable() {
    ClusterView now = view.get();
    if (now == null || availability.get() != Availability.READY || !open.getAsBoolean()) {
      return null;
    }
    for (int shard = 0; shard < now.shardCount(); shard++) {
      if (!now.canRead(shard)) {
        return null;
      }
    }
    return now;
  }

  /** What this node knows of the cluster if it leads all shards, else null. */
  @Nullable ClusterView leading() {
    ClusterView now = readable();
    if (now == null) {
      return null;
    }
    for (int shard = 0; shard < now.shardCount(); shard++) {
      if (!now.leads(shard)) {
        return null;
      }
    }
    return now;
  }

  boolean isStopping() {
    return availability.get() == Availability.STOPPING;
  }

  /** How many shards there are. */
  int shards() {
    ClusterView now = view.get();
    return now == null ? 1 : now.shardCount();
  }

  /** True if what is read here may have holes. */
  static boolean isDamaged(ClusterView view) {
    for (int shard = 0; shard < view.shardCount(); shard++) {
      if (view.isDamaged(shard)) {
        return true;
      }
    }
    return false;
  }

  /** What changes when a read may have met damage that is not known any more, of each shard. */
  static List<Long> readableSince(ClusterView view) {
    return IntStream.range(0, view.shardCount()).mapToObj(view::readableSince).toList();
  }

  /** How far it is behind in the shard that is furthest. */
  static long lagMillis(ClusterView view) {
    long most = 0;
    for (int shard = 0; shard < view.shardCount(); shard++) {
      most = Math.max(most, view.lagMillis(shard));
    }
    return most;
  }

  /** Up to where a majority has what was written, as text. */
  static String committed(ClusterView view) {
    LogPosition[] positions = new LogPosition[view.shardCount()];
    Arrays.setAll(positions, view::committed);
    return PositionToken.print(positions);
  }

  /** Up to where a snapshot that is taken now sees at least what a majority has, as text. */
  static String visible(ClusterView view) {
    LogPosition[] positions = new LogPosition[view.shardCount()];
    Arrays.setAll(
        positions,
        shard -> {
          LogPosition committed = view.committed(shard);
          LogPosition applied = view.applied(shard);
          return applied.compareTo(committed) < 0 ? applied : committed;
        });
    return PositionToken.print(positions);
  }

  /** A lag in words. */
  static String inWords(long lagMillis) {
    return lagMillis == Long.MAX_VALUE
        ? "an unknown time"
        : String.format(Locale.ROOT, "%.1f s", lagMillis / 1e3);
  }
}
