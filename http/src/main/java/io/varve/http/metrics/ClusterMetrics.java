package io.varve.http.metrics;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.varve.http.cluster.ClusterMeter;
import io.varve.ingest.cluster.ClusterView;
import io.varve.ingest.ship.ScrubStatus;
import io.varve.ingest.spool.Spool;
import java.util.Locale;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is counted of a cluster; only servers that belong to one have it. Any thread. */
public final class ClusterMetrics implements ClusterMeter {
  private final PrometheusRegistry registry;
  private final Counter forwarded;
  private final Counter turnedAway;
  private final Counter reads;
  private final Counter deliveries;
  private final Counter leaderChanges;
  private final Counter reopenings;

  ClusterMetrics(PrometheusRegistry registry) {
    this.registry = registry;
    forwarded =
        counter(
            "varve_cluster_forwarded_requests",
            "Requests that this node passed on to another one, and what became of them.",
            "node",
            "kind",
            "result");
    turnedAway =
        counter(
            "varve_cluster_turned_away_requests",
            "Requests that another node passed on to this one, which does not lead.",
            "kind");
    reads = counter("varve_cluster_reads", "Reads by level, and who answered.", "level", "source");
    deliveries =
        counter(
            "varve_cluster_spool_deliveries",
            "Attempts to have the cluster take a write that was acknowledged before, and how they"
                + " went.",
            "result");
    leaderChanges =
        counter("varve_cluster_leader_changes", "Times that another node led.", "shard");
    reopenings =
        counter(
            "varve_cluster_reopenings",
            "Times that the store was opened anew as it held what did not become part of the log.",
            "shard");
    leaderChanges.labelValues("0"); // so that the first one is an increase
    reopenings.labelValues("0");
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
  }

  /**
   * Adds what the node tells of itself.
   *
   * @param view null before it has joined
   * @param reachable how many nodes can be reached
   * @param scrub null while there is none
   * @param spool null while there is none
   */
  public void observe(
      Supplier<@Nullable ClusterView> view,
      IntSupplier reachable,
      Supplier<@Nullable ScrubStatus> scrub,
      Supplier<@Nullable Spool> spool) {
    registry.register(new ClusterCollector(view, reachable, scrub, spool));
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void forwarded(String node, String kind, Fate fate) {
    forwarded.labelValues(node, kind, lower(fate)).inc();
  }

  @Override
  public void turnedAway(String kind) {
    turnedAway.labelValues(kind).inc();
  }

  @Override
  public void read(String level, Source source) {
    reads.labelValues(level, lower(source)).inc();
  }

  @Override
  public void delivered(Delivered how) {
    deliveries.labelValues(lower(how)).inc();
  }

  @Override
  public void leaderChanged(int shard) {
    leaderChanges.labelValues(Integer.toString(shard)).inc();
  }

  @Override
  public void reopened(int shard) {
    reopenings.labelValues(Integer.toString(shard)).inc();
  }
}
