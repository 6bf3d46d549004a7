package io.varve.http.relabel;

import io.varve.engine.model.Labels;
import io.varve.engine.model.ValueTest;
import io.varve.query.function.LabelTemplate;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Steps that are done one after the other. Immutable and thread-safe. */
public final class Relabeling {
  private record Ready(RelabelStep step, Compiled compiled, @Nullable LabelTemplate target) {}

  private final List<Ready> steps = new ArrayList<>();

  /** Makes the steps ready. */
  public Relabeling(List<RelabelStep> steps) {
    for (RelabelStep step : steps) {
      boolean replaces = step.action() == RelabelStep.Action.REPLACE;
      this.steps.add(
          new Ready(
              step,
              new Compiled(step.regex(), step.replacement()),
              replaces ? new LabelTemplate(step.regex(), step.targetLabel()) : null));
    }
  }

  /** An expression with what takes the place of what it matches. */
  record Compiled(ValueTest test, LabelTemplate replacement) {
    /**
     * Compiles an expression.
     *
     * @throws IllegalArgumentException if RE2 does not accept it
     */
    Compiled(String regex, String replacement) {
      this(ValueTest.regex(regex), new LabelTemplate(regex, replacement));
    }
  }

  /** The changed labels, those with empty values left out; null if they are dropped. */
  public @Nullable Labels apply(Labels labels) {
    if (steps.isEmpty()) {
      return labels;
    }
    Map<String, String> changed = new TreeMap<>();
    for (int i = 0; i < labels.size(); i++) {
      changed.put(labels.name(i), labels.value(i));
    }
    for (Ready ready : steps) {
      if (!apply(ready, changed)) {
        return null;
      }
    }
    Labels.Builder result = new Labels.Builder();
    changed.forEach(result::set);
    return result.build();
  }

  /** Does one step; false if the labels are dropped. */
  private static boolean apply(Ready ready, Map<String, String> labels) {
    RelabelStep step = ready.step;
    ValueTest test = ready.compiled.test;
    String value =
        step.sourceLabels().stream()
            .map(name -> labels.getOrDefault(name, ""))
            .collect(Collectors.joining(step.separator()));
    String target = step.targetLabel();
    switch (step.action()) {
      case KEEP -> {
        return test.accepts(value);
      }
      case DROP -> {
        return !test.accepts(value);
      }
      case KEEPEQUAL -> {
        return labels.getOrDefault(target, "").equals(value);
      }
      case DROPEQUAL -> {
        return !labels.getOrDefault(target, "").equals(value);
      }
      case REPLACE -> replace(ready, value, labels);
      case HASHMOD -> set(labels, target, Long.toUnsignedString(hash(value, step.modulus())));
      case LOWERCASE -> set(labels, target, mapped(value, Character::toLowerCase));
      case UPPERCASE -> set(labels, target, mapped(value, Character::toUpperCase));
      case LABELDROP -> labels.keySet().removeIf(test::accepts);
      case LABELKEEP -> labels.keySet().removeIf(name -> !test.accepts(name));
      case LABELMAP ->
          new TreeMap<>(labels)
              .forEach(
                  (name, own) -> {
                    String other = ready.compiled.replacement.replace(name);
                    if (other != null) {
                      set(labels, other, own);
                    }
                  });
    }
    return true;
  }

  private static void replace(Ready ready, String value, Map<String, String> labels) {
    String replaced = ready.compiled.replacement.replace(value);
    String name = ready.target == null ? null : ready.target.replace(value);
    if (replaced != null && name != null) {
      set(labels, name, replaced);
    }
  }

  private static void set(Map<String, String> labels, String name, String value) {
    if (value.isEmpty()) {
      labels.remove(name);
    } else if (!name.isEmpty()) {
      labels.put(name, value);
    }
  }

  /** Character by character, as Go does it: the text keeps its length in characters. */
  private static String mapped(String value, IntUnaryOperator each) {
    return value
        .codePoints()
        .map(each)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** The second half of the MD5 sum, modulo something unsigned. */
  private static long hash(String value, long modulus) {
    byte[] sum;
    try {
      sum = MessageDigest.getInstance("MD5").digest(value.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has MD5", e);
    }
    return Long.remainderUnsigned(ByteBuffer.wrap(sum, 8, 8).getLong(), modulus);
  }
}
