package io.varve.retention.rules;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A piece of a YAML file that knows its place. */
public sealed interface YamlNode {
  /** Line in the file, from 1. */
  int line();

  /** Column in the line, from 1. */
  int column();

  /** A plain value as it is written; "" for none. */
  record Scalar(String text, int line, int column) implements YamlNode {}

  /** Keys with values, in order. */
  record Mapping(Map<String, YamlNode> entries, int line, int column) implements YamlNode {}

  /** A list. */
  record Sequence(List<YamlNode> items, int line, int column) implements YamlNode {}

  /**
   * Reads a document; an empty one is an empty mapping.
   *
   * @throws RuleException if it is no YAML
   */
  static YamlNode read(String text) {
    try (JsonParser parser = new YAMLFactory().createParser(text)) {
      JsonToken first = parser.nextToken();
      return first == null || first == JsonToken.VALUE_NULL
          ? new Mapping(Map.of(), 1, 1)
          : node(parser, 0);
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new RuleException("yaml: line " + line + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new RuleException("yaml: " + e.getMessage());
    }
  }

  private static YamlNode node(JsonParser parser, int depth) throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    int column = parser.currentTokenLocation().getColumnNr();
    if (depth > 32) {
      throw new RuleException("yaml: line " + line + ": nested too deeply");
    }
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, YamlNode> entries = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String key = parser.currentName();
          int keyLine = parser.currentTokenLocation().getLineNr();
          parser.nextToken();
          if (entries.put(key, node(parser, depth + 1)) != null) {
            throw new RuleException(
                "yaml: line " + keyLine + ": mapping key \"" + key + "\" already defined");
          }
        }
        yield new Mapping(entries, line, column);
      }
      case START_ARRAY -> {
        List<YamlNode> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(node(parser, depth + 1));
        }
        yield new Sequence(items, line, column);
      }
      case VALUE_NULL -> new Scalar("", line, column);
      default -> new Scalar(parser.getText(), line, column);
    };
  }
}
