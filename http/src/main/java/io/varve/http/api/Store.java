package io.varve.http.api;

import io.varve.engine.EngineStats;
import io.varve.engine.Snapshot;
import io.varve.engine.index.LabelStats;
import io.varve.ingest.Ingestor;
import io.varve.query.QueryEngine;
import java.util.function.Supplier;

/**
 * What the endpoints work on, wired together by the server once the data is recovered.
 *
 * @param snapshots takes a snapshot, which its receiver closes
 * @param stats what the engine is and does at the moment
 * @param labels what the labels of series in the head look like in numbers
 * @param ingestor takes writes
 * @param queries answers PromQL
 */
public record Store(
    Supplier<Snapshot> snapshots,
    Supplier<EngineStats> stats,
    LabelCounts labels,
    Ingestor ingestor,
    QueryEngine queries) {
  /** Counts labels. */
  public interface LabelCounts {
    /** Those of a tenant; of each list the {@code top} largest. */
    LabelStats of(String tenant, int top);
  }
}
