package io.varve.engine.partition;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.NullMarked;

/**
 * A captured node_exporter: rows of all its series, one a second.
 *
 * @param series how many
 * @param rows how many
 * @param values row after row; NaN where a series was absent
 */
@NullMarked
record Capture(int series, int rows, double[] values) {
  private static final Pattern ROWS = Pattern.compile("\"rows\": (\\d+)");

  /** Reads a capture: header length, then one zlib stream of a JSON header and doubles. */
  static Capture read(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    int header = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getInt();
    try (InputStream zlib =
            new InflaterInputStream(new ByteArrayInputStream(all, 4, all.length - 4));
        DataInputStream in = new DataInputStream(zlib)) {
      String json = new String(in.readNBytes(header), StandardCharsets.UTF_8);
      Matcher found = ROWS.matcher(json);
      if (!found.find()) {
        throw new IOException(file + ": header without rows");
      }
      int rows = Integer.parseInt(found.group(1));
      byte[] bytes = in.readAllBytes();
      double[] values = new double[bytes.length / 8];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
      return new Capture(values.length / rows, rows, values);
    }
  }

  double value(int row, int one) {
    return values[row % rows * series + one];
  }
}
