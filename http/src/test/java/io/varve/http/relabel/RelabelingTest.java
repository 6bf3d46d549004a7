package io.varve.http.relabel;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.engine.model.Labels;
import io.varve.http.config.ServerConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected results are those of Prometheus' rules; PrometheusAlertingTest asks one. */
final class RelabelingTest {
  /** Steps as a configuration has them, applied to {@code a="x", b="y z", c="3", d="Üß"}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{target_label: n, replacement: v} | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\", n=\"v\"}",
        "{source_labels: [a, c], target_label: a} | {a=\"x;3\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a, none], separator: '', target_label: a, replacement: '$1$1'}"
            + " | {a=\"xx\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [b], regex: '(.) (?P<two>.)', target_label: '${two}_$1', replacement: r}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\", z_y=\"r\"}",
        "{source_labels: [b], regex: y, target_label: a, replacement: no}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [b], regex: 'y(.*)', target_label: a, replacement: ''}"
            + " | {b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a], target_label: b, replacement: $1x}"
            + " | {a=\"x\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a], target_label: '$2', replacement: x}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a, c], regex: 'x;[0-9]', action: keep}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a, c], regex: 'x', action: keep} | dropped",
        "{source_labels: [a], regex: '[xy]', action: Drop} | dropped",
        "{source_labels: [none], regex: '', action: drop} | dropped",
        "{source_labels: [a], regex: 'X', action: drop}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a], target_label: a, action: keepequal}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [a], target_label: b, action: keepequal} | dropped",
        "{source_labels: [a], target_label: a, action: dropequal} | dropped",
        "{source_labels: [a], target_label: none, action: dropequal}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [c], target_label: d, modulus: 1000, action: hashmod}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"771\"}",
        "{regex: '[ab]', replacement: 'n_$0', action: labelmap}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"Üß\", n_a=\"x\", n_b=\"y z\"}",
        "{regex: '[a-c]', replacement: d, action: labelmap}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"3\"}",
        "{regex: '[a-c]', action: labeldrop} | {d=\"Üß\"}",
        "{regex: '[a-c]', action: labelkeep} | {a=\"x\", b=\"y z\", c=\"3\"}",
        "{source_labels: [d, a], target_label: a, action: uppercase}"
            + " | {a=\"Üß;X\", b=\"y z\", c=\"3\", d=\"Üß\"}",
        "{source_labels: [d], target_label: d, action: lowercase}"
            + " | {a=\"x\", b=\"y z\", c=\"3\", d=\"üß\"}",
        "{source_labels: [none], target_label: d, action: lowercase}"
            + " | {a=\"x\", b=\"y z\", c=\"3\"}",
        "{target_label: t, replacement: b}, {source_labels: [t], regex: b, action: keep},"
            + " {regex: '[^t]', action: labeldrop} | {t=\"b\"}",
      })
  void stepsAreDone(String steps, String expected) {
    Labels labels = Labels.of("a", "x", "b", "y z", "c", "3", "d", "Üß");
    Labels changed = new Relabeling(parsed(steps)).apply(labels);
    assertThat(changed == null ? "dropped" : changed.toString()).isEqualTo(expected);
  }

  private static List<RelabelStep> parsed(String steps) {
    return ServerConfig.parse("c", "alerting:\n  alert_relabel_configs: [" + steps + "]\n")
        .alerting()
        .relabel();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{action: keeps} | alert_relabel_configs[0].action: \"keeps\" is not one of replace, keep,",
        "{regex: '(', target_label: a} | alert_relabel_configs[0]: error parsing regexp",
        "{regex: ')(', target_label: a} | alert_relabel_configs[0]: error parsing regexp",
        "{regex: a} | alert_relabel_configs[0]: replace needs a target_label",
        "{target_label: a, action: hashmod} | hashmod needs a modulus other than 0",
        "{target_label: a, modulus: -1, action: hashmod} | modulus: \"-1\" is no whole number",
        "{regex: a, separator: x, action: labeldrop} | labeldrop takes a regex, and nothing else",
        "{source_labels: [a], action: labelkeep} | labelkeep takes a regex, and nothing else",
        "{regex: a, target_label: b, action: keepequal} | takes source_labels and target_label,",
        "{target_label: b, replacement: x, action: uppercase} | uppercase takes no replacement",
        "{regex: a, replacement: '', action: labelmap} | labelmap needs a replacement",
        "{source_labels: [''], target_label: a} | source_labels: a label's name is empty",
        "{source_label: [a]} | unknown setting alerting.alert_relabel_configs[0].source_label",
      })
  void wrongStepsAreNamed(String step, String problem) {
    List<String> problems = new ArrayList<>();
    try {
      var _ = parsed(step);
    } catch (RuntimeException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    assertThat(problems).singleElement().asString().startsWith("c:2: ").contains(problem);
  }
}
