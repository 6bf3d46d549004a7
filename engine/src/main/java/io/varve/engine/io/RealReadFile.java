package io.varve.engine.io;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * A file of the operating system that is read by position.
 *
 * <p>When a reading thread is interrupted, Java closes the channel for all its readers. Whoever
 * meets the closed channel opens the file anew by its name, makes sure that it is still the same
 * file, and reads again; only {@link #close} ends the reading.
 */
final class RealReadFile implements FileSystem.ReadFile {
  /** The JDK keeps one direct buffer per thread, as large as the largest read: bound it. */
  private static final int SLICE_BYTES = 256 << 10;

  private final Path path;
  private final long size;
  private final @Nullable Object key;
  private volatile FileChannel channel;
  private volatile boolean closed;

  RealReadFile(Path path) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      // Not channel.size(): an interrupt would close the channel there too.
      this.size = attributes.size();
      this.key = attributes.fileKey();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public void readFully(long position, byte[] into, int offset, int length) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      int done = 0;
      while (done < length) {
        FileChannel current = channel;
        int slice = Math.min(SLICE_BYTES, length - done);
        int read;
        try {
          read = current.read(ByteBuffer.wrap(into, offset + done, slice), position + done);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          reopen(current, e);
          continue;
        }
        if (read < 0) {
          throw new EOFException(
              path
                  + ": ends at byte "
                  + (position + done)
                  + ", wanted "
                  + (length - done)
                  + " more");
        }
        done += read;
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public MemorySegment map(Arena arena) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        FileChannel current = channel;
        try {
          return current.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          reopen(current, e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private synchronized void reopen(FileChannel broken, ClosedChannelException cause)
      throws IOException {
    if (closed) {
      throw new IOException(path + ": read after close", cause);
    }
    if (!channel.equals(broken)) {
      return;
    }
    FileChannel again = FileChannel.open(path, StandardOpenOption.READ);
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    boolean same = key == null ? attributes.size() == size : key.equals(attributes.fileKey());
    if (!same) {
      again.close();
      throw new IOException(path + ": replaced by another file while it was being read", cause);
    }
    channel = again;
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }
}
