package io.varve.http.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.http.RepositoryFiles;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code varve check}, by itself and against promtool where that is installed. */
final class CheckCommandTest {
  private static final Path PROMTOOL = Path.of("/usr/bin/promtool");

  private static final String GOOD =
      """
      groups:
      - name: g
        rules:
        - {record: a, expr: up}
        - {record: a, expr: up, labels: {x: "1"}}
        - {alert: A, expr: up == 0, for: 5m}
      """;
  private static final String TWICE =
      """
      groups:
      - name: g
        rules:
        - {record: a, expr: up, labels: {y: "2", x: "1"}}
        - {record: b, expr: up}
      - name: h
        rules:
        - {record: a, expr: up == 1, labels: {x: "1", y: "2"}}
        - {record: a, expr: up == 2, labels: {x: "1", y: "2"}}
      """;
  private static final String WRONG =
      """
      groups:
      - name: g
        rules:
        - {record: a, expr: up +}
        - {alert: A, expr: up, labels: {x: "{{"}}
      """;
  private static final String MORE_WRONG =
      """
      groups:
      - name: g
        rules:
        - {record: "a{x}", expr: up}
        - {record: a, expr: up, for: 1m, annotations: {a: b}}
        - {record: a, alert: b, expr: up}
        - {expr: ""}
        - {record: a, expr: up, labels: {__name__: x}}
        - {record: a, expr: up, for: 0s, keep_firing_for: 0s, annotations: {}}
      """;
  private static final String UNKNOWN =
      """
      groups:
      - name: g
        colour: red
        rules:
        - {record: a, expr: up}
      """;

  @TempDir Path folder;

  private String file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  @Test
  void rulesAreFoundRightOrWrong() throws Exception {
    String good = file("good.yaml", GOOD);
    String wrong = file("wrong.yaml", WRONG);
    assertThat(CommandResult.of("check", "rules", good))
        .isEqualTo(new CommandResult(0, "Checking " + good + "\n  SUCCESS: 3 rules found\n\n", ""));
    CommandResult both = CommandResult.of("check", "rules", wrong, good);
    assertThat(both.exit()).isEqualTo(1);
    assertThat(both.out()).contains("  SUCCESS: 3 rules found");
    assertThat(both.err())
        .contains("  FAILED:\n")
        .contains(
            wrong + ": 4:23: group \"g\", rule 1, \"a\": could not parse expression: 1:5: parse")
        .contains("rule 2, \"A\": label \"x\": template: __alert_A:1:");
    String more = file("more.yaml", MORE_WRONG);
    assertThat(CommandResult.of("check", "rules", more).err().lines())
        .containsExactly(
            "  FAILED:",
            more
                + ": 4:14: group \"g\", rule 1, \"a{x}\": braces present in the recording rule"
                + " name; should it be in expr?: a{x}",
            more
                + ": 5:14: group \"g\", rule 2, \"a\": invalid field 'annotations' in recording"
                + " rule",
            more + ": 5:14: group \"g\", rule 2, \"a\": invalid field 'for' in recording rule",
            more
                + ": 6:14: 6:24: group \"g\", rule 3, \"b\": only one of 'record' and 'alert' must"
                + " be set",
            more + ": 0:0: group \"g\", rule 4, \"\": one of 'record' or 'alert' must be set",
            more + ": 7:12: group \"g\", rule 4, \"\": field 'expr' must be set in rule",
            more + ": group \"g\", rule 5, \"a\": invalid label name: __name__");
    CommandResult missing = CommandResult.of("check", "rules", folder.resolve("none").toString());
    assertThat(missing.exit()).isEqualTo(1);
    assertThat(missing.err()).contains("no such file or directory");
    assertThat(CommandResult.of("check", "rules", file("unknown.yaml", UNKNOWN)).err())
        .contains("field colour not found in type rulefmt.RuleGroup");
    assertThat(
            CommandResult.of("check", "rules", "--ignore-unknown-fields", folder + "/unknown.yaml")
                .exit())
        .isZero();
    InputStream in = System.in;
    System.setIn(new ByteArrayInputStream(GOOD.getBytes(StandardCharsets.UTF_8)));
    try {
      assertThat(CommandResult.of("check", "rules").out())
          .isEqualTo("Checking standard input\n  SUCCESS: 3 rules found\n\n");
    } finally {
      System.setIn(in);
    }
  }

  @Test
  void rulesThatAreThereTwiceAreToldOf() throws Exception {
    String twice = file("twice.yaml", TWICE);
    CommandResult told = CommandResult.of("check", "rules", twice);
    assertThat(told.exit()).isZero();
    assertThat(told.err())
        .contains(
            """
            lint error 1 duplicate rule(s) found.
            Metric: a
            Label(s):
            \tx: 1
            \ty: 2
            Might cause inconsistency while recording expressions
            """);
    assertThat(CommandResult.of("check", "rules", "--lint-fatal", twice).exit()).isEqualTo(3);
    assertThat(CommandResult.of("check", "rules", "--lint=none", "--lint-fatal", twice).exit())
        .isZero();
    assertThat(CommandResult.of("check", "rules", "--lint=some", twice).exit()).isEqualTo(2);
  }

  @Test
  void promtoolComesToTheSame() throws Exception {
    assumeThat(PROMTOOL).isExecutable();
    String wrong = file("wrong.yaml", WRONG);
    for (List<String> arguments :
        List.of(
            List.of(file("good.yaml", GOOD)),
            List.of("--lint-fatal", file("twice.yaml", TWICE)),
            List.of(folder + "/twice.yaml"),
            List.of("--lint=none", folder + "/twice.yaml"),
            List.of("--lint=all", "--lint-fatal", folder + "/twice.yaml", folder + "/good.yaml"),
            List.of("--lint-fatal", wrong, folder + "/twice.yaml"))) {
      CommandResult theirs = promtool(arguments);
      List<String> command = new ArrayList<>(List.of("check", "rules"));
      command.addAll(arguments);
      CommandResult ours = CommandResult.of(command.toArray(new String[0]));
      assertThat(ours.exit()).as("%s: %s", arguments, theirs).isEqualTo(theirs.exit());
      assertThat(ours.out()).isEqualTo(theirs.out());
      if (!arguments.contains(wrong)) {
        assertThat(ours.err()).isEqualTo(theirs.err());
      }
    }
  }

  private CommandResult promtool(List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(PROMTOOL.toString(), "check", "rules"));
    command.addAll(arguments);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new CommandResult(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  @Test
  void configurationsAreCheckedWithTheirRules() throws Exception {
    Path shown = RepositoryFiles.find("docs/varve.yaml");
    assertThat(CommandResult.of("check", "config", shown.toString()).out())
        .contains("SUCCESS: " + shown + " is a valid configuration");
    file("good.yaml", GOOD);
    String config = file("varve.yaml", "rules:\n  files: [good.yaml]\n");
    assertThat(CommandResult.of("check", "config", config).out())
        .contains("good.yaml: 3 rules found");
    file("good.yaml", WRONG);
    CommandResult wrong = CommandResult.of("check", "config", config);
    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.err()).contains("good.yaml: ").contains("could not parse expression");
    assertThat(CommandResult.of("check", "config", "--syntax-only", config).exit()).isZero();
    CommandResult unknown = CommandResult.of("check", "config", file("bad.yaml", "colour: red\n"));
    assertThat(unknown.exit()).isEqualTo(1);
    assertThat(unknown.err()).contains("bad.yaml:1: unknown setting colour");
  }

  @Test
  void filesThatAlertingNamesAreLookedAt() throws Exception {
    file("ca.pem", "no certificate");
    String config =
        file(
            "varve.yaml",
            """
            alerting:
              alertmanagers:
                - basic_auth: {username: a, password_file: secret}
                - tls_config: {ca_file: ca.pem}
                - file_sd_configs: [{files: [am.json, none.json]}]
            """);
    file("am.json", "[{\"targets\": [\"a/b\"]}]");
    CommandResult wrong = CommandResult.of("check", "config", config);
    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.err().lines())
        .hasSize(4)
        .anyMatch(
            line ->
                line.equals(
                    "alerting.alertmanagers[0]: " + folder.resolve("secret") + ": no such file"))
        .anyMatch(
            line ->
                line.startsWith(
                    "alerting.alertmanagers[1]: " + folder.resolve("ca.pem") + " cannot be read"))
        .anyMatch(
            line ->
                line.startsWith(
                    "alerting.alertmanagers[2]: "
                        + folder.resolve("am.json")
                        + ": line 1: \"a/b\" is not HOST:PORT"));
    assertThat(CommandResult.of("check", "config", "--syntax-only", config).exit()).isZero();
  }

  /** Sections {@code alerting} that both take, or both refuse. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "alertmanagers: [{static_configs: [{targets: ['h:1'], labels: {a: b}}]}]",
        "alertmanagers: [{scheme: https, path_prefix: x, timeout: 3s, api_version: v2}]",
        "alertmanagers: [{api_version: v3}]",
        "alertmanagers: [{timeout: 3}]",
        "alertmanagers: [{static_configs: [{targets: ['http://h:1']}]}]",
        "alertmanagers: [{static_configs: [{targets: [h]}]}]",
        "alertmanagers: [{static_config: [{targets: ['h:1']}]}]",
        "alertmanagers: [{file_sd_configs: [{files: ['a/*.json', b.yml], refresh_interval: 1m}]}]",
        "alertmanagers: [{file_sd_configs: [{files: [b.txt]}]}]",
        "alertmanagers: [{file_sd_configs: [{files: []}]}]",
        "alertmanagers: [{file_sd_configs: [{files: ['*/b.json']}]}]",
        "alertmanagers: [{basic_auth: {username: a, password: b}}]",
        "alertmanagers: [{basic_auth: {username: a, password: b, password_file: c}}]",
        "alertmanagers: [{basic_auth: {username: a}, authorization: {credentials: b}}]",
        "alertmanagers: [{authorization: {type: basic, credentials: b}}]",
        "alertmanagers: [{authorization: {type: Any, credentials: b}}]",
        "alertmanagers: [{authorization: {credentials: a, credentials_file: b}}]",
        "alertmanagers: [{bearer_token: a, authorization: {credentials: b}}]",
        "alertmanagers: [{bearer_token: a}]",
        "alertmanagers: [{tls_config: {insecure_skip_verify: true, min_version: TLS12}}]",
        "alertmanagers: [{tls_config: {min_version: TLS9}}]",
        "alertmanagers: [{follow_redirects: false, enable_http2: false}]",
        "alertmanagers: [{relabel_configs: [{target_label: a, replacement: b}]}]",
        "alert_relabel_configs: [{action: drop, source_labels: [a], regex: 'b|c'}]",
        "alert_relabel_configs: [{action: DROP, source_labels: [a]}]",
        "alert_relabel_configs: [{action: discard}]",
        "alert_relabel_configs: [{regex: '('}]",
        "alert_relabel_configs: [{regex: 'a', replacement: b}]",
        "alert_relabel_configs: [{action: hashmod, target_label: a}]",
        "alert_relabel_configs: [{action: hashmod, target_label: a, modulus:"
            + " 18446744073709551615}]",
        "alert_relabel_configs: [{action: hashmod, target_label: a, modulus: -1}]",
        "alert_relabel_configs: [{action: labeldrop, regex: a}]",
        "alert_relabel_configs: [{action: labeldrop, regex: a, target_label: b}]",
        "alert_relabel_configs: [{action: labelkeep, regex: a, separator: x}]",
        "alert_relabel_configs: [{action: labelmap, regex: 'a(.*)'}]",
        "alert_relabel_configs: [{action: lowercase, source_labels: [a]}]",
        "alert_relabel_configs: [{action: uppercase, target_label: a, replacement: x}]",
        "alert_relabel_configs: [{action: keepequal, source_labels: [a], target_label: b}]",
        "alert_relabel_configs: [{action: dropequal, source_labels: [a], target_label: b, regex:"
            + " c}]",
        "alert_relabel_configs: [{target_label: '${1}_b', source_labels: [a], regex: '(.*)'}]",
      })
  void alertingIsTakenOrRefusedAsByPromtool(String section) throws Exception {
    assumeThat(PROMTOOL).exists();
    String text = "alerting:\n  " + section + "\n";
    int ours = CommandResult.of("check", "config", "--syntax-only", file("v.yaml", text)).exit();
    Process promtool =
        new ProcessBuilder(
                PROMTOOL.toString(), "check", "config", "--syntax-only", file("p.yml", text))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("said").toFile())
            .start();
    assertThat(promtool.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(ours).as(Files.readString(folder.resolve("said"))).isEqualTo(promtool.exitValue());
  }
}
