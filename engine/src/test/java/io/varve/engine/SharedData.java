package io.varve.engine;

import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;

/**
 * Conformance material beside the repository, which tests read where it is and are skipped where it
 * is not: a folder {@code shared} in or next to a folder above the working directory, or what the
 * system property {@code varve.shared} names.
 */
@NullMarked
public final class SharedData {
  private SharedData() {}

  /** A file or folder of the material; aborts the test if it is missing. */
  public static Path path(String relative) {
    String named = System.getProperty("varve.shared");
    if (named != null) {
      Path path = Path.of(named, relative);
      return Files.exists(path) ? path : abort("no " + path);
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path path = at.resolve("shared").resolve(relative);
      if (Files.exists(path)) {
        return path;
      }
    }
    return abort("no shared/" + relative + " above the working directory");
  }
}
