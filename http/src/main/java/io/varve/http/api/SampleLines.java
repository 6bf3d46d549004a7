package io.varve.http.api;

import io.varve.engine.model.Labels;
import io.varve.engine.model.Matcher;
import io.varve.engine.model.WriteBatch;
import io.varve.http.json.GoFloat;
import io.varve.ingest.IngestLimits;
import io.varve.ingest.intake.LabelLimits;
import io.varve.query.promql.ParseException;
import io.varve.query.promql.Parser;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Samples as lines of text, each {@code metric{label="value"} value timestamp}: Prometheus' text
 * exposition with a timestamp, in milliseconds, on every line. Empty lines and those that begin
 * with # are passed over.
 */
public final class SampleLines {
  private SampleLines() {}

  /**
   * What the samples may be.
   *
   * @param entries how many of them
   * @param newestMillis their newest time
   */
  public record Limits(LabelLimits labels, int entries, long newestMillis) {
    /** Of a server at a time. */
    public static Limits of(IngestLimits limits, long nowMillis) {
      return new Limits(
          limits.labels(), limits.entriesPerRequest(), nowMillis + limits.future().toMillis());
    }
  }

  /**
   * Reads all lines into a batch.
   *
   * @param text lines; the caller has bounded it
   * @param limits null for none
   * @throws IllegalArgumentException if a line is none; the message names it, and what is wrong
   */
  public static WriteBatch read(String text, String tenant, @Nullable Limits limits) {
    WriteBatch batch = new WriteBatch();
    batch.tenant = tenant;
    Map<String, Integer> rows = new HashMap<>();
    int number = 0;
    for (int at = 0; at < text.length(); ) {
      int end = text.indexOf('\n', at);
      end = end < 0 ? text.length() : end;
      String line = text.substring(at, end).strip();
      at = end + 1;
      number++;
      if (!line.isEmpty() && line.charAt(0) != '#') {
        try {
          add(line, batch, rows, limits);
        } catch (IllegalArgumentException | ParseException e) {
          throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
        }
      }
    }
    return batch;
  }

  private static void add(
      String line, WriteBatch batch, Map<String, Integer> rows, @Nullable Limits limits) {
    int beforeTime = lastBlank(line, line.length());
    int valueEnd = endOfText(line, beforeTime);
    int beforeValue = lastBlank(line, valueEnd);
    int seriesEnd = endOfText(line, beforeValue);
    if (seriesEnd <= 0) {
      throw new IllegalArgumentException(
          "is not: metric{label=\"value\"} value timestamp-in-milliseconds");
    }
    String series = line.substring(0, seriesEnd);
    Integer row = rows.get(series);
    long time = time(line.substring(beforeTime + 1));
    if (limits != null && batch.sampleCount == limits.entries) {
      throw new IllegalArgumentException("more than " + limits.entries + " samples");
    }
    if (limits != null && time > limits.newestMillis) {
      throw new IllegalArgumentException(time + " is too far in the future");
    }
    if (row == null) {
      Labels labels = labels(series);
      String exceeded = limits == null ? null : limits.labels.exceeded(labels);
      if (exceeded != null) {
        throw new IllegalArgumentException("a series has " + exceeded);
      }
      row = batch.addSeries(labels);
      rows.put(series, row);
    }
    batch.addSample(
        row, time, Double.doubleToRawLongBits(value(line.substring(beforeValue + 1, valueEnd))), 0);
  }

  private static int lastBlank(String line, int end) {
    int at = end - 1;
    while (at >= 0 && line.charAt(at) != ' ' && line.charAt(at) != '\t') {
      at--;
    }
    return at;
  }

  private static int endOfText(String line, int end) {
    int at = end;
    while (at > 0 && (line.charAt(at - 1) == ' ' || line.charAt(at - 1) == '\t')) {
      at--;
    }
    return Math.max(0, at);
  }

  private static Labels labels(String series) {
    List<Matcher> matchers = Parser.parseSelector(series);
    Labels.Builder labels = new Labels.Builder();
    for (Matcher matcher : matchers) {
      if (matcher.type() != Matcher.Type.EQ) {
        throw new IllegalArgumentException(
            "labels are name=\"value\", not " + matcher.type().operator());
      }
      if (!matcher.value().isEmpty()) {
        labels.add(matcher.name(), matcher.value());
      }
    }
    Labels built = labels.build();
    if (!built.has(Labels.METRIC_NAME)) {
      throw new IllegalArgumentException("a series without a name: " + series);
    }
    return built;
  }

  private static long time(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no timestamp in milliseconds since the epoch", e);
    }
  }

  private static double value(String text) {
    OptionalDouble value = GoFloat.parse(text);
    if (value.isEmpty()) {
      throw new IllegalArgumentException("\"" + text + "\" is no number");
    }
    return value.getAsDouble();
  }
}
