package io.varve.http;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Files of the repository that tests hold the program against. */
public final class RepositoryFiles {
  private RepositoryFiles() {}

  /** A file by its path from the top of the repository. */
  public static Path find(String path) {
    for (@Nullable Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path file = at.resolve(path);
      if (Files.exists(file)) {
        return file;
      }
    }
    throw new AssertionError(path + " is not above the working directory");
  }
}
