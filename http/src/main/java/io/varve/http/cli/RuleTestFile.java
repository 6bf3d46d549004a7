package io.varve.http.cli;

import io.varve.query.Feature;
import io.varve.query.QueryEngine;
import io.varve.query.QueryLimits;
import io.varve.retention.rules.Durations;
import io.varve.retention.rules.RuleException;
import io.varve.retention.rules.YamlFields;
import io.varve.retention.rules.YamlNode;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.regex.Pattern;

/**
 * A file of unit tests for rules.
 *
 * @param intervalMillis time between evaluations of the rules
 * @param order by the name of a group its place in the order of evaluation
 * @param fuzzy true if values may differ in their last digit
 */
record RuleTestFile(
    Path path,
    List<String> ruleFiles,
    long intervalMillis,
    Map<String, Integer> order,
    boolean fuzzy,
    List<Test> tests,
    Options options) {

  /**
   * What the command line says.
   *
   * @param run only tests whose name one of these matches; all if empty
   * @param ignoreUnknown true if fields that are not known are no error
   * @param diff true to show how alerts differ instead of both
   * @param debug true to tell when tests begin and end, and all data at their end
   */
  record Options(
      Set<Feature> features,
      List<Pattern> run,
      boolean ignoreUnknown,
      boolean diff,
      boolean debug) {}

  /** Series, and what is expected of them. */
  record Test(
      String name,
      long intervalMillis,
      long startMillis,
      List<Series> series,
      List<AlertTest> alerts,
      List<ExpressionTest> expressions,
      SortedMap<String, String> externalLabels,
      String externalUrl) {
    long lastMillis() {
      long last = 0;
      for (AlertTest alert : alerts) {
        last = Math.max(last, alert.atMillis);
      }
      for (ExpressionTest expression : expressions) {
        last = Math.max(last, expression.atMillis);
      }
      return last;
    }
  }

  /** A series and its values in Prometheus' notation. */
  record Series(String series, String values) {}

  /** The alerts of a name that fire at a time. */
  record AlertTest(long atMillis, String name, List<ExpectedAlert> expected) {}

  /** Labels without the name, and annotations. */
  record ExpectedAlert(SortedMap<String, String> labels, SortedMap<String, String> annotations) {}

  /** What an expression yields at a time. */
  record ExpressionTest(long atMillis, String expression, List<ExpectedSample> expected) {}

  /**
   * An expected sample.
   *
   * @param histogram in the notation of scripts; "" for a float
   */
  record ExpectedSample(String labels, double value, String histogram) {}

  /**
   * Reads a file.
   *
   * @throws RuleException if it is wrong
   */
  static RuleTestFile parse(Path path, String text, Options options) {
    YamlFields in = new YamlFields(YamlNode.read(text), "main.unitTestFile");
    long interval = in.duration("evaluation_interval");
    if (interval == 0) {
      interval = 60_000;
    }
    Map<String, Integer> order = new HashMap<>();
    for (String group : in.texts("group_eval_order")) {
      if (order.put(group, order.size()) != null) {
        throw new RuleException("group name repeated in evaluation order: " + group);
      }
    }
    List<Test> tests = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (YamlNode node : in.list("tests")) {
      tests.add(test(new YamlFields(node, "main.testGroup"), interval, unknown));
    }
    RuleTestFile file =
        new RuleTestFile(
            path,
            in.texts("rule_files"),
            interval,
            order,
            in.flag("fuzzy_compare"),
            tests,
            options);
    List<String> all = in.unknown();
    all.addAll(unknown);
    if (!options.ignoreUnknown) {
      YamlFields.throwIfAny(all);
    }
    return file;
  }

  private static Test test(YamlFields in, long interval, List<String> unknown) {
    List<Series> series = new ArrayList<>();
    for (YamlNode node : in.list("input_series")) {
      YamlFields fields = new YamlFields(node, "main.series");
      series.add(new Series(fields.text("series"), fields.text("values")));
      unknown.addAll(fields.unknown());
    }
    List<AlertTest> alerts = new ArrayList<>();
    for (YamlNode node : in.list("alert_rule_test")) {
      YamlFields fields = new YamlFields(node, "main.alertTestCase");
      List<ExpectedAlert> expected = new ArrayList<>();
      for (YamlNode alert : fields.list("exp_alerts")) {
        YamlFields of = new YamlFields(alert, "main.alert");
        expected.add(new ExpectedAlert(of.map("exp_labels"), of.map("exp_annotations")));
        unknown.addAll(of.unknown());
      }
      alerts.add(new AlertTest(fields.duration("eval_time"), fields.text("alertname"), expected));
      unknown.addAll(fields.unknown());
    }
    List<ExpressionTest> expressions = new ArrayList<>();
    for (YamlNode node : in.list("promql_expr_test")) {
      YamlFields fields = new YamlFields(node, "main.promqlTestCase");
      List<ExpectedSample> expected = new ArrayList<>();
      for (YamlNode sample : fields.list("exp_samples")) {
        YamlFields of = new YamlFields(sample, "main.sample");
        expected.add(
            new ExpectedSample(
                of.text("labels"), number(of.text("value", "0"), of.line()), of.text("histogram")));
        unknown.addAll(of.unknown());
      }
      expressions.add(
          new ExpressionTest(fields.duration("eval_time"), fields.text("expr"), expected));
      unknown.addAll(fields.unknown());
    }
    long own = in.duration("interval");
    Test test =
        new Test(
            in.text("name"),
            own == 0 ? interval : own,
            start(in.text("start_timestamp"), in.line()),
            series,
            alerts,
            expressions,
            in.map("external_labels"),
            in.text("external_url"));
    unknown.addAll(in.unknown());
    return test;
  }

  /** A number as YAML writes it. */
  private static double number(String text, int line) {
    String plain = text.replace("_", "");
    switch (plain.replaceFirst("^[+-]", "")) {
      case ".inf", ".Inf", ".INF", "Inf", "inf" -> {
        return plain.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      }
      case ".nan", ".NaN", ".NAN", "NaN" -> {
        return Double.NaN;
      }
      default -> {}
    }
    try {
      return plain.matches("[+-]?0x[0-9a-fA-F]+") ? Long.decode(plain) : Double.parseDouble(plain);
    } catch (NumberFormatException e) {
      throw new RuleException(
          "yaml: unmarshal errors:\n  line "
              + line
              + ": cannot unmarshal !!str `"
              + text
              + "` into float64");
    }
  }

  /** A time as RFC 3339 or seconds since the epoch. */
  private static long start(String text, int line) {
    if (text.isEmpty()) {
      return 0;
    }
    try {
      return new BigDecimal(text).movePointRight(3).longValue();
    } catch (NumberFormatException e) {
      try {
        return OffsetDateTime.parse(text).toInstant().toEpochMilli();
      } catch (DateTimeParseException other) {
        throw new RuleException("line " + line + ": cannot read start_timestamp \"" + text + "\"");
      }
    }
  }

  /** Takes what became of a test; each problem is a text of one or more lines. */
  interface Sink {
    /** One test has ended. */
    void ran(String name, List<String> problems);
  }

  /** Runs the tests. */
  void run(Sink sink, PrintStream warnings) throws IOException {
    List<Path> rules = resolved(warnings);
    QueryEngine.Options queries =
        new QueryEngine.Options(
            0, 300_000, intervalMillis, QueryLimits.DEFAULT, options.features());
    try (QueryEngine engine = new QueryEngine(queries)) {
      for (int i = 0; i < tests.size(); i++) {
        Test test = tests.get(i);
        if (options.run().isEmpty()
            || options.run().stream().anyMatch(p -> p.matcher(test.name).find())) {
          List<String> problems = new ArrayList<>();
          String name = test.name.isEmpty() ? "unnamed#" + i : test.name;
          RuleTest run = new RuleTest(this, test, rules, engine);
          if (options.debug()) {
            long begun = System.nanoTime();
            warnings.println("DEBUG: Starting test " + name);
            run.run(problems, warnings);
            long millis = (System.nanoTime() - begun) / 1_000_000;
            warnings.println("DEBUG: Test " + name + " finished, took " + goDuration(millis));
          } else {
            run.run(problems, null);
          }
          sink.ran(name, problems);
        }
      }
    }
  }

  /** The files of rules; a name may have wildcards. */
  private List<Path> resolved(PrintStream warnings) throws IOException {
    List<Path> found = new ArrayList<>();
    Path base = path.toAbsolutePath().getParent();
    for (String name : ruleFiles) {
      Path relative = Path.of(name);
      Path whole =
          relative.isAbsolute() || path.getParent() == null
              ? relative
              : path.getParent().resolve(relative);
      Path folder = whole.getParent() == null ? Path.of("") : whole.getParent();
      Path fileName = whole.getFileName();
      List<Path> matches = new ArrayList<>();
      if (fileName != null && base != null && Files.isDirectory(folder)) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, fileName.toString())) {
          files.forEach(matches::add);
        }
      }
      if (matches.isEmpty()) {
        warnings.println("  WARNING: no file match pattern " + whole);
      }
      matches.sort(null);
      found.addAll(matches);
    }
    return found;
  }

  /** A duration as Go's time package writes it. */
  static String goDuration(long millis) {
    if (millis == 0) {
      return "0s";
    }
    if (millis < 1000) {
      return millis + "ms";
    }
    String seconds =
        BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
    long minutes = millis / 60_000;
    return minutes == 0
        ? seconds
        : minutes < 60
            ? minutes + "m" + seconds
            : minutes / 60 + "h" + minutes % 60 + "m" + seconds;
  }

  /** A duration as Prometheus writes it. */
  static String duration(long millis) {
    return Durations.text(millis);
  }
}
