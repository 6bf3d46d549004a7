package io.varve.query.promqltest;

import io.varve.engine.Snapshot;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;

/** Where a script's series go, and what its queries read: in memory, or a real engine. */
public interface ScriptStore {
  /** Forgets everything. */
  void clear();

  /** Adds the samples of a series; one of the same time replaces an older one. */
  void add(Labels series, SampleColumns samples);

  /** What is there now; closed by the receiver. */
  Snapshot snapshot();
}
