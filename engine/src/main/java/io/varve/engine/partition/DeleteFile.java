package io.varve.engine.partition;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.format.CorruptDataException;
import io.varve.engine.format.Crc32c;
import io.varve.engine.io.FileSystem;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.TimeRange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The file that holds what is known of one delete, its receipt in the end: {@code
 * deletes/<id>-<position>.del}. It is written whole and never changed; what changes the delete
 * writes a file of a higher position. The format is described in the package's documentation.
 */
public final class DeleteFile {
  /** The folder in the data folder. */
  public static final String FOLDER = "deletes";

  private static final byte[] MAGIC = "VarveDEL".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;
  private static final int MOST_MATCHERS = 1 << 12;
  private static final int MOST_PARTS = 1 << 20;
  private static final int MOST_FILES = 1 << 20;
  private static final int DIGEST_BYTES = 32;

  private DeleteFile() {}

  /** The path of a file in the data folder. */
  public static String path(long id, long position) {
    HexFormat hex = HexFormat.of();
    return FOLDER + "/" + hex.toHexDigits(id) + "-" + hex.toHexDigits(position) + ".del";
  }

  /**
   * Writes a file; when this returns it is on stable storage under its name.
   *
   * @param position log position of what changed the delete
   * @return its path in the data folder, for the manifest
   */
  public static String write(FileSystem fs, Path dataDir, long position, DeleteEntry entry)
      throws IOException {
    String name = path(entry.id(), position);
    Path path = dataDir.resolve(name);
    Path folder = dataDir.resolve(FOLDER);
    Path tmp = path.resolveSibling(path.getFileName() + ".tmp");
    byte[] bytes = encode(entry);
    fs.createDirectories(folder);
    fs.delete(tmp);
    fs.delete(path);
    try (FileSystem.AppendFile out = fs.create(tmp)) {
      out.write(bytes, 0, bytes.length);
      out.sync();
    }
    fs.rename(tmp, path);
    fs.syncDirectory(folder);
    return name;
  }

  /**
   * Reads a file.
   *
   * @throws CorruptDataException if it is damaged
   */
  public static DeleteEntry read(FileSystem fs, Path dataDir, String path) throws IOException {
    return decode(fs.readAll(dataDir.resolve(path)), path);
  }

  static byte[] encode(DeleteEntry entry) {
    ByteWriter out = new ByteWriter(1024);
    out.bytes(MAGIC);
    out.fixed32(VERSION);
    out.varint(entry.id());
    out.string(entry.tenant());
    out.zigzag(entry.range().startExclusive());
    out.zigzag(entry.range().endInclusive());
    out.varint(entry.matchers().size());
    for (Matcher matcher : entry.matchers()) {
      out.u8(matcher.type().ordinal());
      out.string(matcher.name());
      out.string(matcher.value());
    }
    out.zigzag(entry.atMillis());
    out.varint(entry.undonePosition());
    out.zigzag(entry.undoneAtMillis());
    out.varint(entry.parts().size());
    for (DeleteEntry.Part part : entry.parts()) {
      out.zigzag(part.window());
      out.varint(part.series());
      out.varint(part.samples());
      out.varint(part.bytes());
      out.u8(part.end().ordinal());
      out.varint(part.endPosition());
      out.zigzag(part.endAtMillis());
      out.varint(part.later());
      traces(part.removed(), out);
      traces(part.written(), out);
    }
    out.fixed32(Crc32c.of(out.array(), 0, out.size()));
    return out.toByteArray();
  }

  private static void traces(List<DeleteEntry.Trace> traces, ByteWriter out) {
    out.varint(traces.size());
    for (DeleteEntry.Trace trace : traces) {
      out.string(trace.path());
      out.bytes(HexFormat.of().parseHex(trace.sha256()));
    }
  }

  static DeleteEntry decode(byte[] bytes, String path) {
    int end = bytes.length - 4;
    if (end < MAGIC.length + 4) {
      throw new CorruptDataException(path, 0, "is " + bytes.length + " bytes, too short");
    }
    ByteReader in = new ByteReader().on(bytes, 0, end, path, 0);
    for (byte b : MAGIC) {
      if (in.u8() != b) {
        throw new CorruptDataException(path, 0, "is not the file of a delete");
      }
    }
    if (Crc32c.of(bytes, 0, end) != new ByteReader().on(bytes, end, 4, path, 0).fixed32()) {
      throw new CorruptDataException(path, 0, "checksum does not match");
    }
    int version = in.fixed32();
    if (version != VERSION) {
      throw in.corrupt("is of version " + version + ", this program reads " + VERSION);
    }
    long id = in.varint();
    String tenant = in.string();
    TimeRange range = new TimeRange(in.zigzag(), in.zigzag());
    List<Matcher> matchers = matchers(in);
    long at = in.zigzag();
    long undonePosition = in.varint();
    long undoneAt = in.zigzag();
    int count = in.count(Math.min(MOST_PARTS, in.remaining()));
    List<DeleteEntry.Part> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parts.add(part(in));
    }
    if (!in.atEnd()) {
      throw in.corrupt(in.remaining() + " bytes after the last part");
    }
    return new DeleteEntry(id, tenant, matchers, range, at, undonePosition, undoneAt, parts);
  }

  private static List<Matcher> matchers(ByteReader in) {
    int n = in.count(MOST_MATCHERS);
    List<Matcher> matchers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      int type = in.u8();
      if (type >= Matcher.Type.values().length) {
        throw in.corrupt("unknown matcher type " + type);
      }
      try {
        matchers.add(new Matcher(Matcher.Type.values()[type], in.string(), in.string()));
      } catch (IllegalArgumentException e) {
        throw in.corrupt("a matcher that is none: " + e.getMessage());
      }
    }
    return matchers;
  }

  private static DeleteEntry.Part part(ByteReader in) {
    long window = in.zigzag();
    long series = in.varint();
    long samples = in.varint();
    long bytes = in.varint();
    int end = in.u8();
    if (end >= DeleteEntry.End.values().length) {
      throw in.corrupt("unknown end " + end);
    }
    return new DeleteEntry.Part(
        window,
        series,
        samples,
        bytes,
        DeleteEntry.End.values()[end],
        in.varint(),
        in.zigzag(),
        in.varint(),
        traces(in),
        traces(in));
  }

  private static List<DeleteEntry.Trace> traces(ByteReader in) {
    int n = in.count(Math.min(MOST_FILES, in.remaining() / (DIGEST_BYTES + 1)));
    List<DeleteEntry.Trace> traces = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      traces.add(
          new DeleteEntry.Trace(in.string(), HexFormat.of().formatHex(in.bytes(DIGEST_BYTES))));
    }
    return traces;
  }
}
