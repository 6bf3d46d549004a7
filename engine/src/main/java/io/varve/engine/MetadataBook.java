package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.model.Metadata;
import io.varve.engine.partition.ChunkReader;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is said about metrics, by tenant: fed by writes, rebuilt from chunk files when the engine
 * opens. Thread-safe.
 */
final class MetadataBook implements AutoCloseable {
  private final Map<String, Map<String, Metadata>> tenants = new ConcurrentHashMap<>();

  static MetadataBook open(EngineConfig config, DamageLog damage) {
    return new MetadataBook();
  }

  void put(String tenant, String metric, Metadata about) {
    tenants.computeIfAbsent(tenant, key -> new ConcurrentHashMap<>()).put(metric, about);
  }

  /** Reads what the files of all windows say, newer windows over older ones. */
  void rebuildFrom(NavigableMap<Long, WindowView> windows, DamageLog damage) {
    for (WindowView window : windows.values()) {
      for (Shared<ChunkReader> chunk : window.chunks()) {
        try {
          chunk.get().metadata(this::put);
        } catch (CorruptDataException e) {
          damage.add(String.valueOf(e.getMessage()));
        }
      }
    }
  }

  Map<String, Metadata> of(String tenant) {
    return new TreeMap<>(tenants.getOrDefault(tenant, Map.of()));
  }

  @Override
  public void close() {
    tenants.clear();
  }
}
