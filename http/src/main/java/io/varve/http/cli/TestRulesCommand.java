package io.varve.http.cli;

import io.varve.http.config.ServerConfig.LogLevel;
import io.varve.query.Feature;
import io.varve.retention.rules.RuleException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code varve test rules FILE…}: unit tests of rules. */
@Command(
    name = "rules",
    description = {
      "Runs unit tests of recording and alerting rules, in the format of promtool test rules:"
          + " input series, and what alerts and expressions are expected at which times.",
      "Exits with 1 if a test failed."
    },
    mixinStandardHelpOptions = true)
final class TestRulesCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Files with tests.")
  private List<Path> files = List.of();

  @Option(
      names = "--run",
      paramLabel = "REGEX",
      description = "Only tests whose names it matches; may be given several times.")
  private List<String> run = List.of();

  @Option(
      names = "--ignore-unknown-fields",
      description = "Fields that are not known in the files are no error.")
  private boolean ignoreUnknown;

  @Option(names = "--diff", description = "Shows how alerts differ, line by line.")
  private boolean diff;

  @Option(
      names = "--debug",
      description =
          "Tells on standard error when tests begin and end, and all data at the end of each.")
  private boolean debug;

  @Option(
      names = "--junit",
      paramLabel = "FILE",
      description = "Also writes the results there, as JUnit XML.")
  private @Nullable Path junit;

  @Option(
      names = "--enable-feature",
      paramLabel = "FLAG,…",
      split = ",",
      description = "Features of PromQL to switch on, by Prometheus' flags.")
  private @Nullable List<String> flags;

  @Override
  public Integer call() throws IOException {
    Logging.level(LogLevel.ERROR);
    RuleTestFile.Options options =
        new RuleTestFile.Options(features(), patterns(), ignoreUnknown, diff, debug);
    JUnitReport report = new JUnitReport();
    PrintStream out = System.out;
    boolean failed = false;
    for (Path file : files) {
      out.println("Unit Testing:  " + file);
      List<String> problems = new ArrayList<>();
      JUnitReport.Suite suite = report.suite(file.toString());
      try {
        RuleTestFile.parse(file, Files.readString(file), options)
            .run(
                (name, found) -> {
                  suite.ran(name, found);
                  problems.addAll(found);
                },
                System.err);
      } catch (RuleException e) {
        problems.add(String.valueOf(e.getMessage()));
        suite.aborted(problems.getLast());
      } catch (IOException e) {
        problems.add("open " + file + ": " + Failures.whyNotOpened(e));
        suite.aborted(problems.getLast());
      }
      if (problems.isEmpty()) {
        out.println("  SUCCESS");
      } else {
        failed = true;
        out.flush();
        System.err.println("  FAILED:");
        for (String problem : problems) {
          System.err.println(problem);
          System.err.flush();
          out.println();
        }
      }
      out.println();
    }
    if (junit != null) {
      Files.writeString(junit, report.xml());
    }
    return failed ? 1 : 0;
  }

  private Set<Feature> features() {
    Set<Feature> features = EnumSet.copyOf(Feature.defaults());
    for (String flag : flags == null ? List.<String>of() : flags) {
      try {
        features.add(Feature.of(flag));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--enable-feature: " + e.getMessage(), e);
      }
    }
    return features;
  }

  private List<Pattern> patterns() {
    try {
      return run.stream().map(Pattern::compile).toList();
    } catch (PatternSyntaxException e) {
      throw new ParameterException(spec.commandLine(), "--run: " + e.getDescription(), e);
    }
  }
}
