package io.varve.http.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Folders given on the command line. */
final class Folders {
  private Folders() {}

  /** What picocli has set, since it insists on parameters. */
  static Path required(@Nullable Path folder) {
    return Objects.requireNonNull(folder, "BUG: picocli lets a missing parameter through");
  }

  /**
   * The same, of a folder that holds a store.
   *
   * @throws IOException if it does not
   */
  static Path withStore(@Nullable Path folder) throws IOException {
    Path given = required(folder);
    if (Files.exists(given.resolve("CURRENT"))) {
      return given;
    }
    Path shard = given.resolve("shards").resolve("0");
    if (Files.exists(shard.resolve("CURRENT"))) {
      throw new IOException(given + " is of a node of a cluster, whose store is in " + shard);
    }
    throw new NoSuchFileException(given + " with a store in it");
  }
}
