package io.varve.http.backup;

import io.varve.engine.Engine;
import io.varve.engine.io.FolderTree;
import io.varve.retention.backup.Backups;
import io.varve.retention.backup.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * A backup of an open engine: by way of a second data folder with hard links, which stands still
 * while it is stored.
 */
public final class EngineBackup {
  private static final String FOLDER = "backup";

  private EngineBackup() {}

  /**
   * Makes one. One at a time for each data folder.
   *
   * @param dataDir the engine's data folder
   * @param timeline on which the log is being archived; "" if it is not
   */
  public static Backups.Created create(
      Engine engine,
      Path dataDir,
      Backups backups,
      Supplier<String> timeline,
      InstantSource clock,
      Progress progress)
      throws IOException {
    cleanUp(dataDir); // a process that was killed may have left something
    Path copy = dataDir.resolve(FOLDER).resolve("now");
    try {
      Instant begun = clock.instant();
      String before = timeline.get();
      long position = engine.backUp(copy);
      long until = clock.millis();
      boolean isArchived = before.equals(timeline.get()); // else the position lies on neither
      return backups.create(copy, position, begun, isArchived ? before : "", until, progress);
    } finally {
      cleanUp(dataDir);
    }
  }

  /** Deletes what a backup that was broken off has left in a data folder. */
  public static void cleanUp(Path dataDir) throws IOException {
    FolderTree.delete(dataDir.resolve(FOLDER));
  }
}
