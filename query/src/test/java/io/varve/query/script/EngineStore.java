package io.varve.query.script;

import io.varve.engine.Engine;
import io.varve.engine.EngineConfig;
import io.varve.engine.FsyncPolicy;
import io.varve.engine.Snapshot;
import io.varve.engine.WriteMode;
import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.engine.model.WriteBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Keeps a script's series in a real engine, a new one whenever the script forgets everything. */
public final class EngineStore implements ScriptStore, AutoCloseable {
  private final Path folder;
  private final boolean inFiles;
  private @Nullable Engine engine;
  private int engines;
  private boolean changed;

  /**
   * @param folder for the data folders
   * @param inFiles true if queries are to read everything from merged files, false if from the head
   */
  public EngineStore(Path folder, boolean inFiles) {
    this.folder = folder;
    this.inFiles = inFiles;
  }

  private Engine engine() {
    Engine open = engine;
    if (open == null) {
      try {
        open =
            Engine.open(
                EngineConfig.defaults(folder.resolve("data" + engines++))
                    .withFsync(FsyncPolicy.OS)
                    .withBackgroundThreads(false));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      engine = open;
    }
    return open;
  }

  @Override
  public void clear() {
    close();
  }

  @Override
  public void add(Labels series, SampleColumns samples) {
    WriteBatch batch = new WriteBatch();
    int row = batch.addSeries(series);
    for (int i = 0; i < samples.size; i++) {
      Histogram histogram = samples.histogram(i);
      if (histogram == null) {
        batch.addSample(
            row, samples.times[i], Double.doubleToRawLongBits(samples.values[i]), samples.start(i));
      } else {
        batch.addHistogram(row, samples.times[i], histogram, samples.start(i));
      }
    }
    engine().append(batch, WriteMode.ALL_OR_NOTHING);
    changed = true;
  }

  @Override
  public Snapshot snapshot() {
    if (inFiles && changed) {
      engine().flush();
      engine().mergeAll();
      changed = false;
    }
    return engine().snapshot();
  }

  @Override
  public void close() {
    Engine open = engine;
    engine = null;
    changed = false;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
