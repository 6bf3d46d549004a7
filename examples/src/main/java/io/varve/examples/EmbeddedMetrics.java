package io.varve.examples;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.QueryBudget;
import io.varve.engine.SeriesReader;
import io.varve.engine.SeriesSet;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.TimeRange;
import io.varve.engine.model.WriteBatch;
import io.varve.query.QueryEngine;
import io.varve.query.QueryOptions;
import io.varve.query.QueryResult;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A program that keeps metrics in its own process: it opens an engine, appends an hour of samples,
 * reads them as columns and asks PromQL about them. No server, no JVM flag.
 *
 * <p>Argument: the data folder; without one, a temporary folder.
 */
public final class EmbeddedMetrics {
  private static final long STEP_MILLIS = 15_000;
  private static final int STEPS = 240;

  private EmbeddedMetrics() {}

  /** Runs the example. */
  public static void main(String[] arguments) throws IOException {
    Path data =
        arguments.length > 0 ? Path.of(arguments[0]) : Files.createTempDirectory("varve-example");
    run(data, System.currentTimeMillis(), System.out);
  }

  /** Writes an hour of samples that ends at a time, and prints what it reads back. */
  static void run(Path data, long endMillis, PrintStream out) throws IOException {
    // One engine per folder and process. It may be used from any thread; close it last.
    try (Engine engine = Engine.open(EngineConfig.defaults(data))) {
      append(engine, endMillis);
      readColumns(engine, out);
      askPromql(engine, endMillis, out);
    }
  }

  private static void append(Engine engine, long endMillis) {
    Labels ok = Labels.of("__name__", "requests_total", "service", "shop", "code", "200");
    Labels failed = Labels.of("__name__", "requests_total", "service", "shop", "code", "500");
    WriteBatch batch = new WriteBatch(); // belongs to one thread; reused for every append
    for (int step = 0; step < STEPS; step++) {
      long time = endMillis - (STEPS - 1 - step) * STEP_MILLIS;
      batch.clear();
      batch.add(ok, time, 30.0 * step);
      batch.add(failed, time, step / 10);
      engine.append(batch, WriteMode.ALL_OR_NOTHING);
    }
  }

  private static void readColumns(Engine engine, PrintStream out) {
    // A snapshot pins what it sees; take it, read, close it. It never waits for writers.
    try (Snapshot snapshot = engine.snapshot()) {
      SeriesSet series =
          snapshot.select(
              "",
              List.of(Matcher.equal("__name__", "requests_total")),
              TimeRange.ALL,
              QueryBudget.UNLIMITED);
      SampleColumns samples = new SampleColumns(); // reused from series to series
      try (SeriesReader reader = series.reader()) {
        for (int i = 0; i < series.size(); i++) {
          reader.read(i, TimeRange.ALL, samples);
          out.println(
              series.labels(i)
                  + " has "
                  + samples.size
                  + " samples, the last is "
                  + samples.values[samples.size - 1]);
        }
      }
    }
  }

  private static void askPromql(Engine engine, long endMillis, PrintStream out) {
    try (QueryEngine promql = new QueryEngine(QueryEngine.Options.DEFAULT);
        Snapshot snapshot = engine.snapshot()) {
      QueryResult result =
          promql.instant(
              snapshot,
              "",
              "sum by (code) (increase(requests_total[30m]))",
              endMillis,
              QueryOptions.DEFAULT);
      if (result.value() instanceof QueryResult.Vector vector) {
        for (int i = 0; i < vector.size(); i++) {
          out.println(vector.labels()[i] + " rose by " + Math.round(vector.values()[i]));
        }
      }
    }
  }
}
