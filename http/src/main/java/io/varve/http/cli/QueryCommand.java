package io.varve.http.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.varve.http.replay.ServerConnection;
import java.io.IOException;
import java.io.PrintStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve query EXPR}: asks a running server. */
@Command(
    name = "query",
    description = "Asks a running server, and prints the answer as a table.",
    mixinStandardHelpOptions = true)
final class QueryCommand implements Callable<Integer> {
  private static final String KIB = "KiB";
  private static final int UNIT = 1024;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(paramLabel = "EXPR", description = "A PromQL expression.")
  private String expression = "";

  @Mixin private final ServerOption server = new ServerOption();

  @Option(
      names = "--time",
      paramLabel = "TIME",
      description = "Evaluates at this time (RFC 3339 or seconds since the epoch); now by default.")
  private @Nullable String time;

  @Option(
      names = "--start",
      paramLabel = "TIME",
      description = "Evaluates at many times, this being the first.")
  private @Nullable String start;

  @Option(
      names = "--end",
      paramLabel = "TIME",
      description = "The last of many times; now by default.")
  private @Nullable String end;

  @Option(
      names = "--step",
      paramLabel = "DURATION",
      description = "The distance of many times; 1m by default.")
  private @Nullable String step;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Whose series.")
  private String tenant = "";

  @Option(
      names = "--explain",
      description =
          "Also prints the plan, and what each of its nodes did: the series it yields, blocks"
              + " decoded and answered from stored aggregates, their bytes, samples, time.")
  private boolean explain;

  @Override
  public Integer call() throws IOException {
    boolean range = start != null || end != null || step != null;
    if (range && (start == null || time != null)) {
      throw new ParameterException(
          spec.commandLine(), "give --start (with --end and --step), or --time, or neither");
    }
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("query", expression);
    if (range) {
      parameters.put("start", String.valueOf(start));
      parameters.put("end", end == null ? Instant.now().toString() : end);
      parameters.put("step", step == null ? "1m" : step);
    } else if (time != null) {
      parameters.put("time", time);
    }
    if (explain) {
      parameters.put("explain", "1");
    }
    JsonNode answer;
    try (ServerConnection connection = server.connect(tenant)) {
      answer = connection.api(range ? "/api/v1/query_range" : "/api/v1/query", parameters);
    }
    if (!answer.path("status").asText().equals("success")) {
      System.err.println(
          "varve: "
              + answer.path("errorType").asText("error")
              + ": "
              + answer.path("error").asText());
      return 1;
    }
    print(answer.path("data"), System.out);
    for (String kind : new String[] {"warnings", "infos"}) {
      for (JsonNode text : answer.path(kind)) {
        System.err.println(text.asText());
      }
    }
    return 0;
  }

  private static void print(JsonNode data, PrintStream out) {
    JsonNode result = data.path("result");
    switch (data.path("resultType").asText()) {
      case "vector" -> {
        List<String[]> rows = new ArrayList<>();
        for (JsonNode series : result) {
          rows.add(new String[] {name(series.path("metric")), value(series, "")});
        }
        table(rows, out);
      }
      case "matrix" -> {
        for (JsonNode series : result) {
          out.println(name(series.path("metric")));
          for (String kind : new String[] {"value", "histogram"}) {
            for (JsonNode point : series.path(kind + "s")) {
              out.println("  " + time(point.path(0)) + "  " + text(point.path(1)));
            }
          }
        }
      }
      default -> out.println(text(result.path(1)));
    }
    if (data.has("explain")) {
      out.println();
      List<String[]> rows = new ArrayList<>();
      rows.add(
          new String[] {
            "PLAN",
            "SERIES",
            "SELECTED",
            "WINDOWS",
            "DECODED",
            "STORED",
            "CELLS",
            "BYTES",
            "SAMPLES",
            "TIME"
          });
      List<String> remarks = new ArrayList<>();
      explain(data.path("explain"), "", rows, remarks);
      table(rows, out);
      remarks.forEach(out::println);
    }
  }

  private static void explain(
      JsonNode nodes, String indent, List<String[]> rows, List<String> remarks) {
    for (JsonNode node : nodes) {
      rows.add(
          new String[] {
            indent + node.path("node").asText(),
            node.path("series").asText(),
            node.path("selectedSeries").asText(),
            node.path("windows").asText(),
            node.path("blocksDecoded").asText(),
            node.path("blocksStored").asText(),
            node.path("aggregateCells").asText(),
            size(node.path("bytes").asLong()),
            node.path("samples").asText(),
            String.format(Locale.ROOT, "%.3f ms", node.path("seconds").asDouble() * 1000)
          });
      for (JsonNode remark : node.path("remarks")) {
        remarks.add(node.path("node").asText() + ": " + remark.asText());
      }
      explain(node.path("children"), indent + "  ", rows, remarks);
    }
  }

  private static String size(long bytes) {
    return bytes < UNIT
        ? bytes + " B"
        : String.format(Locale.ROOT, "%.1f %s", bytes / (double) UNIT, KIB);
  }

  /** Columns as wide as they must be; the first to the left, the others to the right. */
  private static void table(List<String[]> rows, PrintStream out) {
    int columns = rows.isEmpty() ? 0 : rows.getFirst().length;
    int[] widths = new int[columns];
    for (String[] row : rows) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], row[c].length());
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder(row[0]);
      line.repeat(' ', widths[0] - row[0].length());
      for (int c = 1; c < columns; c++) {
        line.repeat(' ', 2 + widths[c] - row[c].length()).append(row[c]);
      }
      out.println(line);
    }
  }

  private static String value(JsonNode series, String otherwise) {
    JsonNode point = series.has("histogram") ? series.path("histogram") : series.path("value");
    return point.isMissingNode() ? otherwise : text(point.path(1));
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.asText() : value.toString();
  }

  private static String time(JsonNode seconds) {
    try {
      return Instant.ofEpochMilli(Math.round(seconds.asDouble() * 1000)).toString();
    } catch (DateTimeException e) {
      return seconds.asText();
    }
  }

  private static String name(JsonNode metric) {
    StringBuilder labels = new StringBuilder();
    metric
        .properties()
        .forEach(
            label -> {
              if (!label.getKey().equals("__name__")) {
                labels
                    .append(labels.isEmpty() ? "" : ", ")
                    .append(label.getKey())
                    .append("=\"")
                    .append(label.getValue().asText())
                    .append('"');
              }
            });
    String name = metric.path("__name__").asText();
    return labels.isEmpty() && !name.isEmpty() ? name : name + "{" + labels + "}";
  }
}
