package io.varve.engine.registry;

import io.varve.engine.model.Metadata;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The registry in ordinary maps: needs no JVM flags and begins empty at every start. When it is
 * full, new names are forgotten and known ones go on.
 */
final class HeapRegistry implements Registry {
  private final int maxEntries;
  private final Map<String, Map<String, MetricFacts>> metrics = new HashMap<>();
  private final Map<String, Usage> usages = new HashMap<>();
  private int entries;
  private long forgotten;
  private boolean needsRebuild = true;

  HeapRegistry(int maxEntries) {
    this.maxEntries = maxEntries;
  }

  synchronized void change(String tenant, String metric, UnaryOperator<MetricFacts> change) {
    if (!MetricFacts.nameFits(tenant, metric)) {
      forgotten++;
      return;
    }
    Map<String, MetricFacts> ofTenant = metrics.get(tenant);
    MetricFacts known = ofTenant == null ? null : ofTenant.get(metric);
    if (known == null) {
      if (entries >= maxEntries) {
        forgotten++;
        return;
      }
      entries++;
    }
    MetricFacts changed = change.apply(known == null ? MetricFacts.NONE : known);
    metrics.computeIfAbsent(tenant, t -> new HashMap<>()).put(metric, changed);
  }

  synchronized MetricFacts facts(String tenant, String metric) {
    return metrics.getOrDefault(tenant, Map.of()).getOrDefault(metric, MetricFacts.NONE);
  }

  @Override
  public void putMetadata(String tenant, String metric, Metadata about) {
    Metadata bounded = MetricFacts.bounded(about);
    change(tenant, metric, facts -> facts.with(bounded));
  }

  @Override
  public @Nullable Metadata metadata(String tenant, String metric) {
    return facts(tenant, metric).metadata();
  }

  @Override
  public synchronized Map<String, Metadata> metadataOf(String tenant) {
    Map<String, Metadata> found = new TreeMap<>();
    metrics
        .getOrDefault(tenant, Map.of())
        .forEach(
            (metric, facts) -> {
              Metadata metadata = facts.metadata();
              if (metadata != null) {
                found.put(metric, metadata);
              }
            });
    return found;
  }

  @Override
  public synchronized void addUsage(String tenant, long seriesCreated, long samples) {
    Usage known = usages.get(tenant);
    if (known == null) {
      if (entries >= maxEntries || !MetricFacts.nameFits(tenant, "")) {
        forgotten++;
        return;
      }
      entries++;
      known = Usage.NONE;
    }
    usages.put(tenant, known.plus(seriesCreated, samples));
  }

  @Override
  public synchronized Usage usage(String tenant) {
    return usages.getOrDefault(tenant, Usage.NONE);
  }

  @Override
  public synchronized Map<String, Usage> usages() {
    return new TreeMap<>(usages);
  }

  @Override
  public void written(String tenant, String metric, long epochMillis) {
    change(tenant, metric, facts -> facts.writtenAt(epochMillis));
  }

  @Override
  public void queried(String tenant, String metric, long epochMillis) {
    change(tenant, metric, facts -> facts.queriedAt(epochMillis));
  }

  @Override
  public Activity activity(String tenant, String metric) {
    return facts(tenant, metric).activity();
  }

  @Override
  public synchronized Map<String, Activity> activities(String tenant) {
    Map<String, Activity> found = new TreeMap<>();
    metrics
        .getOrDefault(tenant, Map.of())
        .forEach(
            (metric, facts) -> {
              if (!facts.activity().equals(Activity.NONE)) {
                found.put(metric, facts.activity());
              }
            });
    return found;
  }

  @Override
  public synchronized long entries() {
    return entries;
  }

  @Override
  public synchronized long forgotten() {
    return forgotten;
  }

  @Override
  public synchronized boolean needsRebuild() {
    return needsRebuild;
  }

  @Override
  public synchronized void rebuilt() {
    needsRebuild = false;
  }

  @Override
  public synchronized void close() {
    metrics.clear();
    usages.clear();
    entries = 0;
  }
}
