package io.varve.query.promqltest;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Keeps a script's series in a real engine, a new one whenever the script forgets everything. */
public final class EngineStore implements ScriptStore, AutoCloseable {
  private final Path folder;
  private final boolean inFiles;
  private @Nullable Engine engine;
  private Path data;
  private int engines;
  private boolean changed;

  /**
   * @param folder for the data folders; each is deleted when it is not needed any more
   * @param inFiles true if queries are to read everything from merged files, false if from the head
   */
  public EngineStore(Path folder, boolean inFiles) {
    this.folder = folder;
    this.data = folder;
    this.inFiles = inFiles;
  }

  private Engine engine() {
    Engine open = engine;
    if (open == null) {
      data = folder.resolve("data" + engines++);
      try {
        open =
            Engine.open(
                EngineConfig.defaults(data).withFsync(FsyncPolicy.OS).withBackgroundThreads(false));
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
        delete(data);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.walk(folder)) {
      found = all.sorted(Comparator.reverseOrder()).toList(); // what is in a folder goes first
    }
    for (Path path : found) {
      Files.delete(path);
    }
  }
}
