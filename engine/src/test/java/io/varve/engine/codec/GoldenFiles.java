package io.varve.engine.codec;

import io.varve.engine.format.ByteReader;
import io.varve.engine.format.ByteWriter;
import io.varve.engine.model.Histogram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Golden files: blocks beside what they stand for, written once for each format version and never
 * again. A case is three lines:
 *
 * <pre>
 *   kind count shape
 *   the values: 16 hex digits each, or histograms in the encoded form of the log
 *   the block in hex
 * </pre>
 */
final class GoldenFiles {
  /** One case. */
  record Case(String kind, int count, String shape, byte[] values, byte[] block) {
    @Override
    public String toString() {
      return kind + ", " + count + " values, " + shape;
    }
  }

  private GoldenFiles() {}

  static List<Case> read(List<String> lines) {
    List<Case> cases = new ArrayList<>();
    HexFormat hex = HexFormat.of();
    for (int i = 0; i + 2 < lines.size(); i += 3) {
      String[] head = lines.get(i).split(" ", 3);
      cases.add(
          new Case(
              head[0],
              Integer.parseInt(head[1]),
              head[2],
              hex.parseHex(lines.get(i + 1)),
              hex.parseHex(lines.get(i + 2))));
    }
    return cases;
  }

  static long[] longs(byte[] values) {
    ByteReader reader = new ByteReader(values, "golden");
    long[] longs = new long[values.length / 8];
    for (int i = 0; i < longs.length; i++) {
      longs[i] = reader.fixed64();
    }
    return longs;
  }

  static double[] doubles(byte[] values) {
    return Arrays.stream(longs(values)).mapToDouble(Double::longBitsToDouble).toArray();
  }

  static Histogram[] histograms(byte[] values, int count) {
    ByteReader reader = new ByteReader(values, "golden");
    Histogram[] histograms = new Histogram[count];
    for (int i = 0; i < count; i++) {
      histograms[i] = Histogram.decode(reader);
    }
    return histograms;
  }

  static byte[] bytes(long[] values) {
    ByteWriter out = new ByteWriter(values.length * 8);
    for (long v : values) {
      out.fixed64(v);
    }
    return out.toByteArray();
  }

  static byte[] bytes(double[] values) {
    ByteWriter out = new ByteWriter(values.length * 8);
    for (double v : values) {
      out.bits(v);
    }
    return out.toByteArray();
  }

  static byte[] bytes(Histogram[] values) {
    ByteWriter out = new ByteWriter(1024);
    for (Histogram h : values) {
      h.encode(out);
    }
    return out.toByteArray();
  }

  /**
   * Writes the files of a new format version into a folder that has none.
   *
   * @param args the folder
   */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    Files.createDirectories(folder);
    FloatBlockTest floats = new FloatBlockTest();
    FloatBlockFastTest fast = new FloatBlockFastTest();
    LongBlockTest integers = new LongBlockTest();
    TimeColumnTest times = new TimeColumnTest();
    HistogramBlockTest histograms = new HistogramBlockTest();
    write(folder, "float", 12, floats, GoldenFiles::bytes);
    write(folder, "float", 150, floats, GoldenFiles::bytes);
    write(folder, "fast", 64, fast, GoldenFiles::bytes);
    write(folder, "integer", 140, integers, GoldenFiles::bytes);
    write(folder, "time", 60, times, GoldenFiles::bytes);
    write(folder, "histogram", 20, histograms, GoldenFiles::bytes);
  }

  private static <C> void write(
      Path folder, String kind, int n, BlockContract<C> codec, Function<C, byte[]> bytes)
      throws IOException {
    HexFormat hex = HexFormat.of();
    StringBuilder text = new StringBuilder();
    for (Map.Entry<String, C> column : codec.columns(n, new SplittableRandom(n)).entrySet()) {
      if (n > 12 && column.getKey().matches("constant [^b].*")) {
        continue; // looks the same whatever n is
      }
      text.append("%s %d %s\n".formatted(kind, n, column.getKey()))
          .append(hex.formatHex(bytes.apply(column.getValue())))
          .append('\n')
          .append(hex.formatHex(codec.encode(column.getValue())))
          .append('\n');
    }
    String name = String.format(Locale.ROOT, "%s-%d.txt", kind, n);
    Files.writeString(folder.resolve(name), text, StandardOpenOption.CREATE_NEW);
  }
}
