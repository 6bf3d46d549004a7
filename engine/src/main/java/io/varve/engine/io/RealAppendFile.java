package io.varve.engine.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
import java.nio.file.Path;

/** A file of the operating system that is appended to, by a descriptor that ignores interrupts. */
final class RealAppendFile implements FileSystem.AppendFile {
  private final Path path;
  private final RandomAccessFile file;
  private volatile long size;

  RealAppendFile(Path path) throws IOException {
    this.path = path;
    this.file = new RandomAccessFile(path.toFile(), "rw");
    try {
      size = file.length();
      file.seek(size);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    long after = size + length;
    try {
      file.write(bytes, offset, length);
    } catch (IOException e) {
      throw new IOException(path + ": write: " + e.getMessage(), e);
    }
    size = after;
  }

  @Override
  public void sync() throws IOException {
    try {
      file.getFD().sync();
    } catch (IOException e) {
      SyncFailedException failure = new SyncFailedException(path + ": fsync: " + e.getMessage());
      failure.initCause(e);
      throw failure;
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
