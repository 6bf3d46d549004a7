package io.varve.http.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A piece of a YAML file that remembers its line. */
sealed interface YamlNode {
  /** Line in the file, from 1. */
  int line();

  /** A plain value, as written. */
  record Scalar(String text, int line) implements YamlNode {}

  /** Keys with values; the line is that of the first key. */
  record Mapping(Map<String, Entry> entries, int line) implements YamlNode {
    static Mapping empty() {
      return new Mapping(new LinkedHashMap<>(), 1);
    }
  }

  /** A list; the line is that of its first entry, or its own if it is written in brackets. */
  record Sequence(List<YamlNode> items, int line) implements YamlNode {}

  /** What a key holds; the line is the key's. */
  record Entry(YamlNode value, int line) {}
}
