package io.varve.engine.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file that is written under a temporary name. {@link StagedFiles} makes it durable and gives it
 * its own; whoever holds it until then closes it, and the temporary file is deleted. For one thread
 * at a time.
 */
public final class StagedFile implements Closeable {
  private final FileSystem fs;
  private final Path temporary;
  private final Path target;
  private final FileSystem.AppendFile file;
  private boolean closed;
  private boolean published;

  private StagedFile(FileSystem fs, Path temporary, Path target) throws IOException {
    this.fs = fs;
    this.temporary = temporary;
    this.target = target;
    this.file = fs.create(temporary);
  }

  /**
   * Begins a file; a temporary one that a crash left behind makes room.
   *
   * @param target the name that it gets in the end; its folder exists
   */
  public static StagedFile create(FileSystem fs, Path target) throws IOException {
    Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
    fs.delete(temporary);
    return new StagedFile(fs, temporary, target);
  }

  /** What the bytes are written to; this object closes it. */
  public FileSystem.AppendFile out() {
    return file;
  }

  Path folder() {
    return target.resolveSibling("");
  }

  void sync() throws IOException {
    file.sync();
  }

  /** Gives the file its name, which is durable after a sync of the folder. */
  void publish() throws IOException {
    closeFile();
    fs.rename(temporary, target);
    published = true;
  }

  private void closeFile() throws IOException {
    if (!closed) {
      closed = true;
      file.close();
    }
  }

  /** Deletes the temporary file, unless the file has got its name. */
  @Override
  public void close() throws IOException {
    closeFile();
    if (!published) {
      fs.delete(temporary);
    }
  }
}
