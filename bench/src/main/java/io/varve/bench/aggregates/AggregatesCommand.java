package io.varve.bench.aggregates;

import io.varve.bench.aggregates.Modes.Question;
import io.varve.bench.peers.CaptureOption;
import io.varve.bench.peers.Trees;
import io.varve.engine.AggregateStats;
import io.varve.engine.EngineStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve bench aggregates}. */
@Command(
    name = "aggregates",
    description = {
      "What continuous aggregates cost on disk and gain in long queries.",
      "",
      "Replays a recording, perturbed at each wrap, into an engine of its own as one metric of many"
          + " series, makes cells of 5 minutes, 1 hour and 1 day and groups by host, and asks the"
          + " same queries in four modes: from the samples, with the aggregates of blocks, with"
          + " cells, with grouped aggregates, where these can answer. All answers must be the same"
          + " within 1e-9. The table goes to standard output.",
      ""
    },
    sortOptions = false)
public final class AggregatesCommand implements Callable<Integer> {
  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CaptureOption capture;

  @Option(
      names = "--series",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Series of the metric (default: ${DEFAULT-VALUE}).")
  private int series;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "365",
      description = "Days of samples, one each 15 s (default: ${DEFAULT-VALUE}).")
  private int days;

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "5",
      description =
          "Times that each question is asked in each mode after the first time (default:"
              + " ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Ask only the questions that contain this text.")
  private String only = "";

  @Option(
      names = "--store",
      paramLabel = "FOLDER",
      description =
          "Where the store is made, or taken from if it is there already; it stays. By default it"
              + " is made in a temporary folder and deleted.")
  private @Nullable Path store;

  /** For picocli. */
  AggregatesCommand() {}

  @Override
  public Integer call() throws IOException {
    Path kept = store;
    Path folder = kept == null ? Files.createTempDirectory("varve-bench-aggregates") : kept;
    try (LongStore data = LongStore.open(capture.read(), series, days, folder)) {
      boolean same = measure(data);
      return same ? ExitCode.OK : ExitCode.SOFTWARE;
    } finally {
      if (kept == null) {
        Trees.delete(folder);
      }
    }
  }

  private boolean measure(LongStore data) {
    EngineStats files = data.engine().stats();
    System.out.printf(
        Locale.ROOT,
        "%,d samples of %,d series over %d days; %,d bytes of chunk files (%.3f a sample), %,d of"
            + " index%n%n",
        files.chunkSamples(),
        series,
        days,
        files.chunkBytes(),
        (double) files.chunkBytes() / files.chunkSamples(),
        files.indexBytes());
    System.out.println("| cells | files | bytes | bytes per cell | of the samples' bytes |");
    System.out.println("|---|--:|--:|--:|--:|");
    for (AggregateStats.Width width : data.engine().aggregateStats().widths()) {
      System.out.printf(
          Locale.ROOT,
          "| %d s | %d | %,d | %.2f | %.1f %% |%n",
          width.cellMillis() / 1000,
          width.files(),
          width.bytes(),
          (double) width.bytes() / Math.max(1, width.cells()),
          100.0 * width.bytes() / files.chunkBytes());
    }
    System.out.println();
    System.out.println("| groups | windows | bytes | bytes per window | of the samples' bytes |");
    System.out.println("|---|--:|--:|--:|--:|");
    for (AggregateStats.Tables tables : data.engine().aggregateStats().grouped().tables()) {
      System.out.printf(
          Locale.ROOT,
          "| %s, %d s | %d | %,d | %,d | %.4f %% |%n",
          tables.rule(),
          tables.stepMillis() / 1000,
          tables.windows(),
          tables.bytes(),
          tables.bytes() / Math.max(1, tables.windows()),
          100.0 * tables.bytes() / files.chunkBytes());
    }
    System.out.println();
    long day = 86_400;
    long end = data.endSeconds();
    long start = end - days * day;
    String all = days + "d";
    List<Question> questions =
        List.of(
            Question.at("max_over_time(x[" + all + "])", end),
            Question.at("max_over_time(x[" + all + "])", end - 37),
            Question.at("sum(increase(x{kind=\"counter\"}[" + all + "]))", end - 37),
            Question.over("sum(rate(x{kind=\"counter\"}[1h]))", start + 3600, end, 3600),
            Question.over("sum(rate(x{kind=\"counter\"}[1h]))", start + 3600 + 37, end - 37, 3600),
            Question.over("avg_over_time(x{kind=\"gauge\"}[1d])", start + day, end, day),
            Question.over("max(max_over_time(x[7d]))", start + 7 * day, end, 3600 * 6));
    try (Modes modes = new Modes(data.engine(), runs)) {
      return modes.compare(
          questions.stream().filter(question -> question.toString().contains(only)).toList());
    }
  }
}
