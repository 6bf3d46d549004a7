package io.varve.engine.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder with all that is in it. */
public final class FolderTree {
  private FolderTree() {}

  /** Deletes it; nothing if it is not there. */
  public static void delete(Path folder) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.walk(folder)) {
      found = all.sorted(Comparator.reverseOrder()).toList(); // what is in a folder goes first
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path path : found) {
      Files.deleteIfExists(path);
    }
  }
}
