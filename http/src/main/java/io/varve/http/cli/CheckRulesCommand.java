package io.varve.http.cli;

import io.varve.http.config.ServerConfig.LogLevel;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code varve check rules FILE…}: whether files of rules are right. */
@Command(
    name = "rules",
    description = {
      "Checks files of rules, or standard input, as promtool check rules does.",
      "Exits with 1 if a file is wrong, and with 3 if one has the same rule twice and --lint-fatal"
          + " is given."
    },
    mixinStandardHelpOptions = true)
final class CheckRulesCommand implements Callable<Integer> {
  /** Exit code of what is questionable, as promtool has it. */
  static final int LINT = 3;

  /** What is looked for besides errors. */
  enum Lint {
    ALL,
    DUPLICATE_RULES,
    NONE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Parameters(paramLabel = "FILE", arity = "0..*", description = "Files of rules.")
  private List<Path> files = List.of();

  @Option(
      names = "--lint",
      paramLabel = "all|duplicate-rules|none",
      description = "What is told besides errors; ${DEFAULT-VALUE} by default.",
      converter = LintConverter.class)
  private Lint lint = Lint.DUPLICATE_RULES;

  @Option(names = "--lint-fatal", description = "Exits with 3 if anything of that is found.")
  private boolean lintFatal;

  @Option(
      names = "--ignore-unknown-fields",
      description = "Fields that are not known in the files are no error.")
  private boolean ignoreUnknown;

  /** Reads the names that {@link Lint} prints. */
  static final class LintConverter implements ITypeConverter<Lint> {
    @Override
    public Lint convert(String value) {
      for (Lint lint : Lint.values()) {
        if (lint.toString().equals(value)) {
          return lint;
        }
      }
      throw new TypeConversionException(
          "expected all, duplicate-rules or none, but was '" + value + "'");
    }
  }

  @Override
  public Integer call() throws IOException {
    Logging.level(LogLevel.ERROR);
    RuleFileCheck check = new RuleFileCheck(lint != Lint.NONE, ignoreUnknown);
    PrintStream out = System.out;
    RuleFileCheck.Outcome worst = RuleFileCheck.Outcome.FINE;
    if (files.isEmpty()) {
      out.println("Checking standard input");
      String text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
      worst = check.check("standard input", text, out, System.err);
      out.println();
    }
    for (Path file : files) {
      RuleFileCheck.Outcome outcome = check(file, check, out);
      worst = outcome.compareTo(worst) > 0 ? outcome : worst;
      out.println();
    }
    return switch (worst) {
      case FINE -> 0;
      case QUESTIONABLE -> lintFatal ? LINT : 0;
      case WRONG -> Failures.FAILED;
    };
  }

  /** Checks a file that is to be read first. */
  static RuleFileCheck.Outcome check(Path file, RuleFileCheck check, PrintStream out) {
    out.println("Checking " + file);
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      out.flush();
      System.err.println("  FAILED:");
      System.err.println("open " + file + ": " + Failures.whyNotOpened(e));
      return RuleFileCheck.Outcome.WRONG;
    }
    return check.check(file.toString(), text, out, System.err);
  }
}
