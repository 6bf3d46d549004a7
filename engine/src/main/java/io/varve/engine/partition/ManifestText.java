package io.varve.engine.partition;

import io.varve.engine.format.CorruptDataException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Operations as text: {@code word key=value key=value …}, several operations separated by tabs. In
 * a value every byte of its UTF-8 that is not a visible ASCII character, and each of {@code % ,},
 * is written %XX; lists are separated by commas; an absent value is an absent key.
 */
final class ManifestText {
  private static final HexFormat HEX = HexFormat.of();

  private ManifestText() {}

  /** One line, without its checksum and its end. */
  static String print(List<ManifestOp> ops) {
    Printer out = new Printer();
    for (ManifestOp op : ops) {
      print(op, out);
    }
    return out.text.toString();
  }

  private static void print(ManifestOp op, Printer out) {
    switch (op) {
      case ManifestOp.Store o ->
          out.op("store")
              .put("id", HEX.toHexDigits(o.storeId()))
              .put("hashSeed", o.hashSeed())
              .put("hashVersion", o.hashVersion())
              .put("encoder", o.encoderVersion())
              .put("windowMillis", o.windowMillis());
      case ManifestOp.AddWindow o ->
          out.op("addWindow").put("w", o.window()).put("buckets", o.buckets());
      case ManifestOp.ClearIndex o -> out.op("clearIndex").put("w", o.window());
      case ManifestOp.AddIndexSegment o ->
          out.op("addIndex")
              .put("w", o.window())
              .put("file", o.segment().file())
              .put("bytes", o.segment().bytes())
              .put("sha256", o.segment().sha256())
              .put("firstId", o.segment().firstId())
              .put("count", o.segment().count());
      case ManifestOp.AddChunk o -> print(o.chunk(), out.op("addChunk"));
      case ManifestOp.AddCells o ->
          print(o.cells().file(), out.op("addCells"))
              .put("cell", o.cells().file().info().cellMillis())
              .put("of", o.cells().source())
              .put("rule", o.cells().rule());
      case ManifestOp.AddGrouped o ->
          out.op("addGrouped")
              .put("w", o.file().window())
              .put("path", o.file().path())
              .put("bytes", o.file().bytes())
              .put("sha256", o.file().sha256())
              .put("step", o.file().stepMillis())
              .put("rule", o.file().rule())
              .put("state", o.file().state())
              .put("groups", o.file().groups())
              .put("gone", o.file().samplesGone() ? 1 : 0);
      case ManifestOp.RemoveGrouped o ->
          out.op("removeGrouped").put("w", o.window()).put("path", o.path());
      case ManifestOp.RemoveCells o ->
          out.op("removeCells").put("w", o.window()).put("path", o.path());
      case ManifestOp.RemoveChunk o ->
          out.op("removeChunk").put("w", o.window()).put("path", o.path());
      case ManifestOp.SetTombstones o ->
          out.op("tombstones").put("w", o.window()).put("file", o.file());
      case ManifestOp.DropWindow o -> out.op("dropWindow").put("w", o.window());
      case ManifestOp.Flushed o -> out.op("flushed").put("seq", o.sequence());
      case ManifestOp.Checkpoint o ->
          out.op("checkpoint").put("seq", o.sequence()).put("files", o.files());
      case ManifestOp.NextIndexGeneration o ->
          out.op("nextIndex").put("generation", o.generation());
      case ManifestOp.EncoderVersion o -> out.op("encoder").put("version", o.version());
      case ManifestOp.Watermark o ->
          out.op("watermark").put("key", o.key()).put("value", o.value());
    }
  }

  private static Printer print(ChunkFile c, Printer out) {
    ChunkInfo i = c.info();
    return out.put("w", i.windowStart())
        .put("width", i.windowMillis())
        .put("bucket", i.bucket())
        .put("buckets", i.buckets())
        .put("level", i.level())
        .put("late", i.correction() ? 2 : i.late() ? 1 : 0)
        .put("class", i.retentionClass())
        .put("from", i.logFrom())
        .put("to", i.logTo())
        .put("path", c.path())
        .put("bytes", c.bytes())
        .put("sha256", c.sha256())
        .put("series", c.series())
        .put("blocks", c.blocks())
        .put("samples", c.samples())
        .put("minTime", c.minTime())
        .put("maxTime", c.maxTime());
  }

  /**
   * Reads what {@link #print(List)} wrote.
   *
   * @param source file and line, named in errors
   * @param offset of the line in the file
   */
  static List<ManifestOp> parse(String line, String source, long offset) {
    List<ManifestOp> ops = new ArrayList<>();
    int at = 0;
    while (at < line.length()) {
      int end = line.indexOf('\t', at);
      end = end < 0 ? line.length() : end;
      ops.add(op(new Fields(line.substring(at, end), source, offset)));
      at = end + 1;
    }
    return ops;
  }

  private static ManifestOp op(Fields in) {
    return switch (in.word) {
      case "store" ->
          new ManifestOp.Store(
              in.hex("id"),
              in.integer("hashSeed"),
              in.integer("hashVersion"),
              in.integer("encoder"),
              in.number("windowMillis"));
      case "addWindow" -> new ManifestOp.AddWindow(in.number("w"), in.integer("buckets"));
      case "clearIndex" -> new ManifestOp.ClearIndex(in.number("w"));
      case "addIndex" ->
          new ManifestOp.AddIndexSegment(
              in.number("w"),
              new IndexFile(
                  in.text("file"),
                  in.number("bytes"),
                  in.text("sha256"),
                  in.integer("firstId"),
                  in.integer("count")));
      case "addChunk" -> new ManifestOp.AddChunk(chunk(in, 0));
      case "addCells" ->
          new ManifestOp.AddCells(
              new CellsFile(chunk(in, in.number("cell")), in.text("of"), in.text("rule")));
      case "addGrouped" -> new ManifestOp.AddGrouped(grouped(in));
      case "removeGrouped" -> new ManifestOp.RemoveGrouped(in.number("w"), in.text("path"));
      case "removeCells" -> new ManifestOp.RemoveCells(in.number("w"), in.text("path"));
      case "removeChunk" -> new ManifestOp.RemoveChunk(in.number("w"), in.text("path"));
      case "tombstones" -> new ManifestOp.SetTombstones(in.number("w"), in.textOrNull("file"));
      case "dropWindow" -> new ManifestOp.DropWindow(in.number("w"));
      case "flushed" -> new ManifestOp.Flushed(in.number("seq"));
      case "checkpoint" -> new ManifestOp.Checkpoint(in.number("seq"), in.list("files"));
      case "nextIndex" -> new ManifestOp.NextIndexGeneration(in.number("generation"));
      case "encoder" -> new ManifestOp.EncoderVersion(in.integer("version"));
      case "watermark" -> new ManifestOp.Watermark(in.text("key"), in.textOrNull("value"));
      default -> throw in.corrupt("unknown operation '" + in.word + "'");
    };
  }

  private static GroupedFile grouped(Fields in) {
    long bytes = in.number("bytes");
    long stepMillis = in.number("step");
    int groups = in.integer("groups");
    if (bytes < 0 || stepMillis <= 0 || groups < 0) {
      throw in.corrupt("a file of " + bytes + " bytes and " + groups + " groups");
    }
    return new GroupedFile(
        in.number("w"),
        in.text("path"),
        bytes,
        in.text("sha256"),
        stepMillis,
        in.text("rule"),
        in.text("state"),
        groups,
        in.integer("gone") != 0);
  }

  private static ChunkFile chunk(Fields in, long cellMillis) {
    ChunkInfo info =
        ChunkInfo.decoded(
            in.source,
            in.offset,
            in.number("w"),
            in.number("width"),
            in.integer("bucket"),
            in.integer("buckets"),
            in.integer("level"),
            in.integer("late") != 0,
            in.text("class"),
            in.number("from"),
            in.number("to"),
            cellMillis,
            in.integer("late") == 2);
    return new ChunkFile(
        info,
        in.text("path"),
        in.number("bytes"),
        in.text("sha256"),
        in.integer("series"),
        in.number("blocks"),
        in.number("samples"),
        in.number("minTime"),
        in.number("maxTime"));
  }

  /** Appends operations. */
  private static final class Printer {
    private final StringBuilder text = new StringBuilder(256);

    Printer op(String word) {
      if (!text.isEmpty()) {
        text.append('\t');
      }
      text.append(word);
      return this;
    }

    Printer put(String key, long value) {
      text.append(' ').append(key).append('=').append(value);
      return this;
    }

    Printer put(String key, @Nullable String value) {
      if (value != null) {
        text.append(' ').append(key).append('=');
        escape(value);
      }
      return this;
    }

    Printer put(String key, List<String> values) {
      if (!values.isEmpty()) {
        text.append(' ').append(key).append('=');
        String comma = "";
        for (String value : values) {
          text.append(comma);
          escape(value);
          comma = ",";
        }
      }
      return this;
    }

    private void escape(String value) {
      for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
        if (b <= ' ' || b >= 0x7F || b == '%' || b == ',') {
          text.append('%').append(HEX.toHexDigits(b));
        } else {
          text.append((char) b);
        }
      }
    }
  }

  /** One operation, taken apart. */
  private static final class Fields {
    private final String source;
    private final long offset;
    private final String word;
    private final Map<String, String> values = new HashMap<>();

    Fields(String op, String source, long offset) {
      this.source = source;
      this.offset = offset;
      int at = op.indexOf(' ');
      this.word = at < 0 ? op : op.substring(0, at);
      while (at >= 0) {
        int end = op.indexOf(' ', at + 1);
        String field = op.substring(at + 1, end < 0 ? op.length() : end);
        int equals = field.indexOf('=');
        if (equals < 0) {
          throw corrupt("'" + field + "' is not key=value");
        }
        values.put(field.substring(0, equals), field.substring(equals + 1));
        at = end;
      }
    }

    CorruptDataException corrupt(String problem) {
      return new CorruptDataException(source, offset, problem);
    }

    private String raw(String key) {
      String value = values.get(key);
      if (value == null) {
        throw corrupt(word + " without " + key);
      }
      return value;
    }

    long number(String key) {
      try {
        return Long.parseLong(raw(key));
      } catch (NumberFormatException e) {
        throw corrupt(key + " is not a number: " + e.getMessage());
      }
    }

    int integer(String key) {
      long value = number(key);
      if (value != (int) value) {
        throw corrupt(key + " is too large: " + value);
      }
      return (int) value;
    }

    long hex(String key) {
      try {
        return HexFormat.fromHexDigitsToLong(raw(key));
      } catch (IllegalArgumentException e) {
        throw corrupt(key + " is not hexadecimal: " + e.getMessage());
      }
    }

    String text(String key) {
      return unescape(raw(key));
    }

    @Nullable String textOrNull(String key) {
      String value = values.get(key);
      return value == null ? null : unescape(value);
    }

    List<String> list(String key) {
      String value = values.get(key);
      List<String> all = new ArrayList<>();
      int at = 0;
      while (value != null && at <= value.length()) {
        int end = value.indexOf(',', at);
        end = end < 0 ? value.length() : end;
        all.add(unescape(value.substring(at, end)));
        at = end + 1;
      }
      return all;
    }

    private String unescape(String value) {
      if (value.indexOf('%') < 0) {
        return value;
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream(value.length());
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        if (c != '%') {
          bytes.write(c);
        } else if (i + 2 < value.length()
            && HexFormat.isHexDigit(value.charAt(i + 1))
            && HexFormat.isHexDigit(value.charAt(i + 2))) {
          bytes.write(HexFormat.fromHexDigits(value, i + 1, i + 3));
          i += 2;
        } else {
          throw corrupt("escape is cut off in '" + value + "'");
        }
      }
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
