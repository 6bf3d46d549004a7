package io.varve.http;

import io.varve.engine.Engine;
import io.varve.engine.WriteResult;
import io.varve.engine.model.WriteBatch;
import io.varve.http.api.Store;
import io.varve.http.config.ServerConfig;
import io.varve.http.net.HandlerThreads;
import io.varve.ingest.Ingestor;
import io.varve.query.Feature;
import io.varve.query.QueryEngine;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;

/**
 * An engine that is open, and what works on it alone: the ways in and out, and the thread that
 * derives grouped aggregates. Ends with the engine, which it closes.
 */
final class OpenStore implements AutoCloseable {
  private final Engine engine;
  private final QueryEngine queries;
  private final Store store;
  private final Ingestor corrections;
  private final Ingestor reader;
  private final GroupedService grouped;

  /**
   * Takes an engine over.
   *
   * @param aggregates tells the engine of its continuous aggregates
   */
  static OpenStore around(
      Engine engine, ServerConfig config, AggregatesReload aggregates, InstantSource clock) {
    try {
      return new OpenStore(engine, config, aggregates, clock);
    } catch (RuntimeException | Error e) {
      try {
        engine.close();
      } catch (IOException | RuntimeException | Error suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private OpenStore(
      Engine engine, ServerConfig config, AggregatesReload aggregates, InstantSource clock) {
    this.engine = engine;
    ServerConfig.Query query = config.query();
    int cores = Runtime.getRuntime().availableProcessors();
    queries =
        new QueryEngine(
            new QueryEngine.Options(
                query.threads() == 0 ? cores : query.threads(),
                query.lookbackMillis(),
                query.subqueryStepMillis(),
                query.limits(),
                query.features(),
                query.cacheBytes()));
    boolean typeAndUnitLabels = query.features().contains(Feature.TYPE_AND_UNIT_LABELS);
    Ingestor ingestor =
        new Ingestor(
            engine.seriesLookup(),
            (batch, mode) -> {
              HandlerThreads.giveWay(); // what was read may have been long, for its bytes
              return engine.append(batch, mode);
            },
            config.ingest().limits(),
            typeAndUnitLabels,
            config.otlp().settings(typeAndUnitLabels, query.lookbackMillis()),
            clock);
    store =
        new Store(
            engine::snapshot,
            engine::stats,
            engine::labelStats,
            engine::metricActivity,
            new EngineUpkeep(engine, config.dataDir().resolve("snapshots")),
            ingestor,
            queries,
            engine::version);
    corrections = ingestor.intoWhole((batch, mode) -> engine.correct(batch));
    reader = ingestor.intoWaiting((batch, mode) -> taken(batch));
    aggregates.open(engine);
    grouped = new GroupedService(engine, queries, clock, aggregates::auditMillis);
  }

  Engine engine() {
    return engine;
  }

  QueryEngine queries() {
    return queries;
  }

  Store store() {
    return store;
  }

  /** Takes bodies whose samples take the place of those at the same times. */
  Ingestor corrections() {
    return corrections;
  }

  /** Reads bodies and stores nothing; the position of an outcome is 0 if there was something in. */
  Ingestor reader() {
    return reader;
  }

  private static WriteResult taken(WriteBatch batch) {
    return new WriteResult(
        batch.sampleCount, batch.histogramCount, batch.exemplarCount, 0, List.of(), 0);
  }

  /** Asks queries to end, and ends what works in the background; the engine stays open. */
  void quiesce() {
    grouped.close();
    queries.close();
  }

  /** Closes the engine. Nobody works on it any more. */
  @Override
  public void close() throws IOException {
    engine.close();
  }
}
