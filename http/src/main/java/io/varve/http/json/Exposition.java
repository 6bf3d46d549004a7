package io.varve.http.json;

import io.varve.engine.model.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Writes samples in Prometheus' text format, as metrics without a type. Samples of one metric come
 * one after the other. Not thread-safe.
 */
public final class Exposition {
  private static final int FLUSH_CHARS = 1 << 13;

  private final OutputStream out;
  private final Names names;
  private final StringBuilder text = new StringBuilder();
  private @Nullable String metric;

  /** How names are written that are not of the classic characters. */
  public enum Names {
    /** With underscores in place of other characters. */
    UNDERSCORES,
    /** In quotes, for readers that understand it. */
    QUOTED;

    /** By what a client accepts. */
    public static Names accepted(@Nullable String accept) {
      if (accept != null) {
        for (String part : accept.split(",", 32)) {
          String media = part.replace(" ", "");
          if (media.startsWith("text/plain") && media.contains("escaping=allow-utf-8")) {
            return QUOTED;
          }
        }
      }
      return UNDERSCORES;
    }
  }

  /**
   * The labels of a sample.
   *
   * @param labels all that have a value
   * @param emptyLabel one that is to be written with an empty value; "" for none
   */
  public record Row(Labels labels, String emptyLabel) {}

  /** Writes to a stream, which stays open. */
  public Exposition(OutputStream out, Names names) {
    this.out = out;
    this.names = names;
  }

  /** What the text is called over HTTP. */
  public static String contentType(Names names) {
    return switch (names) {
      case UNDERSCORES -> "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
      case QUOTED -> "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
    };
  }

  /** Writes a sample. */
  public void sample(Row row, double value, long timeMillis) throws IOException {
    String name = row.labels().get(Labels.METRIC_NAME);
    boolean quoted = names == Names.QUOTED && !isPlain(name, true);
    String shown = names == Names.QUOTED ? name : underscored(name, true);
    if (!shown.equals(metric)) {
      metric = shown;
      text.append("# TYPE ");
      name(shown, quoted);
      text.append(" untyped\n");
    }
    char separator = '{';
    if (quoted) {
      text.append('{');
      name(shown, true);
      separator = ',';
    } else {
      text.append(shown);
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
    if (separator == ',') {
      text.append('}');
    }
    text.append(' ').append(GoFloat.sample(value)).append(' ').append(timeMillis).append('\n');
    if (text.length() > FLUSH_CHARS) {
      end();
    }
  }

  /** Hands everything to the stream. */
  public void end() throws IOException {
    out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    text.setLength(0);
  }

  private void label(char separator, String name, String value) {
    text.append(separator);
    if (names == Names.QUOTED) {
      name(name, !isPlain(name, false));
    } else {
      text.append(underscored(name, false));
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
  private static String underscored(String name, boolean colons) {
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
}
