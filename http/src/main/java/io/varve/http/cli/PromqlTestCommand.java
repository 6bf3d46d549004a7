package io.varve.http.cli;

import io.varve.http.config.ServerConfig.LogLevel;
import io.varve.query.Feature;
import io.varve.query.QueryEngine;
import io.varve.query.QueryLimits;
import io.varve.query.QueryOptions;
import io.varve.query.promqltest.CaseResult;
import io.varve.query.promqltest.CaseResult.Level;
import io.varve.query.promqltest.EngineStore;
import io.varve.query.promqltest.ScriptException;
import io.varve.query.promqltest.ScriptRunner;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve promqltest PATH…}: runs scripts of PromQL evaluations. */
@Command(
    name = "promqltest",
    description = {
      "Runs test scripts in Prometheus' language for PromQL tests: they load series, evaluate"
          + " expressions and say what is expected.",
      "Loads go through a real engine in a temporary folder. Every instant evaluation also runs"
          + " with its time pinned, evaluated at other times, and as a step of a range query.",
      "Prints what failed, with what was expected and what came; passed/total per file and per"
          + " level; at the end the line \"N passed, M failed\". Exits with 1 if anything failed."
    },
    footer = {
      "",
      "A script:",
      "  load 1m",
      "    requests_total{path=\"/\"}  0+60x10     # 0, 60, … 600: one value a minute",
      "    temperature  20 _ {{schema:0 count:1}} stale",
      "  eval instant at 10m rate(requests_total[5m])",
      "    expect no_warn",
      "    {path=\"/\"} 1",
      "  eval range from 0 to 10m step 5m requests_total",
      "    requests_total{path=\"/\"} 0 300 600",
      "  clear",
      "A blank line ends a block. Further: load_with_nhcb; series@st for start timestamps; expect",
      "ordered, fail, warn, info, no_warn, no_info (msg:TEXT or regex:PATTERN), expect string"
          + " \"…\",",
      "expect range vector from … to … step …"
    },
    mixinStandardHelpOptions = true)
final class PromqlTestCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(
      paramLabel = "PATH",
      arity = "1..*",
      description = "Scripts, or folders of which all files named *.test are run.")
  private List<Path> paths = List.of();

  @Option(
      names = "--features",
      paramLabel = "FLAG,…",
      split = ",",
      description =
          "Features of PromQL that are on, by Prometheus' flags (promql-experimental-functions, …);"
              + " or default, those that a server has on. Without this option all of the language"
              + " is on, as in Prometheus' own tests.")
  private @Nullable List<String> flags;

  @Option(
      names = "--from-files",
      description = "Queries read the samples from merged files, not from the open head.")
  private boolean fromFiles;

  @Option(names = "--verbose", description = "Names every evaluation that passed, too.")
  private boolean verbose;

  private final Map<Level, int[]> perLevel = new EnumMap<>(Level.class);
  private int passed;
  private int failed;

  @Override
  public Integer call() throws IOException {
    List<Path> files = files();
    QueryEngine.Options options =
        new QueryEngine.Options(0, 300_000, 60_000, QueryLimits.DEFAULT, features());
    Logging.level(LogLevel.WARN);
    Path folder = Files.createTempDirectory("varve-promqltest");
    PrintStream out = System.out;
    try (QueryEngine engine = new QueryEngine(options)) {
      for (Path file : files) {
        try (EngineStore store = new EngineStore(folder, fromFiles)) {
          run(file, new ScriptRunner(store, engine, QueryOptions.DEFAULT), out);
        }
      }
    } finally {
      Files.delete(folder);
    }
    perLevel.forEach(
        (level, counts) ->
            out.printf(
                Locale.ROOT, "level %s (%s): %d/%d%n", level, level.title(), counts[0], counts[1]));
    out.println(passed + " passed, " + failed + " failed");
    return failed == 0 ? 0 : 1;
  }

  private Set<Feature> features() {
    if (flags == null) {
      return Feature.ofScripts();
    }
    if (flags.equals(List.of("default"))) {
      return Feature.defaults();
    }
    Set<Feature> features = EnumSet.noneOf(Feature.class);
    for (String flag : flags) {
      try {
        features.add(Feature.of(flag));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--features: " + e.getMessage(), e);
      }
    }
    return features;
  }

  private List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        try (Stream<Path> found = Files.walk(path)) {
          List<Path> scripts = found.filter(p -> p.toString().endsWith(".test")).sorted().toList();
          if (scripts.isEmpty()) {
            throw new IOException("there is no file named *.test in " + path);
          }
          files.addAll(scripts);
        }
      } else if (Files.exists(path)) {
        files.add(path);
      } else {
        throw new NoSuchFileException(path.toString());
      }
    }
    return files;
  }

  private void run(Path file, ScriptRunner runner, PrintStream out) throws IOException {
    Map<Level, int[]> counts = new EnumMap<>(Level.class);
    List<CaseResult> results;
    try {
      results = runner.run(file.toString(), Files.readAllLines(file));
    } catch (ScriptException e) {
      out.println("FAILED " + file + ":" + e.line() + ":" + e.column() + ": " + e.getMessage());
      failed++;
      return;
    }
    for (CaseResult result : results) {
      int[] count = counts.computeIfAbsent(result.level(), level -> new int[2]);
      count[1]++;
      if (result.passed()) {
        count[0]++;
        passed++;
        if (verbose) {
          out.println("passed " + result.place() + ": " + result.command());
        }
      } else {
        failed++;
        print(result, out);
      }
    }
    StringBuilder line = new StringBuilder(file.toString());
    counts.forEach(
        (level, count) -> {
          line.append("  ").append(level).append(' ').append(count[0]).append('/').append(count[1]);
          int[] sum = perLevel.computeIfAbsent(level, key -> new int[2]);
          sum[0] += count[0];
          sum[1] += count[1];
        });
    out.println(line);
  }

  private static void print(CaseResult result, PrintStream out) {
    out.println("FAILED " + result.place() + ": " + result.command());
    out.println("  " + result.problems());
    block("  expected", result.expected(), out);
    block("  got", result.got(), out);
  }

  private static void block(String title, String text, PrintStream out) {
    out.println(title + (text.isEmpty() ? ": nothing" : ":"));
    text.lines().forEach(line -> out.println("    " + line));
  }
}
