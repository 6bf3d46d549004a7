package io.varve.ingest.otlp;

import java.util.HashMap;
import java.util.Map;

/**
 * Names of attributes as names of labels, by the rules of {@code prometheus/otlptranslator}. Names
 * repeat, so those of late are remembered, up to a bound. Not thread-safe.
 */
final class LabelNames {
  private static final int MOST_REMEMBERED = 4_096;
  private static final int LONGEST_REMEMBERED = 128;

  private final boolean escapes;
  private final boolean keySanitization;
  private final boolean preserveUnderscores;
  private final Map<String, String> remembered = new HashMap<>();

  LabelNames(OtlpSettings settings) {
    escapes = settings.strategy().escapes();
    keySanitization = settings.keySanitization();
    preserveUnderscores = settings.preserveUnderscores();
  }

  /**
   * The label's name.
   *
   * @throws UntranslatableException if there is none
   */
  String of(String attribute) {
    String known = remembered.get(attribute);
    if (known != null) {
      return known;
    }
    String name = translate(attribute);
    if (attribute.length() <= LONGEST_REMEMBERED) {
      if (remembered.size() == MOST_REMEMBERED) {
        remembered.clear();
      }
      remembered.put(attribute, name);
    }
    return name;
  }

  private String translate(String attribute) {
    if (attribute.isEmpty()) {
      throw new UntranslatableException("label name is empty");
    }
    if (!escapes) {
      if (isOnlyUnderscores(attribute)) {
        throw new UntranslatableException(
            "label name "
                + UntranslatableException.quoted(attribute)
                + " contains only underscores");
      }
      return attribute;
    }
    String name = sanitize(attribute);
    char first = name.charAt(0);
    if (first >= '0' && first <= '9') {
      name = "key_" + name;
    } else if (keySanitization && first == '_' && !name.startsWith("__")) {
      name = "key" + name;
    }
    if (isOnlyUnderscores(name)) {
      throw new UntranslatableException(
          "normalization for label name "
              + UntranslatableException.quoted(attribute)
              + " resulted in invalid name "
              + UntranslatableException.quoted(name));
    }
    return name;
  }

  private String sanitize(String attribute) {
    // Names between two underscores on each side are reserved, and keep them.
    boolean reserved =
        !preserveUnderscores
            && attribute.length() >= 4
            && attribute.startsWith("__")
            && attribute.endsWith("__");
    int from = reserved ? 2 : 0;
    int to = attribute.length() - from;
    StringBuilder out = new StringBuilder(attribute.length());
    out.append(reserved ? "__" : "");
    boolean underscore = false;
    for (int i = from; i < to; ) {
      int c = attribute.codePointAt(i);
      i += Character.charCount(c);
      if (isLetterOrDigit(c)) {
        out.append((char) c);
        underscore = false;
      } else if (preserveUnderscores || !underscore) {
        out.append('_');
        underscore = true;
      }
    }
    return out.append(reserved ? "__" : "").toString();
  }

  static boolean isLetterOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  static boolean isOnlyUnderscores(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) != '_') {
        return false;
      }
    }
    return true;
  }
}
