package io.varve.http.relabel;

import java.util.List;
import java.util.Locale;

/**
 * One step of a relabelling, as a configuration says it: takes the values of some labels, joins
 * them, and does something with the result.
 *
 * @param sourceLabels whose values are joined; a label that is not there counts as ""
 * @param separator between these values
 * @param regex an RE2 expression for the whole joined value, or for a label's name
 * @param modulus of {@link Action#HASHMOD}, unsigned; 0 for none
 * @param targetLabel the label that is set or compared; "" for none. That of {@link Action#REPLACE}
 *     may refer to groups of the expression
 * @param replacement what it is set to; may refer to groups of the expression as {@code $1} or
 *     {@code ${name}}
 */
public record RelabelStep(
    List<String> sourceLabels,
    String separator,
    String regex,
    long modulus,
    String targetLabel,
    String replacement,
    Action action) {
  /** What a step without a separator joins values by. */
  public static final String SEPARATOR = ";";

  /** What a step matches that has no expression. */
  public static final String REGEX = "(.*)";

  /** What a step sets that has no replacement. */
  public static final String REPLACEMENT = "$1";

  /** What a step does. */
  public enum Action {
    /** Sets a label if the expression matches; to nothing, which removes it, too. */
    REPLACE,
    /** Drops what the expression does not match. */
    KEEP,
    /** Drops what the expression matches. */
    DROP,
    /** Drops that whose target label has another value. */
    KEEPEQUAL,
    /** Drops that whose target label has the same value. */
    DROPEQUAL,
    /** Sets a label to a hash's remainder. */
    HASHMOD,
    /** Copies labels whose names the expression matches to other names. */
    LABELMAP,
    /** Removes labels whose names the expression matches. */
    LABELDROP,
    /** Removes labels whose names the expression does not match. */
    LABELKEEP,
    /** Sets a label to lower case. */
    LOWERCASE,
    /** Sets a label to upper case. */
    UPPERCASE;

    /** As configurations write it. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Checks that its parts fit.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  public RelabelStep {
    sourceLabels = List.copyOf(sourceLabels);
    var _ = new Relabeling.Compiled(regex, replacement); // which refuses what RE2 does not accept
    boolean others =
        modulus != 0 || !separator.equals(SEPARATOR) || !replacement.equals(REPLACEMENT);
    switch (action) {
      case KEEP, DROP -> {}
      case REPLACE -> needsTarget(action, targetLabel);
      case HASHMOD -> {
        needsTarget(action, targetLabel);
        if (modulus == 0) {
          throw new IllegalArgumentException("hashmod needs a modulus other than 0");
        }
      }
      case LOWERCASE, UPPERCASE -> {
        needsTarget(action, targetLabel);
        if (!replacement.equals(REPLACEMENT)) {
          throw new IllegalArgumentException(action.text() + " takes no replacement");
        }
      }
      case KEEPEQUAL, DROPEQUAL -> {
        needsTarget(action, targetLabel);
        if (others || !regex.equals(REGEX)) {
          throw new IllegalArgumentException(
              action.text() + " takes source_labels and target_label, and nothing else");
        }
      }
      case LABELDROP, LABELKEEP -> {
        if (others || !sourceLabels.isEmpty() || !targetLabel.isEmpty()) {
          throw new IllegalArgumentException(action.text() + " takes a regex, and nothing else");
        }
      }
      case LABELMAP -> {
        if (replacement.isEmpty()) {
          throw new IllegalArgumentException("labelmap needs a replacement");
        }
      }
    }
  }

  private static void needsTarget(Action action, String targetLabel) {
    if (targetLabel.isEmpty()) {
      throw new IllegalArgumentException(action.text() + " needs a target_label");
    }
  }
}
