package io.varve.bench.workload;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.InflaterInputStream;

/**
 * A recording of one exporter, scraped at a fixed step: one column of values per series, NaN where
 * the series was absent. Immutable; any thread may read it.
 *
 * <p>The file is a little-endian u32 header length, then one zlib stream that holds a JSON header
 * ({@code series}: names as in the exposition format, {@code types}: metric → type, {@code rows},
 * {@code step}: seconds) and {@code rows} rows of little-endian doubles, one per series.
 */
public final class Capture {
  private final List<Series> series;
  private final double[][] columns;
  private final int rows;
  private final double stepSeconds;

  /**
   * One recorded series.
   *
   * @param metric its metric name
   * @param labels names and values in turn, without the metric name, in recorded order
   * @param counter true if it only rises (counters, and the parts of summaries and histograms)
   */
  public record Series(String metric, List<String> labels, boolean counter) {}

  private Capture(List<Series> series, double[][] columns, int rows, double stepSeconds) {
    this.series = series;
    this.columns = columns;
    this.rows = rows;
    this.stepSeconds = stepSeconds;
  }

  /**
   * A recording that is made up.
   *
   * @param columns values by series, then by row; at least one series
   */
  public static Capture of(List<Series> series, double[][] columns, double stepSeconds) {
    return new Capture(List.copyOf(series), columns, columns[0].length, stepSeconds);
  }

  /** Reads a recording. */
  public static Capture read(Path file) throws IOException {
    try (InputStream raw = Files.newInputStream(file)) {
      byte[] four = raw.readNBytes(4);
      if (four.length < 4) {
        throw new IOException(file + " is no capture: it has no header");
      }
      int headerBytes = ByteBuffer.wrap(four).order(ByteOrder.LITTLE_ENDIAN).getInt();
      DataInputStream in = new DataInputStream(new InflaterInputStream(raw));
      byte[] header = in.readNBytes(headerBytes);
      JsonNode root = new ObjectMapper().readTree(header);
      Map<String, String> types = new HashMap<>();
      root.get("types").properties().forEach(e -> types.put(e.getKey(), e.getValue().asText()));
      List<Series> series = new ArrayList<>();
      for (JsonNode name : root.get("series")) {
        series.add(parse(name.asText(), types));
      }
      int rows = root.get("rows").asInt();
      double[][] columns = new double[series.size()][rows];
      byte[] line = new byte[8 * series.size()];
      ByteBuffer row = ByteBuffer.wrap(line).order(ByteOrder.LITTLE_ENDIAN);
      for (int r = 0; r < rows; r++) {
        in.readFully(line);
        for (int s = 0; s < columns.length; s++) {
          columns[s][r] = row.getDouble(8 * s);
        }
      }
      return new Capture(series, columns, rows, root.get("step").asDouble());
    }
  }

  private static Series parse(String text, Map<String, String> types) {
    int brace = text.indexOf('{');
    String metric = brace < 0 ? text : text.substring(0, brace);
    List<String> labels = new ArrayList<>();
    int at = brace < 0 ? text.length() : brace + 1;
    while (at < text.length() && text.charAt(at) != '}') {
      int equals = text.indexOf('=', at);
      labels.add(text.substring(at, equals));
      StringBuilder value = new StringBuilder();
      at = equals + 2; // past ="
      while (text.charAt(at) != '"') {
        char c = text.charAt(at++);
        if (c == '\\') {
          char escaped = text.charAt(at++);
          c = escaped == 'n' ? '\n' : escaped;
        }
        value.append(c);
      }
      labels.add(value.toString());
      at++;
      if (at < text.length() && text.charAt(at) == ',') {
        at++;
      }
    }
    return new Series(metric, List.copyOf(labels), isCounter(metric, types));
  }

  private static boolean isCounter(String metric, Map<String, String> types) {
    if ("counter".equals(types.get(metric))) {
      return true;
    }
    for (String suffix : new String[] {"_count", "_sum", "_bucket"}) {
      if (metric.endsWith(suffix)) {
        String family = types.get(metric.substring(0, metric.length() - suffix.length()));
        return "summary".equals(family) || "histogram".equals(family);
      }
    }
    return false;
  }

  /** The recorded series. */
  public List<Series> series() {
    return series;
  }

  /** Recorded scrapes. */
  public int rows() {
    return rows;
  }

  /** Seconds between two scrapes. */
  public double stepSeconds() {
    return stepSeconds;
  }

  /** The value of a series in a row, NaN if it was absent. */
  public double value(int seriesIndex, int row) {
    return columns[seriesIndex][row];
  }

  /** What a counter gains over the whole recording, not less than 0. */
  public double gain(int seriesIndex) {
    double[] present = Arrays.stream(columns[seriesIndex]).filter(v -> !Double.isNaN(v)).toArray();
    return present.length == 0 ? 0 : Math.max(0, present[present.length - 1] - present[0]);
  }

  /** Digits after the point that the series' values have at most. */
  public int decimals(int seriesIndex) {
    int most = 0;
    double previous = Double.NaN;
    for (double v : columns[seriesIndex]) {
      if (v != previous && !Double.isNaN(v) && !Double.isInfinite(v)) {
        int scale = BigDecimal.valueOf(v).stripTrailingZeros().scale();
        most = Math.max(most, scale);
        previous = v;
      }
    }
    return most;
  }
}
