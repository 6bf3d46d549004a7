package io.varve.http.api;

import io.varve.engine.AggregateStats;
import io.varve.engine.DeleteInfo;
import io.varve.engine.DeletePreview;
import io.varve.engine.EngineStats;
import io.varve.engine.Snapshot;
import io.varve.engine.WindowStats;
import io.varve.engine.WriteResult;
import io.varve.engine.index.LabelStats;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.engine.registry.Registry;
import io.varve.ingest.Ingestor;
import io.varve.query.QueryEngine;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What the endpoints work on, wired together by the server once the data is recovered.
 *
 * @param snapshots takes a snapshot, which its receiver closes
 * @param stats what the engine is and does at the moment
 * @param labels what the labels of series in the head look like in numbers
 * @param activity when a tenant's metrics were last written and queried, by metric in order
 * @param upkeep deletes, merges and backups
 * @param ingestor takes writes
 * @param queries answers PromQL
 * @param version changes with everything that is written or deleted, before that is acknowledged
 */
public record Store(
    Supplier<Snapshot> snapshots,
    Supplier<EngineStats> stats,
    LabelCounts labels,
    Function<String, Map<String, Registry.Activity>> activity,
    Upkeep upkeep,
    Ingestor ingestor,
    QueryEngine queries,
    LongSupplier version) {
  /** Counts labels. */
  public interface LabelCounts {
    /** Those of a tenant; of each list the {@code top} largest. */
    LabelStats of(String tenant, int top);
  }

  /** What changes the files that are there, and tells of them. Any thread. */
  public interface Upkeep {
    /** Deletes samples; later snapshots do not have them. Gives the delete's id. */
    long delete(String tenant, List<Matcher> matchers, TimeRange range);

    /** What that would hide. */
    DeletePreview previewDelete(String tenant, List<Matcher> matchers, TimeRange range);

    /** All deletes that are known, of all tenants, oldest first. */
    List<DeleteInfo> deletes();

    /**
     * Takes a delete back.
     *
     * @throws io.varve.engine.UndeleteException if that is not possible
     */
    void undelete(long id);

    /** Stores samples in place of those at the same times. */
    WriteResult correct(WriteBatch batch);

    /** Rewrites the files in which something is deleted. */
    void cleanTombstones();

    /** Writes open samples to files and brings every window into its final form. */
    void merge();

    /**
     * Makes a data folder with all that is stored now.
     *
     * @param name of the folder, below the folder of all such backups
     */
    void backUp(String name) throws IOException;

    /** What the files of each window hold. */
    List<WindowStats> windows();

    /** How far continuous aggregates are. */
    AggregateStats aggregates();
  }
}
