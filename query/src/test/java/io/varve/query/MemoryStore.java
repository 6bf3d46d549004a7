package io.varve.query;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.promqltest.ScriptStore;

/** Keeps a script's series in memory. */
public final class MemoryStore implements ScriptStore {
  private final MemorySnapshot memory = new MemorySnapshot();

  /** An empty store. */
  public MemoryStore() {}

  @Override
  public void clear() {
    memory.clear();
  }

  @Override
  public void add(Labels series, SampleColumns samples) {
    for (int i = 0; i < samples.size; i++) {
      SampleColumns row = new SampleColumns(1);
      row.addFrom(samples, i);
      memory.add(series, row);
    }
  }

  @Override
  public Snapshot snapshot() {
    return memory;
  }
}
