package io.varve.http.backup;

import io.varve.engine.io.FileSystem;
import io.varve.engine.io.RealFileSystem;
import io.varve.engine.io.SmallFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Of a server that stands alone: a file {@code TIMELINE} in its data folder. */
final class TimelineFile implements Timelines {
  private static final String NAME = "TIMELINE";

  private final FileSystem fs = RealFileSystem.INSTANCE;
  private final Path dataDir;

  TimelineFile(Path dataDir) {
    this.dataDir = dataDir;
  }

  @Override
  public @Nullable Timeline read() throws IOException {
    Path file = dataDir.resolve(NAME);
    return fs.exists(file)
        ? Timeline.parse(new String(fs.readAll(file), StandardCharsets.UTF_8))
        : null;
  }

  @Override
  public void write(Timeline timeline) throws IOException {
    SmallFile.write(fs, dataDir.resolve(NAME), timeline.text().getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void delete() throws IOException {
    fs.delete(dataDir.resolve(NAME));
  }
}
