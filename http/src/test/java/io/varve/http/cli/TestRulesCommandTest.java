package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.http.RepositoryFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Unit tests of rules, by themselves and against promtool where that is installed. */
final class TestRulesCommandTest {
  private static final Path PROMTOOL = Path.of("/usr/bin/promtool");

  @TempDir Path folder;

  private static Path file(String name) {
    return RepositoryFiles.find("http/src/test/resources/rule-tests/" + name + ".yml");
  }

  private static CommandResult varve(String... arguments) {
    String[] command = new String[arguments.length + 2];
    command[0] = "test";
    command[1] = "rules";
    System.arraycopy(arguments, 0, command, 2, arguments.length);
    return CommandResult.of(command);
  }

  private CommandResult promtool(String file) throws Exception {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(List.of(PROMTOOL.toString(), "test", "rules", file))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new CommandResult(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  /** Output and exit code are the same, byte for byte. */
  @ParameterizedTest
  @ValueSource(strings = {"ok", "failing", "alerts", "evaluation_errors", "unknown", "rule_errors"})
  void doesAsPromtool(String name) throws Exception {
    assumeThat(PROMTOOL).exists();
    String file = file(name).toString();
    assertThat(varve(file)).isEqualTo(promtool(file));
  }

  @ParameterizedTest
  @CsvSource({
    "ok, 0, ''",
    "failing, 1, 'time: 10m,'",
    "alerts, 1, 'Annotations:{define=\"<in> __name__=job:requests:rate5m'",
    "evaluation_errors, 1, 'err: rule result is not a vector or scalar'",
    "unknown, 1, 'line 4: field bar not found in type main.testGroup'",
    "rule_errors, 1, 'group \"g\", rule 2, \"b\": annotation \"x\": template: __alert_b:1: function"
        + " \"nofunc\" not defined'"
  })
  void saysWhatIsWrong(String name, int exit, String problem) {
    CommandResult result = varve(file(name).toString());
    assertThat(result.exit()).as(result.toString()).isEqualTo(exit);
    assertThat(result.err()).contains(problem);
    assertThat(result.out()).startsWith("Unit Testing:  ");
  }

  @Test
  void differencesOfAlertsAreShownByLines() {
    assertThat(varve("--diff", file("alerts").toString()).err())
        .contains(", \n        diff:\n")
        .containsPattern("\n +- +Labels:")
        .containsPattern("\n +\\+ +Labels:")
        .doesNotContain("exp:");
  }

  @Test
  void allDataCanBeSeen() throws IOException {
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: g
            rules:
              - record: twice
                expr: x * 2
        """);
    Path tests = folder.resolve("tests.yml");
    Files.writeString(
        tests,
        """
        rule_files: [rules.yml]
        evaluation_interval: 1m
        tests:
          - name: doubled
            interval: 1m
            input_series:
              - series: 'x{a="1"}'
                values: '1 0.25 _ {{schema:0 sum:1 count:1 buckets:[1]}}'
            promql_expr_test:
              - expr: twice
                eval_time: 1m
                exp_samples:
                  - labels: 'twice{a="1"}'
                    value: 0.5
              - expr: count(x)
                eval_time: 3m
                exp_samples:
                  - labels: '{}'
                    value: 1
        """);
    CommandResult result = varve("--debug", tests.toString());
    assertThat(result.exit()).as(result.toString()).isZero();
    assertThat(result.err())
        .startsWith(
            """
            DEBUG: Starting test doubled
            DEBUG: Dump of all data (input_series and rules) at 3m1s:
            {__name__="twice", a="1"} =>
            0.5 @[60000]
            0.5 @[120000]
            {count:2, sum:2, (0.5,1]:2} @[180000]
            {__name__="x", a="1"} =>
            0.25 @[60000]
            {count:1, sum:1, (0.5,1]:1} @[180000]
            """)
        .containsPattern("DEBUG: Test doubled finished, took [0-9.]+m?s\n");
    assertThat(varve(tests.toString()).err()).isEmpty();
  }

  @Test
  void fieldsThatAreNotKnownCanBeIgnored() throws IOException {
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: g
            owner: x
            rules:
              - {record: a, expr: up, extra: 1}
        """);
    Path file = folder.resolve("t.yml");
    Files.writeString(
        file,
        """
        rule_files: [rules.yml]
        more: 1
        tests:
          - input_series: [{series: up, values: '1'}]
            promql_expr_test: [{expr: a, eval_time: 0, exp_samples: [{labels: a, value: 1}]}]
        """);
    assertThat(varve(file.toString()).err()).contains("line 2: field more not found");
    CommandResult ignored = varve("--ignore-unknown-fields", file.toString());
    assertThat(ignored.exit()).as(ignored.toString()).isZero();
  }

  @Test
  void laterFieldsAreUnderstood() throws IOException {
    Path file = folder.resolve("t.yml");
    Files.writeString(
        file,
        """
        fuzzy_compare: true
        tests:
          - name: start
            start_timestamp: 2024-01-01T00:00:00Z
            input_series:
              - {series: x, values: '2.9999999999999996 4'}
            promql_expr_test:
              - {expr: x, eval_time: 0, exp_samples: [{labels: x, value: 3}]}
              - {expr: time(), eval_time: 1m, exp_samples: [{value: 1704067260}]}
              - {expr: timestamp(x), eval_time: 5m, exp_samples: [{value: 1704067260}]}
          - name: started histograms
            input_series:
              - {series: h, values: '{{count:2 sum:3 buckets:[2]}}x2'}
            promql_expr_test:
              - {expr: h, eval_time: 2m, exp_samples: [{labels: h, histogram: '{{count:2 sum:3 counter_reset_hint:not_reset buckets:[2]}}'}]}
          - name: wrong
            promql_expr_test:
              - {expr: vector(1), eval_time: 0}
        """);
    assertThat(varve(file.toString()).exit()).isEqualTo(1);
    assertThat(varve("--run", "^start", file.toString()).exit()).isZero();
    Path report = folder.resolve("report.xml");
    assertThat(varve("--junit", report.toString(), file.toString()).exit()).isEqualTo(1);
    assertThat(Files.readString(report))
        .startsWith("<testsuites><testsuite name=\"" + file)
        .contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"0\" timestamp=\"20")
        .contains("<testcase name=\"start\"></testcase>")
        .contains("<testcase name=\"wrong\"><failure>    expr: \"vector(1)\", time: 0s,\n");
    assertThat(varve("--junit", report.toString(), "none").exit()).isEqualTo(1);
    assertThat(Files.readString(report))
        .contains("failures=\"0\" errors=\"1\"")
        .contains("<error>open none: no such file or directory</error>");
    assertThat(varve("--run", "(", file.toString()).exit()).isEqualTo(2);
    assertThat(varve(folder.resolve("none.yml").toString()).exit()).isEqualTo(1);
    assertThat(varve().exit()).isEqualTo(2);
  }

  @Test
  void templatesSeeHistogramsAsPromqlPrintsThem() throws IOException {
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
        - name: g
          rules:
          - alert: Slow
            expr: latency
            annotations:
              text: '{{ $value }} {{ range query "latency" }}{{ .Value }}{{ end }}'
        """);
    Path tests =
        Files.writeString(
            folder.resolve("tests.yml"),
            """
            rule_files: [rules.yml]
            tests:
            - interval: 1m
              input_series:
              - series: latency
                values: '{{schema:0 count:3 sum:4 buckets:[1 2]}}x5'
              alert_rule_test:
              - alertname: Slow
                eval_time: 1m
                exp_alerts:
                - exp_annotations:
                    text: '{count:3, sum:4, (0.5,1]:1, (1,2]:2} {count:3, sum:4, (0.5,1]:1, (1,2]:2}'
            """);
    CommandResult result = varve(tests.toString());
    assertThat(result.exit()).as(result.err()).isZero();
  }
}
