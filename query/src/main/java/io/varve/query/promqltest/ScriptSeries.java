package io.varve.query.promqltest;

import io.varve.engine.model.Histogram;
import io.varve.engine.model.Labels;
import io.varve.engine.model.SampleColumns;
import io.varve.query.histogram.FloatHistogram;
import java.util.ArrayList;
import java.util.List;

/**
 * A series with its samples, as a line of a {@code load} command describes it: for others who test
 * with such lines.
 *
 * @param samples in time order
 */
public record ScriptSeries(Labels labels, SampleColumns samples) {
  /**
   * Reads lines.
   *
   * @param stepMillis distance of the values
   * @param startMillis time of the first value
   * @param lines a series and its values each
   * @throws ScriptException if one cannot be read; the lines count from 1
   */
  public static List<ScriptSeries> parse(long stepMillis, long startMillis, List<String> lines) {
    List<String> script = new ArrayList<>();
    script.add("load " + stepMillis + "ms");
    script.addAll(lines);
    List<ScriptSeries> all = new ArrayList<>();
    try {
      for (Script.Command command : Script.read(script)) {
        if (command instanceof Script.Load load) {
          for (Script.Series series : load.series()) {
            all.add(
                new ScriptSeries(
                    series.labels(), ScriptRunner.samples(series, stepMillis, startMillis)));
          }
        }
      }
    } catch (ScriptException e) {
      throw new ScriptException(e.line() - 1, e.column(), String.valueOf(e.getMessage()));
    }
    return all;
  }

  /** A histogram as scripts write it. */
  public static String text(FloatHistogram histogram) {
    return HistogramText.of(histogram);
  }

  /**
   * Reads a histogram.
   *
   * @throws ScriptException if it is none
   */
  public static Histogram histogram(String text) {
    List<Sequence.Value> values = Sequence.read(new Scanner(text, 1, 0));
    Histogram histogram = values.size() == 1 ? values.getFirst().histogram() : null;
    if (histogram == null) {
      throw new ScriptException(1, 1, "expected a histogram: " + text);
    }
    return histogram;
  }

  /**
   * Reads a series without values.
   *
   * @throws ScriptException if it is none
   */
  public static Labels labels(String text) {
    return text.isBlank() ? Labels.EMPTY : parse(1, 0, List.of(text + " _")).getFirst().labels();
  }
}
