package io.varve.http.replay;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.LimitExceededException;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.WriteResult;
import io.varve.engine.io.FolderTree;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Replayed series that other rules read: in an engine of their own on a throw-away folder, so that
 * they take little memory however many they are. One thread writes.
 */
final class Overlay implements AutoCloseable {
  /** A batch of so many samples is a record of the log of about a megabyte. */
  private static final int BATCH_SAMPLES = 100_000;

  private final Path folder;
  private final Engine engine;

  Overlay() {
    try {
      folder = Files.createTempDirectory("varve-replay");
      engine =
          Engine.open(
              EngineConfig.defaults(folder).withFsync(FsyncPolicy.OS).withBackgroundThreads(false));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Snapshot snapshot() {
    return engine.snapshot();
  }

  /** For whoever brings samples in another form. */
  Engine engine() {
    return engine;
  }

  /** Stores samples; those of a time that is there already win over it. */
  void append(Map<Labels, SampleColumns> series) {
    append(engine, "", series);
  }

  /**
   * Stores samples in any engine without background threads.
   *
   * @return how many samples were refused
   */
  static long append(Engine engine, String tenant, Map<Labels, SampleColumns> series) {
    long refused = 0;
    WriteBatch batch = new WriteBatch();
    batch.tenant = tenant;
    for (Map.Entry<Labels, SampleColumns> one : series.entrySet()) {
      SampleColumns rows = one.getValue();
      int row = batch.addSeries(one.getKey());
      for (int i = 0; i < rows.size; i++) {
        Histogram histogram = rows.histogram(i);
        if (histogram == null) {
          batch.addSample(
              row, rows.times[i], Double.doubleToRawLongBits(rows.values[i]), rows.start(i));
        } else {
          batch.addHistogram(row, rows.times[i], histogram, rows.start(i));
        }
      }
      if (batch.sampleCount + batch.histogramCount >= BATCH_SAMPLES) {
        refused += append(engine, batch);
        batch.clear();
        batch.tenant = tenant;
      }
    }
    if (batch.seriesCount > 0) {
      refused += append(engine, batch);
    }
    return refused;
  }

  private static long append(Engine engine, WriteBatch batch) {
    WriteResult result;
    try {
      result = engine.append(batch, WriteMode.PARTIAL);
    } catch (LimitExceededException e) {
      engine.flush();
      result = engine.append(batch, WriteMode.PARTIAL);
    }
    return result.rejected();
  }

  /** Flushes what is large enough; between stretches. */
  void upkeep() {
    engine.runBackgroundWork();
  }

  @Override
  public void close() {
    try {
      engine.close();
      FolderTree.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
