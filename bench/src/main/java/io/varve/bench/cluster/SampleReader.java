package io.varve.bench.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.varve.bench.cluster.Operation.Found;
import io.varve.bench.cluster.Operation.Read;
import io.varve.bench.cluster.Operation.Write;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads samples of a run from nodes, as operations for the history. Any thread. */
final class SampleReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Nodes nodes;
  private final UniqueSamples samples;
  private final boolean weakened;

  /**
   * A reader.
   *
   * @param weakened true to ask for bounded answers, and to call them what was to be asked for: a
   *     checker that finds nothing wrong with them is blind
   */
  SampleReader(Nodes nodes, UniqueSamples samples, boolean weakened) {
    this.nodes = nodes;
    this.samples = samples;
    this.weakened = weakened;
  }

  /** What is read: the same stretch of some series. */
  record Selection(List<Integer> series, int from, int to) {}

  /** Reads a selection, at least one number of one series. */
  Read read(
      int client,
      int node,
      ReadLevel level,
      @Nullable Write fence,
      Selection selection,
      Duration patience)
      throws InterruptedException {
    long end = samples.timeMillis(selection.to() - 1);
    long range = end - samples.timeMillis(selection.from()) + 1; // open at its left end
    String promql =
        "%s{%s=~\"%s\"}[%dms]"
            .formatted(
                UniqueSamples.METRIC,
                UniqueSamples.SERIES,
                selection.series().stream().map(s -> "" + s).collect(Collectors.joining("|")),
                range);
    Position position = fence == null || weakened ? null : fence.position();
    long invoked = System.nanoTime();
    int status = Operation.NO_ANSWER;
    boolean complete = true;
    Parsed parsed = new Parsed(List.of(), null);
    try {
      HttpResponse<String> answer =
          nodes.query(
              node,
              promql,
              end,
              weakened ? "bounded" : parameter(level, position),
              position,
              patience);
      status = answer.statusCode();
      if (status / 100 == 2) {
        complete =
            !answer.headers().firstValue(Nodes.COMPLETE_HEADER).orElse("true").equals("false");
        parsed = parse(answer.body(), selection);
      }
    } catch (IOException e) {
      status = Operation.NO_ANSWER;
    }
    long completed = System.nanoTime();
    return new Read(
        client,
        node,
        level,
        fence,
        invoked,
        completed,
        status,
        complete,
        parsed.found(),
        parsed.strange());
  }

  /** A node by itself is asked for a position: a strong read may go to the leader. */
  private static String parameter(ReadLevel level, @Nullable Position position) {
    return switch (level) {
      case BOUNDED -> "bounded";
      case FENCED, FINAL -> position == null ? "strong" : "fenced";
      case STRONG -> "strong";
    };
  }

  private record Parsed(List<Found> found, @Nullable String strange) {}

  private Parsed parse(String body, Selection selection) throws IOException {
    Map<Integer, BitSet> found = new LinkedHashMap<>();
    selection.series().forEach(series -> found.put(series, new BitSet()));
    String strange = null;
    for (JsonNode one : JSON.readTree(body).path("data").path("result")) {
      int series = one.path("metric").path(UniqueSamples.SERIES).asInt(-1);
      BitSet numbers = found.get(series);
      if (numbers == null) {
        strange = "series " + one.path("metric") + " that was not asked for";
        continue;
      }
      for (JsonNode sample : one.path("values")) {
        long time = Math.round(sample.path(0).asDouble() * 1000);
        int number = samples.number(time);
        double value = Double.parseDouble(sample.path(1).asText());
        if (number < selection.from() || number >= selection.to()) {
          strange = "series " + series + ": a sample at " + time + " ms that was not asked for";
        } else if (value != samples.value(series, number)) {
          strange =
              "series %d: number %d is %s, not %s"
                  .formatted(series, number, value, samples.value(series, number));
        } else {
          numbers.set(number - selection.from());
        }
      }
    }
    return new Parsed(
        found.entrySet().stream()
            .map(
                entry ->
                    new Found(
                        new Run(entry.getKey(), selection.from(), selection.to()),
                        entry.getValue()))
            .toList(),
        strange);
  }
}
