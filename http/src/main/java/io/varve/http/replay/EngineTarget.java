package io.varve.http.replay;

import io.varve.engine.Engine;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import java.util.Map;

/** Writes into an engine without background threads, which stays the caller's. */
public final class EngineTarget implements Target {
  private final Engine engine;
  private final String tenant;

  /** The series of a tenant. */
  public EngineTarget(Engine engine, String tenant) {
    this.engine = engine;
    this.tenant = tenant;
  }

  @Override
  public long write(Map<Labels, SampleColumns> series) {
    return Overlay.append(engine, tenant, series, true);
  }
}
