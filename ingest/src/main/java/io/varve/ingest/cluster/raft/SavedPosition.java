package io.varve.ingest.cluster.raft;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.format.FileHeader;
import io.varve.engine.io.FileSystem;
import io.varve.ingest.cluster.LogPosition;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The position file of a group: up to where the log may be gone. It is replaced as a whole, and
 * durable before anything of the log goes. For one thread at a time; {@link #get} for any.
 */
final class SavedPosition {
  private static final String FORMAT = "raftpos";
  private static final int VERSION = 1;
  private static final int BYTES = FileHeader.BYTES + 12;

  private final FileSystem fs;
  private final Path folder;
  private final Path file;
  private final long storeId;
  private volatile @Nullable LogPosition position;

  /**
   * Reads the file of a folder, if there is one.
   *
   * @throws CorruptDataException if it is damaged, or of another store
   */
  SavedPosition(FileSystem fs, Path folder, long storeId) throws IOException {
    this.fs = fs;
    this.folder = folder;
    this.file = folder.resolve("position");
    this.storeId = storeId;
    if (fs.exists(file)) {
      position = decode(fs.readAll(file));
    }
  }

  /** Null before anything was saved. */
  @Nullable LogPosition get() {
    return position;
  }

  void set(LogPosition next) throws IOException {
    ByteWriter out = new ByteWriter(BYTES);
    new FileHeader(FORMAT, VERSION, storeId, next.index()).write(out);
    out.fixed64(next.term());
    out.fixed32(Crc32c.of(out.array(), FileHeader.BYTES, 8));
    fs.createDirectories(folder);
    Path temporary = folder.resolve("position.tmp");
    fs.delete(temporary);
    try (FileSystem.AppendFile to = fs.create(temporary)) {
      to.write(out.array(), 0, out.size());
      to.sync();
    }
    fs.rename(temporary, file);
    fs.syncDirectory(folder);
    position = next;
  }

  private LogPosition decode(byte[] bytes) {
    ByteReader in = new ByteReader().on(bytes, 0, bytes.length, file.toString(), 0);
    FileHeader header = FileHeader.read(in, FORMAT);
    if (header.version() != VERSION) {
      throw in.corrupt("version " + header.version() + "; this release reads version " + VERSION);
    }
    if (header.storeId() != storeId) {
      throw in.corrupt("belongs to another store");
    }
    if (bytes.length != BYTES || Crc32c.of(bytes, FileHeader.BYTES, 8) != crc(bytes)) {
      throw in.corrupt("fails its checksum");
    }
    return new LogPosition(in.fixed64(), header.number());
  }

  private static int crc(byte[] bytes) {
    return new ByteReader().on(bytes, BYTES - 4, 4, "", 0).fixed32();
  }
}
