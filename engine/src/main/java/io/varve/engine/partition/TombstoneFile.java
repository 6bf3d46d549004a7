package io.varve.engine.partition;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.roaringbitmap.RoaringBitmap;

/**
 * The file that holds the deletes of a window: {@code tomb-<generation>.rb}. It is written whole
 * and never changed; more deletes make a file of a higher generation. The format is described in
 * the package's documentation.
 */
public final class TombstoneFile {
  private static final byte[] MAGIC = "VarveTMB".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;
  private static final int MOST_ENTRIES = 1 << 20;

  private TombstoneFile() {}

  /** The name of a generation's file. */
  public static String fileName(long generation) {
    return "tomb-" + HexFormat.of().toHexDigits(generation) + ".rb";
  }

  /**
   * Writes a file; when this returns it is on stable storage under its name.
   *
   * @param windowFolder the window's folder in the data folder
   * @return its name in that folder, for the manifest
   */
  public static String write(
      FileSystem fs, Path dataDir, String windowFolder, long generation, Tombstones tombstones)
      throws IOException {
    Path folder = dataDir.resolve(windowFolder);
    String name = fileName(generation);
    Path tmp = folder.resolve(name + ".tmp");
    byte[] bytes = encode(tombstones);
    fs.createDirectories(folder);
    fs.delete(tmp);
    try (FileSystem.AppendFile out = fs.create(tmp)) {
      out.write(bytes, 0, bytes.length);
      out.sync();
    }
    fs.rename(tmp, folder.resolve(name));
    fs.syncDirectory(folder);
    return name;
  }

  /**
   * Reads a file.
   *
   * @throws CorruptDataException if it is damaged
   */
  public static Tombstones read(FileSystem fs, Path dataDir, String windowFolder, String name)
      throws IOException {
    return decode(
        fs.readAll(dataDir.resolve(windowFolder).resolve(name)), windowFolder + "/" + name);
  }

  static byte[] encode(Tombstones tombstones) {
    ByteWriter out = new ByteWriter(1024);
    out.bytes(MAGIC);
    out.fixed32(VERSION);
    out.fixed32(tombstones.entries().size());
    for (Tombstone entry : tombstones.entries()) {
      out.fixed64(entry.position());
      out.fixed64(entry.startExclusive());
      out.fixed64(entry.endInclusive());
      RoaringBitmap ids = entry.windowIds().clone();
      ids.runOptimize();
      int length = ids.serializedSizeInBytes();
      out.fixed32(length);
      out.reserve(length);
      ids.serialize(
          ByteBuffer.wrap(out.array(), out.size(), length).order(ByteOrder.LITTLE_ENDIAN));
      out.advance(length);
    }
    out.fixed32(Crc32c.of(out.array(), 0, out.size()));
    return out.toByteArray();
  }

  static Tombstones decode(byte[] bytes, String path) {
    int end = bytes.length - 4;
    if (end < MAGIC.length + 8) {
      throw new CorruptDataException(path, 0, "is " + bytes.length + " bytes, too short");
    }
    ByteReader in = new ByteReader().on(bytes, 0, end, path, 0);
    for (byte b : MAGIC) {
      if (in.u8() != b) {
        throw new CorruptDataException(path, 0, "is not a tombstone file");
      }
    }
    if (Crc32c.of(bytes, 0, end) != new ByteReader().on(bytes, end, 4, path, 0).fixed32()) {
      throw new CorruptDataException(path, 0, "checksum does not match");
    }
    int version = in.fixed32();
    if (version != VERSION) {
      throw in.corrupt("is of version " + version + ", this program reads " + VERSION);
    }
    int count = in.fixed32();
    if (count < 0 || count > MOST_ENTRIES || count > in.remaining() / 28) {
      throw in.corrupt(count + " entries in " + in.remaining() + " bytes");
    }
    List<Tombstone> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      long position = in.fixed64();
      long start = in.fixed64();
      long last = in.fixed64();
      int length = in.fixed32();
      entries.add(new Tombstone(bitmap(in, length), start, last, position));
    }
    if (!in.atEnd()) {
      throw in.corrupt(in.remaining() + " bytes after the last entry");
    }
    return Tombstones.of(entries);
  }

  private static RoaringBitmap bitmap(ByteReader in, int length) {
    int at = in.skip(length);
    RoaringBitmap ids = new RoaringBitmap();
    try {
      ids.deserialize(
          ByteBuffer.wrap(in.array(), at, length).slice().order(ByteOrder.LITTLE_ENDIAN));
      if (ids.serializedSizeInBytes() == length && ids.validate()) {
        return ids;
      }
    } catch (IOException | RuntimeException e) {
      // Whatever the library stumbles over, the bytes are no bitmap.
    }
    throw in.corrupt("the " + length + " bytes before are no bitmap");
  }
}
