package io.varve.http;

import io.varve.engine.AggregateRule;
import io.varve.engine.Engine;
import io.varve.http.config.AggregatesConfig;
import io.varve.http.config.ConfigException;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells the engine which continuous aggregates there are, at the start and when that changes. */
final class AggregatesReload implements Reloadable {
  private volatile @Nullable Engine engine;
  private volatile long auditMillis;

  AggregatesReload() {}

  /**
   * The store is open.
   *
   * @throws ConfigException if cells do not fit its windows
   */
  void open(Engine opened, ServerConfig config) {
    engine = opened;
    prepare(config).run();
  }

  /** Between two looks at what is stored; 0 for never. */
  long auditMillis() {
    return auditMillis;
  }

  @Override
  public Set<String> settings() {
    return Set.of("aggregates");
  }

  @Override
  public Runnable prepare(ServerConfig next) {
    AggregatesConfig aggregates = next.aggregates();
    List<AggregateRule> rules = aggregates.toEngine();
    Engine opened = engine;
    if (opened == null) {
      return () -> {};
    }
    try {
      opened.checkAggregates(rules);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("aggregates: " + e.getMessage());
    }
    return () -> {
      auditMillis = aggregates.auditMillis();
      opened.aggregate(rules, auditMillis);
    };
  }
}
