package io.varve.http.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.cluster.ReplicaState;
import io.varve.ingest.cluster.ReplicaStatus;
import io.varve.ingest.cluster.ShardStatus;
import io.varve.ingest.ship.ScrubStatus;
import io.varve.ingest.spool.Spool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** How the cluster stands as this node sees it, asked once per scrape. Any thread. */
final class ClusterCollector implements MultiCollector {
  private static final double SECOND_MILLIS = 1e3;
  private static final String SHARD = "shard";
  private static final String REPLICA = "replica";

  private static final List<String> STATES =
      List.of("leading", "following", "no_quorum", "catching_up", "reopening", "stopped");

  private final Supplier<@Nullable ClusterView> view;
  private final IntSupplier reachable;
  private final Supplier<@Nullable ScrubStatus> scrub;
  private final Supplier<@Nullable Spool> spool;

  ClusterCollector(
      Supplier<@Nullable ClusterView> view,
      IntSupplier reachable,
      Supplier<@Nullable ScrubStatus> scrub,
      Supplier<@Nullable Spool> spool) {
    this.view = view;
    this.reachable = reachable;
    this.scrub = scrub;
    this.spool = spool;
  }

  @Override
  public MetricSnapshots collect() {
    Families to = new Families();
    to.gauge(
        "varve_cluster_nodes_reachable",
        "Nodes of the cluster that have answered lately, this one included.",
        reachable.getAsInt());
    ClusterView now = view.get();
    List<MetricSnapshots> all = new ArrayList<>();
    if (now != null) {
      List<ShardStatus> shards = now.shards();
      to.gauge("varve_cluster_nodes", "Nodes of the cluster.", now.peers().size());
      shards(shards, to);
      to.gauge(
              "varve_cluster_feature_level",
              "Up to which level the cluster uses features.",
              now.featureLevel())
          .gauge(
              "varve_cluster_differing_settings",
              "Settings that are in force in the cluster and stand otherwise in this node's files.",
              now.differing().size());
      all.add(replicas(shards));
    }
    ScrubStatus status = scrub.get();
    if (status != null) {
      scrub(status, to);
    }
    Spool waiting = spool.get();
    if (waiting != null) {
      spool(waiting, to);
    }
    all.add(to.all());
    MetricSnapshots.Builder together = MetricSnapshots.builder();
    all.forEach(some -> some.forEach(together::metricSnapshot));
    return together.build();
  }

  private static Map<String, Double> by(
      List<ShardStatus> shards, ToDoubleFunction<ShardStatus> value) {
    Map<String, Double> values = new LinkedHashMap<>();
    shards.forEach(
        shard -> values.put(Integer.toString(shard.shard()), value.applyAsDouble(shard)));
    return values;
  }

  private static void shards(List<ShardStatus> s, Families to) {
    to.gauges(
            "varve_cluster_leading",
            "1 if this node leads the shard, else 0.",
            SHARD,
            by(s, shard -> shard.state() instanceof ReplicaState.Leading ? 1 : 0))
        .gauges(
            "varve_cluster_has_leader",
            "1 if this node knows who leads the shard, else 0.",
            SHARD,
            by(s, shard -> shard.leader() == null ? 0 : 1))
        .gauges(
            "varve_cluster_term",
            "Number of the election that is in force.",
            SHARD,
            by(s, ShardStatus::term))
        .gauges(
            "varve_cluster_appended_index",
            "Last record that the log of this node has.",
            SHARD,
            by(s, ShardStatus::appended))
        .gauges(
            "varve_cluster_committed_index",
            "Last record that a majority is known to have.",
            SHARD,
            by(s, ShardStatus::committed))
        .gauges(
            "varve_cluster_applied_index",
            "Last record that can be read at this node.",
            SHARD,
            by(s, ShardStatus::applied))
        .gauges(
            "varve_cluster_saved_index",
            "Last record that the log may forget, as files and saved head have it.",
            SHARD,
            by(s, ShardStatus::saved))
        .gauges(
            "varve_cluster_log_bytes",
            "Size of the replicated log at this node.",
            SHARD,
            by(s, ShardStatus::logBytes))
        .gauges(
            "varve_cluster_lag_seconds",
            "How far what can be read at this node is behind its leader.",
            SHARD,
            by(s, ClusterCollector::lagSeconds))
        .gauges(
            "varve_cluster_catch_up_bytes",
            "Size of the files that come from another node; 0 if none do.",
            SHARD,
            by(
                s,
                shard ->
                    shard.state() instanceof ReplicaState.CatchingUp pulls
                        ? pulls.totalBytes()
                        : 0))
        .gauges(
            "varve_cluster_catch_up_done_bytes",
            "What of them is here.",
            SHARD,
            by(
                s,
                shard ->
                    shard.state() instanceof ReplicaState.CatchingUp pulls
                        ? pulls.doneBytes()
                        : 0));
  }

  private static double lagSeconds(ShardStatus shard) {
    return shard.lagMillis() == Long.MAX_VALUE
        ? Double.POSITIVE_INFINITY
        : shard.lagMillis() / SECOND_MILLIS;
  }

  private static String name(ReplicaState state) {
    return switch (state) {
      case ReplicaState.Leading() -> "leading";
      case ReplicaState.Following() -> "following";
      case ReplicaState.NoQuorum() -> "no_quorum";
      case ReplicaState.CatchingUp(String from, long done, long total) -> "catching_up";
      case ReplicaState.Reopening() -> "reopening";
      case ReplicaState.Stopped(String cause) -> "stopped";
    };
  }

  private static GaugeDataPointSnapshot point(double value, String... namesAndValues) {
    return GaugeDataPointSnapshot.builder().labels(Labels.of(namesAndValues)).value(value).build();
  }

  private static MetricSnapshots replicas(List<ShardStatus> shards) {
    GaugeSnapshot.Builder state =
        GaugeSnapshot.builder()
            .name("varve_cluster_replica_state")
            .help("1 for what this node's replica of the shard is doing, 0 for all else.");
    GaugeSnapshot.Builder behind =
        GaugeSnapshot.builder()
            .name("varve_cluster_replica_behind_records")
            .help(
                "Records that the leader, which alone tells it, has and a replica has not"
                    + " confirmed.");
    GaugeSnapshot.Builder bytes =
        GaugeSnapshot.builder()
            .name("varve_cluster_replica_lag_bytes")
            .help(
                "Size of the records that the leader, which alone tells it, has applied and a"
                    + " replica has not confirmed.");
    GaugeSnapshot.Builder contact =
        GaugeSnapshot.builder()
            .name("varve_cluster_replica_contact_seconds")
            .help("How long ago the leader, which alone tells it, has heard of a replica.");
    for (ShardStatus shard : shards) {
      String number = Integer.toString(shard.shard());
      String now = name(shard.state());
      for (String one : STATES) {
        state.dataPoint(point(one.equals(now) ? 1 : 0, SHARD, number, "state", one));
      }
      for (ReplicaStatus replica : shard.replicas()) {
        behind.dataPoint(
            point(
                (double) Math.max(0, shard.appended() - replica.matchIndex()),
                SHARD,
                number,
                REPLICA,
                replica.id()));
        bytes.dataPoint(point((double) replica.lagBytes(), SHARD, number, REPLICA, replica.id()));
        contact.dataPoint(
            point(replica.contactMillis() / SECOND_MILLIS, SHARD, number, REPLICA, replica.id()));
      }
    }
    return MetricSnapshots.of(state.build(), behind.build(), bytes.build(), contact.build());
  }

  private static void spool(Spool spool, Families to) {
    long oldest = spool.oldestMillis();
    to.gauge(
            "varve_cluster_spool_bytes",
            "Size of the writes that this node has acknowledged and the cluster has not taken.",
            spool.waitingBytes())
        .gauge(
            "varve_cluster_spool_max_bytes",
            "Size of them at which this node takes no more writes.",
            spool.mostBytes())
        .gauge("varve_cluster_spool_requests", "Their number.", spool.waiting())
        .gauge(
            "varve_cluster_spool_oldest_seconds",
            "How long the oldest of them has been waiting, about; 0 if there are none.",
            oldest == 0 ? 0 : Math.max(0, System.currentTimeMillis() - oldest) / SECOND_MILLIS)
        .counter(
            "varve_cluster_spool_lost_requests",
            "Writes that this node has acknowledged, and that were damaged on its disk before the"
                + " cluster had taken them.",
            spool.lost());
  }

  private static void scrub(ScrubStatus status, Families to) {
    to.counter(
            "varve_cluster_scrub_files",
            "Files of this node that the background scrub has proven.",
            status.filesRead())
        .counter("varve_cluster_scrub_bytes", "Size of those files.", status.bytesRead())
        .counter(
            "varve_cluster_scrub_passes",
            "Times that all files were proven and compared with those of the other nodes.",
            status.passes())
        .counter(
            "varve_cluster_scrub_damaged_files",
            "Files that were found damaged or missing.",
            status.damaged())
        .counter(
            "varve_cluster_scrub_repaired_files",
            "Damaged files that came anew from another node.",
            status.repaired())
        .counter(
            "varve_cluster_scrub_repair_failures",
            "Attempts to get a damaged file anew that failed.",
            status.failed())
        .counter(
            "varve_cluster_scrub_differences",
            "Files that another node has otherwise: replicas have diverged.",
            status.differences())
        .counter(
            "varve_cluster_scrub_reinstalls",
            "Times that the whole store was taken from another node.",
            status.reinstalls());
  }
}
