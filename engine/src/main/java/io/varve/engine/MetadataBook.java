package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Metadata;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.registry.Registry;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the engine tells its {@link Registry} and asks of it: metadata as it is written, and what
 * tenants use, collected in memory and handed over now and then by the background work, since the
 * registry is not meant to be told per batch. Thread-safe.
 */
final class MetadataBook implements AutoCloseable {
  private final Registry registry;
  private final Map<String, Usage> usage = new ConcurrentHashMap<>();

  /** What a tenant has used since the last hand-over. */
  private static final class Usage {
    final LongAdder series = new LongAdder();
    final LongAdder samples = new LongAdder();
  }

  private MetadataBook(Registry registry) {
    this.registry = registry;
  }

  static MetadataBook open(EngineConfig config) {
    System.Logger logger = System.getLogger(Engine.class.getName());
    return new MetadataBook(
        Registry.open(
            config.fileSystem(),
            config.dataDir().resolve("registry"),
            config.registryOnChronicleMap(),
            warning -> logger.log(System.Logger.Level.WARNING, warning)));
  }

  void put(String tenant, String metric, Metadata about) {
    registry.putMetadata(tenant, metric, about);
  }

  void used(String tenant, int seriesCreated, int samples) {
    Usage tenantUsage = usage.computeIfAbsent(tenant, key -> new Usage());
    tenantUsage.series.add(seriesCreated);
    tenantUsage.samples.add(samples);
  }

  /** Hands over what was collected. */
  void handOver() {
    usage.forEach(
        (tenant, tenantUsage) -> {
          long series = tenantUsage.series.sumThenReset();
          long samples = tenantUsage.samples.sumThenReset();
          if (series > 0 || samples > 0) {
            registry.addUsage(tenant, series, samples);
          }
        });
  }

  /** Reads what the files of all windows say, newer windows over older ones, if that is needed. */
  void rebuildFrom(NavigableMap<Long, WindowView> windows, DamageLog damage) {
    if (!registry.needsRebuild()) {
      return;
    }
    for (WindowView window : windows.values()) {
      for (Shared<ChunkReader> chunk : window.chunks()) {
        try {
          chunk.get().metadata(this::put);
        } catch (CorruptDataException e) {
          damage.add(String.valueOf(e.getMessage()));
        }
      }
    }
    registry.rebuilt();
  }

  Map<String, Metadata> of(String tenant) {
    return registry.metadataOf(tenant);
  }

  @Override
  public void close() {
    handOver();
    registry.close();
  }
}
