package io.varve.http.cluster;

import java.util.Map;
import java.util.TreeMap;

/** Counts by name. */
final class CountingMeter implements ClusterMeter {
  private final Map<String, Integer> counts = new TreeMap<>();

  private synchronized void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  synchronized Map<String, Integer> counts() {
    return Map.copyOf(counts);
  }

  @Override
  public void forwarded(String node, String kind, Fate fate) {
    count(kind + " to " + node + " " + fate);
  }

  @Override
  public void turnedAway(String kind) {
    count("turned away " + kind);
  }

  @Override
  public void delivered(Delivered how) {
    count("delivered " + how);
  }

  @Override
  public void read(String level, Source source) {
    count(level + " " + source);
  }

  @Override
  public void leaderChanged(int shard) {
    count("leader changed");
  }

  @Override
  public void reopened(int shard) {
    count("reopened");
  }
}
