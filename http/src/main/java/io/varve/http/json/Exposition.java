package io.varve.http.json;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Writes samples in Prometheus' text format: floats as metrics without a type, histograms with
 * custom buckets as classic ones. Those with exponential buckets it cannot express.
 */
final class Exposition implements FamilyWriter {
  private static final double SMALLEST_PLAIN_BOUND = 1e-4;
  private static final int FLUSH_CHARS = 1 << 13;

  private final OutputStream out;
  private final Names names;
  private final StringBuilder text = new StringBuilder();
  private @Nullable String metric;
  private String metricType = "";

  Exposition(OutputStream out, Names names) {
    this.out = out;
    this.names = names;
  }

  @Override
  public void sample(Row row, double value, long timeMillis) throws IOException {
    type(row, "untyped");
    line(row, "", "", value, timeMillis);
  }

  @Override
  public void histogram(Row row, Histogram histogram, long timeMillis) throws IOException {
    if (histogram.schema() != Histogram.CUSTOM_BUCKETS_SCHEMA) {
      return;
    }
    type(row, "histogram");
    ClassicBuckets buckets = ClassicBuckets.of(histogram);
    for (int i = 0; i < buckets.bounds().length; i++) {
      line(row, "_bucket", bound(buckets.bounds()[i]), buckets.cumulative()[i], timeMillis);
    }
    line(row, "_sum", "", histogram.sum(), timeMillis);
    line(row, "_count", "", histogram.count(), timeMillis);
  }

  /** As Prometheus' own formats write bounds. */
  private static String bound(double value) {
    double magnitude = Math.abs(value);
    boolean small = magnitude != 0 && magnitude < SMALLEST_PLAIN_BOUND;
    return small ? GoFloat.exponent(value) : GoFloat.sample(value);
  }

  private void type(Row row, String type) {
    String name = row.labels().get(Labels.METRIC_NAME);
    String shown = FamilyWriter.shown(name, names, true);
    if (!shown.equals(metric) || !type.equals(metricType)) {
      metric = shown;
      metricType = type;
      text.append("# TYPE ");
      name(shown, names == Names.QUOTED && !isPlain(name, true));
      text.append(' ').append(type).append('\n');
    }
  }

  private void line(Row row, String suffix, String bound, double value, long timeMillis)
      throws IOException {
    String name = row.labels().get(Labels.METRIC_NAME);
    char separator = '{';
    if (names == Names.QUOTED && !isPlain(name, true)) {
      text.append('{');
      name(name + suffix, true);
      separator = ',';
    } else {
      text.append(FamilyWriter.shown(name, names, true)).append(suffix);
    }
    for (int i = 0; i < row.labels().size(); i++) {
      if (!row.labels().name(i).equals(Labels.METRIC_NAME)) {
        label(separator, row.labels().name(i), row.labels().value(i));
        separator = ',';
      }
    }
    if (!row.emptyLabel().isEmpty()) {
      label(separator, row.emptyLabel(), "");
      separator = ',';
    }
    if (!bound.isEmpty()) {
      label(separator, "le", bound);
      separator = ',';
    }
    if (separator == ',') {
      text.append('}');
    }
    text.append(' ').append(GoFloat.sample(value)).append(' ').append(timeMillis).append('\n');
    if (text.length() > FLUSH_CHARS) {
      end();
    }
  }

  @Override
  public void end() throws IOException {
    out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    text.setLength(0);
  }

  private void label(char separator, String name, String value) {
    text.append(separator);
    if (names == Names.QUOTED) {
      name(name, !isPlain(name, false));
    } else {
      text.append(FamilyWriter.shown(name, names, false));
    }
    text.append("=\"");
    escaped(value);
    text.append('"');
  }

  private void name(String name, boolean quoted) {
    if (quoted) {
      text.append('"');
      escaped(name);
      text.append('"');
    } else {
      text.append(name);
    }
  }

  private void escaped(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '\\' -> text.append("\\\\");
        case '"' -> text.append("\\\"");
        case '\n' -> text.append("\\n");
        default -> text.append(c);
      }
    }
  }

  private static boolean isPlain(String name, boolean colons) {
    for (int i = 0; i < name.length(); i++) {
      if (!isPlain(name.charAt(i), i, colons)) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  private static boolean isPlain(int c, int at, boolean colons) {
    return c == '_'
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c == ':' && colons)
        || (c >= '0' && c <= '9' && at > 0);
  }

  /** One underscore in place of each character that is not classic. */
  static String underscored(String name, boolean colons) {
    if (isPlain(name, colons)) {
      return name;
    }
    StringBuilder plain = new StringBuilder();
    int[] characters = name.codePoints().toArray();
    for (int i = 0; i < characters.length; i++) {
      if (isPlain(characters[i], i, colons)) {
        plain.appendCodePoint(characters[i]);
      } else {
        plain.append('_');
      }
    }
    return plain.isEmpty() ? "_" : plain.toString();
  }

  /** {@code _dot_} for a dot, two underscores for one and for what is not classic. */
  static String dotted(String name, boolean colons) {
    StringBuilder plain = new StringBuilder();
    int[] characters = name.codePoints().toArray();
    for (int i = 0; i < characters.length; i++) {
      if (characters[i] == '.') {
        plain.append("_dot_");
      } else if (characters[i] != '_' && isPlain(characters[i], i, colons)) {
        plain.appendCodePoint(characters[i]);
      } else {
        plain.append("__");
      }
    }
    return plain.toString();
  }

  /** A name that is not classic with the code points of what is not. */
  static String encoded(String name, boolean colons) {
    if (isPlain(name, colons)) {
      return name;
    }
    StringBuilder plain = new StringBuilder("U__");
    int[] characters = name.codePoints().toArray();
    for (int i = 0; i < characters.length; i++) {
      if (characters[i] == '_') {
        plain.append("__");
      } else if (isPlain(characters[i], i, colons)) {
        plain.appendCodePoint(characters[i]);
      } else {
        plain.append('_').append(Integer.toHexString(characters[i])).append('_');
      }
    }
    return plain.toString();
  }
}
