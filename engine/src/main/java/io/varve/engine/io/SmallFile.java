package io.varve.engine.io;

import java.io.IOException;
import java.nio.file.Path;

/** A file that is written as a whole, and is the old or the new one whatever happens meanwhile. */
public final class SmallFile {
  private SmallFile() {}

  /** Puts bytes in place of what the file has; on stable storage when this returns. */
  public static void write(FileSystem fs, Path file, byte[] bytes) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    fs.delete(temporary);
    try (FileSystem.AppendFile out = fs.create(temporary)) {
      out.write(bytes, 0, bytes.length);
      out.sync();
    }
    fs.rename(temporary, file);
    fs.syncDirectory(file.resolveSibling(""));
  }
}
