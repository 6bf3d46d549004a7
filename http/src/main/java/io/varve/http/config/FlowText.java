package io.varve.http.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** Writes a mapping in braces on one line; what is empty is left out. */
final class FlowText {
  private final StringJoiner fields = new StringJoiner(", ", "{", "}");

  /** A key with something that is written already; nothing for "", [] and {}. */
  FlowText put(String key, String written) {
    if (!written.isEmpty() && !written.equals("[]") && !written.equals("{}")) {
      fields.add(key + ": " + written);
    }
    return this;
  }

  /** A key with a text, unless that is the default. */
  FlowText text(String key, String text, String otherwise) {
    return text.equals(otherwise) ? this : put(key, ConfigText.escaped(text));
  }

  /** A key with true or false, unless that is the default. */
  FlowText flag(String key, boolean value, boolean otherwise) {
    return value == otherwise ? this : put(key, String.valueOf(value));
  }

  static String list(List<String> written) {
    return "[" + String.join(", ", written) + "]";
  }

  static String texts(List<String> texts) {
    return list(texts.stream().map(ConfigText::escaped).toList());
  }

  static String map(Map<String, String> map) {
    List<String> fields = new ArrayList<>();
    map.forEach(
        (name, value) -> fields.add(ConfigText.escaped(name) + ": " + ConfigText.escaped(value)));
    return "{" + String.join(", ", fields) + "}";
  }

  @Override
  public String toString() {
    return fields.toString();
  }
}
