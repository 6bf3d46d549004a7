package io.varve.engine;

import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Sha256;
import io.varve.engine.io.FileSystem;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Set;

/**
 * A folder of files on their way from another node, each under its SHA-256: what has that name is
 * whole, proven and durable, what has {@code .part} behind it is the beginning of one and goes on
 * where it ended. For one pull at a time; different files may be written by different threads.
 */
public final class PulledFiles {
  private static final String PART = ".part";
  private static final String HAVE = ".have";

  private final FileSystem fs;
  private final Path folder;

  PulledFiles(FileSystem fs, Path folder) {
    this.fs = fs;
    this.folder = folder;
  }

  void create() throws IOException {
    fs.createDirectories(folder);
  }

  /** True if a file is there, whole. */
  public boolean has(StoreListing.Entry file) {
    return fs.exists(path(file));
  }

  /** Where a whole file is. */
  Path path(StoreListing.Entry file) {
    return folder.resolve(file.sha256());
  }

  /** Bytes of a file that need not be pulled any more, be it that it is whole or a part. */
  public long bytes(StoreListing.Entry file) throws IOException {
    if (has(file)) {
      return file.bytes();
    }
    Path part = folder.resolve(file.sha256() + PART);
    return fs.exists(part) ? Math.min(file.bytes(), fs.size(part)) : 0;
  }

  /**
   * Takes over a file that is in place already, if it is the same.
   *
   * @return true if it is whole here now
   */
  boolean adopt(StoreListing.Entry file, Path there, ReadPace pace) throws IOException {
    if (!fs.exists(there) || fs.size(there) != file.bytes()) {
      return false;
    }
    Path have = folder.resolve(file.sha256() + HAVE);
    fs.delete(have);
    fs.link(there, have); // first: the file may go, or be another one, while it is read
    MessageDigest digest = Sha256.digest();
    long bytes = FileHash.update(fs, have, digest, pace);
    if (bytes == file.bytes() && Sha256.hex(digest).equals(file.sha256())) {
      fs.rename(have, path(file));
      return true;
    }
    fs.delete(have);
    return false;
  }

  /** Deletes what is not among these SHA-256. */
  void retain(Set<String> wanted) throws IOException {
    for (Path entry : fs.list(folder)) {
      String name = entry.getFileName().toString();
      String sha256 = name.endsWith(PART) ? name.substring(0, name.length() - 5) : name;
      if (!wanted.contains(sha256)) {
        fs.delete(entry);
      }
    }
  }

  /** Makes the names durable. */
  void sync() throws IOException {
    fs.syncDirectory(folder);
  }

  /** Deletes everything, the folder too. */
  void delete() throws IOException {
    retain(Set.of());
    fs.deleteDirectory(folder);
  }

  /**
   * Begins a file, or goes on with it.
   *
   * @throws IOException if what is there cannot be read, or nothing can be written
   */
  public Part part(StoreListing.Entry file) throws IOException {
    Path path = folder.resolve(file.sha256() + PART);
    MessageDigest digest = Sha256.digest();
    long bytes = 0;
    if (fs.exists(path)) {
      bytes = FileHash.update(fs, path, digest, read -> {});
      if (bytes > file.bytes()) {
        fs.delete(path);
        digest.reset();
        bytes = 0;
      }
    }
    FileSystem.AppendFile out = bytes > 0 ? fs.openForAppend(path) : created(path);
    return new Part(file, path, out, digest, bytes);
  }

  private FileSystem.AppendFile created(Path path) throws IOException {
    fs.delete(path);
    return fs.create(path);
  }

  /** A file that is being pulled. For one thread, which closes it. */
  public final class Part implements Closeable {
    private final StoreListing.Entry file;
    private final Path path;
    private final FileSystem.AppendFile out;
    private final MessageDigest digest;
    private long bytes;
    private boolean closed;

    private Part(
        StoreListing.Entry file,
        Path path,
        FileSystem.AppendFile out,
        MessageDigest digest,
        long bytes) {
      this.file = file;
      this.path = path;
      this.out = out;
      this.digest = digest;
      this.bytes = bytes;
    }

    /** Bytes that are there: the next one goes behind them. */
    public long bytes() {
      return bytes;
    }

    /** Bytes that are missing. */
    public long missing() {
      return file.bytes() - bytes;
    }

    /**
     * Adds bytes.
     *
     * @throws IOException if they cannot be written; what was before them stays
     * @throws CorruptDataException if there are more than the file has
     */
    public void write(byte[] from, int offset, int length) throws IOException {
      if (length > missing()) {
        throw new CorruptDataException(file.path(), file.bytes(), "more bytes came than it has");
      }
      out.write(from, offset, length);
      digest.update(from, offset, length);
      bytes += length;
    }

    /**
     * Proves and keeps the file, which is durable from now on.
     *
     * @throws CorruptDataException if its bytes are not those that it has; they are deleted
     */
    public void finish() throws IOException {
      if (missing() > 0) {
        throw new IOException(file.path() + " lacks " + missing() + " bytes");
      }
      if (!Sha256.hex(digest).equals(file.sha256())) {
        close();
        fs.delete(path);
        throw new CorruptDataException(
            file.path(), -1, "what came is not what its SHA-256 says: it is pulled anew");
      }
      out.sync();
      close();
      fs.rename(path, path(file));
    }

    /** What is there stays, to be gone on with. */
    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        out.close();
      }
    }
  }
}
