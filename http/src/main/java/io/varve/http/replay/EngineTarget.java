package io.varve.http.replay;

import io.varve.engine.Engine;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import java.util.Map;

/**
 * Writes into an engine without background threads, which stays the caller's. It flushes now and
 * then, and leaves all other upkeep to the server that opens the folder next: that knows its
 * settings.
 */
public final class EngineTarget implements Target {
  private static final long FLUSH_SAMPLES = 5_000_000;

  private final Engine engine;
  private final String tenant;
  private long open;

  /** The series of a tenant. */
  public EngineTarget(Engine engine, String tenant) {
    this.engine = engine;
    this.tenant = tenant;
  }

  @Override
  public long write(Map<Labels, SampleColumns> series) {
    long refused = Overlay.append(engine, tenant, series);
    for (SampleColumns rows : series.values()) {
      open += rows.size;
    }
    if (open >= FLUSH_SAMPLES) {
      engine.flush();
      open = 0;
    }
    return refused;
  }
}
