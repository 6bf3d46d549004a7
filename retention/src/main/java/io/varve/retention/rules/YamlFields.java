package io.varve.retention.rules;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Hands out the fields of a YAML mapping by key; at the end finds those that nobody asked for. */
public final class YamlFields {
  private final YamlNode.Mapping mapping;
  private final String type;
  private final Set<String> asked = new HashSet<>();

  /**
   * @param type what the mapping describes, for messages
   * @throws RuleException if the node is none
   */
  public YamlFields(YamlNode node, String type) {
    if (!(node instanceof YamlNode.Mapping m)) {
      if (node instanceof YamlNode.Scalar s && s.text().isEmpty()) {
        this.mapping = new YamlNode.Mapping(Map.of(), s.line(), s.column());
        this.type = type;
        return;
      }
      throw new RuleException("yaml: line " + node.line() + ": cannot read this as " + type);
    }
    this.mapping = m;
    this.type = type;
  }

  /** Line of the mapping. */
  public int line() {
    return mapping.line();
  }

  /** Where the value of a key stands, as messages begin with it; 0:0 if it is missing. */
  public String place(String key) {
    YamlNode node = mapping.entries().get(key);
    return node == null ? "0:0: " : node.line() + ":" + node.column() + ": ";
  }

  /** True if the key is there. */
  public boolean has(String key) {
    return mapping.entries().containsKey(key);
  }

  /** A text; "" if it is missing. */
  public String text(String key) {
    return text(key, "");
  }

  /** A text. */
  public String text(String key, String otherwise) {
    asked.add(key);
    return switch (mapping.entries().get(key)) {
      case null -> otherwise;
      case YamlNode.Scalar s -> s.text();
      case YamlNode n -> throw wrong(n, key + " takes one value");
    };
  }

  /** A duration in milliseconds; 0 if it is missing. */
  public long duration(String key) {
    String text = text(key);
    try {
      return text.isEmpty() ? 0 : Durations.millis(text);
    } catch (IllegalArgumentException e) {
      throw wrong(mapping, key + ": " + e.getMessage());
    }
  }

  /** True or false. */
  public boolean flag(String key) {
    String text = text(key, "false");
    if (!text.equals("true") && !text.equals("false")) {
      throw wrong(mapping, key + " is neither true nor false: " + text);
    }
    return text.equals("true");
  }

  /** The elements of a list; none if it is missing. */
  public List<YamlNode> list(String key) {
    asked.add(key);
    return switch (mapping.entries().get(key)) {
      case null -> List.of();
      case YamlNode.Sequence s -> s.items();
      case YamlNode.Scalar s when s.text().isEmpty() -> List.of();
      case YamlNode n -> throw wrong(n, key + " takes a list");
    };
  }

  /** The texts of a list. */
  public List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    for (YamlNode node : list(key)) {
      if (!(node instanceof YamlNode.Scalar scalar)) {
        throw wrong(node, key + " takes a list of texts");
      }
      texts.add(scalar.text());
    }
    return texts;
  }

  /** Keys with texts; none if it is missing. */
  public SortedMap<String, String> map(String key) {
    asked.add(key);
    SortedMap<String, String> map = new TreeMap<>();
    YamlNode node = mapping.entries().get(key);
    if (node instanceof YamlNode.Mapping m) {
      m.entries()
          .forEach(
              (name, value) -> {
                if (!(value instanceof YamlNode.Scalar scalar)) {
                  throw wrong(value, key + "." + name + " takes one value");
                }
                map.put(name, scalar.text());
              });
    } else if (node != null && !(node instanceof YamlNode.Scalar s && s.text().isEmpty())) {
      throw wrong(node, key + " takes keys with values");
    }
    return map;
  }

  /** Lets a field be there whose value is not used. */
  public void ignore(String key) {
    asked.add(key);
  }

  /**
   * Ends the reading.
   *
   * @throws RuleException if there are fields that nobody asked for
   */
  public void done() {
    throwIfAny(unknown());
  }

  /** Those of {@link #unknown} as an error, if there are any. */
  public static void throwIfAny(List<String> unknown) {
    if (!unknown.isEmpty()) {
      throw new RuleException("yaml: unmarshal errors:\n" + String.join("\n", unknown));
    }
  }

  /** A line of text for each field that nobody asked for. */
  public List<String> unknown() {
    List<String> unknown = new ArrayList<>();
    mapping
        .entries()
        .forEach(
            (key, value) -> {
              if (!asked.contains(key)) {
                unknown.add(
                    "  line " + value.line() + ": field " + key + " not found in type " + type);
              }
            });
    return unknown;
  }

  private static RuleException wrong(YamlNode node, String problem) {
    return new RuleException("yaml: line " + node.line() + ": " + problem);
  }
}
