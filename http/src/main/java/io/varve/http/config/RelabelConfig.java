package io.varve.http.config;

import io.varve.http.relabel.RelabelStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Lists of relabelling steps as a configuration has them. */
final class RelabelConfig {
  private RelabelConfig() {}

  static List<RelabelStep> read(Settings in, String key) {
    List<RelabelStep> steps = new ArrayList<>();
    in.sections(key).forEach(entry -> steps.add(step(entry)));
    return List.copyOf(steps);
  }

  private static RelabelStep step(Settings in) {
    List<String> sources = in.texts("source_labels", RelabelConfig::checkNames);
    String separator = in.anyText("separator", RelabelStep.SEPARATOR);
    String regex = in.anyText("regex", RelabelStep.REGEX);
    long modulus = in.value("modulus", 0L, RelabelConfig::modulus);
    String target = in.anyText("target_label", "");
    String replacement = in.anyText("replacement", RelabelStep.REPLACEMENT);
    RelabelStep.Action action =
        in.value("action", RelabelStep.Action.REPLACE, RelabelConfig::action);
    in.done();
    try {
      return new RelabelStep(sources, separator, regex, modulus, target, replacement, action);
    } catch (IllegalArgumentException e) {
      throw in.wrong(String.valueOf(e.getMessage()));
    }
  }

  private static void checkNames(List<String> names) {
    if (names.contains("")) {
      throw new IllegalArgumentException("a label's name is empty");
    }
  }

  private static long modulus(String text) {
    try {
      return Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("\"" + text + "\" is no whole number from 0 on", e);
    }
  }

  private static RelabelStep.Action action(String text) {
    return Settings.choose(RelabelStep.Action.class, text.toLowerCase(Locale.ROOT));
  }

  /** As the file has it, on one line. */
  static String text(List<RelabelStep> steps) {
    return FlowText.list(steps.stream().map(RelabelConfig::text).toList());
  }

  private static String text(RelabelStep step) {
    return new FlowText()
        .put("source_labels", FlowText.texts(step.sourceLabels()))
        .text("separator", step.separator(), RelabelStep.SEPARATOR)
        .text("regex", step.regex(), RelabelStep.REGEX)
        .put("modulus", step.modulus() == 0 ? "" : Long.toUnsignedString(step.modulus()))
        .text("target_label", step.targetLabel(), "")
        .text("replacement", step.replacement(), RelabelStep.REPLACEMENT)
        .put("action", step.action().text())
        .toString();
  }
}
