package io.varve.bench.workload;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Encoded requests in a file, in the order in which one connection sends them: per request its
 * length and its samples (four bytes each), the time of its newest sample (eight bytes), and its
 * bytes. It lives as long as a run of the benchmark.
 */
public final class BodyFile {
  private static final int BUFFER = 1 << 20;

  private BodyFile() {}

  /**
   * One request.
   *
   * @param newestMillis time of its newest sample
   */
  public record Body(byte[] bytes, int samples, long newestMillis) {}

  /** Writes a file from its beginning. One thread. */
  static final class Writer implements AutoCloseable {
    private final DataOutputStream out;

    Writer(Path file) throws IOException {
      out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), BUFFER));
    }

    void add(byte[] bytes, int length, int samples, long newestMillis) throws IOException {
      out.writeInt(length);
      out.writeInt(samples);
      out.writeLong(newestMillis);
      out.write(bytes, 0, length);
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  /** Reads a file from its beginning. One thread. */
  public static final class Reader implements AutoCloseable {
    private final DataInputStream in;

    /** Opens a file. */
    public Reader(Path file) throws IOException {
      in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER));
    }

    /** The next request, null after the last one. */
    public @Nullable Body next() throws IOException {
      int length;
      try {
        length = in.readInt();
      } catch (EOFException e) {
        return null;
      }
      int samples = in.readInt();
      long newest = in.readLong();
      byte[] bytes = new byte[length];
      in.readFully(bytes);
      return new Body(bytes, samples, newest);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
