package io.varve.http.cli;

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
}
