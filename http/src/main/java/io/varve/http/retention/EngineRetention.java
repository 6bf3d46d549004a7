package io.varve.http.retention;

import io.varve.engine.DiskLimits;
import io.varve.engine.Engine;
import io.varve.engine.EngineStats;
import io.varve.engine.RetentionPlan;
import io.varve.engine.policy.RetentionPolicy;
import io.varve.http.api.RetentionSource;
import io.varve.http.config.ServerConfig;
import io.varve.http.reload.Reloadable;
import java.io.IOException;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The retention of an engine: tells of it, and takes changed settings to it.
 *
 * @param engine is there when it is asked
 */
public record EngineRetention(Supplier<Engine> engine) implements RetentionSource, Reloadable {
  @Override
  public RetentionPolicy policy() {
    return engine.get().retention();
  }

  @Override
  public DiskLimits limits() {
    return engine.get().diskLimits();
  }

  @Override
  public long horizon(long keepMillis) {
    return engine.get().retentionHorizon(keepMillis);
  }

  @Override
  public RetentionPlan plan(RetentionPolicy policy, DiskLimits limits) throws IOException {
    return engine.get().retentionPlan(policy, limits);
  }

  @Override
  public EngineStats stats() {
    return engine.get().stats();
  }

  @Override
  public Set<String> settings() {
    return Set.of("storage.retention", "retention");
  }

  @Override
  public Runnable prepare(ServerConfig next) {
    RetentionPolicy policy = next.retentionPolicy();
    return () -> {
      engine.get().setRetention(policy);
      engine.get().setDiskLimits(next.retention().disk());
    };
  }
}
