package io.varve.engine;

import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Checks data folders in file systems of tests; for tests of other modules, too. */
public final class FolderCheck {
  private FolderCheck() {}

  /** What {@code verify} finds wrong in a folder. */
  public static List<String> problems(FileSystem fs, Path folder) throws IOException {
    List<String> problems = new ArrayList<>();
    var _ = new DataFolder(fs, folder).verify(file -> {}, problems::add);
    return problems;
  }
}
