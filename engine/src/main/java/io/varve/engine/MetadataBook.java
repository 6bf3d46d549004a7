package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.head.Head;
import io.varve.engine.head.LateHead;
import io.varve.engine.head.SeriesTable;
import io.varve.engine.model.Metadata;
import io.varve.engine.partition.ChunkReader;
import io.varve.engine.registry.Registry;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What the engine tells its {@link Registry} and asks of it: metadata as it is written; what
 * tenants use and query, collected in memory and handed over now and then by the background work,
 * since the registry is not meant to be told per batch; and what was written, told by each flush.
 * Thread-safe.
 */
final class MetadataBook implements AutoCloseable {
  /** Most metrics whose queries are remembered between two hand-overs. */
  private static final int MOST_QUERIED = 1 << 15;

  private final Registry registry;
  private final Map<String, Usage> usage = new ConcurrentHashMap<>();
  private final InstantSource clock;

  /** When metrics were queried since the last hand-over. */
  private final Map<Metric, Long> queried = new ConcurrentHashMap<>();

  private record Metric(String tenant, String name) {
    // By hand: what a record does by itself costs a small query 3 % of its time.
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Metric m && m.name.equals(name) && m.tenant.equals(tenant);
    }

    @Override
    public int hashCode() {
      return 31 * name.hashCode() + tenant.hashCode();
    }
  }

  /** What a tenant has used since the last hand-over. */
  private static final class Usage {
    final LongAdder series = new LongAdder();
    final LongAdder samples = new LongAdder();
  }

  private MetadataBook(Registry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
  }

  static MetadataBook open(EngineConfig config) {
    System.Logger logger = System.getLogger(Engine.class.getName());
    return new MetadataBook(
        Registry.open(
            config.fileSystem(),
            config.dataDir().resolve("registry"),
            config.registryOnChronicleMap(),
            warning -> logger.log(System.Logger.Level.WARNING, warning)),
        config.clock());
  }

  void put(String tenant, String metric, Metadata about) {
    registry.putMetadata(tenant, metric, about);
  }

  void used(String tenant, int seriesCreated, int samples) {
    Usage tenantUsage = usage.computeIfAbsent(tenant, key -> new Usage());
    tenantUsage.series.add(seriesCreated);
    tenantUsage.samples.add(samples);
  }

  /** A metric is queried now. */
  void queried(String tenant, String metric) {
    if (queried.size() < MOST_QUERIED) {
      queried.put(new Metric(tenant, metric), clock.millis());
    }
  }

  /** Tells up to when the metrics of samples that became files are written. */
  void written(Frozen frozen) {
    Map<Metric, Long> newest = new HashMap<>();
    SeriesTable table = frozen.table();
    MetricNames names = new MetricNames();
    written(newest, names, frozen.head());
    for (LateHead.Window window : frozen.late().values()) {
      for (int id : window.series()) {
        written(newest, names, table, id, window.newestTime(id));
      }
    }
    newest.forEach((metric, time) -> registry.written(metric.tenant(), metric.name(), time));
  }

  private static void written(Map<Metric, Long> newest, MetricNames names, Head head) {
    SeriesTable table = head.table();
    for (int id = 0, n = table.size(); id < n; id++) {
      if (head.sampleCount(id) > 0) {
        written(newest, names, table, id, table.lastTime(id));
      }
    }
  }

  private static void written(
      Map<Metric, Long> newest, MetricNames names, SeriesTable table, int id, long time) {
    String metric = names.of(table.array(id), table.offset(id), table.length(id));
    if (metric != null) {
      newest.merge(new Metric(table.tenant(id), metric), time, Math::max);
    }
  }

  /**
   * When a tenant's metrics were last written and queried.
   *
   * @param open samples of which the registry was told nothing yet
   */
  Map<String, Registry.Activity> activities(String tenant, Head open) {
    handOver();
    Map<String, Registry.Activity> all = new TreeMap<>(registry.activities(tenant));
    Map<Metric, Long> newest = new HashMap<>();
    written(newest, new MetricNames(), open);
    newest.forEach(
        (metric, time) -> {
          if (metric.tenant().equals(tenant)) {
            Registry.Activity told = all.getOrDefault(metric.name(), Registry.Activity.NONE);
            all.put(
                metric.name(),
                new Registry.Activity(Math.max(told.lastWritten(), time), told.lastQueried()));
          }
        });
    return all;
  }

  /** Hands over what was collected. */
  void handOver() {
    for (Metric metric : queried.keySet()) {
      Long time = queried.remove(metric);
      if (time != null) {
        registry.queried(metric.tenant(), metric.name(), time);
      }
    }
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
